/*
 * Reading php-fpm's status page (?json&full).  Pure.
 */
#ifndef EXPORTER_FPM_STATUS_H
#define EXPORTER_FPM_STATUS_H

#include <stdint.h>

#include "base/view.h"

#define FPM_POOL_NAME_MAX 127
#define FPM_STATE_MAX 63
#define FPM_PROCESSES_MAX 1024

struct fpm_process {
	char state[FPM_STATE_MAX + 1];
	uint64_t requests;
	double last_request_memory;
	double last_request_cpu;
	double request_duration; /* microseconds */
};

struct fpm_status {
	char pool[FPM_POOL_NAME_MAX + 1];
	uint64_t start_since;
	uint64_t accepted;
	uint64_t listen_queue;
	uint64_t max_listen_queue;
	uint64_t listen_queue_length;
	uint64_t idle;
	uint64_t active;
	uint64_t total;
	uint64_t max_active;
	uint64_t max_children_reached;
	uint64_t slow_requests;
	struct fpm_process *processes;
	size_t process_count;
};

/*
 * 0; -EINVAL for what is no such page, -ENOMEM.  *ret is to be given to
 * fpm_status_done().  Processes beyond FPM_PROCESSES_MAX are left out.
 */
NODISCARD int fpm_status_parse(struct view json, struct fpm_status *ret);

void fpm_status_done(struct fpm_status *status);

#endif

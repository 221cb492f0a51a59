/*
 * Reading nginx's stub_status page (ngx_http_stub_status_module).  Pure.
 */
#ifndef EXPORTER_STUB_STATUS_H
#define EXPORTER_STUB_STATUS_H

#include <stdint.h>

#include "base/view.h"

struct stub_status {
	uint64_t active;
	uint64_t accepted;
	uint64_t handled;
	uint64_t requests;
	uint64_t reading;
	uint64_t writing;
	uint64_t waiting;
};

/* 0, or -EINVAL for what is not exactly such a page. */
NODISCARD int stub_status_parse(struct view page, struct stub_status *ret);

#endif

/*
 * Jobs: a thread that does what somebody asked for on the dashboard, one thing
 * at a time: removing keys under the Redis user for that, and a moment of
 * MONITOR.  Progress and result are published on the board; who asked for what
 * is logged.
 *
 * It also knows the addresses of the proxy, whose word on who asks counts.
 */
#ifndef CACHEMON_JOBS_H
#define CACHEMON_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"
#include "cachemon/board.h"
#include "cachemon/link.h"
#include "cachemon/settings.h"
#include "run/net.h"

#define JOB_TARGET 511
#define JOB_WHO 63
#define MONITOR_SECONDS_MOST 10

enum job_kind {
	JOB_FLUSH_GROUP,
	JOB_FLUSH_SITE,
	JOB_DELETE_KEY,
	JOB_MONITOR,
};

struct job_order {
	enum job_kind kind;
	size_t target_n;
	char target[JOB_TARGET + 1]; /* the group, or the key */
	unsigned seconds; /* JOB_MONITOR */
	char who[JOB_WHO + 1];
	char from[NET_ADDR_TEXT];
};

struct jobs;

/* Without a thread yet; all three have to outlive it.  NULL when memory is
 * short. */
struct jobs *jobs_new(const struct settings *settings, struct board *board,
    struct ledger *ledger);
/* Before it was started or after it has ended.  NULL is fine. */
void jobs_free(struct jobs *jobs);

/* Starts the thread.  0, or -errno. */
NODISCARD int jobs_start(struct jobs *jobs);
/* As collector_stop(); a running job is broken off. */
NODISCARD bool jobs_stop(struct jobs *jobs, int timeout_ms);

/*
 * Orders a job; any thread.  0; -EBUSY while another one runs; -EINVAL for a
 * target that may not be removed; -EPERM when it is switched off.
 */
NODISCARD int jobs_order(struct jobs *jobs, const struct job_order *order);

/* Is this address, as text, one of the proxy's? */
bool jobs_trusts(struct jobs *jobs, struct view address);

#endif

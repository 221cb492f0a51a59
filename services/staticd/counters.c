#include "staticd/counters.h"

#include <stddef.h>

const unsigned counters_statuses[COUNTERS_STATUSES] = { 200, 206, 304, 404, 301,
	204, 400, 405, 412, 416, 500, 501, 503, 505 };

const char *const counters_methods[COUNTERS_METHODS] = { "GET", "HEAD",
	"OPTIONS", "other" };

void
counters_answer(struct counters *c, struct view method, unsigned status,
    uint64_t bytes)
{
	size_t m = 0;
	size_t s = 0;

	while (m < COUNTERS_METHODS - 1
	    && !view_eq(method, view_str(counters_methods[m]))) {
		m++;
	}
	while (s < COUNTERS_STATUSES && counters_statuses[s] != status) {
		s++;
	}
	atomic_fetch_add_explicit(&c->requests[m][s], 1, memory_order_relaxed);
	if (bytes > 0) {
		atomic_fetch_add_explicit(&c->body_bytes, bytes,
		    memory_order_relaxed);
	}
}

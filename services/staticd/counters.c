#include "staticd/counters.h"

#include <stddef.h>

const unsigned counters_statuses[COUNTERS_STATUSES] = { 200, 206, 301, 304, 404,
	412, 416 };

void
counters_answer(struct counters *c, bool head, unsigned status, uint64_t bytes)
{
	for (size_t i = 0; i < COUNTERS_STATUSES; i++) {
		if (counters_statuses[i] == status) {
			atomic_fetch_add_explicit(&c->requests[head][i], 1,
			    memory_order_relaxed);
		}
	}
	if (!head && bytes > 0) {
		atomic_fetch_add_explicit(&c->body_bytes, bytes,
		    memory_order_relaxed);
	}
}

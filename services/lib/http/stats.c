/* What is counted, and read without a lock. */
#include "http/inner.h"

void
http_count_duration(struct http_server *server, int64_t us)
{
	size_t i = 0;

	while (i < HTTP_DURATIONS - 1 && us > (int64_t)http_duration_us(i)) {
		i++;
	}
	atomic_fetch_add_explicit(&server->durations[i], 1,
	    memory_order_relaxed);
	atomic_fetch_add_explicit(&server->duration_us, (uint64_t)us,
	    memory_order_relaxed);
}

const char *
http_class_name(size_t i)
{
	static const char *const names[HTTP_CLASSES] = { "other", "1xx", "2xx",
		"3xx", "4xx", "5xx" };

	return names[i];
}

uint64_t
http_duration_us(size_t i)
{
	static const uint64_t bounds[HTTP_DURATIONS] = { 50, 100, 250, 500,
		1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
		5000000, UINT64_MAX };

	return bounds[i];
}

unsigned
http_worker(void)
{
	static atomic_uint seen;
	static _Thread_local unsigned number; /* plus one; 0: not seen yet */

	if (number == 0) {
		number = atomic_fetch_add(&seen, 1) + 1;
	}
	return number - 1;
}

static unsigned
open_connections(const struct http_server *server)
{
	struct MHD_Daemon *daemon = server->daemon;
	const union MHD_DaemonInfo *info = daemon == NULL
	    ? NULL
	    : MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info == NULL ? 0 : info->num_connections;
}

void
http_stats(const struct http_server *server, struct http_stats *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(ret->requests); i++) {
		ret->requests[i] = atomic_load_explicit(&server->requests[i],
		    memory_order_relaxed);
	}
	for (size_t i = 0; i < ARRAY_LEN(ret->durations); i++) {
		ret->durations[i] = atomic_load_explicit(&server->durations[i],
		    memory_order_relaxed);
	}
	ret->duration_us = atomic_load_explicit(&server->duration_us,
	    memory_order_relaxed);
	ret->refused = atomic_load_explicit(&server->refused,
	    memory_order_relaxed);
	ret->connections = open_connections(server);
}

/*
 * What the environment says to cachemon; filled by main.c's table.
 */
#ifndef CACHEMON_SETTINGS_H
#define CACHEMON_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct settings {
	uint64_t port;
	char *prefix; /* begins and ends with a slash */
	char *dir; /* of the history file */
	char *charts_dir; /* of uPlot's files */
	char *redis_host;
	uint64_t redis_port;
	char *redis_user;
	char *redis_password;
	uint64_t scan_percent; /* of Redis' time that key passes may take */
	char *channel; /* that the drop-in reports on */
	bool monitor; /* MONITOR may be switched on for moments */
	bool actions; /* keys may be removed */
	char *actions_user;
	char *actions_password; /* "" unless `actions` */
	char *actions_prefix; /* of the keys that may be removed */
	char *proxy; /* whose word on who asks counts */
	/* From where on a figure is worth a warning. */
	uint64_t warn_hit_percent; /* below */
	uint64_t warn_memory_percent; /* above, as the next */
	uint64_t warn_evictions; /* per second */
	uint64_t warn_answer_ms;
};

#endif

/*
 * What the environment says to cachemon; filled by main.c's table.
 */
#ifndef CACHEMON_SETTINGS_H
#define CACHEMON_SETTINGS_H

#include <stdint.h>

struct settings {
	uint64_t port;
	char *prefix; /* begins and ends with a slash */
	char *dir; /* of the history file */
	char *redis_host;
	uint64_t redis_port;
	char *redis_user;
	char *redis_password;
	uint64_t scan_percent; /* of Redis' time that key passes may take */
};

#endif

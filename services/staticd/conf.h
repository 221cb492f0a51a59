/*
 * staticd's settings; the table that fills them is in main.c.
 */
#ifndef STATICD_CONF_H
#define STATICD_CONF_H

#include <stdbool.h>
#include <stdint.h>

struct staticd_conf {
	uint64_t port;
	char *root;
	char *prefix;
	char *headers;
	char *cache_pages;
	char *cache_assets;
	char *cache_immutable;
	uint64_t files_max;
	uint64_t megabytes_max;
	uint64_t memory_megabytes;
	uint64_t depth_max;
	uint64_t threads;
	uint64_t connections;
	uint64_t connection_bytes;
	uint64_t per_address;
	uint64_t idle_seconds;
	uint64_t head_seconds;
	uint64_t answer_seconds;
	bool watch;
	int access_log; /* enum access_format */
	char *fallback;
};

#endif

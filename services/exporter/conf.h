/*
 * The exporter's settings.
 */
#ifndef EXPORTER_CONF_H
#define EXPORTER_CONF_H

#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"

struct exporter_conf {
	uint64_t port;
	char *dir;
	char *domain;
	char *db_host; /* empty: off */
	uint64_t db_port;
	char *db_user;
	char *db_password;
	char *redis_host; /* empty: off */
	uint64_t redis_port;
	char *redis_user;
	char *redis_password;
	/* One URL each, or several targets; "none" or empty: off. */
	char *nginx_url;
	char *phpfpm_url;
	char *adminer_url;
	char *tls_targets;
	char *tls_ca; /* PEM; empty: nothing is verified */
	char *merge_targets;
};

/* The value, or the empty view for "none". */
struct view exporter_conf_list(const char *value);

/* What the table cannot say: URLs, secrets that only some hosts need. */
void exporter_conf_check(const void *data, struct buf *faults);

#endif

/*
 * The daemon's settings, as the table in main.c fills them, and what the table
 * cannot check.
 */
#ifndef FTPD_SETTINGS_H
#define FTPD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

enum { TLS_REQUIRED, TLS_OPTIONAL };
/*
 * Data connections: have to resume the control connection's session; may not
 * offer another one's; may do as they like.
 */
enum { REUSE_OWN, REUSE_REQUIRE, REUSE_ALLOW };
/* Data connections: from the client's address; or the gateway's between. */
enum { PEER_NAT, PEER_STRICT };

/* The hidden folder of uploads in the making (stage.h). */
#define SETTINGS_STAGE ".ftpd-staging"

struct settings {
	uint64_t port;
	uint64_t http_port;
	uint64_t pasv_min;
	uint64_t pasv_max;
	char *pasv_address;
	char *pasv_networks;
	char *root;
	char *user;
	char *password;
	char *users_file;
	bool wordpress_login;
	uint64_t ban_failures;
	uint64_t ban_seconds;
	char *db_host;
	uint64_t db_port;
	char *db_user;
	char *db_password;
	char *cert;
	char *key;
	int tls;
	int tls_reuse;
	int peer_check;
	char *umask;
	bool sync;
	uint64_t max_sessions;
	uint64_t max_per_address;
	uint64_t login_seconds;
	uint64_t idle_seconds;
	uint64_t stall_seconds;
};

/* For struct program: adds a line to `faults` for each fault. */
void settings_check(const void *settings, struct buf *faults);
uint16_t settings_health_port(const void *settings);

/* The umask as a number; the setting has been checked. */
mode_t settings_umask(const struct settings *s);

#endif

/*
 * ftpd: a small FTPS server for one volume.  This file is its table of
 * settings; listener.c is where it starts to work.
 */
#include <stddef.h>

#include "ftpd/listener.h"
#include "ftpd/settings.h"
#include "login/hashpw.h"
#include "run/program.h"

static const char *const tls_choices[] = { "required", "optional", NULL };
static const char *const reuse_choices[] = { "own", "require", "allow", NULL };
static const char *const peer_choices[] = { "nat", "strict", NULL };

/* A fallback of NULL: it has to be given. */
#define ITEM(t, n, m, f, h, ...) \
	{ \
		.name = (n), .help = h, .type = CONF_##t, \
		.offset = offsetof(struct settings, m), .fallback = (f), \
		__VA_ARGS__ \
	}
#define TEXT(n, m, f, h) ITEM(TEXT, n, m, f, h, .min = 0)
#define SECRET(n, m, f, h) ITEM(SECRET, n, m, f, h, .min = 0)
#define SWITCH(n, m, f, h) ITEM(BOOL, n, m, f, h, .min = 0)
#define NUMBER(n, m, f, least, most, h) \
	ITEM(NUMBER, n, m, f, h, .min = (least), .max = (most))
#define PORT(n, m, f, h) NUMBER(n, m, f, 1, 65535, h)
#define CHOICE(n, m, f, c, h) ITEM(CHOICE, n, m, f, h, .choices = (c))

static const struct conf_item items[] = {
	PORT("FTPD_PORT", port, "21", "control connections"),
	PORT("FTPD_HTTP_PORT", http_port, "8021", "/metrics and /healthz"),
	PORT("FTPD_PASV_MIN", pasv_min, "21100", "first port for data"),
	PORT("FTPD_PASV_MAX", pasv_max, "21119", "last port for data"),
	TEXT("FTPD_PASV_ADDRESS", pasv_address, "",
	    "IPv4 address or name that PASV answers; empty: the connection's "
	    "own address"),
	TEXT("FTPD_PASV_NETWORKS", pasv_networks, "",
	    "other answers of PASV to clients of these networks, as in "
	    "192.168.0.0/16=192.168.1.10, with spaces between"),
	TEXT("FTPD_ROOT", root, "/var/www/html", "the folder to serve"),
	TEXT("FTPD_USER", user, NULL, "login name"),
	SECRET("FTPD_PASSWORD", password, NULL, "its password"),
	TEXT("FTPD_USERS_FILE", users_file, "",
	    "further users, a line each: name:hash:rights:folder; empty: none"),
	SWITCH("FTPD_WORDPRESS_LOGIN", wordpress_login, "off",
	    "WordPress's users may log in, too: administrators to the site, "
	    "editors and authors to their uploads"),
	TEXT("DB_HOST", db_host, "mariadb", "MariaDB, for WordPress logins"),
	PORT("DB_PORT", db_port, "3306", "its port"),
	TEXT("DB_USER", db_user, "ftpd",
	    "its user, who may call stack.wordpress_login"),
	SECRET("DB_PASSWORD", db_password, "",
	    "that user's password; for WordPress logins only"),
	TEXT("FTPD_CERT", cert, "/var/lib/ftpcert/ftpd.crt",
	    "TLS certificate (chain), PEM"),
	TEXT("FTPD_KEY", key, "/var/lib/ftpcert/ftpd.key", "its key, PEM"),
	CHOICE("FTPD_TLS", tls, "required", tls_choices, "for logins and data"),
	CHOICE("FTPD_TLS_REUSE", tls_reuse, "own", reuse_choices,
	    "data connections: own = no other connection's TLS session; "
	    "require = always the control connection's"),
	CHOICE("FTPD_PEER_CHECK", peer_check, "nat", peer_choices,
	    "data connections: nat = may come by the gateway; strict = from "
	    "the client's address only"),
	TEXT("FTPD_UMASK", umask, "022", "taken from the mode of what is new"),
	SWITCH("FTPD_SYNC", sync, "off", "an upload is done when on disk"),
	NUMBER("FTPD_MAX_SESSIONS", max_sessions, "64", 1, 4096, "at one time"),
	NUMBER("FTPD_MAX_PER_ADDRESS", max_per_address, "16", 1, 4096,
	    "at one time from one address; from the gateway: three quarters of "
	    "all"),
	NUMBER("FTPD_BAN_FAILURES", ban_failures, "20", 0, 1000000,
	    "wrong logins after which an address is banned; 0: never"),
	NUMBER("FTPD_BAN_SECONDS", ban_seconds, "900", 1, 604800,
	    "for how long"),
	NUMBER("FTPD_LOGIN_SECONDS", login_seconds, "60", 1, 3600,
	    "until a login is complete"),
	NUMBER("FTPD_IDLE_SECONDS", idle_seconds, "300", 1, 86400,
	    "between two commands"),
	NUMBER("FTPD_STALL_SECONDS", stall_seconds, "60", 1, 3600,
	    "without a byte of data"),
};

static struct settings settings;

static const struct program_verb hash_password = { .name = "--hash-password",
	.help = "read a password, print its hash for the users file",
	.run = hashpw_run };

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "ftpd",
		.summary = "a small FTPS server",
		.items = items,
		.item_count = ARRAY_LEN(items),
		.conf = &settings,
		.check = settings_check,
		.health_port = settings_health_port,
		.run = listener_run,
		.verb = &hash_password,
	};

	return program_main(&program, argc, argv);
}

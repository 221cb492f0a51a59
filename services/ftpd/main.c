/*
 * ftpd: a small FTPS server for one volume.  This file is its table of
 * settings; listener.c is where it starts to work.
 */
#include <stddef.h>

#include "ftpd/listener.h"
#include "ftpd/settings.h"
#include "run/program.h"

#define AT(member) offsetof(struct settings, member)

static const char *const tls_choices[] = { "required", "optional", NULL };
static const char *const reuse_choices[] = { "own", "require", "allow", NULL };
static const char *const peer_choices[] = { "nat", "strict", NULL };

static const struct conf_item items[] = {
	{ .name = "FTPD_PORT", .help = "control connections",
	    .type = CONF_NUMBER, .offset = AT(port), .fallback = "21",
	    .min = 1, .max = 65535 },
	{ .name = "FTPD_HTTP_PORT", .help = "/metrics and /healthz",
	    .type = CONF_NUMBER, .offset = AT(http_port), .fallback = "8021",
	    .min = 1, .max = 65535 },
	{ .name = "FTPD_PASV_MIN", .help = "first port for data",
	    .type = CONF_NUMBER, .offset = AT(pasv_min), .fallback = "21100",
	    .min = 1, .max = 65535 },
	{ .name = "FTPD_PASV_MAX", .help = "last port for data",
	    .type = CONF_NUMBER, .offset = AT(pasv_max), .fallback = "21119",
	    .min = 1, .max = 65535 },
	{ .name = "FTPD_PASV_ADDRESS",
	    .help = "IPv4 address or name that PASV answers; empty: the "
	            "connection's own address",
	    .type = CONF_TEXT, .offset = AT(pasv_address), .fallback = "" },
	{ .name = "FTPD_ROOT", .help = "the folder to serve",
	    .type = CONF_TEXT, .offset = AT(root),
	    .fallback = "/var/www/html" },
	{ .name = "FTPD_USER", .help = "login name", .type = CONF_TEXT,
	    .offset = AT(user) },
	{ .name = "FTPD_PASSWORD", .help = "its password",
	    .type = CONF_SECRET, .offset = AT(password) },
	{ .name = "FTPD_CERT", .help = "TLS certificate (chain), PEM",
	    .type = CONF_TEXT, .offset = AT(cert),
	    .fallback = "/var/lib/ftpcert/ftpd.crt" },
	{ .name = "FTPD_KEY", .help = "its key, PEM", .type = CONF_TEXT,
	    .offset = AT(key), .fallback = "/var/lib/ftpcert/ftpd.key" },
	{ .name = "FTPD_TLS", .help = "for logins and data",
	    .type = CONF_CHOICE, .offset = AT(tls), .fallback = "required",
	    .choices = tls_choices },
	{ .name = "FTPD_TLS_REUSE",
	    .help = "data connections: own = no other connection's TLS "
	            "session; require = always the control connection's",
	    .type = CONF_CHOICE, .offset = AT(tls_reuse), .fallback = "own",
	    .choices = reuse_choices },
	{ .name = "FTPD_PEER_CHECK",
	    .help = "data connections: nat = may come by the gateway; "
	            "strict = from the client's address only",
	    .type = CONF_CHOICE, .offset = AT(peer_check), .fallback = "nat",
	    .choices = peer_choices },
	{ .name = "FTPD_UMASK", .help = "taken from the mode of what is new",
	    .type = CONF_TEXT, .offset = AT(umask), .fallback = "022" },
	{ .name = "FTPD_SYNC", .help = "an upload is done when on disk",
	    .type = CONF_BOOL, .offset = AT(sync), .fallback = "off" },
	{ .name = "FTPD_MAX_SESSIONS", .help = "at one time",
	    .type = CONF_NUMBER, .offset = AT(max_sessions), .fallback = "64",
	    .min = 1, .max = 4096 },
	{ .name = "FTPD_MAX_PER_ADDRESS",
	    .help = "at one time from one address (the gateway excepted)",
	    .type = CONF_NUMBER, .offset = AT(max_per_address),
	    .fallback = "16", .min = 1, .max = 4096 },
	{ .name = "FTPD_LOGIN_SECONDS", .help = "until a login is complete",
	    .type = CONF_NUMBER, .offset = AT(login_seconds), .fallback = "60",
	    .min = 1, .max = 3600 },
	{ .name = "FTPD_IDLE_SECONDS", .help = "between two commands",
	    .type = CONF_NUMBER, .offset = AT(idle_seconds), .fallback = "300",
	    .min = 1, .max = 86400 },
	{ .name = "FTPD_STALL_SECONDS", .help = "without a byte of data",
	    .type = CONF_NUMBER, .offset = AT(stall_seconds), .fallback = "60",
	    .min = 1, .max = 3600 },
};

static struct settings settings;

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
	};

	return program_main(&program, argc, argv);
}

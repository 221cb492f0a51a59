/*
 * exporter: one Prometheus endpoint for the whole stack.
 */
#include <stddef.h>

#include "base/macros.h"
#include "exporter/conf.h"
#include "exporter/exporter.h"
#include "run/program.h"

#define AT(member) offsetof(struct exporter_conf, member)

static const struct conf_item items[] = {
	{ .name = "EXPORTER_PORT",
	    .type = CONF_NUMBER,
	    .offset = AT(port),
	    .fallback = "9100",
	    .min = 1,
	    .max = 65535,
	    .help = "port of /metrics, /status.json, / and /healthz" },
	{ .name = "EXPORTER_DIR",
	    .type = CONF_TEXT,
	    .offset = AT(dir),
	    .fallback = "/var/lib/exporter",
	    .help = "folder of *.prom files to be shown as they are" },
	{ .name = "DOMAIN_NAME",
	    .type = CONF_TEXT,
	    .offset = AT(domain),
	    .fallback = "",
	    .help = "name that TLS targets are asked for and have to prove" },
	{ .name = "DB_HOST",
	    .type = CONF_TEXT,
	    .offset = AT(db_host),
	    .fallback = "",
	    .help = "MariaDB; empty: not asked" },
	{ .name = "DB_PORT",
	    .type = CONF_NUMBER,
	    .offset = AT(db_port),
	    .fallback = "3306",
	    .min = 1,
	    .max = 65535,
	    .help = "port of MariaDB" },
	{ .name = "DB_USER",
	    .type = CONF_TEXT,
	    .offset = AT(db_user),
	    .fallback = "exporter",
	    .help = "user at MariaDB" },
	{ .name = "DB_PASSWORD",
	    .type = CONF_SECRET,
	    .offset = AT(db_password),
	    .fallback = "",
	    .help = "secret at MariaDB" },
	{ .name = "REDIS_HOST",
	    .type = CONF_TEXT,
	    .offset = AT(redis_host),
	    .fallback = "",
	    .help = "Redis; empty: not asked" },
	{ .name = "REDIS_PORT",
	    .type = CONF_NUMBER,
	    .offset = AT(redis_port),
	    .fallback = "6379",
	    .min = 1,
	    .max = 65535,
	    .help = "port of Redis" },
	{ .name = "REDIS_USER",
	    .type = CONF_TEXT,
	    .offset = AT(redis_user),
	    .fallback = "exporter",
	    .help = "user at Redis" },
	{ .name = "REDIS_PASSWORD",
	    .type = CONF_SECRET,
	    .offset = AT(redis_password),
	    .fallback = "",
	    .help = "secret at Redis" },
	{ .name = "NGINX_STATUS_URL",
	    .type = CONF_TEXT,
	    .offset = AT(nginx_url),
	    .fallback = "",
	    .help = "nginx's stub_status page; empty or none: not asked" },
	{ .name = "PHPFPM_STATUS_URL",
	    .type = CONF_TEXT,
	    .offset = AT(phpfpm_url),
	    .fallback = "",
	    .help = "php-fpm's status page over HTTP; empty or none: "
		    "not asked" },
	{ .name = "ADMINER_PING_URL",
	    .type = CONF_TEXT,
	    .offset = AT(adminer_url),
	    .fallback = "",
	    .help = "the ping page of Adminer's php-fpm over HTTP; empty or "
		    "none: not asked" },
	{ .name = "TLS_TARGETS",
	    .type = CONF_TEXT,
	    .offset = AT(tls_targets),
	    .fallback = "",
	    .help = "whose certificates to look at: https://host:port, "
		    "ftp://host:port (AUTH TLS), separated by spaces" },
	{ .name = "TLS_CA",
	    .type = CONF_TEXT,
	    .offset = AT(tls_ca),
	    .fallback = "",
	    .help = "PEM certificates to verify them with; empty: not "
		    "verified" },
	{ .name = "MERGE_TARGETS",
	    .type = CONF_TEXT,
	    .offset = AT(merge_targets),
	    .fallback = "http://ftpd:8021/metrics http://staticd:8080/metrics "
			"http://cachemon:8081/metrics",
	    .help = "daemons whose metrics are shown, too, or none" },
};

static uint16_t
health_port(const void *conf)
{
	return (uint16_t)((const struct exporter_conf *)conf)->port;
}

static int
run(void *conf)
{
	return exporter_run(conf);
}

int
main(int argc, char **argv)
{
	struct exporter_conf conf = { 0 };
	const struct program program = {
		.name = "exporter",
		.summary = "one Prometheus endpoint for the whole stack",
		.items = items,
		.item_count = ARRAY_LEN(items),
		.conf = &conf,
		.check = exporter_conf_check,
		.health_port = health_port,
		.run = run,
	};

	return program_main(&program, argc, argv);
}

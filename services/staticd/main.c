/*
 * staticd: a static site from memory.
 *
 * Reading order: load.h (what becomes of the files), site.h and resource.h
 * (the table), serve.c (one request), then the pure parts it decides with:
 * accept, precond, range, date, mime.  daemon.c is the life around it.
 */
#include "run/program.h"
#include "staticd/conf.h"
#include "staticd/daemon.h"

#define AT(member) offsetof(struct staticd_conf, member)

/* In the order of enum access_format. */
static const char *const access_formats[] = { "off", "common", "keyvalue",
	NULL };

static const struct conf_item items[] = {
	{ .name = "STATICD_PORT",
	    .help = "port to listen on",
	    .type = CONF_NUMBER,
	    .offset = AT(port),
	    .fallback = "8080",
	    .min = 1,
	    .max = 65535 },
	{ .name = "STATICD_ROOT",
	    .help = "folder with the site",
	    .type = CONF_TEXT,
	    .offset = AT(root),
	    .fallback = "/srv/site" },
	{ .name = "STATICD_PREFIX",
	    .help = "what request paths begin with",
	    .type = CONF_TEXT,
	    .offset = AT(prefix),
	    .fallback = "/site/" },
	{ .name = "STATICD_HEADERS",
	    .help = "lines 'Name: value' that replace or add to the headers "
		    "of every answer; without a value: remove one",
	    .type = CONF_TEXT,
	    .offset = AT(headers),
	    .fallback = "" },
	{ .name = "STATICD_CACHE_PAGES",
	    .help = "Cache-Control of HTML",
	    .type = CONF_TEXT,
	    .offset = AT(cache_pages),
	    .fallback = "no-cache" },
	{ .name = "STATICD_CACHE_ASSETS",
	    .help = "Cache-Control of everything else; by default a browser "
		    "asks each time, so that it never mixes two states of a "
		    "site",
	    .type = CONF_TEXT,
	    .offset = AT(cache_assets),
	    .fallback = "no-cache" },
	{ .name = "STATICD_CACHE_IMMUTABLE",
	    .help = "Cache-Control of names with a fingerprint, as in "
		    "app.3f9c2b1a.js",
	    .type = CONF_TEXT,
	    .offset = AT(cache_immutable),
	    .fallback = "public, max-age=31536000, immutable" },
	{ .name = "STATICD_MAX_FILES",
	    .help = "most files and folders of a site",
	    .type = CONF_NUMBER,
	    .offset = AT(files_max),
	    .fallback = "10000",
	    .min = 1,
	    .max = 1000000 },
	{ .name = "STATICD_MAX_MB",
	    .help = "most megabytes of a site",
	    .type = CONF_NUMBER,
	    .offset = AT(megabytes_max),
	    .fallback = "1024",
	    .min = 1,
	    .max = 1048576 },
	{ .name = "STATICD_MEMORY_MB",
	    .help = "most megabytes of content in memory, twice while "
		    "reloading; further files are sent from disk",
	    .type = CONF_NUMBER,
	    .offset = AT(memory_megabytes),
	    .fallback = "16",
	    .min = 0,
	    .max = 65536 },
	{ .name = "STATICD_MAX_DEPTH",
	    .help = "deepest folders in folders",
	    .type = CONF_NUMBER,
	    .offset = AT(depth_max),
	    .fallback = "16",
	    .min = 0,
	    .max = 64 },
	{ .name = "STATICD_THREADS",
	    .help = "threads that answer",
	    .type = CONF_NUMBER,
	    .offset = AT(threads),
	    .fallback = "2",
	    .min = 1,
	    .max = 64 },
	{ .name = "STATICD_CONNECTIONS",
	    .help = "most connections at a time",
	    .type = CONF_NUMBER,
	    .offset = AT(connections),
	    .fallback = "10240",
	    .min = 1,
	    .max = 65536 },
	{ .name = "STATICD_CONNECTIONS_PER_ADDRESS",
	    .help = "most connections of one address; 0: no such limit",
	    .type = CONF_NUMBER,
	    .offset = AT(per_address),
	    .fallback = "0",
	    .min = 0,
	    .max = 65536 },
	{ .name = "STATICD_CONNECTION_BYTES",
	    .help = "memory of each connection, in which the head of a request "
		    "and that of its answer have to have room",
	    .type = CONF_NUMBER,
	    .offset = AT(connection_bytes),
	    .fallback = "8192",
	    .min = 4096,
	    .max = 65536 },
	{ .name = "STATICD_IDLE_SECONDS",
	    .help = "seconds after which a silent connection is closed",
	    .type = CONF_NUMBER,
	    .offset = AT(idle_seconds),
	    .fallback = "75",
	    .min = 1,
	    .max = 3600 },
	{ .name = "STATICD_HEAD_SECONDS",
	    .help = "seconds for the whole head of a request to come",
	    .type = CONF_NUMBER,
	    .offset = AT(head_seconds),
	    .fallback = "15",
	    .min = 1,
	    .max = 3600 },
	{ .name = "STATICD_ANSWER_SECONDS",
	    .help = "seconds for an answer to be taken, and one more for each "
		    "4 KiB",
	    .type = CONF_NUMBER,
	    .offset = AT(answer_seconds),
	    .fallback = "60",
	    .min = 1,
	    .max = 3600 },
	{ .name = "STATICD_WATCH",
	    .help = "on: load the site again when its files change",
	    .type = CONF_BOOL,
	    .offset = AT(watch),
	    .fallback = "on" },
	{ .name = "STATICD_FALLBACK",
	    .help = "file of the site that answers paths that lead nowhere and "
		    "have no dot in their last name, for pages that route in "
		    "the browser; empty: they are not found",
	    .type = CONF_TEXT,
	    .offset = AT(fallback),
	    .fallback = "" },
	{ .name = "STATICD_ACCESS_LOG",
	    .help = "a line for each answer: common on standard output, "
		    "keyvalue on standard error",
	    .type = CONF_CHOICE,
	    .choices = access_formats,
	    .offset = AT(access_log),
	    .fallback = "off" },
};

int
main(int argc, char **argv)
{
	struct staticd_conf conf = { 0 };
	const struct program program = { .name = "staticd",
		.summary = "serves a static site from memory",
		.items = items,
		.item_count = ARRAY_LEN(items),
		.conf = &conf,
		.check = daemon_check,
		.health_port = daemon_health_port,
		.run = daemon_run };

	return program_main(&program, argc, argv);
}

#include "staticd/daemon.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "http/check.h"
#include "metrics/volume.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/sig.h"
#include "staticd/conf.h"
#include "staticd/files.h"
#include "staticd/load.h"
#include "staticd/serve.h"
#include "staticd/watch.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define MEGABYTE (1024 * 1024)
#define FAULT_MAX 8192
/* A change is loaded when nothing more has changed for this long, */
#define QUIET_MS 500
/* but no later than this after the first one. */
#define PATIENCE_MS 5000
/* Between looks at the volume and at memory. */
#define LOOK_MS 15000
#define DRAIN_MS 3000

struct daemon {
	const struct staticd_conf *conf;
	struct serve serve;
	struct watch watch;
	int signals;
	/* clock_ms() values; 0: no change is waiting. */
	int64_t changed_first;
	int64_t changed_last;
};

uint16_t
daemon_health_port(const void *conf)
{
	return (uint16_t)((const struct staticd_conf *)conf)->port;
}

/* A header's value: something, and plain ASCII. */
static void
check_value(struct buf *faults, const char *name, const char *value)
{
	for (const char *p = value; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~') {
			buf_addf(faults, "%s: is not plain ASCII\n", name);
			return;
		}
	}
}

void
daemon_check(const void *conf, struct buf *faults)
{
	const struct staticd_conf *c = conf;
	struct fields fields;
	struct stat st;

	if (!http_prefix_valid(view_str(c->prefix))) {
		buf_addf(faults,
		    "STATICD_PREFIX: '%s' has to be names of "
		    "letters, digits and -_~ between slashes, as in /site/\n",
		    c->prefix);
	}
	if (stat(c->root, &st) < 0) {
		buf_addf(faults, "STATICD_ROOT: '%s': %s\n", c->root,
		    strerror(errno));
	} else if (!S_ISDIR(st.st_mode)) {
		buf_addf(faults, "STATICD_ROOT: '%s' is not a folder\n",
		    c->root);
	}
	check_value(faults, "STATICD_CACHE_PAGES", c->cache_pages);
	check_value(faults, "STATICD_CACHE_ASSETS", c->cache_assets);
	check_value(faults, "STATICD_CACHE_IMMUTABLE", c->cache_immutable);
	fields_load(&fields, "STATICD_HEADERS", c->headers, faults);
	fields_done(&fields);
}

/* --- loading ------------------------------------------------------------- */

static void
watch_folder(void *ctx, int fd)
{
	watch_add(ctx, fd);
}

/* A new watch for the coming load; without one, changes are not noticed. */
static void
renew_watch(struct daemon *d)
{
	int r;

	watch_done(&d->watch);
	if (!d->conf->watch) {
		return;
	}
	r = watch_init(&d->watch);
	if (r < 0) {
		log_say(LOG_WARN, "watch_failed",
		    "%s: changes of the site "
		    "are loaded on SIGHUP only",
		    strerror(-r));
	}
}

static void
note_success(struct daemon *d, const struct site_counts *counts, int64_t ms)
{
	struct counters *c = &d->serve.counters;
	struct log_line l;

	atomic_fetch_add(&c->reloads_good, 1);
	atomic_store(&c->last_good, true);
	atomic_store(&c->last_time, (int64_t)time(NULL));
	atomic_store(&c->last_ms, ms);
	log_open(&l, LOG_INFO, "site_loaded");
	log_num(&l, "files", (int64_t)counts->files);
	log_num(&l, "paths", (int64_t)counts->paths);
	log_num(&l, "skipped", (int64_t)counts->skipped);
	log_num(&l, "bytes", (int64_t)counts->bytes);
	log_num(&l, "memory", (int64_t)counts->memory_bytes);
	log_num(&l, "ms", ms);
	log_close(&l);
}

static void
note_failure(struct daemon *d, const struct buf *fault, bool first)
{
	struct log_line l;

	atomic_fetch_add(&d->serve.counters.reloads_failed, 1);
	atomic_store(&d->serve.counters.last_good, false);
	log_open(&l, LOG_ERROR, first ? "load_failed" : "reload_failed");
	log_view(&l, "fault", buf_view(fault));
	if (!first) {
		log_str(&l, "serving", "the site before");
	}
	log_close(&l);
}

/* Gives memory that was needed for a moment back to the system. */
static void
trim_memory(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

/* Loads the site and puts it in place.  Whether it worked. */
static bool
load(struct daemon *d, bool first)
{
	const struct staticd_conf *conf = d->conf;
	struct load load = { .root = conf->root,
		.prefix = view_str(conf->prefix),
		.cache_pages = conf->cache_pages,
		.cache_assets = conf->cache_assets,
		.cache_immutable = conf->cache_immutable,
		.fallback = conf->fallback,
		.fields = d->serve.fields.list,
		.files_max = conf->files_max,
		.bytes_max = conf->megabytes_max * MEGABYTE,
		.memory_max = conf->memory_megabytes * MEGABYTE,
		.depth_max = (unsigned)conf->depth_max,
		.threads = (unsigned)conf->threads };
	int64_t start = clock_ms();
	struct site *site;
	struct buf fault;
	int r;

	renew_watch(d);
	if (watch_fd(&d->watch) >= 0) {
		load.folder = watch_folder;
		load.ctx = &d->watch;
	}
	buf_init(&fault, FAULT_MAX);
	r = load_site(&load, &fault, &site);
	if (r == 0) {
		note_success(d, site_counts(site), clock_ms() - start);
		store_replace_take(&d->serve.store, site);
	} else {
		note_failure(d, &fault, first);
	}
	if (d->watch.error != 0) {
		log_say(LOG_WARN, "watch_failed",
		    "%s: not every change of "
		    "the site is noticed; SIGHUP loads it",
		    strerror(-d->watch.error));
	}
	buf_done(&fault);
	trim_memory();
	return r == 0;
}

/* --- the loop ------------------------------------------------------------ */

static void
measure_volume(struct daemon *d)
{
	struct counters *c = &d->serve.counters;
	struct volume volume;

	if (volume_measure(d->conf->root, &volume) == 0) {
		atomic_store(&c->volume_size, volume.size);
		atomic_store(&c->volume_free, volume.free);
		atomic_store(&c->volume_avail, volume.avail);
	}
}

static void
note_change(struct daemon *d)
{
	watch_drain(&d->watch);
	d->changed_last = clock_ms();
	if (d->changed_first == 0) {
		d->changed_first = d->changed_last;
	}
}

/* When the waiting change is to be loaded; 0 when none waits. */
static int64_t
reload_time(const struct daemon *d)
{
	int64_t quiet = d->changed_last + QUIET_MS;
	int64_t patience = d->changed_first + PATIENCE_MS;

	if (d->changed_first == 0) {
		return 0;
	}
	return quiet < patience ? quiet : patience;
}

/* Waits for something to happen; false when it is the end. */
static bool
step(struct daemon *d)
{
	int64_t due = reload_time(d);
	struct pollfd fds[] = {
		{ .fd = d->signals, .events = POLLIN },
		{ .fd = watch_fd(&d->watch), .events = POLLIN },
	};
	enum sig_event event;

	if (poll(fds, 2, due == 0 ? LOOK_MS : clock_left(due)) == 0) {
		/* What many connections held, when they have gone. */
		trim_memory();
	}
	measure_volume(d);
	if (fds[1].revents != 0) {
		note_change(d);
	}
	event = sig_next(d->signals);
	if (event == SIG_EVENT_STOP) {
		return false;
	}
	if (event == SIG_EVENT_RELOAD
	    || (d->changed_first != 0 && clock_left(reload_time(d)) == 0)) {
		d->changed_first = 0;
		(void)load(d, false);
	}
	return true;
}

static unsigned
connections_of(const struct staticd_conf *conf)
{
	uint64_t n = files_for(conf->connections);

	if (n < conf->connections) {
		log_say(LOG_WARN, "few_descriptors",
		    "the limit on open files leaves room for %llu connections, "
		    "not %llu",
		    (unsigned long long)n,
		    (unsigned long long)conf->connections);
	}
	return (unsigned)n;
}

static int
start(struct daemon *d, struct http_server **ret)
{
	static const struct http_route routes[] = {
		/* The server runs only while there is a site to serve. */
		{ "/healthz", http_serve_ok },
		{ "/metrics", serve_metrics },
		{ "*", serve_site },
	};
	struct http_conf http = { .port = (uint16_t)d->conf->port,
		.threads = (unsigned)d->conf->threads,
		.connections = connections_of(d->conf),
		.idle_seconds = (unsigned)d->conf->idle_seconds,
		.per_address = (unsigned)d->conf->per_address,
		.head_seconds = (unsigned)d->conf->head_seconds,
		.answer_seconds = (unsigned)d->conf->answer_seconds,
		.connection_memory = d->conf->connection_bytes,
		.routes = routes,
		.route_count = ARRAY_LEN(routes),
		.headers = d->serve.fields.list,
		.answered = serve_answered,
		.ctx = &d->serve };
	struct log_line l;
	int r = http_start(&http, ret);

	log_open(&l, r < 0 ? LOG_ERROR : LOG_INFO,
	    r < 0 ? "listen_failed" : "started");
	log_num(&l, "port", (int64_t)d->conf->port);
	if (r < 0) {
		log_err(&l, r);
	} else {
		log_str(&l, "root", d->conf->root);
		log_str(&l, "prefix", d->conf->prefix);
	}
	log_close(&l);
	return r;
}

static int
serve_until_stopped(struct daemon *d)
{
	struct http_server *server;

	if (!load(d, true) || start(d, &server) < 0) {
		return 1;
	}
	measure_volume(d);
	while (step(d)) {
		continue;
	}
	log_say(LOG_INFO, "stopping", "waiting for running answers");
	http_stop(server, DRAIN_MS);
	log_say(LOG_INFO, "stopped", "bye");
	return 0;
}

int
daemon_run(void *conf)
{
	struct daemon d = { .conf = conf, .watch = { .fd = -1 } };
	struct buf none;
	int status = 1;

	files_raise();
	buf_init(&none, FAULT_MAX);
	/* daemon_check() has seen to it that there is no fault. */
	fields_load(&d.serve.fields, "STATICD_HEADERS", d.conf->headers, &none);
	buf_done(&none);
	d.serve.root = d.conf->root;
	d.serve.access_format = (enum access_format)d.conf->access_log;
	d.signals = sig_open();
	if (d.signals < 0) {
		log_say(LOG_ERROR, "signals_failed", "%s",
		    strerror(-d.signals));
	} else if (store_init(&d.serve.store) == 0) {
		status = serve_until_stopped(&d);
		store_done(&d.serve.store);
	}
	watch_done(&d.watch);
	if (d.signals >= 0) {
		(void)close(d.signals);
	}
	fields_done(&d.serve.fields);
	return status;
}

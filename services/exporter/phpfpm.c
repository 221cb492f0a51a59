/*
 * php-fpm: its status page, under the names of hipages/php-fpm_exporter.
 *
 * When the pool does not answer its name is not known; the one of the last
 * good answer is used, so that phpfpm_up{pool="www"} goes to 0 instead of
 * vanishing.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/collector.h"
#include "exporter/fetch.h"
#include "exporter/fpm_status.h"

#define PAGE_MAX (1024 * 1024)

static const char *const states[] = { "Idle", "Running", "Finishing",
	"Reading headers", "Getting request informations", "Ending" };

struct phpfpm {
	struct target target; /* with ?json&full */
	char uri[TARGET_HOST_MAX + TARGET_PATH_MAX + 32];
	pthread_mutex_t lock;
	char pool[FPM_POOL_NAME_MAX + 1];
	uint64_t failures;
};

static void
add_labels(const struct phpfpm *f, struct metrics *m, const char *pool)
{
	metrics_label(m, "pool", view_str(pool));
	metrics_label(m, "scrape_uri", view_str(f->uri));
}

static void
write_one(const struct phpfpm *f, struct metrics *m, const char *pool,
    const char *name, enum metrics_type type, const char *help, uint64_t value)
{
	metrics_family(m, name, type, help);
	add_labels(f, m, pool);
	metrics_u64(m, value);
}

static void
write_up(const struct phpfpm *f, struct metrics *m, const char *pool,
    uint64_t up, uint64_t failures)
{
	write_one(f, m, pool, "phpfpm_up", METRICS_GAUGE,
	    "Could PHP-FPM be reached?", up);
	write_one(f, m, pool, "phpfpm_scrape_failures", METRICS_COUNTER,
	    "The number of failures scraping from PHP-FPM.", failures);
}

/* One family: where its value stands, and what it is called. */
static const struct {
	const char *name;
	enum metrics_type type;
	size_t offset;
	const char *help;
} pool_families[] = {
	{ "phpfpm_start_since", METRICS_COUNTER,
	    offsetof(struct fpm_status, start_since),
	    "The number of seconds since FPM has started." },
	{ "phpfpm_accepted_connections", METRICS_COUNTER,
	    offsetof(struct fpm_status, accepted),
	    "The number of requests accepted by the pool." },
	{ "phpfpm_listen_queue", METRICS_GAUGE,
	    offsetof(struct fpm_status, listen_queue),
	    "The number of requests in the queue of pending connections." },
	{ "phpfpm_max_listen_queue", METRICS_COUNTER,
	    offsetof(struct fpm_status, max_listen_queue),
	    "The maximum number of requests in the queue of pending "
	    "connections since FPM has started." },
	{ "phpfpm_listen_queue_length", METRICS_GAUGE,
	    offsetof(struct fpm_status, listen_queue_length),
	    "The size of the socket queue of pending connections." },
	{ "phpfpm_idle_processes", METRICS_GAUGE,
	    offsetof(struct fpm_status, idle),
	    "The number of idle processes." },
	{ "phpfpm_active_processes", METRICS_GAUGE,
	    offsetof(struct fpm_status, active),
	    "The number of active processes." },
	{ "phpfpm_total_processes", METRICS_GAUGE,
	    offsetof(struct fpm_status, total),
	    "The number of idle + active processes." },
	{ "phpfpm_max_active_processes", METRICS_COUNTER,
	    offsetof(struct fpm_status, max_active),
	    "The maximum number of active processes since FPM has started." },
	{ "phpfpm_max_children_reached", METRICS_COUNTER,
	    offsetof(struct fpm_status, max_children_reached),
	    "The number of times, the process limit has been reached, when pm "
	    "tries to start more children (works only for pm 'dynamic' and "
	    "'ondemand')." },
	{ "phpfpm_slow_requests", METRICS_COUNTER,
	    offsetof(struct fpm_status, slow_requests),
	    "The number of requests that exceeded your "
	    "'request_slowlog_timeout' value." },
};

static void
write_pool(const struct phpfpm *f, struct metrics *m,
    const struct fpm_status *s)
{
	for (size_t i = 0; i < ARRAY_LEN(pool_families); i++) {
		uint64_t value;

		memcpy(&value, (const char *)s + pool_families[i].offset,
		    sizeof(value));
		write_one(f, m, s->pool, pool_families[i].name,
		    pool_families[i].type, pool_families[i].help, value);
	}
}

static double
process_requests(const struct fpm_process *p)
{
	return (double)p->requests;
}

static double
process_memory(const struct fpm_process *p)
{
	return p->last_request_memory;
}

static double
process_cpu(const struct fpm_process *p)
{
	return p->last_request_cpu;
}

static double
process_duration(const struct fpm_process *p)
{
	return p->request_duration;
}

static const struct {
	const char *name;
	enum metrics_type type;
	double (*value)(const struct fpm_process *);
	const char *help;
} process_families[] = {
	{ "phpfpm_process_requests", METRICS_COUNTER, process_requests,
	    "The number of requests the process has served." },
	{ "phpfpm_process_last_request_memory", METRICS_GAUGE, process_memory,
	    "The max amount of memory the last request consumed." },
	{ "phpfpm_process_last_request_cpu", METRICS_GAUGE, process_cpu,
	    "The %cpu the last request consumed." },
	{ "phpfpm_process_request_duration", METRICS_GAUGE, process_duration,
	    "The duration in microseconds of the requests." },
};

/* A child is named by its place in the list: process ids would pile up. */
static void
add_child(const struct phpfpm *f, struct metrics *m, const struct fpm_status *s,
    size_t i)
{
	char child[24];

	(void)snprintf(child, sizeof(child), "%zu", i);
	metrics_label(m, "pool", view_str(s->pool));
	metrics_label(m, "child", view_str(child));
	metrics_label(m, "scrape_uri", view_str(f->uri));
}

static void
write_processes(const struct phpfpm *f, struct metrics *m,
    const struct fpm_status *s)
{
	if (s->process_count == 0) {
		return;
	}
	for (size_t k = 0; k < ARRAY_LEN(process_families); k++) {
		metrics_family(m, process_families[k].name,
		    process_families[k].type, process_families[k].help);
		for (size_t i = 0; i < s->process_count; i++) {
			add_child(f, m, s, i);
			metrics_double(m,
			    process_families[k].value(&s->processes[i]));
		}
	}
	metrics_family(m, "phpfpm_process_state", METRICS_GAUGE,
	    "The state of the process (Idle, Running, ...).");
	for (size_t i = 0; i < s->process_count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(states); k++) {
			add_child(f, m, s, i);
			metrics_label(m, "state", view_str(states[k]));
			metrics_u64(m,
			    strcmp(states[k], s->processes[i].state) == 0);
		}
	}
}

/* Notes the pool's name, or a failure; returns the number of failures. */
static uint64_t
note(struct phpfpm *f, const char *pool)
{
	uint64_t failures;

	(void)pthread_mutex_lock(&f->lock);
	if (pool != NULL) {
		(void)snprintf(f->pool, sizeof(f->pool), "%s", pool);
	} else {
		f->failures++;
	}
	failures = f->failures;
	(void)pthread_mutex_unlock(&f->lock);
	return failures;
}

static int
collect(void *self, struct collection *c)
{
	struct phpfpm *f = self;
	struct fpm_status status;
	struct metrics m;
	struct buf page;
	int r;

	buf_init(&page, PAGE_MAX);
	r = fetch(c, &f->target, PAGE_MAX, &page);
	if (r == 0 && fpm_status_parse(buf_view(&page), &status) < 0) {
		r = collection_fail(c, -EPROTO,
		    "the page is no php-fpm status page in JSON");
	}
	buf_done(&page);
	if (r < 0) {
		return r;
	}
	metrics_init(&m, c->out);
	write_up(f, &m, status.pool, 1, note(f, status.pool));
	write_pool(f, &m, &status);
	write_processes(f, &m, &status);
	fpm_status_done(&status);
	return 0;
}

static void
down(void *self, struct metrics *m)
{
	struct phpfpm *f = self;
	char pool[FPM_POOL_NAME_MAX + 1];
	uint64_t failures = note(f, NULL);

	(void)pthread_mutex_lock(&f->lock);
	memcpy(pool, f->pool, sizeof(pool));
	(void)pthread_mutex_unlock(&f->lock);
	write_up(f, m, pool, 0, failures);
}

static void
done(void *self)
{
	struct phpfpm *f = self;

	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

static const struct collector_class phpfpm_class = { .collect = collect,
	.down = down,
	.done = done };

int
phpfpm_collector(const struct exporter_conf *conf, const struct target *target,
    struct collector *ret)
{
	struct phpfpm *f = calloc(1, sizeof(*f));
	size_t n = strlen(target->path);

	(void)conf;
	if (f == NULL) {
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)snprintf(f->uri, sizeof(f->uri), "http://%s%s", target->name,
	    target->path);
	f->target = *target;
	(void)snprintf(f->target.path + n, sizeof(f->target.path) - n, "%s",
	    strchr(target->path, '?') == NULL ? "?json&full" : "");
	collector_init(ret, &phpfpm_class, f, "phpfpm", NULL);
	return 0;
}

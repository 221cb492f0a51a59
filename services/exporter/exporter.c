#include "exporter/exporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <mysql.h>

#include "exporter/collector.h"
#include "exporter/scrape.h"
#include "exporter/web.h"
#include "http/http.h"
#include "run/log.h"
#include "run/sig.h"

/* Together less than the 10 s that Docker waits by default. */
#define DRAIN_MS 3000
#define STOP_MS 3000

/* --- collectors ---------------------------------------------------------- */

struct list {
	struct collector items[SCRAPE_COLLECTORS_MAX];
	size_t n;
};

typedef int (*target_collector)(const struct exporter_conf *conf,
    const struct target *target, struct collector *ret);

/* One collector for each target of a setting. */
static int
add_targets(struct list *list, const struct exporter_conf *conf,
    const char *setting, target_collector make)
{
	struct view rest = exporter_conf_list(setting), word;
	struct target target;
	int r = 0;

	while (r == 0 && target_next(&rest, &word)) {
		/* The settings were checked before. */
		if (target_parse(word, &target) < 0
		    || list->n == SCRAPE_COLLECTORS_MAX) {
			return -EINVAL;
		}
		r = make(conf, &target, &list->items[list->n]);
		list->n += r == 0;
	}
	return r;
}

static int
add_collectors(struct list *list, const struct exporter_conf *conf)
{
	bool db = conf->db_host[0] != '\0';
	bool redis = conf->redis_host[0] != '\0';
	const struct {
		bool wanted;
		int (*make)(const struct exporter_conf *, struct collector *);
	} single[] = { { db, mariadb_collector }, { db, wordpress_collector },
		{ redis, redis_collector }, { true, self_collector },
		{ true, textfile_collector } };
	const struct {
		const char *setting;
		target_collector make;
	} several[] = { { conf->nginx_url, nginx_collector },
		{ conf->phpfpm_url, phpfpm_collector },
		{ conf->adminer_url, adminer_collector },
		{ conf->tls_targets, tls_collector },
		{ conf->merge_targets, merge_collector } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(single); i++) {
		if (single[i].wanted) {
			r = single[i].make(conf, &list->items[list->n]);
			list->n += r == 0;
		}
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(several); i++) {
		r = add_targets(list, conf, several[i].setting,
		    several[i].make);
	}
	return r;
}

static int
start_scrape(const struct exporter_conf *conf, struct scrape **ret)
{
	struct list *list = calloc(1, sizeof(*list));
	int r;

	if (list == NULL) {
		return -ENOMEM;
	}
	r = add_collectors(list, conf);
	if (r < 0) {
		while (list->n > 0) {
			list->n--;
			collector_done(&list->items[list->n]);
		}
	} else {
		r = scrape_start(list->items, list->n, ret);
	}
	free(list);
	return r;
}

/* --- life ---------------------------------------------------------------- */

static int
fail(const char *event, int err)
{
	struct log_line l;

	log_open(&l, LOG_ERROR, event);
	log_err(&l, err);
	log_close(&l);
	return EXIT_FAILURE;
}

static void
wait_for_stop(int sig_fd)
{
	enum sig_event event;

	do {
		event = sig_wait(sig_fd, -1);
		if (event == SIG_EVENT_RELOAD) {
			log_say(LOG_INFO, "reload",
			    "nothing to read again: every scrape is fresh");
		}
	} while (event != SIG_EVENT_STOP);
}

static int
serve(const struct exporter_conf *conf, struct scrape *scrape, int sig_fd)
{
	struct http_server *server;
	struct log_line l;
	int r = web_start((uint16_t)conf->port, scrape, &server);

	if (r < 0) {
		return fail("cannot_listen", r);
	}
	log_open(&l, LOG_INFO, "started");
	log_num(&l, "port", (int64_t)conf->port);
	log_num(&l, "collectors", (int64_t)scrape_count(scrape));
	log_close(&l);
	wait_for_stop(sig_fd);
	log_say(LOG_INFO, "stopping", "asked to");
	http_stop(server, DRAIN_MS);
	return EXIT_SUCCESS;
}

/* One scrape touches little memory at a time: give it back right away. */
static void
tune_memory(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 64 * 1024);
#endif
}

int
exporter_run(const struct exporter_conf *conf)
{
	struct scrape *scrape;
	int sig_fd, status, r;

	tune_memory();
	sig_fd = sig_open();
	if (sig_fd < 0) {
		return fail("cannot_take_signals", sig_fd);
	}
	/* Before there are threads: it is not safe among them. */
	if (mysql_library_init(0, NULL, NULL) != 0) {
		return fail("cannot_start_database_library", -ENOMEM);
	}
	r = start_scrape(conf, &scrape);
	if (r < 0) {
		return fail("cannot_start_collectors", r);
	}
	status = serve(conf, scrape, sig_fd);
	if (!scrape_stop(scrape, STOP_MS)) {
		log_say(LOG_WARN, "stopped",
		    "a collector hangs in a library call; left behind");
		/* exit(3) would tear the libraries down under its feet. */
		_exit(status);
	}
	mysql_library_end();
	(void)close(sig_fd);
	log_say(LOG_INFO, "stopped", "all collectors have ended");
	return status;
}

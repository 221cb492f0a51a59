/*
 * What a collector is: one target, asked once per scrape on a thread of its
 * own.  The scrape (exporter/scrape.h) knows nothing else about it.
 *
 * Each module NAME.c gives one function that makes one:
 *	int NAME_collector(..., struct collector *ret)
 */
#ifndef EXPORTER_COLLECTOR_H
#define EXPORTER_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "exporter/conf.h"
#include "exporter/page.h"
#include "exporter/target.h"
#include "metrics/metrics.h"
#include "run/cutoff.h"

/* The most one collector may write, of each kind. */
#define COLLECTION_MAX (4 * 1024 * 1024)
#define COLLECTOR_WHY_MAX 255
#define COLLECTOR_NAME_MAX (TARGET_HOST_MAX + 32)

/* One run of one collector. */
struct collection {
	int64_t deadline; /* clock_ms() value */
	bool brief; /* only whether the target answers */
	struct cutoff *cutoff; /* knows the socket while there is one */
	struct buf *out; /* our own families, written by lib/metrics */
	struct buf *foreign; /* somebody else's text, not looked at yet */
	struct buf *why; /* words for a person when it fails */
};

struct collector_class {
	/*
	 * Asks the target.  0, or -errno with words in `why`; then what was
	 * written is thrown away and down() stands for it.  Returns by the
	 * deadline, or soon after its socket was cut.  When brief, what is
	 * written is not used, and what costs the target much is left out.
	 */
	int (*collect)(void *self, struct collection *c);
	/*
	 * Writes `X_up 0`.  Called from another thread, perhaps while collect()
	 * is at work.  NULL: there is no such family.
	 */
	void (*down)(void *self, struct metrics *m);
	/* Frees `self`; collect() is not at work.  NULL: it is borrowed. */
	void (*done)(void *self);
};

struct collector {
	const struct collector_class *class;
	void *self;
	char name[COLLECTOR_NAME_MAX]; /* "mariadb", "tls nginx:443" */
	struct page_source source; /* of `foreign` */
};

/*
 * Writes words into c->why (cut to its size) and returns `err`, so that a
 * failing path is one line.
 */
int collection_fail(struct collection *c, int err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/*
 * Fills a collector that gives no foreign text.  It is named "KIND host:port"
 * with a target and "KIND" without one.  `self` is what the class's functions
 * get; it may be the settings, which they only read.
 */
void collector_init(struct collector *collector,
    const struct collector_class *class, const void *self, const char *kind,
    const struct target *target);

/*
 * The same, named KIND alone, for a class whose `self` is no more than a copy
 * of the target; its done() is free().  0, or -ENOMEM.
 */
NODISCARD int collector_init_page(struct collector *collector,
    const struct collector_class *class, const char *kind,
    const struct target *target);

/* Frees what collector_init() was given, as the class says. */
void collector_done(struct collector *collector);

NODISCARD int mariadb_collector(const struct exporter_conf *conf,
    struct collector *ret);
NODISCARD int wordpress_collector(const struct exporter_conf *conf,
    struct collector *ret);
NODISCARD int redis_collector(const struct exporter_conf *conf,
    struct collector *ret);
NODISCARD int nginx_collector(const struct exporter_conf *conf,
    const struct target *target, struct collector *ret);
NODISCARD int adminer_collector(const struct exporter_conf *conf,
    const struct target *target, struct collector *ret);
NODISCARD int phpfpm_collector(const struct exporter_conf *conf,
    const struct target *target, struct collector *ret);
NODISCARD int tls_collector(const struct exporter_conf *conf,
    const struct target *target, struct collector *ret);
NODISCARD int merge_collector(const struct exporter_conf *conf,
    const struct target *target, struct collector *ret);
NODISCARD int self_collector(const struct exporter_conf *conf,
    struct collector *ret);
NODISCARD int textfile_collector(const struct exporter_conf *conf,
    struct collector *ret);

#endif

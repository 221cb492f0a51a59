/*
 * Writing the Prometheus text format 0.0.4 (Prometheus, exposition formats).
 *
 *	metrics_family(&m, "redis_up", METRICS_GAUGE, "Whether Redis answers.");
 *	metrics_u64(&m, 1);
 *	metrics_family(&m, "redis_db_keys", METRICS_GAUGE, "Keys by database.");
 *	metrics_label(&m, "db", VIEW("db0"));
 *	metrics_u64(&m, 17);
 *
 * Pure: it only appends to the buffer, whose errors stick.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
/* Longest family name that is written; longer ones are left out. */
#define METRICS_NAME_MAX 128

enum metrics_type {
	METRICS_COUNTER,
	METRICS_GAUGE,
	METRICS_UNTYPED,
	METRICS_SUMMARY,
	METRICS_HISTOGRAM,
};

/* "counter", "gauge" and so on. */
const char *metrics_type_name(enum metrics_type type);

/* [a-zA-Z_:][a-zA-Z0-9_:]*, at most METRICS_NAME_MAX bytes? */
bool metrics_name_valid(struct view name);

struct metrics {
	/* Private. */
	struct buf *out;
	char family[METRICS_NAME_MAX + 1];
	const char *suffix; /* of the next sample's name */
	bool usable; /* the family's name is valid */
	bool labels; /* a label set is open */
};

/* Writes into `out`, which has to live as long as the writer. */
void metrics_init(struct metrics *m, struct buf *out);

/*
 * Begins a family.  A family is written once, all its samples together.  A
 * name that is not valid silences the family.
 */
void metrics_family(struct metrics *m, const char *name, enum metrics_type type,
    const char *help);

/*
 * The next sample is named family + suffix: "_sum", "_count" or "_bucket" of a
 * summary or histogram; a literal.
 */
void metrics_suffix(struct metrics *m, const char *suffix);

/* A label of the next sample.  `key` is a literal; any bytes may be in value.
 */
void metrics_label(struct metrics *m, const char *key, struct view value);

/* Ends the sample with its value. */
void metrics_u64(struct metrics *m, uint64_t value);
void metrics_i64(struct metrics *m, int64_t value);
void metrics_double(struct metrics *m, double value);
/* A value that came as text and is known to be a number. */
void metrics_text(struct metrics *m, struct view number);

/* A family with one sample and no label. */
void metrics_one(struct metrics *m, const char *name, enum metrics_type type,
    const char *help, double value);
void metrics_one_u64(struct metrics *m, const char *name,
    enum metrics_type type, const char *help, uint64_t value);

#endif

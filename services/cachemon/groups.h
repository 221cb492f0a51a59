/*
 * Keys and bytes by WordPress cache group.
 *
 * The drop-ins store a value as PREFIX:GROUP:KEY with no ':' inside GROUP and
 * KEY, so the group is the field before the last ':', whatever the prefix.
 *
 * The table is bounded: GROUPS_MAX names, each at most GROUP_NAME_MAX bytes.
 * Further groups are counted together in one row, and keys without a ':' in
 * another.  Bytes are measured for some of the keys and estimated for all.
 *
 * Built by one thread, then immutable and shared by reference counting.
 */
#ifndef CACHEMON_GROUPS_H
#define CACHEMON_GROUPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"
#include "cachemon/plugin.h"

#define GROUPS_MAX 200
#define GROUP_NAME_MAX 95
#define GROUPS_LARGEST 10
#define GROUP_KEY_MAX 199
/* Slots of the name index; a power of two, at least twice the rows. */
#define GROUPS_SLOTS 512

enum group_kind {
	GROUP_NAMED,
	GROUP_NONE, /* keys without a group */
	GROUP_OTHER, /* of groups beyond GROUPS_MAX */
};

/* Times to live, by their upper end; the last is "no end". */
enum group_ttl {
	TTL_MINUTE,
	TTL_HOUR,
	TTL_DAY,
	TTL_WEEK,
	TTL_LONGER,
	TTL_NONE,
	TTL_COUNT,
};

struct group {
	enum group_kind kind;
	uint8_t name_n;
	char name[GROUP_NAME_MAX + 1];
	uint64_t keys;
	uint64_t measured; /* keys whose bytes are known */
	double sum; /* of their bytes */
	double squares;
	uint64_t largest; /* bytes */
	uint32_t ttl[TTL_COUNT]; /* keys of a sample, by time to live */
};

struct large_key {
	uint64_t bytes;
	uint8_t key_n;
	char key[GROUP_KEY_MAX + 1]; /* its beginning */
	bool cut; /* the key is longer */
};

struct groups {
	atomic_uint refs;
	size_t n;
	struct group rows[GROUPS_MAX + 2];
	uint16_t slots[GROUPS_SLOTS]; /* row + 1; 0: free */
	size_t largest_n;
	struct large_key largest[GROUPS_LARGEST]; /* biggest first */
	uint64_t keys;
	uint64_t measured;
	/* The metrics of the Redis Object Cache plugin; "" without them. */
	char plugin_key[PLUGIN_KEY_MOST + 1];
	uint64_t plugin_bytes; /* its memory; 0: not measured */
	/* Set by who makes the pass: Unix milliseconds. */
	int64_t started_ms;
	int64_t finished_ms;
};

/* The group of a key, a view of the key's bytes, and the kind of its row. */
struct view group_of_key(struct view key, enum group_kind *ret_kind);

/*
 * What is kept of a group's name: its beginning, at most GROUP_NAME_MAX bytes
 * in whole characters.
 */
struct view group_name_head(struct view name);

/* An empty table with one reference, or NULL when memory is short. */
struct groups *groups_new(void);
struct groups *groups_ref(struct groups *g);
/* NULL is fine. */
void groups_unref(struct groups *g);

/* Counts a key; the row it was counted in. */
size_t groups_add(struct groups *g, struct view key);
/* Says how many bytes a key that was counted in `row` takes. */
void groups_measure(struct groups *g, size_t row, struct view key,
    uint64_t bytes);
/* Says how long a key that was counted in `row` lives on; -1: for ever. */
void groups_live(struct groups *g, size_t row, int64_t ttl_ms);
/* Sorts the rows by bytes, most first.  Nothing is added after that. */
void groups_sort(struct groups *g);

/* All keys of the group together: an estimate unless all were measured. */
double group_bytes(const struct group *row);
/* Half of the 95 % interval around that estimate; 0 when it is exact. */
double group_bytes_error(const struct group *row);
/* The name for people and labels, also of the unnamed rows. */
struct view group_label(const struct group *row);

/* "group", "none" or "other". */
struct view group_kind_name(enum group_kind kind);

/* The "groups" object of the API; see web.h. */
void groups_json(const struct groups *g, struct buf *out);

#endif

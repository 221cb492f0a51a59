/*
 * What happens to each group between two passes over the keys: what the
 * drop-in reports, and what Redis tells of keys that come and go.
 *
 * A bounded table: ACTIVITY_MAX groups, what is beyond them together in one
 * row.  Sums since the start, and of the last ACTIVITY_MINUTES minutes.
 * No lock of its own; no clock.
 */
#ifndef CACHEMON_ACTIVITY_H
#define CACHEMON_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"
#include "cachemon/groups.h"

#define ACTIVITY_MAX 200
#define ACTIVITY_MINUTES 10
/* So many keys of a group gone within a minute are worth a word. */
#define ACTIVITY_BURST 100

enum key_event { KEY_NEW, KEY_REMOVED, KEY_EXPIRED, KEY_EVICTED };

struct tally {
	uint64_t views; /* requests that used the group */
	uint64_t memory_hits;
	uint64_t hits;
	uint64_t misses;
	uint64_t writes;
	uint64_t us;
};

struct activity_row {
	uint8_t name_n;
	char name[GROUP_NAME_MAX + 1];
	bool other; /* all that found no room */
	bool none; /* keys without a group; from key events only */
	int64_t moved; /* keys come less keys gone since the last pass */
	uint64_t expired; /* since the start, as the next two */
	uint64_t evicted;
	uint64_t removed;
	uint32_t removed_minute; /* in the running minute */
	struct tally total;
	struct tally minutes[ACTIVITY_MINUTES];
};

/* The last time that many keys of a group went at once. */
struct burst {
	int64_t minute; /* Unix minutes; 0: never */
	uint64_t keys;
	uint8_t name_n;
	char name[GROUP_NAME_MAX + 1];
};

struct activity {
	size_t n;
	struct activity_row rows[ACTIVITY_MAX + 2];
	struct tally total; /* `views` are requests */
	struct tally minutes[ACTIVITY_MINUTES];
	uint64_t page_us;
	uint64_t page_us_minutes[ACTIVITY_MINUTES];
	uint64_t round_trips;
	uint64_t reports_bad;
	uint64_t key_events;
	int64_t minute; /* the running one, Unix minutes */
	struct burst burst;
	/* Any change, for who wants to know whether there is news. */
	uint64_t changes;
};

/* A message of the drop-in. */
void activity_report(struct activity *a, struct view message, int64_t now_s);

/* A key came or went. */
void activity_key(struct activity *a, enum key_event what, struct view key,
    int64_t now_s);

/* A pass has counted all keys: what moved before is in its counts. */
void activity_counted(struct activity *a);

/* Time went on: old minutes fall out of the window. */
void activity_turn(struct activity *a, int64_t now_s);

/* The row of a group of a pass, or NULL. */
const struct activity_row *activity_find(const struct activity *a,
    const struct group *group);

/* Keys of a group now: those of the pass and what moved since. */
uint64_t activity_keys(const struct activity *a, const struct group *group);

/* The "activity" object of the API; see web.h. */
void activity_json(const struct activity *a, struct buf *out);

#endif

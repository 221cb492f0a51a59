/*
 * Which session processes there are, from where their clients come, and who of
 * them has logged in; and so, for whom there is room.  Pure: the time is given.
 *
 * A session that has not logged in costs its client nothing.  So a quarter of
 * all places is only for those that have; and when there is no room, one that
 * has not may be ended for a new one: the oldest of the party that has most of
 * them, if that has two more than the new one's, or if it is CHILDREN_PATIENCE
 * old.
 */
#ifndef RUN_CHILDREN_H
#define RUN_CHILDREN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

#define CHILDREN_PATIENCE_MS 10000

struct child {
	pid_t pid;
	uint32_t number;
	struct in6_addr party;
	int64_t opened;
	bool logged_in;
	bool evicted; /* has been told to end */
};

struct children {
	struct child *each;
	size_t n;
	size_t most;
	size_t size; /* bytes of the table */
};

/*
 * The table is not there in processes that are forked: they have nothing to do
 * with each other.  0, or -ENOMEM.
 */
NODISCARD int children_init(struct children *c, size_t most);
void children_done(struct children *c);

/* There has to be room: c->n < 2 * c->most. */
void children_add(struct children *c, const struct child *child);

/* True when it was one of them; *ret is what it was. */
NODISCARD bool children_remove(struct children *c, pid_t pid,
    struct child *ret);

/* The session of that number has logged in. */
void children_logged_in(struct children *c, uint32_t number);

enum children_room {
	CHILDREN_ROOM,
	CHILDREN_FULL,
	CHILDREN_PER_PARTY, /* that party has as many as it may have */
};

/*
 * Is there room for one more of that party, which may have `most_from`?  For
 * CHILDREN_ROOM, *ret_evict is NULL or one that has to end for it.
 */
enum children_room children_room(struct children *c,
    const struct in6_addr *party, size_t most_from, int64_t now,
    struct child **ret_evict);

/* One that did not log in and was opened before `before`; NULL: none. */
struct child *children_late(struct children *c, int64_t before);

void children_kill(const struct children *c, int signal);

#endif

#include "run/children.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#include "run/addr.h"

int
children_init(struct children *c, size_t most)
{
	/* Some more: those that were told to end, and have not yet. */
	size_t size = 2 * most * sizeof(*c->each);
	void *table = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (table == MAP_FAILED || madvise(table, size, MADV_DONTFORK) < 0) {
		return -ENOMEM;
	}
	*c = (struct children){ .each = table, .most = most, .size = size };
	return 0;
}

void
children_done(struct children *c)
{
	(void)munmap(c->each, c->size);
	c->each = NULL;
}

void
children_add(struct children *c, const struct child *child)
{
	c->each[c->n++] = *child;
}

bool
children_remove(struct children *c, pid_t pid, struct child *ret)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->each[i].pid == pid) {
			*ret = c->each[i];
			c->each[i] = c->each[--c->n];
			return true;
		}
	}
	return false;
}

void
children_logged_in(struct children *c, uint32_t number)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->each[i].number == number) {
			c->each[i].logged_in = true;
		}
	}
}

/* How many of a party there are. */
static size_t
all_from(const struct children *c, const struct in6_addr *party)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		n += !c->each[i].evicted && addr_eq(&c->each[i].party, party);
	}
	return n;
}

static bool
waits(const struct child *child)
{
	return !child->logged_in && !child->evicted;
}

/* Those of a party that have not logged in; NULL: of all. */
static size_t
waiting_from(const struct children *c, const struct in6_addr *party)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		n += waits(&c->each[i])
		    && (party == NULL || addr_eq(&c->each[i].party, party));
	}
	return n;
}

/* The oldest that waits, of that party; NULL: of all. */
static struct child *
oldest_waiting(struct children *c, const struct in6_addr *party)
{
	struct child *oldest = NULL;

	for (size_t i = 0; i < c->n; i++) {
		struct child *child = &c->each[i];

		if (waits(child)
		    && (party == NULL || addr_eq(&child->party, party))
		    && (oldest == NULL || child->opened < oldest->opened)) {
			oldest = child;
		}
	}
	return oldest;
}

/* Of the party that has most that wait, the oldest. */
static struct child *
of_the_greatest(struct children *c)
{
	const struct in6_addr *party = NULL;
	size_t most = 0;

	for (size_t i = 0; i < c->n; i++) {
		size_t n = waits(&c->each[i])
		    ? waiting_from(c, &c->each[i].party)
		    : 0;

		if (n > most) {
			most = n;
			party = &c->each[i].party;
		}
	}
	return party == NULL ? NULL : oldest_waiting(c, party);
}

static bool
impatient(const struct child *child, int64_t now)
{
	return child != NULL && now - child->opened >= CHILDREN_PATIENCE_MS;
}

enum children_room
children_room(struct children *c, const struct in6_addr *party,
    size_t most_from, int64_t now, struct child **ret_evict)
{
	size_t evicted = 0;
	struct child *one;

	*ret_evict = NULL;
	for (size_t i = 0; i < c->n; i++) {
		evicted += c->each[i].evicted;
	}
	if (c->n == 2 * c->most) {
		return CHILDREN_FULL;
	}
	if (all_from(c, party) >= most_from) {
		one = oldest_waiting(c, party);
		*ret_evict = impatient(one, now) ? one : NULL;
		return *ret_evict == NULL ? CHILDREN_PER_PARTY : CHILDREN_ROOM;
	}
	if (c->n - evicted < c->most
	    && waiting_from(c, NULL) < c->most - c->most / 4) {
		return CHILDREN_ROOM;
	}
	one = of_the_greatest(c);
	if (one != NULL
	    && waiting_from(c, &one->party) < waiting_from(c, party) + 2) {
		one = oldest_waiting(c, NULL);
		one = impatient(one, now) ? one : NULL;
	}
	*ret_evict = one;
	return one == NULL ? CHILDREN_FULL : CHILDREN_ROOM;
}

struct child *
children_late(struct children *c, int64_t before)
{
	struct child *oldest = oldest_waiting(c, NULL);

	return oldest != NULL && oldest->opened < before ? oldest : NULL;
}

void
children_kill(const struct children *c, int signal)
{
	for (size_t i = 0; i < c->n; i++) {
		(void)kill(c->each[i].pid, signal);
	}
}

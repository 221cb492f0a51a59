#include "cachemon/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis/reply.h"
#include "run/clock.h"

/* Keys that SCAN looks at in one step, and when their names are huge. */
#define STEP_KEYS 250
#define STEP_KEYS_HUGE 10
/* So many keys are all measured; of more, about so many in all. */
#define MEASURE_ALL 50000
/*
 * And so many of each group in any case: enough for its bytes within 5 % where
 * sizes vary as much as they are large.
 */
#define MEASURE_GROUP 2000
/* Of each group so many keys are asked how long they live, and each so-manieth
 * of the further ones that are measured. */
#define TTL_GROUP 40
#define TTL_EVERY 32
/* From the end of a pass to the next one, and after one that failed. */
#define PAUSE_MS 10000
/* Keys, and bytes of their names, that one step asks about at most. */
#define STEP_ASKED 1000
#define STEP_BYTES (256 * 1024)
/* All answers of a step together; each alone has the link's limit. */
#define STEP_MS 5000

struct scan {
	unsigned percent;
	int64_t due; /* clock_ms() */
	int step_keys;
	char cursor[24];
	struct groups *groups; /* of the running pass; NULL between passes */
	uint64_t expected; /* keys, when the pass began */
	uint64_t every; /* each so-manieth key is measured */
	uint64_t turn;
	uint64_t last_keys; /* of the last pass */
};

struct scan *
scan_new(unsigned percent)
{
	struct scan *scan = calloc(1, sizeof(*scan));

	if (scan != NULL) {
		scan->percent = percent;
		scan->step_keys = STEP_KEYS;
		scan_restart(scan);
	}
	return scan;
}

void
scan_free(struct scan *scan)
{
	if (scan != NULL) {
		groups_unref(scan->groups);
		free(scan);
	}
}

static void
forget_pass(struct scan *scan, int64_t due)
{
	groups_unref(scan->groups);
	scan->groups = NULL;
	scan->due = scan->percent == 0 ? INT64_MAX : due;
}

void
scan_restart(struct scan *scan)
{
	scan->last_keys = 0;
	forget_pass(scan, 0);
}

void
scan_hint(struct scan *scan, uint64_t keys)
{
	uint64_t last = scan->last_keys;

	if (scan->groups != NULL || scan->percent == 0) {
		return;
	}
	if (keys > last + last / 2 + 100 || keys + 100 < last / 2
	    || (keys == 0) != (last == 0)) {
		scan->due = 0;
	}
}

int64_t
scan_due(const struct scan *scan)
{
	return scan->due;
}

double
scan_progress(const struct scan *scan)
{
	double done;

	if (scan->groups == NULL) {
		return -1;
	}
	if (scan->expected == 0) {
		return 0;
	}
	done = (double)scan->groups->keys / (double)scan->expected;
	return done > 1 ? 1 : done;
}

static int
begin_pass(struct scan *scan, struct link *link)
{
	redisReply *reply = NULL;
	int64_t keys;
	int r = link_ask(link, &reply, "DBSIZE");

	if (r < 0) {
		return r;
	}
	if (!reply_integer(reply, &keys) || keys < 0) {
		keys = 0;
	}
	scan->expected = (uint64_t)keys;
	freeReplyObject(reply);
	scan->groups = groups_new();
	if (scan->groups == NULL) {
		return -ENOMEM;
	}
	scan->every = 1 + scan->expected / MEASURE_ALL;
	scan->turn = 0;
	scan->groups->started_ms = clock_wall_ms();
	(void)snprintf(scan->cursor, sizeof(scan->cursor), "0");
	return 0;
}

/* Is this key, the newest of `row`, to be measured? */
static bool
is_wanted(struct scan *scan, size_t row)
{
	bool turn = ++scan->turn % scan->every == 0;

	return scan->every == 1 || turn
	    || scan->groups->rows[row].keys <= MEASURE_GROUP;
}

/* A key that was asked about. */
struct asked {
	size_t row;
	struct view key;
	bool ttl; /* PTTL was asked, too */
};

static bool
is_ttl_wanted(const struct scan *scan, size_t row)
{
	uint64_t keys = scan->groups->rows[row].keys;

	return keys <= TTL_GROUP || keys % TTL_EVERY == 0;
}

/* Takes the answer to PTTL, which Redis counts as a lookup. */
static int
take_ttl(struct scan *scan, struct link *link, size_t row)
{
	redisReply *reply = NULL;
	int64_t ms;
	int r = link_next(link, &reply);

	if (r < 0) {
		return r;
	}
	if (reply_integer(reply, &ms)) {
		/* -2: the key has gone in the meantime. */
		link_looked_up(link, ms >= -1);
		if (ms >= -1) {
			groups_live(scan->groups, row, ms);
		}
	}
	freeReplyObject(reply);
	return 0;
}

/* Takes the answer to MEMORY USAGE; nil: the key has gone in the meantime. */
static int
take_size(struct scan *scan, struct link *link, const struct asked *asked)
{
	redisReply *reply = NULL;
	int64_t bytes;
	int r = link_next(link, &reply);

	if (r < 0) {
		return r;
	}
	if (reply_integer(reply, &bytes) && bytes > 0) {
		groups_measure(scan->groups, asked->row, asked->key,
		    (uint64_t)bytes);
	}
	freeReplyObject(reply);
	return 0;
}

/*
 * Takes the answers of all `n`, so that the link stays in step.  A refusal of
 * one is no failure: Redis' ACL lets nobody at the key "" by a pattern.
 */
static int
take_sizes(struct scan *scan, struct link *link, const struct asked *asked,
    size_t n)
{
	int64_t until = clock_ms() + STEP_MS;
	size_t refused = 0;
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		int r = take_size(scan, link, &asked[i]);

		if (r < 0) {
			result = r;
			refused++;
		}
		if (asked[i].ttl && link_is_open(link)) {
			r = take_ttl(scan, link, asked[i].row);
		}
		if (!link_is_open(link)) {
			return r < 0 ? r : result;
		}
		if (clock_left(until) == 0) {
			link_close(link);
			return -ETIMEDOUT;
		}
	}
	return refused == n && n > 1 ? result : 0;
}

static int
ask_about(struct link *link, const struct asked *asked)
{
	int r = link_send(link, "MEMORY USAGE %b", asked->key.p, asked->key.n);

	if (r == 0 && asked->ttl) {
		r = link_send(link, "PTTL %b", asked->key.p, asked->key.n);
	}
	return r;
}

/* Counts a batch of keys and measures some. */
static int
take_keys(struct scan *scan, struct link *link, const redisReply *keys)
{
	struct asked *asked = calloc(STEP_ASKED, sizeof(*asked));
	size_t n = 0, bytes = 0;
	int r = 0;

	if (asked == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < keys->elements && r == 0; i++) {
		struct view key = reply_text(keys->element[i]);
		size_t row;

		if (key.p == NULL) {
			continue;
		}
		row = groups_add(scan->groups, key);
		if (is_wanted(scan, row) && n < STEP_ASKED
		    && bytes + key.n <= STEP_BYTES) {
			bytes += key.n;
			asked[n] = (struct asked){ row, key,
				is_ttl_wanted(scan, row) };
			r = ask_about(link, &asked[n++]);
		}
	}
	if (r == 0) {
		r = take_sizes(scan, link, asked, n);
	}
	free(asked);
	return r;
}

static int
next_batch(struct scan *scan, struct link *link)
{
	redisReply *reply = NULL;
	const redisReply *keys;
	struct view cursor;
	int r = link_ask(link, &reply, "SCAN %s COUNT %d", scan->cursor,
	    scan->step_keys);

	if (r < 0) {
		return r;
	}
	cursor = reply_text(reply_element(reply, 0));
	keys = reply_element(reply, 1);
	if (reply->elements != 2 || cursor.p == NULL
	    || keys->type != REDIS_REPLY_ARRAY) {
		r = -EPROTO;
	} else {
		r = view_to_cstr(cursor, scan->cursor, sizeof(scan->cursor));
	}
	if (r == 0) {
		r = take_keys(scan, link, keys);
	}
	freeReplyObject(reply);
	return r;
}

/* How long to leave Redis alone after `us` of waiting for it. */
static int64_t
pause_ms(const struct scan *scan, int64_t us)
{
	int64_t pause = us * (100 - (int64_t)scan->percent)
	    / (int64_t)scan->percent / 1000;

	/* At full pace without a pause; else at least one to let others in. */
	return scan->percent < 100 && pause < 1 ? 1 : pause;
}

int
scan_step(struct scan *scan, struct link *link, struct groups **ret_groups)
{
	int64_t begun = clock_us();
	struct groups *done;
	int r = 0;

	if (scan->groups == NULL) {
		r = begin_pass(scan, link);
	}
	if (r == 0) {
		r = next_batch(scan, link);
	}
	if (r < 0) {
		if (r == -EMSGSIZE) {
			scan->step_keys = STEP_KEYS_HUGE;
		}
		forget_pass(scan, clock_ms() + PAUSE_MS);
		return r;
	}
	if (strcmp(scan->cursor, "0") != 0) {
		scan->due = clock_ms() + pause_ms(scan, clock_us() - begun);
		return 0;
	}
	done = scan->groups;
	scan->groups = NULL;
	scan->last_keys = done->keys;
	done->finished_ms = clock_wall_ms();
	groups_sort(done);
	forget_pass(scan, clock_ms() + PAUSE_MS);
	*ret_groups = done;
	return 1;
}

#include "cachemon/remove.h"

#include <errno.h>
#include <string.h>

#include "cachemon/groups.h"
#include "redis/reply.h"
#include "run/clock.h"

#define STEP_KEYS 500
/* Removing takes at most a quarter of Redis' time. */
#define PAUSES 3
#define PATTERN_MOST 4096

bool
remove_is_meant(const struct removal *removal, struct view key)
{
	enum group_kind kind;
	struct view group = group_of_key(key, &kind);

	return view_starts(key, removal->prefix) && kind == GROUP_NAMED
	    && !view_eq(group, VIEW("stack"))
	    && (removal->group.p == NULL || view_eq(group, removal->group));
}

static void
add_escaped(struct buf *out, struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];

		if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\'
		    || c == '^') {
			buf_add_char(out, '\\');
		}
		buf_add_char(out, c);
	}
}

void
remove_pattern(const struct removal *removal, struct buf *out)
{
	add_escaped(out, removal->prefix);
	buf_add_char(out, '*');
	if (removal->group.p != NULL) {
		/* More than is meant; each key is looked at anyway. */
		add_escaped(out, removal->group);
		buf_add_str(out, ":*");
	}
}

int
remove_key(struct link *link, struct view key)
{
	redisReply *reply = NULL;
	int64_t n = 0;
	int r = link_ask(link, &reply, "UNLINK %b", key.p, key.n);

	if (r < 0) {
		return r;
	}
	if (!reply_integer(reply, &n)) {
		n = 0;
	}
	freeReplyObject(reply);
	return n > 0;
}

static int
take_counts(struct removal *removal, struct link *link, size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		redisReply *reply = NULL;
		int64_t removed = 0;
		int r = link_next(link, &reply);

		if (r < 0) {
			result = r;
			if (!link_is_open(link)) {
				return r;
			}
			continue;
		}
		if (reply_integer(reply, &removed) && removed > 0) {
			removal->removed += (uint64_t)removed;
		}
		freeReplyObject(reply);
	}
	return result;
}

static int
remove_batch(struct removal *removal, struct link *link, const redisReply *keys)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < keys->elements && r == 0; i++) {
		struct view key = reply_text(keys->element[i]);

		if (key.p != NULL && remove_is_meant(removal, key)) {
			r = link_send(link, "UNLINK %b", key.p, key.n);
			n++;
		}
	}
	return r < 0 ? r : take_counts(removal, link, n);
}

/* 0 to go on, 1 at the end, or -errno. */
static int
step(struct removal *removal, struct link *link, struct view pattern)
{
	redisReply *reply = NULL;
	const redisReply *keys;
	int r = link_ask(link, &reply, "SCAN %s MATCH %b COUNT %d",
	    removal->cursor, pattern.p, pattern.n, STEP_KEYS);

	if (r < 0) {
		return r;
	}
	keys = reply_element(reply, 1);
	if (keys == NULL || keys->type != REDIS_REPLY_ARRAY
	    || view_to_cstr(reply_text(reply_element(reply, 0)),
		   removal->cursor, sizeof(removal->cursor))
		< 0) {
		r = -EPROTO;
	} else {
		r = remove_batch(removal, link, keys);
	}
	freeReplyObject(reply);
	removal->looked_at += STEP_KEYS;
	if (r == 0 && strcmp(removal->cursor, "0") == 0) {
		return 1;
	}
	return r;
}

int
remove_step(struct removal *removal, struct link *link)
{
	int64_t begun = clock_us();
	struct buf pattern;
	int r;

	buf_init(&pattern, PATTERN_MOST);
	remove_pattern(removal, &pattern);
	r = buf_error(&pattern);
	if (r == 0) {
		r = step(removal, link, buf_view(&pattern));
	}
	buf_done(&pattern);
	removal->rest_us = PAUSES * (clock_us() - begun);
	return r;
}

#include "base/lines.h"

#include <stddef.h>
#include <string.h>

#include "base/secret.h"

#define IAC 255
#define TELNET_WILL 251
#define TELNET_DONT 254

void
lines_init(struct lines *l)
{
	memset(l, 0, offsetof(struct lines, bytes));
}

/* Forgets the line that was given out. */
static void
drop_used(struct lines *l)
{
	if (l->used > 0) {
		l->n -= l->used;
		memmove(l->bytes, l->bytes + l->used, l->n);
		l->used = 0;
	}
}

size_t
lines_room(const struct lines *l)
{
	return sizeof(l->bytes) - (l->n - l->used);
}

static void
keep(struct lines *l, char c)
{
	l->bytes[l->n++] = c;
	if (l->n > l->most) {
		l->most = l->n;
	}
}

void
lines_feed(struct lines *l, const char *bytes, size_t n)
{
	drop_used(l);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (l->telnet == 2) {
			l->telnet = 0;
		} else if (l->telnet == 1 && c != IAC) {
			/* WILL, WONT, DO and DONT have an option behind. */
			l->telnet = c >= TELNET_WILL && c <= TELNET_DONT ? 2
									 : 0;
		} else if (l->telnet == 0 && c == IAC) {
			l->telnet = 1;
		} else {
			l->telnet = 0;
			keep(l, bytes[i]);
		}
	}
}

/* Drops the beginning of a line that is too long. */
static void
skip(struct lines *l, size_t n)
{
	l->skipped += n;
	l->used = n;
	drop_used(l);
}

enum lines_status
lines_next(struct lines *l, struct view *ret)
{
	const char *end;
	size_t n;

	drop_used(l);
	end = l->n == 0 ? NULL : memchr(l->bytes, '\n', l->n);
	if (end == NULL) {
		if (l->n == sizeof(l->bytes) || (l->skipping && l->n > 0)) {
			l->skipping = true;
			skip(l, l->n);
		}
		return LINES_NONE;
	}
	n = (size_t)(end - l->bytes);
	l->used = n + 1;
	if (l->skipping) {
		l->skipping = false;
		l->skipped = 0;
		return LINES_LONG;
	}
	if (n > 0 && l->bytes[n - 1] == '\r') {
		n--;
	}
	if (n > LINES_MAX) {
		return LINES_LONG;
	}
	*ret = (struct view){ l->bytes, n };
	return LINES_READY;
}

uint64_t
lines_skipped(const struct lines *l)
{
	return l->skipped;
}

bool
lines_pending(const struct lines *l)
{
	return l->n > l->used || l->skipping || l->telnet != 0;
}

bool
lines_pick(struct lines *l, struct view word)
{
	size_t at = 0;

	drop_used(l);
	while (at < l->n && !(at == 0 && l->skipping)) {
		struct view rest = { l->bytes + at, l->n - at };
		size_t n = view_find(rest, '\n');
		struct view line = { rest.p, n };

		if (n == rest.n) {
			break;
		}
		if (view_eq_nocase(view_trim(line), word)) {
			memmove(l->bytes + at, l->bytes + at + n + 1,
			    l->n - at - n - 1);
			l->n -= n + 1;
			return true;
		}
		at += n + 1;
	}
	return false;
}

void
lines_wipe(struct lines *l)
{
	drop_used(l);
	secret_wipe(l->bytes + l->n, l->most - l->n);
	l->most = l->n;
}

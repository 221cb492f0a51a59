#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 256

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_done(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
	b->error = 0;
	if (b->p != NULL) {
		b->p[0] = '\0';
	}
}

int
buf_error(const struct buf *b)
{
	return b->error;
}

struct view
buf_view(const struct buf *b)
{
	return (struct view){ buf_cstr(b), b->n };
}

const char *
buf_cstr(const struct buf *b)
{
	return b->p == NULL ? "" : b->p;
}

size_t
buf_size(const struct buf *b)
{
	return b->n;
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t want, cap;
	char *p;

	if (b->error != 0) {
		return NULL;
	}
	if (n > b->max || b->n > b->max - n || b->max == SIZE_MAX) {
		b->error = -ENOBUFS;
		return NULL;
	}
	want = b->n + n + 1;
	if (b->p != NULL && want <= b->cap) {
		return b->p + b->n;
	}
	cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
	while (cap < want) {
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	}
	p = realloc(b->p, cap);
	if (p == NULL) {
		b->error = -ENOMEM;
		return NULL;
	}
	b->p = p;
	b->cap = cap;
	b->p[b->n] = '\0';
	return b->p + b->n;
}

void
buf_grown(struct buf *b, size_t n)
{
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_add(struct buf *b, const void *bytes, size_t n)
{
	char *room = buf_room(b, n);

	if (room != NULL && n > 0) {
		memcpy(room, bytes, n);
		buf_grown(b, n);
	}
}

void
buf_add_view(struct buf *b, struct view v)
{
	buf_add(b, v.p, v.n);
}

void
buf_add_str(struct buf *b, const char *s)
{
	buf_add_view(b, view_str(s));
}

void
buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_add_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void
buf_add_i64(struct buf *b, int64_t value)
{
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (value < 0) {
		buf_add_char(b, '-');
	}
	buf_add_u64(b, size);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vaddf(b, fmt, args);
	va_end(args);
}

void
buf_vaddf(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	char *room;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->error = b->error != 0 ? b->error : -EINVAL;
		return;
	}
	room = buf_room(b, (size_t)n);
	if (room != NULL) {
		(void)vsnprintf(room, (size_t)n + 1, fmt, args);
		buf_grown(b, (size_t)n);
	}
}

void
buf_truncate(struct buf *b, size_t n)
{
	if (n < b->n) {
		b->n = n;
		b->p[n] = '\0';
	}
}

char *
buf_take(struct buf *b, size_t *ret_n)
{
	char *p = b->error == 0 ? b->p : NULL;

	if (p == NULL) {
		buf_done(b);
		return NULL;
	}
	*ret_n = b->n;
	buf_init(b, b->max);
	return p;
}

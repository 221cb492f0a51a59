/*
 * A buf is an owned, growing piece of bytes with a hard cap.
 *
 * Errors stick: after the first append that failed (cap reached or out of
 * memory) the buffer takes nothing more, and buf_error() tells which.  So a
 * writer of many pieces looks once, at the end.  There is always a NUL behind
 * the content, so that buf_cstr() is free.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"

struct buf {
	/* Private; read through the functions below. */
	char *p;
	size_t n;
	size_t cap;
	size_t max;
	int error;
};

/* An empty buffer that never holds more than `max` bytes.  Allocates nothing.
 */
void buf_init(struct buf *b, size_t max);
/* Frees the memory; the buffer may be used again as if just initialised. */
void buf_done(struct buf *b);
/* Forgets content and error, keeps the memory. */
void buf_clear(struct buf *b);

/* 0, or the first failure: -ENOBUFS (cap) or -ENOMEM. */
int buf_error(const struct buf *b);
/* The content; valid until the next change of the buffer. */
struct view buf_view(const struct buf *b);
const char *buf_cstr(const struct buf *b);
size_t buf_size(const struct buf *b);

/* Appends.  On failure nothing of this piece is added and the error sticks. */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_add_view(struct buf *b, struct view v);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t value);
void buf_add_i64(struct buf *b, int64_t value);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/*
 * Room for `n` bytes behind the content, to be filled by the caller and then
 * counted in with buf_grown().  NULL when there is none (the error sticks).
 */
char *buf_room(struct buf *b, size_t n);
void buf_grown(struct buf *b, size_t n);

/* Cuts the content down to its first `n` bytes. */
void buf_truncate(struct buf *b, size_t n);

/*
 * Gives the memory to the caller, who frees it; NULL when the buffer has an
 * error or no memory.  *ret_n is the size; a NUL stands behind it.  The buffer
 * is empty afterwards.
 */
char *buf_take(struct buf *b, size_t *ret_n);

#endif

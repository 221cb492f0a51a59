/*
 * Bytes that several hold at a time: they never change, and are freed when the
 * last holder lets go.  Any thread may hold and let go.
 */
#ifndef BASE_SHARED_H
#define BASE_SHARED_H

#include "base/buf.h"
#include "base/view.h"

struct shared;

/*
 * Takes `n` bytes of malloc(3) memory; one holder, the caller.  NULL when
 * memory is short; the bytes are freed then.
 */
struct shared *shared_new_take(char *bytes, size_t n);

/*
 * The same of a buffer's content, which is empty afterwards.  NULL also when
 * it has an error or nothing was ever added.
 */
struct shared *shared_from_buf(struct buf *b);

/* One holder more.  NULL is fine. */
struct shared *shared_hold(struct shared *shared);

/* One holder less; a struct shared, or NULL.  Fits callbacks of libraries. */
void shared_let_go(void *data);

/* The bytes; they stay for as long as one holds them. */
struct view shared_view(const struct shared *shared);

#endif

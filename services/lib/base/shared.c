#include "base/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

struct shared {
	atomic_uint holders;
	char *bytes;
	size_t n;
};

struct shared *
shared_new_take(char *bytes, size_t n)
{
	struct shared *shared = malloc(sizeof(*shared));

	if (shared == NULL) {
		free(bytes);
		return NULL;
	}
	atomic_init(&shared->holders, 1);
	shared->bytes = bytes;
	shared->n = n;
	return shared;
}

struct shared *
shared_from_buf(struct buf *b)
{
	size_t n = 0;
	char *bytes = buf_take(b, &n);
	char *fitting;

	if (bytes == NULL) {
		return NULL;
	}
	/* It may stay for long: give back the room that the buffer kept. */
	fitting = realloc(bytes, n + 1);
	return shared_new_take(fitting != NULL ? fitting : bytes, n);
}

struct shared *
shared_hold(struct shared *shared)
{
	if (shared != NULL) {
		atomic_fetch_add_explicit(&shared->holders, 1,
		    memory_order_relaxed);
	}
	return shared;
}

void
shared_let_go(void *data)
{
	struct shared *shared = data;

	if (shared != NULL
	    && atomic_fetch_sub_explicit(&shared->holders, 1,
		   memory_order_acq_rel)
		== 1) {
		free(shared->bytes);
		free(shared);
	}
}

struct view
shared_view(const struct shared *shared)
{
	return (struct view){ shared->bytes, shared->n };
}

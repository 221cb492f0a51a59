/*
 * Content: bytes that never change, in memory or behind a descriptor.
 *
 * Memory is counted by reference, because answers that are still being sent
 * may outlive the site they were taken from.  A descriptor is duplicated for
 * whoever needs it longer; all reads are at offsets, so sharing does no harm.
 */
#ifndef STATICD_CONTENT_H
#define STATICD_CONTENT_H

#include <stdint.h>
#include <sys/types.h>

#include <microhttpd.h>

#include "base/macros.h"
#include "base/shared.h"
#include "base/view.h"

/* Content up to this size is held in memory. */
#define CONTENT_SMALL (64 * 1024)

struct content {
	/* Private, but for size. */
	struct shared *memory; /* NULL: in fd */
	int fd; /* -1: in memory */
	uint64_t size;
};

/* Nothing at all; content_done() on it does nothing. */
#define CONTENT_NONE ((struct content){ .fd = -1 })

/*
 * Takes `n` bytes of malloc(3) memory at `bytes`; it is freed in any case.
 * 0, or -ENOMEM.
 */
NODISCARD int content_from_memory_take(struct content *ret, char *bytes,
    size_t n);

/*
 * Copies bytes that are too many for memory into an unnamed file in memory,
 * from where the kernel can send them by itself.  0, or -errno.
 */
NODISCARD int content_from_copy(struct content *ret, struct view bytes);

/* Takes the descriptor, of whose file the first `size` bytes count. */
void content_from_fd_take(struct content *ret, int fd, uint64_t size);

/* A second handle on the same content.  0, or -errno. */
NODISCARD int content_dup(const struct content *c, struct content *ret);
void content_done(struct content *c);

/*
 * Copies up to `n` bytes at `offset`.  Their number (0 at the end), or -errno.
 */
NODISCARD ssize_t content_read(const struct content *c, uint64_t offset,
    void *out, size_t n);

/* The bytes of content in memory; p == NULL for a descriptor. */
struct view content_bytes(const struct content *c);

/* Has its file become shorter?  False for what is in memory. */
bool content_is_cut(const struct content *c);

/*
 * A response with `n` bytes from `offset` on, which has to be inside; it holds
 * what it needs by itself.  NULL when out of memory or descriptors.  *ret_fd:
 * the file that it is sent from, or -1 (see http_expect_file()).
 */
struct MHD_Response *content_response(const struct content *c, uint64_t offset,
    uint64_t n, int *ret_fd);

#endif

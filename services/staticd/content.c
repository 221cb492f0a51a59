#include "staticd/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/http.h"

/*
 * The library gives the kernel 128 KiB at a time by sendfile(2), with a round
 * of its event loop between.  Up to this size it is cheaper to have it copied
 * in one call, beyond it copying costs more (DEV_DOC.md, "Benchmarks").
 */
#define ROUND (128 * 1024)
#define MAPPED_MAX (512 * 1024)

int
content_from_memory_take(struct content *ret, char *bytes, size_t n)
{
	struct shared *memory = shared_new_take(bytes, n);

	if (memory == NULL) {
		return -ENOMEM;
	}
	*ret = (struct content){ .memory = memory, .fd = -1, .size = n };
	return 0;
}

int
content_from_copy(struct content *ret, struct view bytes)
{
	int fd = memfd_create("content", MFD_CLOEXEC);
	int r;

	if (fd < 0) {
		return -errno;
	}
	for (size_t done = 0; done < bytes.n;) {
		ssize_t n = write(fd, bytes.p + done, bytes.n - done);

		if (n < 0) {
			r = -errno;
			(void)close(fd);
			return r;
		}
		done += (size_t)n;
	}
	content_from_fd_take(ret, fd, bytes.n);
	return 0;
}

void
content_from_fd_take(struct content *ret, int fd, uint64_t size)
{
	*ret = (struct content){ .memory = NULL, .fd = fd, .size = size };
}

static int
dup_fd(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int
content_dup(const struct content *c, struct content *ret)
{
	int fd;

	if (c->memory != NULL) {
		*ret = *c;
		(void)shared_hold(c->memory);
		return 0;
	}
	fd = dup_fd(c->fd);
	if (fd < 0) {
		return -errno;
	}
	content_from_fd_take(ret, fd, c->size);
	return 0;
}

void
content_done(struct content *c)
{
	shared_let_go(c->memory);
	if (c->fd >= 0) {
		(void)close(c->fd);
	}
	*c = CONTENT_NONE;
}

ssize_t
content_read(const struct content *c, uint64_t offset, void *out, size_t n)
{
	ssize_t got;

	if (offset >= c->size) {
		return 0;
	}
	if (n > c->size - offset) {
		n = (size_t)(c->size - offset);
	}
	if (c->memory != NULL) {
		memcpy(out, shared_view(c->memory).p + offset, n);
		return (ssize_t)n;
	}
	got = pread(c->fd, out, n, (off_t)offset);
	if (got < 0) {
		return -errno;
	}
	return got == 0 ? -EIO : got; /* the file became shorter */
}

struct view
content_bytes(const struct content *c)
{
	if (c->memory == NULL) {
		return (struct view){ NULL, 0 };
	}
	return shared_view(c->memory);
}

bool
content_is_cut(const struct content *c)
{
	struct stat st;

	return c->memory == NULL && fstat(c->fd, &st) == 0
	    && (uint64_t)st.st_size < c->size;
}

struct mapping {
	void *start;
	size_t n;
	int fd;
};

static void
mapping_free(void *ctx)
{
	struct mapping *m = ctx;

	(void)munmap(m->start, m->n);
	(void)close(m->fd);
	free(m);
}

/*
 * A response out of a mapping of its own, which takes the descriptor; NULL:
 * there is none, and it was not taken.  Only the kernel reads the mapping:
 * where the file has become shorter, that is an error and no signal, but for
 * the rest of its last page, which is zeros (see content_is_cut()).
 */
static struct MHD_Response *
response_mapped_take(int fd, uint64_t offset, size_t n)
{
	size_t skip = (size_t)offset % (size_t)sysconf(_SC_PAGESIZE);
	struct mapping *m = malloc(sizeof(*m));
	struct MHD_Response *response;

	if (m == NULL) {
		return NULL;
	}
	*m = (struct mapping){ .n = n + skip, .fd = fd };
	m->start = mmap(NULL, m->n, PROT_READ, MAP_SHARED, fd,
	    (off_t)(offset - skip));
	if (m->start == MAP_FAILED) {
		free(m);
		return NULL;
	}
	response = MHD_create_response_from_buffer_with_free_callback_cls(n,
	    (char *)m->start + skip, mapping_free, m);
	if (response == NULL) {
		(void)munmap(m->start, m->n);
		free(m);
	}
	return response;
}

struct MHD_Response *
content_response(const struct content *c, uint64_t offset, uint64_t n,
    int *ret_fd)
{
	struct MHD_Response *response = NULL;
	int fd;

	*ret_fd = -1;
	if (c->memory != NULL) {
		return http_response_shared(c->memory, (size_t)offset,
		    (size_t)n);
	}
	fd = dup_fd(c->fd);
	if (fd < 0) {
		return NULL;
	}
	if (n > ROUND && n <= MAPPED_MAX) {
		response = response_mapped_take(fd, offset, (size_t)n);
	}
	if (response == NULL) {
		response = MHD_create_response_from_fd_at_offset64(n, fd,
		    offset);
	}
	if (response == NULL) {
		(void)close(fd);
		return NULL;
	}
	*ret_fd = fd;
	return response;
}

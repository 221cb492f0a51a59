#include "staticd/content.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http/http.h"

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

struct MHD_Response *
content_response(const struct content *c, uint64_t offset, uint64_t n)
{
	struct MHD_Response *response;
	int fd;

	if (c->memory != NULL) {
		return http_response_shared(c->memory, (size_t)offset,
		    (size_t)n);
	}
	fd = dup_fd(c->fd);
	if (fd < 0) {
		return NULL;
	}
	response = MHD_create_response_from_fd_at_offset64(n, fd, offset);
	if (response == NULL) {
		(void)close(fd);
	}
	return response;
}

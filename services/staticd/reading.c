#include "staticd/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define PIECE (64 * 1024)
#define ADAPTED_MAX (256 * 1024)

/* Was the file left alone since `before`? */
static bool
is_unchanged(int fd, const struct stat *before)
{
	struct stat now;

	return fstat(fd, &now) == 0 && now.st_size == before->st_size
	    && now.st_mtim.tv_sec == before->st_mtim.tv_sec
	    && now.st_mtim.tv_nsec == before->st_mtim.tv_nsec
	    && now.st_ctim.tv_sec == before->st_ctim.tv_sec
	    && now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

/* Exactly `n` bytes at `offset`.  0, or -errno; -EAGAIN when there are less. */
static int
read_exactly(int fd, char *out, size_t n, uint64_t offset)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, out + done, n - done,
		    (off_t)(offset + done));

		if (got < 0 && errno != EINTR) {
			return -errno;
		}
		if (got == 0) {
			return -EAGAIN;
		}
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* The whole file in memory that the caller frees. */
static int
read_whole(int fd, size_t size, char **ret)
{
	char *bytes = malloc(size + 1);
	int r;

	if (bytes == NULL) {
		return -ENOMEM;
	}
	r = read_exactly(fd, bytes, size, 0);
	if (r < 0) {
		free(bytes);
		return r;
	}
	*ret = bytes;
	return 0;
}

static int
digest_file(int fd, uint64_t size, struct digest *digest)
{
	char *piece = malloc(PIECE);
	int r = piece == NULL ? -ENOMEM : 0;

	digest_init(digest);
	for (uint64_t at = 0; r == 0 && at < size;) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

		r = read_exactly(fd, piece, n, at);
		if (r == 0) {
			digest_add(digest, piece, n);
			at += n;
		}
	}
	free(piece);
	return r;
}

int
reading_of(int fd, const struct stat *st, bool whole, struct reading *ret)
{
	struct reading reading = { .size = (size_t)st->st_size };
	int r;

	if (whole) {
		r = read_whole(fd, reading.size, &reading.bytes);
		if (r == 0) {
			digest_init(&reading.digest);
			digest_add(&reading.digest, reading.bytes,
			    reading.size);
		}
	} else {
		r = digest_file(fd, reading.size, &reading.digest);
	}
	if (r == 0 && !is_unchanged(fd, st)) {
		r = -EAGAIN;
	}
	if (r < 0) {
		free(reading.bytes);
		return r;
	}
	*ret = reading;
	return 0;
}

int
reading_adapt(struct reading *reading, struct view prefix)
{
	static const char mark[] = "@PREFIX@";
	struct buf out;
	const char *p = reading->bytes;
	const char *end = reading->bytes + reading->size;

	buf_init(&out, ADAPTED_MAX);
	while (p < end) {
		const char *hit = memmem(p, (size_t)(end - p), mark,
		    sizeof(mark) - 1);

		buf_add(&out, p, (size_t)((hit == NULL ? end : hit) - p));
		if (hit == NULL) {
			break;
		}
		buf_add_view(&out, prefix);
		p = hit + sizeof(mark) - 1;
	}
	free(reading->bytes);
	reading->bytes = buf_take(&out, &reading->size);
	buf_done(&out);
	if (reading->bytes == NULL) {
		return -ENOMEM;
	}
	reading->adapted = true;
	digest_init(&reading->digest);
	digest_add(&reading->digest, reading->bytes, reading->size);
	return 0;
}

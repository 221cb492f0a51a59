#include "staticd/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#define WINDOW_BITS 15
#define WITH_GZIP_HEADER 16
#define MEMORY_LEVEL 8

int
gzip_init(struct gzip *g)
{
	*g = (struct gzip){ .stream = { .zalloc = Z_NULL } };
	if (deflateInit2(&g->stream, Z_BEST_COMPRESSION, Z_DEFLATED,
		WINDOW_BITS + WITH_GZIP_HEADER, MEMORY_LEVEL,
		Z_DEFAULT_STRATEGY)
	    != Z_OK) {
		return -ENOMEM;
	}
	return 0;
}

void
gzip_done(struct gzip *g)
{
	(void)deflateEnd(&g->stream);
}

int
gzip_make(struct gzip *g, struct view bytes, char **ret, size_t *ret_n)
{
	size_t most = bytes.n / 10 * 9;
	char *out;
	char *shrunk;

	if (most == 0 || bytes.n > UINT_MAX) {
		return -EFBIG;
	}
	out = malloc(most);
	if (out == NULL || deflateReset(&g->stream) != Z_OK) {
		free(out);
		return -ENOMEM;
	}
	/* zlib does not write there, but takes a plain pointer. */
	g->stream.next_in = (Bytef *)(uintptr_t)bytes.p;
	g->stream.avail_in = (uInt)bytes.n;
	g->stream.next_out = (Bytef *)out;
	g->stream.avail_out = (uInt)most;
	if (deflate(&g->stream, Z_FINISH) != Z_STREAM_END) {
		free(out);
		return -EFBIG;
	}
	*ret_n = most - g->stream.avail_out;
	shrunk = realloc(out, *ret_n);
	*ret = shrunk == NULL ? out : shrunk;
	return 0;
}

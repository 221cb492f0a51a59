#include "exporter/gzip.h"

#include <limits.h>

#include <zlib.h>

#include "exporter/accept.h"

/* A scraper is near: bytes are cheap there, and we pay for each cycle. */
#define LEVEL 1
/*
 * 16 stands for gzip's own head and tail.  Lines are like those just before
 * them: a window of 8 KiB is enough, and saves 200 KiB of fresh memory that
 * the kernel would have to clear for each page.
 */
#define WINDOW_BITS (13 + 16)
#define MEMORY_LEVEL 7

bool
gzip_accepted(struct view accept_encoding)
{
	double named = -1, any = 0, q;
	struct view coding;

	while (accept_next(&accept_encoding, &coding, &q)) {
		if (view_eq_nocase(coding, VIEW("gzip"))
		    || view_eq_nocase(coding, VIEW("x-gzip"))) {
			named = q;
		} else if (view_eq(coding, VIEW("*"))) {
			any = q;
		}
	}
	return named >= 0 ? named > 0 : any > 0;
}

struct shared *
gzip_take(struct shared *plain)
{
	struct view in = shared_view(plain);
	z_stream z = { .avail_in = (uInt)in.n };
	struct shared *packed = NULL;
	struct buf out;
	size_t most;
	char *room;

	if (in.n > UINT_MAX
	    || deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
		   Z_DEFAULT_STRATEGY)
		!= Z_OK) {
		shared_let_go(plain);
		return NULL;
	}
	most = deflateBound(&z, (uLong)in.n);
	buf_init(&out, most + 1);
	room = buf_room(&out, most);
	if (room != NULL) {
		/* zlib reads, but takes a plain pointer. */
		z.next_in = (Bytef *)(uintptr_t)in.p;
		z.next_out = (Bytef *)room;
		z.avail_out = (uInt)most;
		if (deflate(&z, Z_FINISH) == Z_STREAM_END) {
			buf_grown(&out, most - z.avail_out);
			packed = shared_from_buf(&out);
		}
	}
	(void)deflateEnd(&z);
	buf_done(&out);
	shared_let_go(plain);
	return packed;
}

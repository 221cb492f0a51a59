/*
 * What listings are made of: the options of LIST, times, and lines with names
 * that anybody may have given.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/stamp.h"
#include "ftpd/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One line, whatever the name: nothing in it may be taken for another one. */
static void
check_lines(struct view name, struct view link, const struct stat *st)
{
	struct listing_entry e = { .name = name,
		.st = *st,
		.link = link,
		.resolved = (st->st_ino & 1) != 0,
		.target = *st,
		.without = (unsigned)st->st_nlink,
		.part = (st->st_ino & 2) != 0 };

	for (int f = LISTING_UNIX; f <= LISTING_NAMES; f++) {
		struct buf b;
		struct view line;

		buf_init(&b, 1024 * 1024);
		listing_line(&b, (enum listing_format)f, &e, st->st_mtime);
		line = buf_view(&b);
		if (buf_error(&b) != 0 || line.n < 2
		    || !view_ends(line, VIEW("\r\n"))) {
			__builtin_trap();
		}
		line.n -= 2;
		for (size_t i = 0; i < line.n; i++) {
			unsigned char c = (unsigned char)line.p[i];

			if (c < 0x20 || c == 0x7f) {
				__builtin_trap();
			}
		}
		buf_done(&b);
	}
}

/* A time that was taken is written as it was read. */
static void
check_time(struct view v)
{
	struct buf b;
	time_t t;

	if (stamp_parse(v, &t) < 0) {
		return;
	}
	buf_init(&b, 64);
	stamp_add(&b, t);
	if (buf_size(&b) != 14 || memcmp(buf_cstr(&b), v.p, 14) != 0) {
		__builtin_trap();
	}
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view all = { (const char *)data, size }, name;
	struct view rest = all, first = view_cut(&rest, '\n');
	struct listing_request request;
	struct stat st = { .st_mode = S_IFREG };
	time_t t;

	listing_parse(first, &request);
	if (request.path.n > first.n
	    || (request.path.n > 0
		&& request.path.p + request.path.n != first.p + first.n)) {
		__builtin_trap();
	}
	check_time(first);
	if (listing_parse_utime(first, &name, &t) == 0
	    && (name.n == 0 || name.n >= first.n || t < 0)) {
		__builtin_trap();
	}
	memcpy(&st, data, size < sizeof(st) ? size : sizeof(st));
	check_lines(first, rest.p == NULL ? VIEW("") : rest, &st);
	return 0;
}

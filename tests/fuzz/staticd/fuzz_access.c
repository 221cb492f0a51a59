/*
 * The access log: whatever a peer sent, it is one line of printable ASCII with
 * two quotes in it, at known places.
 */

#include <stddef.h>
#include <stdint.h>

#include "staticd/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count(struct view v, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++) {
		n += v.p[i] == c;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = { (const char *)data, size };
	struct access access = { .addr = "192.0.2.1", .status = 200 };
	struct view text;
	struct buf line;

	access.method = view_cut(&rest, '\n');
	access.version = view_cut(&rest, '\n');
	access.path = rest;
	buf_init(&line, ACCESS_LINE_MAX);
	access_common(&line, &access, 1790000000);
	text = buf_view(&line);
	if (buf_error(&line) != 0 || text.p[text.n - 1] != '\n'
	    || count(text, '\n') != 1 || count(text, '"') != 2
	    || count(text, ' ') != 9) {
		__builtin_trap();
	}
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (text.p[i] < ' ' || text.p[i] > '~') {
			__builtin_trap();
		}
	}
	buf_done(&line);
	return 0;
}

/*
 * An HTTP response from whoever answers.  In whatever pieces it comes, the
 * result is the same.
 */
#include <stddef.h>
#include <stdint.h>

#include "exporter/http_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX 4096

/* Feeds pieces of at most `step` bytes. */
static int
feed(struct http_reply *reply, struct view bytes, size_t step)
{
	int r = 0;

	http_reply_init(reply, BODY_MAX);
	while (bytes.n > 0 && r == 0 && !http_reply_finished(reply)) {
		size_t n = bytes.n < step ? bytes.n : step;

		r = http_reply_feed(reply, (struct view){ bytes.p, n });
		bytes = view_drop(bytes, n);
	}
	if (r == 0) {
		r = http_reply_close(reply);
	}
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view bytes = { (const char *)data, size };
	struct http_reply whole, small, single;
	int r = feed(&whole, bytes, SIZE_MAX);
	int r_small = feed(&small, bytes, 7);
	int r_single = feed(&single, bytes, 1);

	if (r != r_small || r != r_single) {
		__builtin_trap();
	}
	if (r == 0
	    && (whole.status < 200 || whole.status > 599
		|| whole.status != single.status
		|| buf_size(&whole.body) > BODY_MAX
		|| !view_eq(buf_view(&whole.body), buf_view(&single.body))
		|| !view_eq(buf_view(&whole.body), buf_view(&small.body)))) {
		__builtin_trap();
	}
	http_reply_done(&whole);
	http_reply_done(&small);
	http_reply_done(&single);
	return 0;
}

/*
 * Key shares in a client's first message, whole and cut anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tls/share.h"

#define P256 \
	"\0\x17\0\x03" \
	"abc"
#define X25519 \
	"\0\x1d\0\x02" \
	"de"

/* On the heap, cut to size: so that a read behind its end is seen. */
static bool
has(const char *bytes, size_t n, uint16_t group)
{
	char *copy = malloc(n + (n == 0));
	bool r;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	r = share_is_in((struct view){ copy, n }, group);
	free(copy);
	return r;
}

static void
found(void **state)
{
	static const char both[] = "\0\x0d" P256 X25519;
	static const char one[] = "\0\x07" P256;

	(void)state;
	assert_true(has(both, sizeof(both) - 1, SHARE_X25519));
	assert_true(has(both, sizeof(both) - 1, 23));
	assert_false(has(both, sizeof(both) - 1, 24));
	assert_true(has(one, sizeof(one) - 1, 23));
	assert_false(has(one, sizeof(one) - 1, SHARE_X25519));
	/* A client that asks which group it should begin with. */
	assert_false(has("\0\0", 2, SHARE_X25519));
}

static void
malformed(void **state)
{
	static const char both[] = "\0\x0d" P256 X25519;
	static const char empty_key[] = "\0\x04\0\x1d\0\0";

	(void)state;
	for (size_t n = 0; n < sizeof(both) - 1; n++) {
		assert_false(has(both, n, SHARE_X25519));
	}
	for (size_t n = 0; n < 11; n++) {
		char cut[sizeof(both)];

		/* The whole is as long as it says, its last share is not. */
		memcpy(cut, both, sizeof(both));
		cut[1] = (char)n;
		assert_false(has(cut, n + 2, SHARE_X25519));
	}
	assert_false(has(empty_key, sizeof(empty_key) - 1, SHARE_X25519));
	/* A group's number within a key is none. */
	assert_false(has("\0\x08\0\x17\0\x04\0\x1d\0\x00", 10, SHARE_X25519));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),
		cmocka_unit_test(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

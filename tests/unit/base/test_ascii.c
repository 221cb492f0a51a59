/* Line ends, wherever the bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/ascii.h"

static void
line_ends_cut_anywhere(void **state)
{
	static const char file[] = "a\nb\r\nc\r\r\nd\n\n";
	static const char wire[] = "a\r\nb\r\nc\r\r\nd\r\n\r\n";
	char out[64];

	(void)state;
	for (size_t cut = 0; cut < sizeof(file); cut++) {
		struct ascii a = { .cr = false };
		size_t n = ascii_encode(&a, file, cut, out);

		n += ascii_encode(&a, file + cut, sizeof(file) - 1 - cut,
		    out + n);
		assert_int_equal(n, sizeof(wire) - 1);
		assert_memory_equal(out, wire, n);
		if (cut == sizeof(file) - 1) {
			break;
		}
	}
	for (size_t cut = 0; cut < sizeof(wire); cut++) {
		struct ascii a = { .cr = false };
		size_t n = ascii_decode(&a, wire, cut, out);

		n += ascii_decode(&a, wire + cut, sizeof(wire) - 1 - cut,
		    out + n);
		n += ascii_decode_end(&a, out + n);
		assert_int_equal(n, strlen("a\nb\nc\r\nd\n\n"));
		assert_memory_equal(out, "a\nb\nc\r\nd\n\n", n);
		if (cut == sizeof(wire) - 1) {
			break;
		}
	}
}

static void
a_last_cr_is_kept(void **state)
{
	struct ascii a = { .cr = false };
	char out[8];
	size_t n;

	(void)state;
	n = ascii_decode(&a, "x\r", 2, out);
	n += ascii_decode_end(&a, out + n);
	assert_int_equal(n, 2);
	assert_memory_equal(out, "x\r", 2);
	assert_int_equal(ascii_decode_end(&a, out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_ends_cut_anywhere),
		cmocka_unit_test(a_last_cr_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Foreign bytes in log lines, JSON, HTML and labels. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"

typedef void (*escaper)(struct buf *b, struct view v);

static void
expect(escaper escape, struct view in, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	escape(&b, in);
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void
test_utf8(void **state)
{
	static const struct {
		struct view v;
		size_t n;
	} cases[] = {
		{ { "", 0 }, 0 },
		{ { "a", 1 }, 1 },
		{ { "\0", 1 }, 1 },
		{ { "\x7f", 1 }, 1 },
		{ { "\x80", 1 }, 0 },
		{ { "\xc2\x80", 2 }, 2 },
		{ { "\xdf\xbf", 2 }, 2 },
		{ { "\xc0\x80", 2 }, 0 },
		{ { "\xc1\xbf", 2 }, 0 },
		{ { "\xc3", 1 }, 0 },
		{ { "\xc3(", 2 }, 0 },
		{ { "\xe0\xa0\x80", 3 }, 3 },
		{ { "\xe0\x9f\xbf", 3 }, 0 },
		{ { "\xed\x9f\xbf", 3 }, 3 },
		{ { "\xed\xa0\x80", 3 }, 0 },
		{ { "\xef\xbf\xbf", 3 }, 3 },
		{ { "\xe2\x82", 2 }, 0 },
		{ { "\xe2\x82(", 3 }, 0 },
		{ { "\xf0\x90\x80\x80", 4 }, 4 },
		{ { "\xf0\x8f\xbf\xbf", 4 }, 0 },
		{ { "\xf4\x8f\xbf\xbf", 4 }, 4 },
		{ { "\xf4\x90\x80\x80", 4 }, 0 },
		{ { "\xf5\x80\x80\x80", 4 }, 0 },
		{ { "\xf0\x9f\x98", 3 }, 0 },
		{ { "\xf0\x9f\x98(", 4 }, 0 },
		{ { "\xff", 1 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(utf8_length(cases[i].v), cases[i].n);
	}
}

static void
test_log(void **state)
{
	(void)state;
	expect(escape_log, VIEW(""), "\"\"");
	expect(escape_log, VIEW("abc-1.2_/:@+,%"), "abc-1.2_/:@+,%");
	expect(escape_log, VIEW("a b"), "\"a b\"");
	expect(escape_log, VIEW("a=b"), "\"a=b\"");
	expect(escape_log, VIEW("x\nlevel=error"), "\"x\\nlevel=error\"");
	expect(escape_log, VIEW("\"\\\r\t\x01\x7f\0"),
	    "\"\\\"\\\\\\r\\t\\x01\\x7f\\x00\"");
	expect(escape_log, VIEW("\xc3\xa4"), "\"\xc3\xa4\"");
	expect(escape_log, VIEW("\xff\xc3"), "\"\\xff\\xc3\"");
	/* Terminal control: ESC and the C1 CSI. */
	expect(escape_log, VIEW("\x1b[31m"), "\"\\x1b[31m\"");
	expect(escape_log,
	    VIEW("\xc2\x9b"
		 "31m"),
	    "\"\\xc2\\x9b31m\"");
	expect(escape_log, VIEW("\xc2\xa0"), "\"\xc2\xa0\"");
	expect(escape_log, VIEW("\xc2"), "\"\\xc2\"");
}

static void
test_json(void **state)
{
	(void)state;
	expect(escape_json, VIEW(""), "\"\"");
	expect(escape_json, VIEW("a/b"), "\"a/b\"");
	expect(escape_json, VIEW("\"\\"), "\"\\\"\\\\\"");
	expect(escape_json, VIEW("\n\x1f\x7f\0"),
	    "\"\\u000a\\u001f\\u007f\\u0000\"");
	expect(escape_json, VIEW("</script>&'"),
	    "\"\\u003c/script\\u003e\\u0026\\u0027\"");
	expect(escape_json, VIEW("\xf0\x9f\x98\x80\xff"),
	    "\"\xf0\x9f\x98\x80\xef\xbf\xbd\"");
	/* A surrogate half is three bytes that are none. */
	expect(escape_json, VIEW("\xed\xa0\x80"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void
test_html(void **state)
{
	(void)state;
	expect(escape_html, VIEW("<a href=\"x\" b='y'>&\0"),
	    "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;\xef\xbf\xbd");
	expect(escape_html, VIEW("\xc3\xa4\xc3"), "\xc3\xa4\xef\xbf\xbd");
	expect(escape_html, VIEW(""), "");
}

static void
test_label(void **state)
{
	(void)state;
	expect(escape_label, VIEW("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
	expect(escape_label, VIEW("\xc3\xa4\xff{}="),
	    "\xc3\xa4\xef\xbf\xbd{}=");
	expect(escape_label, VIEW("a\0b"),
	    "a\xef\xbf\xbd"
	    "b");
	expect(escape_label, VIEW(""), "");
}

/* Every pair of bytes: one line, valid UTF-8, no raw quote inside. */
static void
test_all_pairs(void **state)
{
	static const escaper all[] = { escape_log, escape_json, escape_html,
		escape_label };

	(void)state;
	for (unsigned pair = 0; pair < 65536; pair++) {
		char in[2] = { (char)(pair >> 8), (char)pair };

		for (size_t e = 0; e < sizeof(all) / sizeof(all[0]); e++) {
			struct view v;
			struct buf b;

			buf_init(&b, 64);
			all[e](&b, (struct view){ in, 2 });
			v = buf_view(&b);
			assert_int_equal(buf_error(&b), 0);
			while (v.n > 0) {
				size_t n = utf8_length(v);

				assert_true(n > 0);
				/* HTML text may have line ends. */
				assert_true(v.p[0] != '\n' || e == 2);
				v = view_drop(v, n);
			}
			buf_done(&b);
		}
	}
}

/* Nothing is half-written beyond the cap. */
static void
test_cap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	escape_json(&b, VIEW("<<<<"));
	assert_int_equal(buf_error(&b), -ENOBUFS);
	assert_true(buf_size(&b) <= 4);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_label),
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

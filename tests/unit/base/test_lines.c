/* Lines out of bytes, cut anywhere; telnet; lines that are too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/lines.h"

#define FEED(l, literal) lines_feed(l, "" literal, sizeof(literal) - 1)

static void
expect(struct lines *l, const char *want)
{
	struct view line;

	assert_int_equal(lines_next(l, &line), LINES_READY);
	assert_int_equal(line.n, strlen(want));
	assert_memory_equal(line.p, want, line.n);
}

static void
expect_none(struct lines *l)
{
	struct view line;

	assert_int_equal(lines_next(l, &line), LINES_NONE);
}

static void
ends(void **state)
{
	struct lines l;

	(void)state;
	lines_init(&l);
	FEED(&l, "USER a\r\nPASS b\n\r\n\nQUI");
	expect(&l, "USER a");
	expect(&l, "PASS b");
	expect(&l, "");
	expect(&l, "");
	expect_none(&l);
	assert_true(lines_pending(&l));
	FEED(&l, "T\r\n");
	expect(&l, "QUIT");
	expect_none(&l);
	assert_false(lines_pending(&l));
	FEED(&l, "a\rb\r\r\n");
	expect(&l, "a\rb\r");
}

static void
telnet_wherever_it_is_cut(void **state)
{
	static const char bytes[] = "\xff\xf4\xff\xf2"
				    "AB\xff\xfb\x01OR\xff\xff\r\n";

	(void)state;
	for (size_t cut = 0; cut < sizeof(bytes); cut++) {
		struct lines l;

		lines_init(&l);
		lines_feed(&l, bytes, cut);
		lines_feed(&l, bytes + cut, sizeof(bytes) - 1 - cut);
		expect(&l, "ABOR\xff");
		expect_none(&l);
		if (cut == sizeof(bytes) - 1) {
			break;
		}
	}
}

static void
the_longest_line(void **state)
{
	struct lines l;
	char text[LINES_MAX + 1];

	(void)state;
	memset(text, 'x', LINES_MAX);
	text[LINES_MAX] = '\0';
	lines_init(&l);
	lines_feed(&l, text, LINES_MAX);
	expect_none(&l);
	assert_int_equal(lines_room(&l), 2);
	FEED(&l, "\r\n");
	expect(&l, text);
	/* One byte more does not fit. */
	lines_feed(&l, text, LINES_MAX);
	FEED(&l, "y\n");
	assert_int_equal(lines_next(&l, &(struct view){ NULL, 0 }), LINES_LONG);
	FEED(&l, "NOOP\r\n");
	expect(&l, "NOOP");
}

static void
endless_line(void **state)
{
	struct lines l;
	struct view line;
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	lines_init(&l);
	for (int i = 0; i < 1000; i++) {
		size_t room = lines_room(&l);

		lines_feed(&l, text, room < sizeof(text) ? room : sizeof(text));
		expect_none(&l);
	}
	assert_true(lines_skipped(&l) > 500000);
	FEED(&l, "\r\nNOOP\r\n");
	assert_int_equal(lines_next(&l, &line), LINES_LONG);
	expect(&l, "NOOP");
	assert_int_equal(lines_skipped(&l), 0);
}

static void
pick_takes_one_out(void **state)
{
	struct lines l;

	(void)state;
	lines_init(&l);
	FEED(&l, "NOOP\r\nabor\r\nPWD\r\nABO");
	assert_true(lines_pick(&l, VIEW("ABOR")));
	assert_false(lines_pick(&l, VIEW("ABOR")));
	expect(&l, "NOOP");
	expect(&l, "PWD");
	expect_none(&l);
	FEED(&l, "R\r\n");
	assert_true(lines_pick(&l, VIEW("ABOR")));
	assert_false(lines_pending(&l));
}

static void
wipe_leaves_nothing(void **state)
{
	struct lines l;
	struct view line;

	(void)state;
	lines_init(&l);
	FEED(&l, "PASS secret\r\nPWD\r\n");
	assert_int_equal(lines_next(&l, &line), LINES_READY);
	lines_wipe(&l);
	for (size_t i = 0; i + 6 < sizeof(l.bytes); i++) {
		assert_memory_not_equal(l.bytes + i, "secret", 6);
	}
	expect(&l, "PWD");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(telnet_wherever_it_is_cut),
		cmocka_unit_test(the_longest_line),
		cmocka_unit_test(endless_line),
		cmocka_unit_test(pick_takes_one_out),
		cmocka_unit_test(wipe_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

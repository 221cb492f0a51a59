/*
 * staticd/date.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "staticd/date.h"

/* 2026-11-24 */
#define NOW 1795478400

static void
three_forms(void **state)
{
	static const char *const forms[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		int64_t t = 0;

		assert_int_equal(date_parse(view_str(forms[i]), NOW, &t), 0);
		assert_int_equal(t, 784111777);
	}
}

static void
two_digit_years(void **state)
{
	int64_t t = 0;

	(void)state;
	/* 76 is at most 50 years ahead of 2026, 77 is not. */
	assert_int_equal(date_parse(VIEW("Monday, 01-Jan-76 00:00:00 GMT"), NOW,
			     &t),
	    0);
	assert_int_equal(t, 3345062400);
	assert_int_equal(date_parse(VIEW("Monday, 01-Jan-77 00:00:00 GMT"), NOW,
			     &t),
	    0);
	assert_int_equal(t, 220924800);
}

static void
refused(void **state)
{
	static const char *const bad[] = { "", "0", "yesterday",
		"Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 2023 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 1969 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Sun, +6 Nov 1994 08:49:37 GMT", "Sun Nov 31 08:49:37 1994",
		"Sun, 06-Nov-94 08:49:37 GMT",
		"Xyz, 06 Nov 1994 08:49:37 GMT" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int64_t t = 7;

		assert_int_not_equal(date_parse(view_str(bad[i]), NOW, &t), 0);
		assert_int_equal(t, 7);
	}
}

static void
there_and_back(void **state)
{
	(void)state;
	/* A step that is no divisor of a day, over more than a century. */
	for (int64_t t = 0; t < INT64_C(4200000000); t += 1000003) {
		char text[DATE_TEXT];
		int64_t back = -1;

		date_format(t, text);
		assert_int_equal(date_parse(view_str(text), NOW, &back), 0);
		assert_int_equal(back, t);
	}
}

static void
known_texts(void **state)
{
	char text[DATE_TEXT];

	(void)state;
	date_format(0, text);
	assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	date_format(1709164800, text);
	assert_string_equal(text, "Thu, 29 Feb 2024 00:00:00 GMT");
	date_format(-5, text);
	assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	date_format(INT64_MAX, text);
	assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_forms),
		cmocka_unit_test(two_digit_years),
		cmocka_unit_test(refused),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(known_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

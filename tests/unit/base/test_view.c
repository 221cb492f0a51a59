/* Views: comparing, cutting, numbers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/view.h"

static const struct view nothing = { NULL, 0 };

static void
test_str(void **state)
{
	(void)state;
	assert_null(view_str(NULL).p);
	assert_int_equal(view_str(NULL).n, 0);
	assert_int_equal(view_str("").n, 0);
	assert_non_null(view_str("").p);
	assert_int_equal(view_str("abc").n, 3);
	assert_int_equal(VIEW("a\0b").n, 3);
}

static void
test_eq(void **state)
{
	(void)state;
	assert_true(view_eq(nothing, VIEW("")));
	assert_true(view_eq(VIEW("a\0b"), VIEW("a\0b")));
	assert_false(view_eq(VIEW("a\0b"), VIEW("a\0c")));
	assert_false(view_eq(VIEW("a"), VIEW("ab")));
	assert_false(view_eq(VIEW("a"), VIEW("A")));
	assert_true(view_eq_nocase(VIEW("aZ-9"), VIEW("Az-9")));
	assert_false(view_eq_nocase(VIEW("a"), VIEW("ab")));
	/* Only letters fold: '@' and '`' lie as far apart as 'A' and 'a'. */
	assert_false(view_eq_nocase(VIEW("@"), VIEW("`")));
	assert_false(view_eq_nocase(VIEW("["), VIEW("{")));
	assert_false(view_eq_nocase(VIEW("\xc3\x84"), VIEW("\xc3\xa4")));
	assert_true(view_eq_nocase(nothing, VIEW("")));
}

static void
test_starts_ends(void **state)
{
	(void)state;
	assert_true(view_starts(VIEW("abc"), VIEW("ab")));
	assert_true(view_starts(VIEW("abc"), VIEW("")));
	assert_true(view_starts(nothing, nothing));
	assert_false(view_starts(VIEW("a"), VIEW("ab")));
	assert_false(view_starts(VIEW("abc"), VIEW("bc")));
	assert_true(view_ends(VIEW("abc"), VIEW("bc")));
	assert_true(view_ends(VIEW("abc"), VIEW("")));
	assert_false(view_ends(VIEW("c"), VIEW("bc")));
	assert_false(view_ends(VIEW("abc"), VIEW("ab")));
	assert_true(view_ends(nothing, VIEW("")));
}

static void
test_find_drop_trim(void **state)
{
	(void)state;
	assert_int_equal(view_find(VIEW("a:b:c"), ':'), 1);
	assert_int_equal(view_find(VIEW("abc"), ':'), 3);
	assert_int_equal(view_find(VIEW("a\0b"), '\0'), 1);
	assert_int_equal(view_find(nothing, 'a'), 0);
	assert_true(view_eq(view_drop(VIEW("abc"), 1), VIEW("bc")));
	assert_int_equal(view_drop(VIEW("abc"), 3).n, 0);
	assert_int_equal(view_drop(VIEW("abc"), SIZE_MAX).n, 0);
	assert_null(view_drop(nothing, 5).p);
	assert_true(view_eq(view_trim(VIEW(" \t\r\n a b \n")), VIEW("a b")));
	assert_int_equal(view_trim(VIEW(" \t\r\n")).n, 0);
	assert_int_equal(view_trim(nothing).n, 0);
	/* Form feed and NUL are content. */
	assert_int_equal(view_trim(VIEW("\f\0")).n, 2);
}

static void
test_cut(void **state)
{
	struct view rest = VIEW("a,,bc,");

	(void)state;
	assert_true(view_eq(view_cut(&rest, ','), VIEW("a")));
	assert_true(view_eq(view_cut(&rest, ','), VIEW("")));
	assert_true(view_eq(view_cut(&rest, ','), VIEW("bc")));
	/* An empty last piece is a piece. */
	assert_non_null(rest.p);
	assert_true(view_eq(view_cut(&rest, ','), VIEW("")));
	assert_null(rest.p);
	assert_null(view_cut(&rest, ',').p);
	rest = VIEW("whole");
	assert_true(view_eq(view_cut(&rest, ','), VIEW("whole")));
	assert_null(rest.p);
}

static void
test_u64(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1",
		"1.0", "a", "1a" };
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(view_u64(view_str(bad[i]), &v), -EINVAL);
	}
	assert_int_equal(view_u64(VIEW("1\0"), &v), -EINVAL);
	assert_int_equal(view_u64(VIEW("\xb1"), &v), -EINVAL);
	assert_int_equal(view_u64(nothing, &v), -EINVAL);
	assert_int_equal(view_u64(VIEW("18446744073709551616"), &v), -ERANGE);
	assert_int_equal(view_u64(VIEW("99999999999999999999"), &v), -ERANGE);
	assert_int_equal(v, 77);
	assert_int_equal(view_u64(VIEW("18446744073709551615"), &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(view_u64(VIEW("000000000000000000000007"), &v), 0);
	assert_int_equal(v, 7);
	/* Not beyond the view. */
	assert_int_equal(view_u64((struct view){ "129", 2 }, &v), 0);
	assert_int_equal(v, 12);
}

static void
test_i64(void **state)
{
	int64_t v = 77;

	(void)state;
	assert_int_equal(view_i64(VIEW("-"), &v), -EINVAL);
	assert_int_equal(view_i64(VIEW("--1"), &v), -EINVAL);
	assert_int_equal(view_i64(VIEW("+1"), &v), -EINVAL);
	assert_int_equal(view_i64(VIEW("9223372036854775808"), &v), -ERANGE);
	assert_int_equal(view_i64(VIEW("-9223372036854775809"), &v), -ERANGE);
	assert_int_equal(v, 77);
	assert_int_equal(view_i64(VIEW("-9223372036854775808"), &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(view_i64(VIEW("9223372036854775807"), &v), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(view_i64(VIEW("-0"), &v), 0);
	assert_int_equal(v, 0);
}

static void
test_double(void **state)
{
	static const char *const bad[] = { "", "nan", "inf", "0x1p3", "1e",
		"e1", ".", "-", "1.2.3", "1 ", " 1", "1,5", "--1" };
	char digits[65];
	double v = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(view_double(view_str(bad[i]), &v), -EINVAL);
	}
	assert_int_equal(view_double(VIEW("1\0"), &v), -EINVAL);
	assert_int_equal(view_double(VIEW("1e999"), &v), -ERANGE);
	assert_int_equal(view_double(VIEW("-1e999"), &v), -ERANGE);
	memset(digits, '1', sizeof(digits));
	assert_int_equal(view_double((struct view){ digits, 64 }, &v), -EINVAL);
	assert_true(v == 77);
	assert_int_equal(view_double((struct view){ digits, 63 }, &v), 0);
	assert_int_equal(view_double(VIEW("-1.5e-3"), &v), 0);
	assert_true(v == -0.0015);
	assert_int_equal(view_double(VIEW("1e-310"), &v), 0);
	assert_true(v > 0);
	assert_int_equal(view_double(VIEW("1e-999"), &v), 0);
	assert_true(v >= 0 && v < 1e-310);
	assert_int_equal(view_double((struct view){ "1.25e9", 4 }, &v), 0);
	assert_true(v == 1.25);
}

static void
test_to_cstr(void **state)
{
	char out[4] = "xxx";

	(void)state;
	assert_int_equal(view_to_cstr(VIEW("abc"), out, sizeof(out)), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(view_to_cstr(VIEW("abcd"), out, sizeof(out)),
	    -ENAMETOOLONG);
	assert_string_equal(out, "");
	assert_int_equal(view_to_cstr(VIEW("a\0"), out, sizeof(out)), -EINVAL);
	assert_string_equal(out, "");
	assert_int_equal(view_to_cstr(nothing, out, 1), 0);
	assert_string_equal(out, "");
}

static void
test_only(void **state)
{
	(void)state;
	assert_true(view_only(VIEW("abba"), "ab"));
	assert_true(view_only((struct view){ NULL, 0 }, "ab"));
	assert_false(view_only(VIEW("abc"), "ab"));
	/* The NUL behind the set is no part of it. */
	assert_false(view_only(VIEW("a\0"), "ab"));
}

static void
test_take(void **state)
{
	struct view v = VIEW("http://x");

	(void)state;
	assert_false(view_take(&v, VIEW("https://")));
	assert_true(view_eq(v, VIEW("http://x")));
	assert_true(view_take(&v, VIEW("http://")));
	assert_true(view_eq(v, VIEW("x")));
	assert_false(view_take(&v, VIEW("xy")));
	assert_true(view_take(&v, VIEW("")));
	assert_true(view_take(&v, VIEW("x")));
	assert_int_equal(v.n, 0);
}

static void
test_word(void **state)
{
	struct view v = VIEW(" \tone two\t three\n");
	struct view none = { NULL, 0 };

	(void)state;
	assert_true(view_eq(view_word(&v), VIEW("one")));
	assert_true(view_eq(v, VIEW(" two\t three\n")));
	assert_true(view_eq(view_word(&v), VIEW("two")));
	/* Only spaces and tabs separate. */
	assert_true(view_eq(view_word(&v), VIEW("three\n")));
	assert_int_equal(view_word(&v).n, 0);
	assert_int_equal(v.n, 0);
	assert_int_equal(view_word(&none).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str),
		cmocka_unit_test(test_eq),
		cmocka_unit_test(test_starts_ends),
		cmocka_unit_test(test_find_drop_trim),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_i64),
		cmocka_unit_test(test_double),
		cmocka_unit_test(test_to_cstr),
		cmocka_unit_test(test_only),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

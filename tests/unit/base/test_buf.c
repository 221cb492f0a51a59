/* The growing buffer: content, cap, failing memory, ownership. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* Memory that cannot be had is NULL, as without the sanitizer. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
test_empty(void **state)
{
	struct buf b;
	size_t n = 9;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(buf_size(&b), 0);
	assert_string_equal(buf_cstr(&b), "");
	assert_non_null(buf_view(&b).p);
	buf_add(&b, NULL, 0);
	buf_add_view(&b, (struct view){ NULL, 0 });
	buf_add_str(&b, NULL);
	buf_truncate(&b, 0);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(buf_size(&b), 0);
	buf_done(&b);
	assert_null(buf_take(&b, &n));
	assert_int_equal(n, 9);
	buf_done(&b);
}

static void
test_add(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_add(&b, "a\0b", 3);
	buf_add_char(&b, '|');
	buf_add_u64(&b, 0);
	buf_add_char(&b, '|');
	buf_add_u64(&b, UINT64_MAX);
	buf_add_char(&b, '|');
	buf_add_i64(&b, INT64_MIN);
	buf_add_char(&b, '|');
	buf_add_i64(&b, -1);
	buf_addf(&b, "|%s-%d", "x", 7);
	assert_true(view_eq(buf_view(&b),
	    VIEW("a\0b|0|18446744073709551615|"
		 "-9223372036854775808|-1|x-7")));
	assert_int_equal(buf_cstr(&b)[buf_size(&b)], '\0');
	buf_done(&b);
}

static void
test_growth(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (int i = 0; i < 100000; i++) {
		buf_add_char(&b, (char)('a' + i % 26));
		assert_int_equal(buf_cstr(&b)[buf_size(&b)], '\0');
	}
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(buf_cstr(&b)[99999], 'a' + 99999 % 26);
	buf_add_char(&b, 'x');
	assert_int_equal(buf_error(&b), -ENOBUFS);
	assert_int_equal(buf_size(&b), 100000);
	buf_done(&b);
}

/* What does not fit is left out whole, and everything after it, too. */
static void
test_cap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_add_str(&b, "abc");
	buf_add_str(&b, "def");
	assert_int_equal(buf_error(&b), -ENOBUFS);
	assert_string_equal(buf_cstr(&b), "abc");
	buf_add_char(&b, 'd');
	buf_addf(&b, "%d", 1);
	buf_add(&b, NULL, 0);
	assert_string_equal(buf_cstr(&b), "abc");
	assert_null(buf_room(&b, 1));
	assert_int_equal(buf_error(&b), -ENOBUFS);
	buf_clear(&b);
	assert_int_equal(buf_error(&b), 0);
	buf_add_str(&b, "12345");
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(buf_cstr(&b), "12345");
	buf_done(&b);
	/* Sizes whose sum wraps. */
	buf_init(&b, SIZE_MAX - 1);
	buf_add_str(&b, "abc");
	assert_null(buf_room(&b, SIZE_MAX - 3));
	assert_int_equal(buf_error(&b), -ENOBUFS);
	buf_done(&b);
	buf_init(&b, 0);
	buf_add_str(&b, "");
	assert_int_equal(buf_error(&b), 0);
	buf_add_char(&b, 'a');
	assert_int_equal(buf_error(&b), -ENOBUFS);
	buf_done(&b);
}

static void
test_addf_cap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_addf(&b, "%s", "12345678");
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(buf_cstr(&b), "12345678");
	buf_addf(&b, "%s", "9");
	assert_int_equal(buf_error(&b), -ENOBUFS);
	assert_string_equal(buf_cstr(&b), "12345678");
	buf_done(&b);
}

static void
test_no_memory(void **state)
{
	struct buf b;
	size_t n = 9;

	(void)state;
	buf_init(&b, SIZE_MAX - 1);
	buf_add_str(&b, "kept");
	assert_null(buf_room(&b, SIZE_MAX / 2));
	assert_int_equal(buf_error(&b), -ENOMEM);
	/* The content is still there and still whole. */
	assert_string_equal(buf_cstr(&b), "kept");
	buf_add_str(&b, "more");
	assert_string_equal(buf_cstr(&b), "kept");
	/* What is incomplete is not given away. */
	assert_null(buf_take(&b, &n));
	assert_int_equal(n, 9);
	assert_int_equal(buf_error(&b), 0);
	buf_done(&b);
}

static void
test_room(void **state)
{
	struct buf b;
	char *room;

	(void)state;
	buf_init(&b, 1000);
	buf_add_str(&b, "ab");
	room = buf_room(&b, 500);
	assert_non_null(room);
	memset(room, 'x', 500);
	buf_grown(&b, 3);
	assert_string_equal(buf_cstr(&b), "abxxx");
	room = buf_room(&b, 0);
	assert_non_null(room);
	buf_grown(&b, 0);
	assert_int_equal(buf_size(&b), 5);
	buf_done(&b);
}

static void
test_cut(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add_str(&b, "abcdef");
	buf_truncate(&b, 10);
	assert_string_equal(buf_cstr(&b), "abcdef");
	buf_truncate(&b, 4);
	assert_string_equal(buf_cstr(&b), "abcd");
	buf_truncate(&b, 0);
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
}

static void
test_take(void **state)
{
	struct buf b;
	size_t n = 0;
	char *p;

	(void)state;
	buf_init(&b, 10);
	buf_add(&b, "a\0c", 3);
	p = buf_take(&b, &n);
	assert_non_null(p);
	assert_int_equal(n, 3);
	assert_memory_equal(p, "a\0c", 4);
	assert_int_equal(buf_size(&b), 0);
	/* Used again, under the same cap. */
	buf_add_str(&b, "0123456789");
	assert_int_equal(buf_error(&b), 0);
	buf_add_char(&b, 'x');
	assert_int_equal(buf_error(&b), -ENOBUFS);
	buf_done(&b);
	buf_add_char(&b, 'x');
	assert_string_equal(buf_cstr(&b), "x");
	buf_done(&b);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_addf_cap),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Moments as fourteen digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/macros.h"
#include "base/stamp.h"

#define NOW 1795508100

static void
times(void **state)
{
	static const char *const wrong[] = { "", "2026", "20261324081500",
		"20260230081500", "20261124251500", "19691231235959",
		"2026112408150x", "202611240815000", "20261124081500.x",
		"20261124081500.", "-0261124081500" };
	time_t t = 0;
	struct buf b;

	(void)state;
	assert_int_equal(stamp_parse(VIEW("20261124081500"), &t), 0);
	assert_int_equal(t, NOW);
	assert_int_equal(stamp_parse(VIEW("20261124081500.25"), &t), 0);
	assert_int_equal(stamp_parse(VIEW("20240229000000"), &t), 0);
	assert_int_equal(stamp_parse(VIEW("99991231235959"), &t), 0);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(stamp_parse(view_str(wrong[i]), &t), -EINVAL);
	}
	buf_init(&b, 64);
	stamp_add(&b, INT64_MAX);
	assert_string_equal(buf_cstr(&b), "19700101000000");
	buf_done(&b);
}

static void
there_and_back(void **state)
{
	static const time_t moments[] = { 0, 1, 951782400, NOW, 253402300799 };
	struct buf b;
	time_t t;

	(void)state;
	buf_init(&b, 64);
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		buf_clear(&b);
		stamp_add(&b, moments[i]);
		assert_int_equal(buf_size(&b), 14);
		assert_int_equal(stamp_parse(buf_view(&b), &t), 0);
		assert_int_equal(t, moments[i]);
	}
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

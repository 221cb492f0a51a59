/* INFO's text, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redis/info.h"

#define TEXT \
	VIEW("# Server\r\nredis_version:7.0.15\r\n\r\n# Memory\r\n" \
	     "used_memory:1048576\r\nempty:\r\nodd:a:b:c\r\n# Keyspace\r\n" \
	     "db0:keys=12,expires=3,avg_ttl=0\r\n")

static void
expect_next(struct view *rest, struct info_field *field, struct view section,
    struct view name, struct view value)
{
	assert_true(info_next(rest, field));
	assert_true(view_eq(field->section, section));
	assert_true(view_eq(field->name, name));
	assert_true(view_eq(field->value, value));
}

static void
test_next(void **state)
{
	struct view rest = TEXT;
	struct info_field f = { .section = { NULL, 0 } };

	(void)state;
	expect_next(&rest, &f, VIEW("Server"), VIEW("redis_version"),
	    VIEW("7.0.15"));
	expect_next(&rest, &f, VIEW("Memory"), VIEW("used_memory"),
	    VIEW("1048576"));
	expect_next(&rest, &f, VIEW("Memory"), VIEW("empty"), VIEW(""));
	expect_next(&rest, &f, VIEW("Memory"), VIEW("odd"), VIEW("a:b:c"));
	expect_next(&rest, &f, VIEW("Keyspace"), VIEW("db0"),
	    VIEW("keys=12,expires=3,avg_ttl=0"));
	assert_false(info_next(&rest, &f));
	assert_false(info_next(&rest, &f));
}

static void
test_next_broken(void **state)
{
	static const char *const nothing[] = { "", "\n\n\r\n", "no field", "#",
		"# Only a section", "\r" };
	struct view rest = VIEW("x\n:v\n#\na:1");
	struct info_field f = { .section = { NULL, 0 } };
	struct view none = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
		struct view v = view_str(nothing[i]);

		assert_false(info_next(&v, &f));
	}
	assert_false(info_next(&none, &f));
	/* An empty name, an empty section, no newline at the end. */
	expect_next(&rest, &f, VIEW("Only a section"), VIEW(""), VIEW("v"));
	expect_next(&rest, &f, VIEW(""), VIEW("a"), VIEW("1"));
	assert_false(info_next(&rest, &f));
}

/* Every cut of a good text is read without reading beyond the cut. */
static void
test_next_cut(void **state)
{
	struct view all = TEXT;

	(void)state;
	for (size_t n = 0; n <= all.n; n++) {
		struct view rest = { all.p, n };
		struct info_field f = { .section = { NULL, 0 } };

		while (info_next(&rest, &f)) {
			assert_true(f.name.p >= all.p);
			assert_true(f.value.p + f.value.n <= all.p + n);
		}
	}
}

static void
test_find(void **state)
{
	(void)state;
	assert_true(view_eq(info_find(TEXT, "used_memory"), VIEW("1048576")));
	assert_true(view_eq(info_find(VIEW("a:1\na:2\n"), "a"), VIEW("1")));
	/* Neither a beginning nor another case of the name. */
	assert_null(info_find(TEXT, "used_mem").p);
	assert_null(info_find(TEXT, "Used_memory").p);
	assert_null(info_find(TEXT, "").p);
	/* There, but empty, is not absent. */
	assert_non_null(info_find(TEXT, "empty").p);
}

static void
test_part(void **state)
{
	struct view v = VIEW("keys=12,expires=3,avg_ttl=,odd,x=1=2,keys=9");

	(void)state;
	assert_true(view_eq(info_part(v, "keys"), VIEW("12")));
	assert_true(view_eq(info_part(v, "expires"), VIEW("3")));
	assert_true(view_eq(info_part(v, "x"), VIEW("1=2")));
	assert_int_equal(info_part(v, "avg_ttl").n, 0);
	assert_non_null(info_part(v, "avg_ttl").p);
	assert_null(info_part(v, "odd").p);
	assert_null(info_part(v, "key").p);
	assert_null(info_part((struct view){ NULL, 0 }, "keys").p);
	assert_null(info_part(VIEW(",,"), "").p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_next_broken),
		cmocka_unit_test(test_next_cut),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

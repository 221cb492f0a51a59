/* PHP's serialize() format, and what WordPress keeps in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "exporter/php_value.h"
#include "exporter/wp_option.h"

static void
scalars(void **state)
{
	static const struct {
		const char *text;
		enum php_type type;
		int64_t number;
		const char *string;
	} rows[] = {
		{ "N;", PHP_NULL, 0, "" },
		{ "b:1;", PHP_BOOL, 1, "" },
		{ "b:0;", PHP_BOOL, 0, "" },
		{ "i:-42;", PHP_INT, -42, "" },
		{ "i:9223372036854775807;", PHP_INT, INT64_MAX, "" },
		{ "d:0.5;", PHP_DOUBLE, 0, "" },
		{ "d:INF;", PHP_DOUBLE, 0, "" },
		{ "s:0:\"\";", PHP_STRING, 0, "" },
		{ "s:5:\"a\";\"b\";", PHP_STRING, 0, "a\";\"b" },
		{ "R:2;", PHP_REFERENCE, 2, "" },
		{ "r:1;", PHP_REFERENCE, 1, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct view rest = view_str(rows[i].text);
		struct php_value v;

		assert_int_equal(php_next(&rest, &v), 0);
		assert_int_equal(rest.n, 0);
		assert_int_equal(v.type, rows[i].type);
		assert_true(v.number == rows[i].number);
		assert_true(view_eq(v.text, view_str(rows[i].string)));
	}
}

static void
broken_values(void **state)
{
	static const char *const texts[] = { "", "N", "x:1;", "b:2;", "i:;",
		"i:1", "i:x;", "i:99999999999999999999;", "s:3:\"ab\";",
		"s:-1:\"\";", "s:18446744073709551615:\"a\";", "s:1:\"a\"",
		"s:1:'a';", "a:1", "a:1:", "a:1:[", "a:-1:{}",
		"a:1000000000000:{", "O:3:\"abc\"", "O:3:\"abc\":x:{}",
		"O:99:\"abc\":0:{}", "C:3:\"abc\":0:{}", "d:1", "E:1:\"a\";" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct view rest = view_str(texts[i]);
		struct php_value v = { .number = 77 };

		assert_int_equal(php_next(&rest, &v), -EINVAL);
		assert_int_equal(v.number, 77);
	}
}

static void
skipping(void **state)
{
	static const char text[] =
	    "a:3:{i:0;a:1:{s:1:\"k\";b:1;}s:1:\"o\";O:8:\"stdClass\":1:"
	    "{s:1:\"p\";N;}i:2;s:3:\"}}}\";}rest";
	struct view rest = view_str(text);
	struct php_value v;

	(void)state;
	assert_int_equal(php_next(&rest, &v), 0);
	assert_int_equal(v.type, PHP_ARRAY);
	assert_int_equal(v.count, 3);
	assert_int_equal(php_skip(&rest, &v), 0);
	assert_true(view_eq(rest, VIEW("rest")));
	/* Every beginning of it is broken. */
	for (size_t n = 0; n < sizeof(text) - 1 - 4; n++) {
		rest = (struct view){ text, n };
		assert_true(php_next(&rest, &v) < 0 || php_skip(&rest, &v) < 0);
	}
}

static void
depth(void **state)
{
	(void)state;
	for (int levels = PHP_DEPTH_MAX; levels <= PHP_DEPTH_MAX + 1;
	     levels++) {
		struct buf text;
		struct view rest;
		struct php_value v;

		buf_init(&text, 1 << 20);
		for (int i = 0; i < levels; i++) {
			buf_add_str(&text, "a:1:{i:0;");
		}
		buf_add_str(&text, "N;");
		for (int i = 0; i < levels; i++) {
			buf_add_char(&text, '}');
		}
		rest = buf_view(&text);
		assert_int_equal(php_next(&rest, &v), 0);
		assert_int_equal(php_skip(&rest, &v),
		    levels > PHP_DEPTH_MAX ? -EINVAL : 0);
		buf_done(&text);
	}
}

#define EVENT(key) \
	"s:2:\"" key "\";a:2:{s:8:\"schedule\";b:0;s:4:\"args\";a:0:{}}"
#define CRON \
	"a:4:{i:900;a:2:{s:1:\"h\";a:1:{" EVENT( \
	    "k1") "}s:1:\"g\";a:2:{" EVENT("k1") \
	    EVENT("k2") "}}i:800;a:1:{s:1:\"h\";a:1:{" EVENT( \
		"k1") "}}i:1000;a:1:{s:1:\"h\";a:1:{" EVENT("k1") "}}s:7:" \
								  "\"version" \
								  "\";i:2;}"

static void
cron(void **state)
{
	static const char text[] = CRON;
	struct wp_cron c = { .events = 77 };

	(void)state;
	assert_int_equal(wp_cron_parse(VIEW(CRON), 1000, &c), 0);
	assert_int_equal(c.events, 5);
	assert_int_equal(c.overdue, 4);
	assert_int_equal(c.oldest, 800);
	assert_int_equal(wp_cron_parse(VIEW("a:0:{}"), 1000, &c), 0);
	assert_int_equal(c.events, 0);
	assert_int_equal(c.oldest, 0);
	assert_int_equal(wp_cron_parse(VIEW("a:1:{s:7:\"version\";i:2;}"), 1,
			     &c),
	    0);
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		assert_int_equal(wp_cron_parse((struct view){ text, n }, 1000,
				     &c),
		    -EINVAL);
	}
	assert_int_equal(wp_cron_parse(VIEW(CRON "x"), 1000, &c), -EINVAL);
	assert_int_equal(wp_cron_parse(VIEW("i:5;"), 1000, &c), -EINVAL);
	assert_int_equal(wp_cron_parse(VIEW("a:1:{N;N;}"), 1000, &c), -EINVAL);
}

static void
counts(void **state)
{
	uint64_t n = 77;

	(void)state;
	assert_int_equal(wp_array_count(VIEW("a:0:{}"), &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(
	    wp_array_count(VIEW("a:2:{i:0;s:3:\"a/b\";i:1;s:3:\"c/d\";}"), &n),
	    0);
	assert_int_equal(n, 2);
	assert_int_equal(wp_array_count(VIEW("b:0;"), &n), -EINVAL);
	assert_int_equal(wp_array_count(VIEW("a:2:{i:0;N;}"), &n), -EINVAL);
	assert_int_equal(wp_array_count(VIEW(""), &n), -EINVAL);
	assert_int_equal(n, 2);
}

static void
updates(void **state)
{
	struct wp_updates u;

	(void)state;
	assert_int_equal(
	    wp_updates_parse(
		VIEW(
		    "O:8:\"stdClass\":3:{s:7:\"updates\";a:2:{i:0;O:8:"
		    "\"stdClass\":1:"
		    "{s:8:\"response\";s:7:\"upgrade\";}i:1;O:8:\"stdClass\":1:"
		    "{s:8:\"response\";s:10:\"autoupdate\";}}s:12:\"last_"
		    "checked\";"
		    "i:5;s:15:\"version_checked\";s:5:\"6.8.2\";}"),
		&u),
	    0);
	assert_int_equal(u.available, 1);
	assert_true(view_eq(u.version, VIEW("6.8.2")));
	assert_int_equal(
	    wp_updates_parse(VIEW("O:8:\"stdClass\":1:{s:7:\"updates\";a:1:{i:"
				  "0;O:8:\"stdClass\":1:"
				  "{s:8:\"response\";s:6:\"latest\";}}}"),
		&u),
	    0);
	assert_int_equal(u.available, 0);
	assert_int_equal(wp_updates_parse(VIEW("O:8:\"stdClass\":2:{s:7:"
					       "\"checked\";a:2:{s:1:\"a\";s:1:"
					       "\"1\";"
					       "s:1:\"b\";s:1:\"2\";}s:8:"
					       "\"response\";a:1:{s:1:\"a\";"
					       "O:8:\"stdClass\":0:{}}}"),
			     &u),
	    0);
	assert_int_equal(u.available, 1);
	assert_int_equal(u.checked, 2);
	assert_true(u.counted);
	/* Nobody has answered WordPress yet, but its plugin counts for us. */
	assert_int_equal(wp_updates_parse(VIEW(
					      "O:8:\"stdClass\":2:{s:12:\"last_"
					      "checked\";i:5;s:15:\"stack_"
					      "installed\";i:4;}"),
			     &u),
	    0);
	assert_true(u.counted);
	assert_int_equal(u.checked, 4);
	assert_int_equal(wp_updates_parse(VIEW(
					      "O:8:\"stdClass\":1:{s:12:\"last_"
					      "checked\";i:5;}"),
			     &u),
	    0);
	assert_false(u.counted);
	assert_int_equal(wp_updates_parse(VIEW("b:0;"), &u), -EINVAL);
	assert_int_equal(wp_updates_parse(VIEW(""), &u), -EINVAL);
	assert_int_equal(wp_updates_parse(VIEW("O:8:\"stdClass\":1:{s:7:"
					       "\"updates\";a:1:{i:0;"),
			     &u),
	    -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars),
		cmocka_unit_test(broken_values),
		cmocka_unit_test(skipping),
		cmocka_unit_test(depth),
		cmocka_unit_test(cron),
		cmocka_unit_test(counts),
		cmocka_unit_test(updates),
	};

	return cmocka_run_group_tests_name("php_value", tests, NULL, NULL);
}

/* The Prometheus text format, byte by byte. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/metrics.h"

static struct buf out;
static struct metrics m;

static int
set_up(void **state)
{
	(void)state;
	buf_init(&out, 65536);
	metrics_init(&m, &out);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static void
test_plain(void **state)
{
	(void)state;
	metrics_family(&m, "a_total", METRICS_COUNTER, "Things.");
	metrics_u64(&m, UINT64_MAX);
	metrics_one(&m, "b", METRICS_GAUGE, "More.", 0.5);
	metrics_family(&m, "c", METRICS_UNTYPED, "");
	metrics_i64(&m, INT64_MIN);
	metrics_text(&m, VIEW("17"));
	assert_string_equal(buf_cstr(&out),
	    "# HELP a_total Things.\n# TYPE a_total counter\n"
	    "a_total 18446744073709551615\n"
	    "# HELP b More.\n# TYPE b gauge\nb 0.5\n"
	    "# HELP c \n# TYPE c untyped\nc -9223372036854775808\nc 17\n");
}

static void
test_labels(void **state)
{
	(void)state;
	metrics_family(&m, "a", METRICS_GAUGE, "x");
	metrics_label(&m, "db", VIEW("0"));
	metrics_label(&m, "group", VIEW("q\"\\\n\xff{},"));
	metrics_u64(&m, 1);
	/* The next sample begins anew. */
	metrics_label(&m, "db", VIEW(""));
	metrics_u64(&m, 2);
	metrics_u64(&m, 3);
	assert_string_equal(buf_cstr(&out),
	    "# HELP a x\n# TYPE a gauge\n"
	    "a{db=\"0\",group=\"q\\\"\\\\\\n\xef\xbf\xbd{},\"} 1\n"
	    "a{db=\"\"} 2\na 3\n");
}

static void
test_help(void **state)
{
	(void)state;
	metrics_family(&m, "a", METRICS_GAUGE, "back\\slash\nline \"quote\"");
	assert_string_equal(buf_cstr(&out),
	    "# HELP a back\\\\slash\\nline \"quote\"\n# TYPE a gauge\n");
}

static void
test_doubles(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = { { 0, "0" }, { -0.0, "-0" }, { 1, "1" }, { 0.1, "0.1" },
		{ 1e21, "1e+21" }, { 1.0 / 3, "0.3333333333333333" },
		{ 1795511063.377, "1795511063.377" },
		{ 123456789012345678.0, "1.2345678901234568e+17" },
		{ -2.5, "-2.5" }, { 5e-324, "5e-324" } };
	struct buf want;

	(void)state;
	buf_init(&want, 4096);
	buf_add_str(&want, "# HELP a x\n# TYPE a gauge\n");
	metrics_family(&m, "a", METRICS_GAUGE, "x");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		metrics_double(&m, cases[i].value);
		buf_addf(&want, "a %s\n", cases[i].text);
	}
	metrics_double(&m, (double)NAN);
	metrics_double(&m, (double)INFINITY);
	metrics_double(&m, -(double)INFINITY);
	buf_add_str(&want, "a NaN\na +Inf\na -Inf\n");
	assert_string_equal(buf_cstr(&out), buf_cstr(&want));
	buf_done(&want);
}

/* A family whose name is none writes nothing at all. */
static void
test_bad_names(void **state)
{
	char name[METRICS_NAME_MAX + 2];
	static const char *const bad[] = { "", "1a", "a-b", "a b", "a{",
		"\xc3\xa4", "a\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		metrics_one(&m, bad[i], METRICS_GAUGE, "x", 1);
		metrics_label(&m, "k", VIEW("v"));
		metrics_u64(&m, 1);
	}
	memset(name, 'a', sizeof(name));
	name[METRICS_NAME_MAX + 1] = '\0';
	metrics_one(&m, name, METRICS_GAUGE, "x", 1);
	assert_int_equal(buf_size(&out), 0);
	name[METRICS_NAME_MAX] = '\0';
	metrics_one(&m, name, METRICS_GAUGE, "x", 1);
	metrics_one(&m, "_:aZ9", METRICS_GAUGE, "x", 1);
	assert_non_null(strstr(buf_cstr(&out), "aaa 1\n# HELP _:aZ9 x\n"));
	/* A bad family between good ones leaves no label behind. */
	buf_clear(&out);
	metrics_family(&m, "a", METRICS_GAUGE, "x");
	metrics_label(&m, "k", VIEW("v"));
	metrics_family(&m, "b", METRICS_GAUGE, "x");
	metrics_u64(&m, 1);
	assert_non_null(strstr(buf_cstr(&out), "TYPE b gauge\nb 1\n"));
}

static void
test_cap(void **state)
{
	struct buf small;
	struct metrics w;

	(void)state;
	buf_init(&small, 20);
	metrics_init(&w, &small);
	metrics_one(&w, "a", METRICS_GAUGE, "A longer text than fits.", 1);
	metrics_label(&w, "k", VIEW("v"));
	metrics_u64(&w, 1);
	assert_int_equal(buf_error(&small), -ENOBUFS);
	assert_true(buf_size(&small) <= 20);
	buf_done(&small);
}

static void
test_names(void **state)
{
	char longest[METRICS_NAME_MAX + 2];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_true(metrics_name_valid(VIEW("a:B_9")));
	assert_true(
	    metrics_name_valid((struct view){ longest, METRICS_NAME_MAX }));
	assert_false(
	    metrics_name_valid((struct view){ longest, METRICS_NAME_MAX + 1 }));
	assert_false(metrics_name_valid(VIEW("")));
	assert_false(metrics_name_valid(VIEW("9a")));
	assert_false(metrics_name_valid(VIEW("a-b")));
	assert_false(metrics_name_valid(VIEW("a\0")));
	assert_string_equal(metrics_type_name(METRICS_COUNTER), "counter");
	assert_string_equal(metrics_type_name(METRICS_HISTOGRAM), "histogram");
}

/* Beyond what a double holds. */
static void
test_one_u64(void **state)
{
	struct metrics w;
	struct buf text;

	(void)state;
	buf_init(&text, 1024);
	metrics_init(&w, &text);
	metrics_one_u64(&w, "a", METRICS_GAUGE, "A.", UINT64_MAX);
	assert_string_equal(buf_cstr(&text),
	    "# HELP a A.\n# TYPE a gauge\na 18446744073709551615\n");
	buf_done(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_plain), TEST(test_labels),
		TEST(test_help), TEST(test_doubles), TEST(test_bad_names),
		TEST(test_cap), TEST(test_names), TEST(test_one_u64) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

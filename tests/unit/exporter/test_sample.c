/* One line of somebody else's exposition: what is taken, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exporter/sample.h"

static void
good_lines(void **state)
{
	static const struct {
		const char *line;
		const char *name;
		const char *labels;
		const char *value;
	} rows[] = {
		{ "up 1", "up", "", "1" },
		{ "a:b_9 -1.5e+3", "a:b_9", "", "-1.5e+3" },
		{ "up 1 1700000000000", "up", "", "1" },
		{ "up 1 -5", "up", "", "1" },
		{ "up\t1", "up", "", "1" },
		{ "up{} 1", "up", "", "1" },
		{ "up {} NaN", "up", "", "NaN" },
		{ "up{a=\"b\"} +Inf", "up", "a=\"b\"", "+Inf" },
		{ "up{a=\"b\",} -Inf", "up", "a=\"b\",", "-Inf" },
		{ "up{a=\"}\\\"\n\"}1", "up", "a=\"}\\\"\n\"", "1" },
		{ "up{ a = \"b\" , c=\"\" } 1e400", "up", "a = \"b\" , c=\"\" ",
		    "1e400" },
		{ "up{a=\"\xc3\xa4\"} 0", "up", "a=\"\xc3\xa4\"", "0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sample s;
		struct view labels;

		assert_int_equal(sample_parse(view_str(rows[i].line), &s), 0);
		assert_true(view_eq(s.name, view_str(rows[i].name)));
		assert_true(view_eq(s.value, view_str(rows[i].value)));
		labels = view_trim(s.labels);
		assert_true(
		    view_eq(labels, view_trim(view_str(rows[i].labels))));
	}
}

static void
bad_lines(void **state)
{
	static const char *const lines[] = { "", " ", "1up 1", "up", "up ",
		"up x", "up 0x10", "up 1 x", "up 1 2 3", "up{ 1", "up{a} 1",
		"up{a=b} 1", "up{a=\"b} 1", "up{a=\"b\" c=\"d\"} 1",
		"up{a=\"b\",a=\"c\"} 1", "up{a=\"\\q\"} 1", "up{a=\"\\",
		"up{9=\"b\"} 1", "up{a:b=\"c\"} 1", "up{a=\"\xff\"} 1",
		"up{a=\"\xc0\x80\"} 1", "u\xc3\xa4p 1", "up{,} 1", "{} 1",
		"up}{ 1", "up{a=\"b\"} ", "up nan(1)", "up infinity" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct sample s = { .name = VIEW("kept") };

		assert_int_equal(sample_parse(view_str(lines[i]), &s), -EINVAL);
		assert_true(view_eq(s.name, VIEW("kept")));
	}
}

static void
limits(void **state)
{
	static char line[SAMPLE_LINE_MAX + 64];
	struct sample s;
	size_t n;

	(void)state;
	n = (size_t)snprintf(line, sizeof(line), "up{a=\"");
	memset(line + n, 'x', SAMPLE_LINE_MAX - n);
	memcpy(line + SAMPLE_LINE_MAX - 4, "\"} 1", 4);
	assert_int_equal(sample_parse((struct view){ line, SAMPLE_LINE_MAX },
			     &s),
	    0);
	memcpy(line + SAMPLE_LINE_MAX - 4, "xx\"} 1", 6);
	assert_int_equal(sample_parse((struct view){ line,
					  SAMPLE_LINE_MAX + 2 },
			     &s),
	    -EINVAL);

	for (size_t labels = SAMPLE_LABELS_MAX; labels <= SAMPLE_LABELS_MAX + 1;
	     labels++) {
		n = (size_t)snprintf(line, sizeof(line), "up{");
		for (size_t i = 0; i < labels; i++) {
			n += (size_t)snprintf(line + n, sizeof(line) - n,
			    "l%zu=\"\",", i);
		}
		n += (size_t)snprintf(line + n, sizeof(line) - n, "} 1");
		assert_int_equal(sample_parse((struct view){ line, n }, &s),
		    labels > SAMPLE_LABELS_MAX ? -EINVAL : 0);
	}
	memset(line, 'a', 200);
	memcpy(line + 200, " 1", 3);
	assert_int_equal(sample_parse(view_str(line), &s), -EINVAL);
	/* A NUL byte is no part of anything. */
	assert_int_equal(sample_parse(VIEW("up{a=\"\0\"} 1"), &s), -EINVAL);
}

static uint64_t
series(const char *line)
{
	struct sample s;

	assert_int_equal(sample_parse(view_str(line), &s), 0);
	return sample_series(&s);
}

static void
series_do_not_depend_on_the_order(void **state)
{
	(void)state;
	assert_true(series("a{b=\"1\",c=\"2\"} 1")
	    == series("a{ c=\"2\" , b=\"1\", } 7"));
	assert_true(series("a{} 1") == series("a 2"));
	assert_true(series("a{b=\"1\"} 1") != series("a{b=\"2\"} 1"));
	assert_true(series("a{b=\"1\"} 1") != series("c{b=\"1\"} 1"));
	assert_true(
	    series("a{b=\"1\",c=\"2\"} 1") != series("a{b=\"2\",c=\"1\"} 1"));
	assert_true(series("a{b=\"1\"} 1") != series("a 1"));
}

static void
labels_by_name(void **state)
{
	struct sample s;

	(void)state;
	assert_int_equal(sample_parse(VIEW(
					  "a{target=\"x\",quantile=\"0.5\"} 1"),
			     &s),
	    0);
	assert_true(view_eq(sample_label(&s, VIEW("quantile")), VIEW("0.5")));
	assert_true(view_eq(sample_label(&s, VIEW("target")), VIEW("x")));
	assert_null(sample_label(&s, VIEW("tar")).p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(limits),
		cmocka_unit_test(series_do_not_depend_on_the_order),
		cmocka_unit_test(labels_by_name),
	};

	return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}

/* Pages out of several pieces: families once, series once, both formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exporter/page.h"
#include "exporter/page_parts.h"

static const struct page_source own = { .foreign = false };
static const struct page_source ftpd = { .foreign = true,
	.prefix = { "ftpd_", 5 },
	.target = { "ftpd:8021", 9 } };
static const struct page_source file = { .foreign = true };

static void
expect(const struct page *page, enum page_format format, const char *text)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	page_write(page, format, &out);
	assert_int_equal(buf_error(&out), 0);
	assert_string_equal(buf_cstr(&out), text);
	buf_done(&out);
}

/* One piece of one source, as it comes out. */
static size_t
one(const struct page_source *source, const char *text, const char *expected)
{
	struct page *page = page_new();
	size_t dropped;

	assert_non_null(page);
	dropped = page_add(page, view_str(text), source);
	expect(page, PAGE_TEXT, expected);
	page_free(page);
	return dropped;
}

static void
our_text_comes_out_as_it_is(void **state)
{
	static const char text[] =
	    "# HELP mysql_up Whether.\n# TYPE mysql_up gauge\nmysql_up 1\n"
	    "# HELP a_total Help \\\\ \\n.\n# TYPE a_total counter\n"
	    "a_total{x=\"1\"} 1\na_total{x=\"2\"} 2\n";

	(void)state;
	assert_int_equal(one(&own, text, text), 0);
}

static void
families_are_joined(void **state)
{
	struct page *page = page_new();

	(void)state;
	assert_int_equal(page_add(page,
			     VIEW("# HELP p P.\n# TYPE p gauge\np{t=\"a\"} 1\n"
				  "# HELP q Q.\n# TYPE q gauge\nq 1\n"),
			     &own),
	    0);
	assert_int_equal(
	    page_add(page,
		VIEW("# HELP p Other.\n# TYPE p gauge\np{t=\"b\"} 2\n"), &own),
	    0);
	expect(page, PAGE_TEXT,
	    "# HELP p P.\n# TYPE p gauge\np{t=\"a\"} 1\np{t=\"b\"} 2\n"
	    "# HELP q Q.\n# TYPE q gauge\nq 1\n");
	assert_int_equal(page_families(page), 2);
	assert_int_equal(page_samples(page), 3);
	page_free(page);
}

static void
no_series_twice(void **state)
{
	(void)state;
	assert_int_equal(one(&own,
			     "# TYPE a gauge\na{x=\"1\",y=\"2\"} "
			     "1\na{y=\"2\",x=\"1\"} 2\na 3\n"
			     "a{} 4\n",
			     "# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na 3\n"),
	    2);
}

static void
a_family_has_one_type(void **state)
{
	(void)state;
	/* The second TYPE and its sample go. */
	assert_int_equal(
	    one(&file, "# TYPE a gauge\na 1\n# TYPE a counter\na{x=\"1\"} 1\n",
		"# TYPE a gauge\na 1\n"),
	    2);
	assert_int_equal(one(&file, "a 1\n# TYPE a gauge\na{x=\"1\"} 1\n",
			     "# TYPE a untyped\na 1\na{x=\"1\"} 1\n"),
	    1);
}

static void
foreign_names_get_a_target(void **state)
{
	(void)state;
	assert_int_equal(
	    one(&ftpd,
		"# TYPE ftpd_logins_total counter\nftpd_logins_total 3\n"
		"# TYPE process_open_fds gauge\nprocess_open_fds 5\n"
		"# TYPE n gauge\nn{a=\"}\"} 1\nn{} 2\nn {b=\"2\"} 4\n"
		"n{target=\"staticd:8080\"} 3\nn{target=\"ftpd:8021\"} 2\n",
		"# TYPE ftpd_logins_total counter\nftpd_logins_total 3\n"
		"# TYPE process_open_fds gauge\n"
		"process_open_fds{target=\"ftpd:8021\"} 5\n"
		"# TYPE n gauge\nn{target=\"ftpd:8021\",a=\"}\"} 1\n"
		"n{target=\"ftpd:8021\"} 2\n"
		"n{target=\"ftpd:8021\",b=\"2\"} 4\n"),
	    2);
	/* Nothing is added to text files. */
	assert_int_equal(one(&file, "backup_age 1\n",
			     "# TYPE backup_age untyped\nbackup_age 1\n"),
	    0);
}

static void
the_same_name_of_two_daemons(void **state)
{
	struct page *page = page_new();
	const struct page_source staticd = { .foreign = true,
		.prefix = VIEW("staticd_"),
		.target = VIEW("staticd:8080") };

	(void)state;
	assert_int_equal(page_add(page,
			     VIEW("# TYPE process_x gauge\nprocess_x 1\n"),
			     &own),
	    0);
	assert_int_equal(page_add(page,
			     VIEW("# TYPE process_x gauge\nprocess_x 2\n"),
			     &ftpd),
	    0);
	assert_int_equal(page_add(page,
			     VIEW("# TYPE process_x gauge\nprocess_x 3\n"),
			     &staticd),
	    0);
	expect(page, PAGE_TEXT,
	    "# TYPE process_x gauge\nprocess_x 1\n"
	    "process_x{target=\"ftpd:8021\"} 2\n"
	    "process_x{target=\"staticd:8080\"} 3\n");
	page_free(page);
}

static void
our_names_are_ours(void **state)
{
	(void)state;
	assert_int_equal(
	    one(&ftpd,
		"# TYPE mysql_up gauge\nmysql_up 1\nredis_up 1\nnginx_up 1\n"
		"exporter_target_up{target=\"x\"} 1\ntls_x 1\nwordpress_up 1\n"
		"ftpd_x 1\n",
		"# TYPE ftpd_x untyped\nftpd_x 1\n"),
	    8 - 1);
	assert_int_equal(one(&file, "mysql_up 1\n", ""), 1);
	/* Nor may one daemon speak for another. */
	assert_int_equal(one(&ftpd, "# TYPE staticd_x gauge\ncachemon_x 1\n",
			     ""),
	    2);
	/* But for what cachemon counts for us. */
	assert_int_equal(one(&ftpd,
			     "# TYPE redis_key_group_count gauge\n"
			     "redis_key_group_count{db=\"0\"} 1\n",
			     "# TYPE redis_key_group_count gauge\n"
			     "redis_key_group_count{db=\"0\"} 1\n"),
	    0);
}

static void
rubbish_is_left_out_and_counted(void **state)
{
	(void)state;
	assert_int_equal(
	    one(&file,
		"\r\n\n# just a comment\n#\n# EOF\n# TYPE\n# TYPE 9 gauge\n"
		"# TYPE ok sideways\n# HELP ok bad \\x escape\n"
		"# HELP ok bad \xff byte\nok 1\r\nok{ 2\n\xff\xfe 3\nlast 5 17",
		"# TYPE ok untyped\nok 1\n# TYPE last untyped\nlast 5\n"),
	    6);
	assert_int_equal(one(&file, "", ""), 0);
}

static void
summaries_and_histograms(void **state)
{
	static const char text[] =
	    "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} "
	    "2\n"
	    "h_sum 3\nh_count 2\n"
	    "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n";

	(void)state;
	assert_int_equal(one(&own, text, text), 0);
	/* Of a gauge, _sum is another family. */
	assert_int_equal(one(&own, "# TYPE g gauge\ng 1\ng_sum 2\n",
			     "# TYPE g gauge\ng 1\n# TYPE g_sum untyped\ng_sum "
			     "2\n"),
	    0);
}

static void
openmetrics(void **state)
{
	struct page *page = page_new();

	(void)state;
	assert_int_equal(
	    page_add(page,
		VIEW(
		    "# HELP a_total Say \"a\".\n# TYPE a_total "
		    "counter\na_total 1\n"
		    "# TYPE nginx_connections_accepted counter\n"
		    "nginx_connections_accepted 2\n"
		    "# TYPE c gauge\nc 1\n# TYPE c_total counter\nc_total 3\n"
		    "# TYPE u untyped\nu 4\n# TYPE _total counter\n_total 5\n"),
		&own),
	    0);
	expect(page, PAGE_OPENMETRICS,
	    "# HELP a Say \\\"a\\\".\n# TYPE a counter\na_total 1\n"
	    "# TYPE nginx_connections_accepted unknown\n"
	    "nginx_connections_accepted 2\n"
	    "# TYPE c gauge\nc 1\n# TYPE c_total unknown\nc_total 3\n"
	    "# TYPE u unknown\nu 4\n# TYPE _total unknown\n_total 5\n# EOF\n");
	page_free(page);

	page = page_new();
	assert_int_equal(page_add(page,
			     VIEW("# HELP s S.\n# TYPE s "
				  "summary\ns{c=\"a\",quantile=\"99.9\"} 1\n"
				  "s_sum{c=\"a\"} 2\ns_count{c=\"a\"} 3\n"),
			     &own),
	    0);
	expect(page, PAGE_OPENMETRICS,
	    "# HELP s S.\n# TYPE s unknown\ns{c=\"a\",quantile=\"99.9\"} 1\n"
	    "# HELP s_sum S.\n# TYPE s_sum unknown\ns_sum{c=\"a\"} 2\n"
	    "# HELP s_count S.\n# TYPE s_count unknown\ns_count{c=\"a\"} 3\n"
	    "# EOF\n");
	page_free(page);

	page = page_new();
	expect(page, PAGE_OPENMETRICS, "# EOF\n");
	page_free(page);
	page_free(NULL);
}

static void
many_families(void **state)
{
	struct page *page = page_new();
	struct buf text;

	(void)state;
	buf_init(&text, 16 << 20);
	for (int i = 0; i < PAGE_FAMILIES_MAX + 3; i++) {
		buf_addf(&text, "# TYPE f%d gauge\nf%d 1\n", i, i);
	}
	/* Each of the three too many loses its TYPE line and its sample. */
	assert_int_equal(page_add(page, buf_view(&text), &own), 6);
	assert_int_equal(page_families(page), PAGE_FAMILIES_MAX);
	assert_int_equal(page_samples(page), PAGE_FAMILIES_MAX);
	page_free(page);
	buf_done(&text);
}

static void
negotiation(void **state)
{
	static const struct {
		const char *accept;
		enum page_format format;
	} rows[] = {
		{ NULL, PAGE_TEXT },
		{ "", PAGE_TEXT },
		{ "*/*", PAGE_TEXT },
		{ "text/plain", PAGE_TEXT },
		{ "application/openmetrics-text; version=1.0.0",
		    PAGE_OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0,"
		  "application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		    PAGE_OPENMETRICS },
		{ "application/openmetrics-text;q=0.2, text/plain;q=0.7",
		    PAGE_TEXT },
		{ "Application/OpenMetrics-Text ; Q = 0.9 , text/plain;q=0.5",
		    PAGE_OPENMETRICS },
		{ "application/openmetrics-text;q=0", PAGE_TEXT },
		{ "application/openmetrics-text;q=x", PAGE_TEXT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(page_negotiate(view_str(rows[i].accept)),
		    rows[i].format);
	}
}

/* Thousands of names that all hash to one place do not stop the clock. */
static void
names_made_to_collide(void **state)
{
	struct page *page = page_new();
	size_t count = 0;
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (unsigned i = 0; count < 1000; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "x%x", i);
		if ((quick_hash(view_str(name)) & 0x7fff) == 0) {
			buf_addf(&text, "%s 1\n", name);
			count++;
		}
	}
	assert_int_equal(page_add(page, buf_view(&text), &file), 1000 - 256);
	assert_int_equal(page_families(page), 256);
	/* A second time each is there or is not, and none stands twice. */
	assert_int_equal(page_add(page, buf_view(&text), &file), 1000);
	assert_int_equal(page_families(page), 256);
	buf_done(&text);
	page_free(page);
}

/* What lib/metrics wrote just now is put in its place, and no more. */
static void
trusted_text(void **state)
{
	static const struct page_source trusted = { .trusted = true };
	struct page *page = page_new();
	struct buf out;

	(void)state;
	assert_non_null(page);
	assert_int_equal(page_add(page,
			     VIEW("# HELP mysql_a A.\n# TYPE mysql_a gauge\n"
				  "mysql_a 1\nmysql_a{x=\"} 2\"} 2\nmysql_a 3\n"
				  "# TYPE mysql_s summary\nmysql_s_sum 1\n"
				  "mysql_s_count 2\n# TYPE node_x gauge\n"
				  "node_x{b=\"1\",a=\"2\"} 1\n"),
			     &trusted),
	    1);
	/* A file's sample is the same whatever the order of its labels. */
	assert_int_equal(page_add(page,
			     VIEW("# TYPE node_x gauge\n"
				  "node_x{a=\"2\",b=\"1\"} 1\n"
				  "node_x{a=\"3\"} 1\n"),
			     &file),
	    1);
	buf_init(&out, 4096);
	page_write(page, PAGE_TEXT, &out);
	assert_string_equal(buf_cstr(&out),
	    "# HELP mysql_a A.\n# TYPE mysql_a gauge\nmysql_a 1\n"
	    "mysql_a{x=\"} 2\"} 2\n# TYPE mysql_s summary\nmysql_s_sum 1\n"
	    "mysql_s_count 2\n# TYPE node_x gauge\n"
	    "node_x{b=\"1\",a=\"2\"} 1\nnode_x{a=\"3\"} 1\n");
	buf_done(&out);
	page_free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusted_text),
		cmocka_unit_test(our_text_comes_out_as_it_is),
		cmocka_unit_test(families_are_joined),
		cmocka_unit_test(no_series_twice),
		cmocka_unit_test(a_family_has_one_type),
		cmocka_unit_test(foreign_names_get_a_target),
		cmocka_unit_test(the_same_name_of_two_daemons),
		cmocka_unit_test(our_names_are_ours),
		cmocka_unit_test(rubbish_is_left_out_and_counted),
		cmocka_unit_test(summaries_and_histograms),
		cmocka_unit_test(openmetrics),
		cmocka_unit_test(many_families),
		cmocka_unit_test(names_made_to_collide),
		cmocka_unit_test(negotiation),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}

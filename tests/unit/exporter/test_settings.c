/* Targets, the scrape's time, /proc and /sys, the page for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "exporter/budget.h"
#include "exporter/conf.h"
#include "exporter/landing.h"
#include "exporter/procfs.h"
#include "exporter/target.h"

static void
targets(void **state)
{
	static const struct {
		const char *text;
		enum target_scheme scheme;
		const char *host;
		unsigned port;
		const char *path;
	} rows[] = {
		{ "http://nginx:8080/nginx_status", TARGET_HTTP, "nginx", 8080,
		    "/nginx_status" },
		{ "http://a.b-c_d:1", TARGET_HTTP, "a.b-c_d", 1, "/" },
		{ "http://a:80/x?json&full", TARGET_HTTP, "a", 80,
		    "/x?json&full" },
		{ "https://nginx:443", TARGET_HTTPS, "nginx", 443, "/" },
		{ "ftp://10.0.0.1:21", TARGET_FTP, "10.0.0.1", 21, "/" },
		{ "nginx:443", TARGET_HTTPS, "nginx", 443, "/" },
		{ "ftpd:21", TARGET_FTP, "ftpd", 21, "/" },
	};
	static const char *const bad[] = { "", "http://", "a", "a:", ":80",
		"a:0", "a:65536", "a:x", "a:-1", "a b:80", "http://a:80/x y",
		"http://a:80/\r\n", "gopher://a:80", "http://u@a:80",
		"http://a:80:81/" };
	char longest[2 * TARGET_PATH_MAX];
	struct target t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(target_parse(view_str(rows[i].text), &t), 0);
		assert_int_equal(t.scheme, rows[i].scheme);
		assert_string_equal(t.host, rows[i].host);
		assert_int_equal(t.port, rows[i].port);
		assert_string_equal(t.path, rows[i].path);
	}
	assert_string_equal(t.name, "ftpd:21");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(target_parse(view_str(bad[i]), &t), -EINVAL);
	}
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "http://a:80/", 12);
	assert_int_equal(target_parse((struct view){ longest, sizeof(longest) },
			     &t),
	    -EINVAL);
	memset(longest, 'a', 300);
	memcpy(longest + 296, ":80", 3);
	assert_int_equal(target_parse((struct view){ longest, 299 }, &t),
	    -EINVAL);
	assert_string_equal(t.name, "ftpd:21");
}

static void
lists(void **state)
{
	struct view rest = VIEW("  a  b c "), word;

	(void)state;
	assert_true(target_next(&rest, &word));
	assert_true(view_eq(word, VIEW("a")));
	assert_true(target_next(&rest, &word));
	assert_true(view_eq(word, VIEW("b")));
	assert_true(target_next(&rest, &word));
	assert_true(view_eq(word, VIEW("c")));
	assert_false(target_next(&rest, &word));
	assert_int_equal(exporter_conf_list(" none ").n, 0);
	assert_int_equal(exporter_conf_list("").n, 0);
	assert_int_equal(exporter_conf_list("a b").n, 3);
}

static char empty[] = "", host[] = "h", secret[] = "s";

static size_t
faults(const struct exporter_conf *conf, const char *word)
{
	struct buf out;
	size_t lines = 0;

	buf_init(&out, 1 << 16);
	exporter_conf_check(conf, &out);
	for (const char *p = buf_cstr(&out); *p != '\0'; p++) {
		lines += *p == '\n';
	}
	if (lines > 0) {
		assert_non_null(strstr(buf_cstr(&out), word));
	}
	buf_done(&out);
	return lines;
}

static void
settings(void **state)
{
	struct exporter_conf conf = { .db_host = empty,
		.db_password = empty,
		.redis_host = empty,
		.redis_password = empty,
		.nginx_url = empty,
		.phpfpm_url = empty,
		.tls_targets = empty,
		.tls_ca = empty,
		.merge_targets = empty };
	char two[] = "http://a:1 http://b:2", tls[] = "https://a:1 ftpd:21";
	char bad[] = "http://a:1 x\ny", pem[] = "no certificate";
	char none[] = "none";

	(void)state;
	assert_int_equal(faults(&conf, ""), 0);
	conf.db_host = host;
	conf.redis_host = host;
	assert_int_equal(faults(&conf, "REDIS_PASSWORD_FILE"), 2);
	conf.db_password = secret;
	conf.redis_password = secret;
	conf.tls_targets = tls;
	conf.merge_targets = two;
	conf.nginx_url = none;
	assert_int_equal(faults(&conf, ""), 0);
	conf.nginx_url = two;
	assert_int_equal(faults(&conf, "NGINX_STATUS_URL: at most 1"), 1);
	conf.nginx_url = tls;
	assert_int_equal(faults(&conf, "NGINX_STATUS_URL"), 3);
	conf.nginx_url = empty;
	conf.merge_targets = bad;
	assert_int_equal(faults(&conf, "\"x\\ny\""), 1);
	conf.merge_targets = empty;
	conf.tls_ca = pem;
	assert_int_equal(faults(&conf, "TLS_CA"), 1);
}

static void
budgets(void **state)
{
	(void)state;
	assert_int_equal(budget_ms(view_str(NULL)), 9500);
	assert_int_equal(budget_ms(VIEW("")), 9500);
	assert_int_equal(budget_ms(VIEW("15")), 14500);
	assert_int_equal(budget_ms(VIEW(" 2.5 ")), 2000);
	assert_int_equal(budget_ms(VIEW("0.1")), 500);
	assert_int_equal(budget_ms(VIEW("1e9")), 59500);
	assert_int_equal(budget_ms(VIEW("0")), 9500);
	assert_int_equal(budget_ms(VIEW("-5")), 9500);
	assert_int_equal(budget_ms(VIEW("x")), 9500);
}

static void
proc_stat(void **state)
{
	struct procfs_stat s;

	(void)state;
	assert_int_equal(procfs_stat_parse(VIEW("7 (a) b (c)) S 1 7 7 0 -1 "
						"4194560 100 0 0 0 11 22 0 0 "
						"20 0 12 0 "
						"5000 22347776 2800 "
						"18446744073709551615 1 1\n"),
			     &s),
	    0);
	assert_int_equal(s.user_ticks, 11);
	assert_int_equal(s.system_ticks, 22);
	assert_int_equal(s.threads, 12);
	assert_int_equal(s.start_ticks, 5000);
	assert_int_equal(s.virtual_bytes, 22347776);
	assert_int_equal(s.resident_pages, 2800);
	assert_int_equal(procfs_stat_parse(VIEW("7 (a) S 1 2"), &s), -EINVAL);
	assert_int_equal(procfs_stat_parse(VIEW("7 a S 1 2"), &s), -EINVAL);
	assert_int_equal(procfs_stat_parse(VIEW(""), &s), -EINVAL);
}

static void
proc_fields(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(procfs_field(VIEW("Name:\tx\nRssAnon:\t    2176 kB\n"),
			     "RssAnon", &n),
	    0);
	assert_int_equal(n, 2176);
	assert_int_equal(procfs_field(VIEW("usage_usec 5\nuser_usec 3\n"),
			     "user_usec", &n),
	    0);
	assert_int_equal(n, 3);
	assert_int_equal(procfs_field(VIEW("user_usec x\n"), "user_usec", &n),
	    -ENOENT);
	assert_int_equal(procfs_field(VIEW(""), "user_usec", &n), -ENOENT);
}

#define MOUNTS \
	"1 0 0:1 / / rw - overlay overlay rw\n" \
	"2 1 0:2 / /var/lib rw,nosuid shared:1 master:2 - ext4 /dev/vda rw\n" \
	"3 1 0:3 / /var/lib/exporter rw - xfs /dev/vdb rw\n" \
	"broken\n4 1 0:4 / /var/lib/exp rw - tmpfs tmpfs rw\n"

static void
proc_mounts(void **state)
{
	struct procfs_mount m;

	(void)state;
	assert_int_equal(procfs_mount_find(VIEW(MOUNTS),
			     VIEW("/var/lib/exporter"), &m),
	    0);
	assert_true(view_eq(m.type, VIEW("xfs")));
	assert_true(view_eq(m.device, VIEW("/dev/vdb")));
	assert_int_equal(procfs_mount_find(VIEW(MOUNTS),
			     VIEW("/var/lib/exporter2"), &m),
	    0);
	assert_true(view_eq(m.point, VIEW("/var/lib")));
	assert_int_equal(procfs_mount_find(VIEW(MOUNTS), VIEW("/srv"), &m), 0);
	assert_true(view_eq(m.type, VIEW("overlay")));
	assert_int_equal(procfs_mount_find(VIEW(""), VIEW("/"), &m), -ENOENT);
}

static void
landing(void **state)
{
	struct scrape_state s = { .name = "tls <a>",
		.how = SCRAPE_DOWN,
		.busy = true,
		.last_up = 1000,
		.seconds = 1.5,
		.why = "\"<script>\"" };
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	landing_open(&out);
	landing_row(&out, &s, 1000 + 3 * 86400);
	s = (struct scrape_state){ .name = "n", .how = SCRAPE_NEVER };
	landing_row(&out, &s, 1000);
	s = (struct scrape_state){ .name = "u",
		.how = SCRAPE_UP,
		.last_up = 990 };
	landing_row(&out, &s, 1000);
	landing_close(&out);
	assert_int_equal(buf_error(&out), 0);
	assert_non_null(strstr(buf_cstr(&out),
	    "<th scope=\"row\">tls &lt;a&gt;</th>"
	    "<td class=\"down\">down</td><td>1.500 s</td>"
	    "<td>3 days ago</td>"
	    "<td>&quot;&lt;script&gt;&quot;; at work now</td>"));
	assert_non_null(strstr(buf_cstr(&out), "not scraped yet"));
	assert_non_null(strstr(buf_cstr(&out), "<td>10 s ago</td>"));
	assert_null(strstr(buf_cstr(&out), "<script>"));
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets),
		cmocka_unit_test(lists),
		cmocka_unit_test(settings),
		cmocka_unit_test(budgets),
		cmocka_unit_test(proc_stat),
		cmocka_unit_test(proc_fields),
		cmocka_unit_test(proc_mounts),
		cmocka_unit_test(landing),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}

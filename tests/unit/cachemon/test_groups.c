/* Keys to groups, the bounded table, and its JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cachemon/groups.h"

struct key_case {
	struct view key;
	enum group_kind kind;
	struct view group;
};

static void
test_group_of_key(void **state)
{
	static const struct key_case cases[] = {
		{ { "wp:options:alloptions", 21 }, GROUP_NAMED,
		    { "options", 7 } },
		{ { "site1:wp:posts:12", 17 }, GROUP_NAMED, { "posts", 5 } },
		{ { ":users:1", 8 }, GROUP_NAMED, { "users", 5 } },
		{ { "a:b", 3 }, GROUP_NAMED, { "a", 1 } },
		{ { "::x", 3 }, GROUP_NAMED, { "", 0 } },
		{ { ":x", 2 }, GROUP_NAMED, { "", 0 } },
		{ { "wp:g:", 5 }, GROUP_NAMED, { "g", 1 } },
		{ { ":", 1 }, GROUP_NAMED, { "", 0 } },
		{ { "nocolon", 7 }, GROUP_NONE, { "", 0 } },
		{ { "", 0 }, GROUP_NONE, { "", 0 } },
		{ { NULL, 0 }, GROUP_NONE, { "", 0 } },
		{ { "p:\0\xff:k", 6 }, GROUP_NAMED, { "\0\xff", 2 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum group_kind kind = GROUP_OTHER;
		struct view group = group_of_key(cases[i].key, &kind);

		assert_int_equal(kind, cases[i].kind);
		assert_true(view_eq(group, cases[i].group));
	}
}

static void
test_counts(void **state)
{
	struct groups *g = groups_new();
	size_t posts;

	(void)state;
	assert_non_null(g);
	posts = groups_add(g, VIEW("wp:posts:1"));
	assert_int_equal(groups_add(g, VIEW("other:posts:2")), posts);
	assert_int_not_equal(groups_add(g, VIEW("wp:terms:1")), posts);
	assert_int_not_equal(groups_add(g, VIEW("posts")), posts);
	assert_int_equal(g->keys, 4);
	assert_int_equal(g->n, 3);
	assert_int_equal(g->rows[posts].keys, 2);
	groups_unref(g);
}

static void
test_overflow(void **state)
{
	struct groups *g = groups_new();
	uint64_t sum = 0;
	size_t other = 0;

	(void)state;
	assert_non_null(g);
	for (int i = 0; i < 3 * GROUPS_MAX; i++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "wp:g%d:1", i);
		(void)groups_add(g, view_str(key));
	}
	(void)groups_add(g, VIEW("without"));
	assert_int_equal(g->n, GROUPS_MAX + 2);
	for (size_t i = 0; i < g->n; i++) {
		sum += g->rows[i].keys;
		other += g->rows[i].kind == GROUP_OTHER;
	}
	assert_int_equal(sum, 3 * GROUPS_MAX + 1);
	assert_int_equal(other, 1);
	groups_unref(g);
}

/* Names longer than a row's are counted under their beginning. */
static void
test_long_name(void **state)
{
	struct groups *g = groups_new();
	char key[10000];

	(void)state;
	assert_non_null(g);
	memset(key, 'L', sizeof(key));
	key[sizeof(key) - 2] = ':';
	(void)groups_add(g, (struct view){ key, sizeof(key) });
	assert_int_equal(g->rows[0].name_n, GROUP_NAME_MAX);
	/* A character is not cut in two. */
	key[GROUP_NAME_MAX - 1] = '\xc3';
	key[GROUP_NAME_MAX] = '\xa4';
	(void)groups_add(g, (struct view){ key, sizeof(key) });
	assert_int_equal(g->rows[1].name_n, GROUP_NAME_MAX - 1);
	groups_unref(g);
}

static void
test_estimate(void **state)
{
	struct groups *g = groups_new();
	size_t row = 0;

	(void)state;
	assert_non_null(g);
	for (int i = 0; i < 100; i++) {
		row = groups_add(g, VIEW("wp:posts:1"));
	}
	assert_true(group_bytes(&g->rows[row]) == 0);
	groups_measure(g, row, VIEW("wp:posts:1"), 100);
	assert_true(group_bytes(&g->rows[row]) == 10000);
	assert_true(group_bytes_error(&g->rows[row]) == 0);
	groups_measure(g, row, VIEW("wp:posts:2"), 300);
	assert_true(group_bytes(&g->rows[row]) == 20000);
	assert_true(group_bytes_error(&g->rows[row]) > 10000);
	for (int i = 2; i < 100; i++) {
		groups_measure(g, row, VIEW("wp:posts:3"), 200);
	}
	assert_true(group_bytes(&g->rows[row]) == 20000);
	assert_true(group_bytes_error(&g->rows[row]) == 0);
	assert_int_equal(g->rows[row].largest, 300);
	groups_unref(g);
}

static void
test_largest(void **state)
{
	struct groups *g = groups_new();
	size_t row;

	(void)state;
	assert_non_null(g);
	row = groups_add(g, VIEW("wp:a:1"));
	for (uint64_t i = 1; i <= 100; i++) {
		groups_measure(g, row, VIEW("wp:a:1"), i * 7 % 101);
	}
	assert_int_equal(g->largest_n, GROUPS_LARGEST);
	for (size_t i = 0; i < GROUPS_LARGEST; i++) {
		assert_int_equal(g->largest[i].bytes, 100 - i);
	}
	groups_unref(g);
}

static void
test_json_hostile(void **state)
{
	static const char hostile[] =
	    "wp:</script><img src=x onerror=\"a\">\\\n\xff\xc3:k\0y";
	struct groups *g = groups_new();
	struct buf out;
	const char *text;
	size_t row;

	(void)state;
	assert_non_null(g);
	row = groups_add(g, (struct view){ hostile, sizeof(hostile) - 1 });
	groups_measure(g, row, (struct view){ hostile, sizeof(hostile) - 1 },
	    50);
	(void)groups_add(g, VIEW("none"));
	groups_sort(g);
	buf_init(&out, 65536);
	groups_json(g, &out);
	assert_int_equal(buf_error(&out), 0);
	text = buf_cstr(&out);
	assert_null(strpbrk(text, "<>&'\n"));
	assert_non_null(strstr(text,
	    "\"name\":\"\\u003c/script\\u003e"
	    "\\u003cimg src=x onerror=\\\"a\\\"\\u003e\\\\\\u000a"
	    "\xef\xbf\xbd\xef\xbf\xbd\",\"kind\":\"group\",\"keys\":1"));
	assert_non_null(strstr(text,
	    ":k\\u0000y\",\"cut\":false,"
	    "\"bytes\":50}"));
	assert_non_null(strstr(text,
	    "\"name\":\"unclassified\","
	    "\"kind\":\"none\",\"keys\":1,\"measured\":0,\"bytes\":0"));
	assert_non_null(strstr(text,
	    "{\"started_ms\":0,\"finished_ms\":0,"
	    "\"keys\":2,\"measured\":1,\"rows\":[{"));
	buf_done(&out);
	groups_unref(g);
}

static void
test_json_cap(void **state)
{
	struct groups *g = groups_new();
	struct buf out;

	(void)state;
	assert_non_null(g);
	(void)groups_add(g, VIEW("wp:posts:1"));
	buf_init(&out, 40);
	groups_json(g, &out);
	assert_true(buf_error(&out) < 0);
	buf_done(&out);
	groups_unref(g);
	groups_unref(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group_of_key),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_estimate),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_json_hostile),
		cmocka_unit_test(test_json_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

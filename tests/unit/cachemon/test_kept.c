/* What is kept on the volume beside the history: own lookups, groups' growth.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cachemon/grouplog.h"
#include "cachemon/own.h"

#define T0 INT64_C(1700000000)

static char dir[64];

static int
make_place(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/cachemon-test-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
remove_place(void **state)
{
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/own.use", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/groups.ring", dir);
	(void)unlink(path);
	return rmdir(dir);
}

static struct sample
sample(const char *run_id, uint64_t hits, uint64_t misses)
{
	struct sample s = { .hits = hits, .misses = misses };

	strcpy(s.run_id, run_id);
	return s;
}

/* Watching does not move what is reported, also not over restarts. */
static void
test_own(void **state)
{
	struct own_use used = { .hits = 0 };
	struct sample s = sample("a", 100, 50);
	struct own own;

	(void)state;
	own_open(&own, dir);
	own_correct(&own, &used, &s);
	assert_int_equal(s.hits, 100);
	used.hits = 30;
	used.misses = 4;
	s = sample("a", 130, 54);
	own_correct(&own, &used, &s);
	assert_int_equal(s.hits, 100);
	assert_int_equal(s.misses, 50);
	used.hits = 33;
	own_save(&own, &used);
	own_close(&own);
	/* Another cachemon, the same Redis. */
	used = (struct own_use){ .hits = 5, .misses = 1 };
	own_open(&own, dir);
	s = sample("a", 138, 55);
	own_correct(&own, &used, &s);
	assert_int_equal(s.hits, 100);
	assert_int_equal(s.misses, 50);
	/* CONFIG RESETSTAT. */
	used.hits = 8;
	s = sample("a", 3, 0);
	own_correct(&own, &used, &s);
	used.hits = 9;
	s = sample("a", 4, 0);
	own_correct(&own, &used, &s);
	assert_int_equal(s.hits, 3);
	/* Another Redis. */
	s = sample("b", 900, 7);
	own_correct(&own, &used, &s);
	assert_int_equal(s.hits, 900);
	used.hits += 10;
	own_save(&own, &used);
	own_close(&own);
	/* A damaged file is no sum. */
	{
		char path[128];
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/own.use", dir);
		f = fopen(path, "r+");
		assert_non_null(f);
		assert_int_equal(fputc('x', f), 'x');
		assert_int_equal(fclose(f), 0);
	}
	own_open(&own, dir);
	used.hits = 0;
	used.misses = 0;
	s = sample("b", 900, 7);
	own_correct(&own, &used, &s);
	assert_int_equal(s.hits, 900);
	own_close(&own);
	/* Without a folder it works for this process. */
	own_open(&own, "/nonexistent/folder");
	s = sample("b", 10, 7);
	own_correct(&own, &used, &s);
	own_save(&own, &used);
	own_close(&own);
}

static struct groups *
some_groups(const char *name, int keys)
{
	struct groups *g = groups_new();
	char key[160];

	assert_non_null(g);
	for (int i = 0; i < keys; i++) {
		(void)snprintf(key, sizeof(key), "wp:%s:%d", name, i);
		groups_measure(g, groups_add(g, view_str(key)), view_str(key),
		    10);
	}
	return g;
}

static char *
json_of(struct grouplog *log, const char *name, int64_t count, int64_t now)
{
	struct buf out;
	size_t n;

	buf_init(&out, 1024 * 1024);
	grouplog_json(log,
	    name == NULL ? (struct view){ NULL, 0 } : view_str(name), count,
	    now, &out);
	assert_int_equal(buf_error(&out), 0);
	return buf_take(&out, &n);
}

static void
test_grouplog(void **state)
{
	struct activity *a = calloc(1, sizeof(*a));
	struct grouplog *log = grouplog_open(dir);
	struct groups *three = some_groups("posts", 3);
	struct groups *five = some_groups("posts", 5);
	char *text;

	(void)state;
	assert_non_null(a);
	assert_non_null(log);
	activity_report(a, VIEW("stack1 1 1 1\n1 2 3 4 5 posts\n"), T0);
	grouplog_add(log, three, a, T0);
	/* What was before the first look is of no known time. */
	activity_report(a, VIEW("stack1 1 1 1\n1 2 3 4 5 posts\n"), T0);
	grouplog_add(log, three, a, T0 + 10);
	grouplog_close(log);
	/* Another process goes on with the stretch that had begun. */
	log = grouplog_open(dir);
	grouplog_add(log, three, a, T0 + 20);
	grouplog_add(log, five, a, T0 + GROUPLOG_STEP);
	text = json_of(log, "posts", 3, T0 + GROUPLOG_STEP);
	assert_non_null(strstr(text,
	    "\"rows\":[{\"name\":\"posts\",\"kind\":\"group\","
	    "\"keys\":[null,3,5],\"bytes\":[null,30,50],\"hits\":[null,3,0],"
	    "\"misses\":[null,3,0],\"writes\":[null,4,0]}]"));
	free(text);
	text = json_of(log, "pages", 3, T0);
	assert_non_null(strstr(text, "\"rows\":[]"));
	free(text);
	/* A week later the old points count for nothing. */
	text = json_of(log, NULL, GROUPLOG_POINTS,
	    T0 + INT64_C(3) * GROUPLOG_POINTS * GROUPLOG_STEP);
	assert_non_null(strstr(text, "\"rows\":[]"));
	free(text);
	grouplog_close(log);
	groups_unref(three);
	groups_unref(five);
	free(a);
}

/* More groups than slots: the file stays as big as it is. */
static void
test_grouplog_bounded(void **state)
{
	struct activity *a = calloc(1, sizeof(*a));
	struct grouplog *log = grouplog_open(dir);
	char path[128], name[32];
	struct stat before, after;
	struct groups *g;
	char *text;

	(void)state;
	assert_non_null(a);
	assert_non_null(log);
	(void)snprintf(path, sizeof(path), "%s/groups.ring", dir);
	assert_int_equal(stat(path, &before), 0);
	/* While all are in use none makes room for another. */
	for (int i = 0; i < 2 * GROUPLOG_SLOTS; i++) {
		(void)snprintf(name, sizeof(name), "g%d", i);
		g = some_groups(name, 1);
		grouplog_add(log, g, a, T0);
		groups_unref(g);
	}
	text = json_of(log, NULL, 1, T0);
	assert_non_null(strstr(text, "\"name\":\"g0\""));
	assert_non_null(strstr(text, "\"name\":\"g127\""));
	assert_null(strstr(text, "\"name\":\"g128\""));
	free(text);
	/* Later one does. */
	g = some_groups("fresh", 2);
	grouplog_add(log, g, a, T0 + GROUPLOG_STEP);
	groups_unref(g);
	text = json_of(log, NULL, 2, T0 + GROUPLOG_STEP);
	assert_non_null(strstr(text,
	    "\"name\":\"fresh\",\"kind\":\"group\",\"keys\":[null,2]"));
	assert_null(strstr(text, "\"name\":\"g0\""));
	free(text);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_true(after.st_size < 1500000);
	grouplog_close(log);
	log = grouplog_open("/nonexistent/folder");
	assert_non_null(log);
	grouplog_close(log);
	grouplog_close(NULL);
	free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own, make_place,
		    remove_place),
		cmocka_unit_test_setup_teardown(test_grouplog, make_place,
		    remove_place),
		cmocka_unit_test_setup_teardown(test_grouplog_bounded,
		    make_place, remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

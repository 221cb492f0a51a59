/* The rings in memory and in the file, and the chart made of them. */
#include <errno.h>
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

#include "cachemon/chart.h"
#include "cachemon/history.h"

#define T0 1700000000 /* a whole number of tens, not of minutes */

struct place {
	char dir[64];
	char file[96];
	char old[96];
};

static void
make_place(struct place *p)
{
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/test_history.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->file, sizeof(p->file), "%s/history.ring", p->dir);
	(void)snprintf(p->old, sizeof(p->old), "%s/history.ring.old", p->dir);
}

static void
remove_place(const struct place *p)
{
	(void)unlink(p->file);
	(void)unlink(p->old);
	assert_int_equal(rmdir(p->dir), 0);
}

struct seen {
	size_t n;
	uint64_t hits;
	int64_t first;
	int64_t last;
};

static void
see(void *ctx, const struct point *p)
{
	struct seen *seen = ctx;

	if (seen->n == 0) {
		seen->first = p->time;
	} else {
		assert_true(p->time > seen->last);
	}
	seen->last = p->time;
	seen->hits += p->hits;
	seen->n++;
}

static struct seen
read_all(struct history *h, enum history_tier tier, int64_t from, int64_t to)
{
	struct seen seen = { .n = 0 };

	history_read(h, tier, from, to, see, &seen);
	return seen;
}

/* One point every 2 s with one hit each, from..to. */
static void
add_points(struct history *h, int64_t from, int64_t to)
{
	for (int64_t t = from; t < to; t += 2) {
		struct point p = { .time = t,
			.span_ms = 2000,
			.hits = 1,
			.memory_used = 1000,
			.keys = 5 };

		history_add(h, &p);
	}
}

static void
test_memory_ring(void **state)
{
	struct history *h = history_open("/nonexistent/folder");
	struct point sum;
	struct seen seen;

	(void)state;
	assert_non_null(h);
	assert_int_equal(history_error(h), -ENOENT);
	history_sum(h, 0, &sum);
	assert_int_equal(sum.span_ms, 0);
	add_points(h, T0, T0 + 14400);
	/* Bounded: the newest are left, an hour's worth of one each second. */
	seen = read_all(h, TIER_LIVE, 0, INT64_MAX);
	assert_int_equal(seen.n, 3600);
	assert_int_equal(seen.first, T0 + 7200);
	assert_int_equal(seen.last, T0 + 14398);
	seen = read_all(h, TIER_LIVE, T0 + 14000, T0 + 14010);
	assert_int_equal(seen.n, 5);
	history_sum(h, T0 + 14400 - 60, &sum);
	assert_int_equal(sum.hits, 29);
	assert_int_equal(read_all(h, TIER_10S, 0, T0 * 2L).n, 0);
	history_close(h);
	history_close(NULL);
}

static void
test_file_rings(void **state)
{
	struct place place;
	struct history *h;
	struct seen seen;
	struct stat st;
	off_t size;

	(void)state;
	make_place(&place);
	h = history_open(place.dir);
	assert_non_null(h);
	assert_int_equal(history_error(h), 0);
	assert_int_equal(stat(place.file, &st), 0);
	size = st.st_size;
	assert_int_equal(read_all(h, TIER_10S, 0, T0 * 2L).n, 0);
	/* 7 hours: more than the 10-second ring holds. */
	add_points(h, T0, T0 + 7 * 3600);
	seen = read_all(h, TIER_10S, T0, T0 + 7 * 3600);
	/* The stretch that grows is written, too; the first hour was
	 * overwritten by the seventh. */
	assert_int_equal(seen.n, 2160);
	history_close(h);

	/* Again, from the file. */
	h = history_open(place.dir);
	assert_non_null(h);
	assert_int_equal(history_error(h), 0);
	seen = read_all(h, TIER_10S, T0 + 3600, T0 + 7 * 3600);
	assert_int_equal(seen.n, 2160);
	assert_int_equal(seen.hits, 2160 * 5);
	seen = read_all(h, TIER_MINUTE, T0 - 60, T0 + 7 * 3600);
	assert_int_equal(seen.hits, 7 * 1800);
	seen = read_all(h, TIER_HOUR, T0 - 3600, T0 + 7 * 3600);
	assert_int_equal(seen.hits, 7 * 1800);
	history_close(h);
	assert_int_equal(stat(place.file, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_true(size < 2100000);
	remove_place(&place);
}

/* A restart in the middle of a minute goes on with that minute. */
static void
test_goes_on(void **state)
{
	struct place place;
	struct history *h;

	(void)state;
	make_place(&place);
	h = history_open(place.dir);
	assert_non_null(h);
	add_points(h, T0, T0 + 14);
	history_close(h);
	h = history_open(place.dir);
	assert_non_null(h);
	add_points(h, T0 + 14, T0 + 20);
	history_close(h);
	h = history_open(place.dir);
	assert_non_null(h);
	assert_int_equal(read_all(h, TIER_MINUTE, T0 - 60, T0 + 60).hits, 10);
	assert_int_equal(read_all(h, TIER_10S, T0, T0 + 60).hits, 10);
	history_close(h);
	remove_place(&place);
}

/* Damage costs the damaged record and nothing else. */
static void
test_damage(void **state)
{
	struct place place;
	struct history *h;
	off_t at = 4096;
	char byte = 1;
	int fd;

	(void)state;
	make_place(&place);
	h = history_open(place.dir);
	assert_non_null(h);
	add_points(h, T0, T0 + 6 * 3600);
	history_close(h);
	fd = open(place.file, O_RDWR);
	assert_true(fd >= 0);
	/* Byte 20 of the first record of the first ring. */
	assert_int_equal(pread(fd, &byte, 1, at + 20), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at + 20), 1);
	(void)close(fd);
	h = history_open(place.dir);
	assert_non_null(h);
	assert_int_equal(history_error(h), 0);
	assert_int_equal(read_all(h, TIER_10S, T0, T0 + 6 * 3600).n, 2159);
	history_close(h);
	remove_place(&place);
}

/* A file of another kind is kept aside, not overwritten. */
static void
test_other_file(void **state)
{
	struct place place;
	struct history *h;
	struct stat st;
	FILE *f;

	(void)state;
	make_place(&place);
	f = fopen(place.file, "w");
	assert_non_null(f);
	(void)fputs("something else", f);
	(void)fclose(f);
	h = history_open(place.dir);
	assert_non_null(h);
	assert_int_equal(history_error(h), 0);
	assert_int_equal(stat(place.old, &st), 0);
	assert_int_equal(st.st_size, 14);
	history_close(h);
	/* An empty one, of a creation that was interrupted, is used. */
	assert_int_equal(truncate(place.file, 0), 0);
	h = history_open(place.dir);
	assert_non_null(h);
	assert_int_equal(history_error(h), 0);
	history_close(h);
	remove_place(&place);
}

static void
test_locked(void **state)
{
	struct place place;
	struct history *a, *b;

	(void)state;
	make_place(&place);
	a = history_open(place.dir);
	b = history_open(place.dir);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(history_error(a), 0);
	assert_int_equal(history_error(b), -EWOULDBLOCK);
	history_close(b);
	history_close(a);
	remove_place(&place);
}

static void
test_chart(void **state)
{
	struct history *h = history_open("/nonexistent/folder");
	struct buf out;
	const char *text;

	(void)state;
	assert_non_null(h);
	buf_init(&out, 1024 * 1024);
	assert_int_equal(chart_json(h, VIEW("9d"), T0 * 1000L, &out), -ENOENT);
	assert_int_equal(buf_size(&out), 0);
	add_points(h, T0 - 100, T0 - 60);
	add_points(h, T0 - 20, T0);
	assert_int_equal(chart_json(h, VIEW("10m"), (T0 - 1) * 1000L, &out), 0);
	text = buf_cstr(&out);
	assert_non_null(strstr(text, "\"step_s\":2,\"from\":1699999400,"));
	/* 500 s of gap, 40 s known, 40 s of gap, 20 s known. */
	assert_non_null(strstr(text, "null,1,1,1,1,1,1,1,1,1,1]"));
	assert_non_null(strstr(text, "null,5,5,5,5,5,5,5,5,5,5]"));
	buf_clear(&out);
	assert_int_equal(chart_json(h, VIEW("1h"), (T0 - 1) * 1000L, &out), 0);
	text = buf_cstr(&out);
	assert_non_null(strstr(text, "\"step_s\":10,"));
	assert_non_null(strstr(text, "null,1,1,1,1,null,null,null,null,1,1]"));
	/* A part of it: the finest step that there is. */
	buf_clear(&out);
	assert_int_equal(chart_part_json(h, T0 - 110, T0, (T0 + 5) * 1000L,
			     &out),
	    0);
	text = buf_cstr(&out);
	assert_non_null(strstr(text, "\"range\":\"part\",\"step_s\":2,"));
	assert_non_null(strstr(text, ",1,1,1,null]"));
	buf_clear(&out);
	/* From before there was a live point: the file's step. */
	assert_int_equal(chart_part_json(h, T0 - 300, T0, (T0 + 5) * 1000L,
			     &out),
	    0);
	assert_non_null(strstr(buf_cstr(&out), "\"step_s\":10,"));
	buf_clear(&out);
	/* Too short, too long, backwards, ahead. */
	assert_int_equal(chart_part_json(h, T0 - 59, T0, T0 * 1000L, &out),
	    -ENOENT);
	assert_int_equal(chart_part_json(h, 0, T0, T0 * 1000L, &out), -ENOENT);
	assert_int_equal(chart_part_json(h, T0, T0 - 90, T0 * 1000L, &out),
	    -ENOENT);
	assert_int_equal(chart_part_json(h, T0 + 9, T0 + 99, T0 * 1000L, &out),
	    -ENOENT);
	assert_int_equal(buf_size(&out), 0);
	buf_done(&out);
	history_close(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_ring),
		cmocka_unit_test(test_file_rings),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_other_file),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_chart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

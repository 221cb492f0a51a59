/*
 * What goes over HTTP beside the page itself: which coding a client takes,
 * compression, and the public list of who is up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "exporter/accept.h"
#include "exporter/gzip.h"
#include "exporter/status.h"
#include "run/clock.h"

static void
choices_and_weights(void **state)
{
	struct view rest = VIEW("text/plain;version=0.0.4;q=0.5 , a/b; Q=x,c");
	struct view name;
	double q;

	(void)state;
	assert_true(accept_next(&rest, &name, &q));
	assert_true(view_eq(name, VIEW("text/plain")));
	assert_true(q == 0.5);
	assert_true(accept_next(&rest, &name, &q));
	assert_true(view_eq(name, VIEW("a/b")));
	assert_true(q == 0);
	assert_true(accept_next(&rest, &name, &q));
	assert_true(view_eq(name, VIEW("c")));
	assert_true(q == 1);
	assert_false(accept_next(&rest, &name, &q));
}

static void
who_takes_gzip(void **state)
{
	(void)state;
	assert_true(gzip_accepted(VIEW("gzip")));
	assert_true(gzip_accepted(VIEW("br;q=1.0, GZip;q=0.1")));
	assert_true(gzip_accepted(VIEW("x-gzip")));
	assert_true(gzip_accepted(VIEW("*")));
	assert_false(gzip_accepted(VIEW("gzip;q=0, *")));
	assert_false(gzip_accepted(VIEW("identity")));
	assert_false(gzip_accepted(VIEW("br")));
	assert_false(gzip_accepted((struct view){ NULL, 0 }));
}

static void
packed_is_the_same(void **state)
{
	size_t n = 300000;
	char *plain = malloc(n), *again = malloc(n);
	struct buf text;
	struct shared *packed;
	struct view v;
	z_stream z = { .avail_out = (uInt)n };

	(void)state;
	assert_non_null(plain);
	assert_non_null(again);
	for (size_t i = 0; i < n; i++) {
		plain[i] = (char)('a' + i * i / 7 % 23);
	}
	buf_init(&text, n);
	buf_add(&text, plain, n);
	packed = gzip_take(shared_from_buf(&text));
	assert_non_null(packed);
	v = shared_view(packed);
	assert_true(v.n < n);
	assert_int_equal((unsigned char)v.p[0], 0x1f);
	assert_int_equal((unsigned char)v.p[1], 0x8b);
	z.next_in = (Bytef *)(uintptr_t)v.p;
	z.avail_in = (uInt)v.n;
	z.next_out = (Bytef *)again;
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, n);
	assert_int_equal(inflateEnd(&z), Z_OK);
	assert_memory_equal(plain, again, n);
	shared_let_go(packed);
	free(plain);
	free(again);
}

/* --- status -------------------------------------------------------------- */

static int
collect(void *self, struct collection *c)
{
	const bool *up = self;

	return *up ? 0 : collection_fail(c, -1, "secret words");
}

static const struct collector_class class = { .collect = collect };

static struct scrape *
start(const char *const *names, bool *ups, size_t n)
{
	struct collector collectors[8];
	struct scrape *scrape;

	for (size_t i = 0; i < n; i++) {
		collector_init(&collectors[i], &class, &ups[i], names[i], NULL);
	}
	assert_int_equal(scrape_start(collectors, n, &scrape), 0);
	return scrape;
}

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool open;
};

static void
open_gate(void *data)
{
	struct gate *gate = data;

	(void)pthread_mutex_lock(&gate->lock);
	gate->open = true;
	(void)pthread_cond_signal(&gate->cond);
	(void)pthread_mutex_unlock(&gate->lock);
}

static void
run(struct scrape *scrape, uint64_t mask)
{
	struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER };
	struct scrape_waiter waiter = { .deadline = clock_ms() + 5000,
		.mask = mask,
		.brief = true,
		.ready = open_gate,
		.ctx = &gate };

	scrape_wait(scrape, &waiter);
	(void)pthread_mutex_lock(&gate.lock);
	while (!gate.open) {
		(void)pthread_cond_wait(&gate.cond, &gate.lock);
	}
	(void)pthread_mutex_unlock(&gate.lock);
	assert_null(waiter.body);
}

static void
says(struct scrape *scrape, const char *wanted)
{
	struct buf out;

	buf_init(&out, 4096);
	status_write(scrape, 1000, clock_ms(), &out);
	assert_string_equal(buf_cstr(&out), wanted);
	buf_done(&out);
}

static void
up_and_down_for_everybody(void **state)
{
	static const char *const names[] = { "redis", "tls nginx:443",
		"merge ftpd:8021", "nginx", "merge ftpdx:1", "mariadb" };
	bool ups[] = { true, true, true, true, true, false };
	struct scrape *scrape = start(names, ups, ARRAY_LEN(names));
	uint64_t mask = status_mask(scrape);
	int64_t now;

	(void)state;
	/* Neither certificates nor a daemon of another name. */
	assert_int_equal(mask, 1 | 4 | 8 | 32);
	assert_false(status_fresh(scrape, mask, clock_ms()));
	says(scrape,
	    "{\"time\":1000,\"services\":{\"nginx\":\"down\","
	    "\"mariadb\":\"down\",\"redis\":\"down\",\"ftpd\":\"down\","
	    "\"exporter\":\"up\"}}\n");
	run(scrape, mask);
	says(scrape,
	    "{\"time\":1000,\"services\":{\"nginx\":\"up\","
	    "\"mariadb\":\"down\",\"redis\":\"up\",\"ftpd\":\"up\","
	    "\"exporter\":\"up\"}}\n");
	now = clock_ms();
	assert_true(status_fresh(scrape, mask, now));
	assert_false(status_fresh(scrape, mask, now + STATUS_FRESH_MS));
	assert_true(scrape_stop(scrape, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choices_and_weights),
		cmocka_unit_test(who_takes_gzip),
		cmocka_unit_test(packed_is_the_same),
		cmocka_unit_test(up_and_down_for_everybody),
	};

	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}

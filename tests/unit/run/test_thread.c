/* Waiting until a deadline, and cutting off a socket that a thread reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/clock.h"
#include "run/cutoff.h"
#include "run/thread.h"

#define STACK (256 * 1024)

struct meeting {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool come;
};

static void *
come(void *ctx)
{
	struct meeting *m = ctx;

	(void)pthread_mutex_lock(&m->lock);
	m->come = true;
	(void)pthread_cond_signal(&m->cond);
	(void)pthread_mutex_unlock(&m->lock);
	return NULL;
}

static void
waits_until_the_deadline(void **state)
{
	struct meeting m = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int64_t begun = clock_us();
	int64_t deadline = clock_ms() + 20;
	pthread_t thread;

	(void)state;
	thread_cond_init(&m.cond);
	(void)pthread_mutex_lock(&m.lock);
	while (thread_cond_wait(&m.cond, &m.lock, deadline)) {
		continue;
	}
	assert_true(clock_ms() >= deadline);
	assert_true(clock_us() - begun >= 19000);
	/* One that has passed does not wait at all. */
	assert_false(thread_cond_wait(&m.cond, &m.lock, clock_ms() - 1));
	assert_int_equal(thread_start(&thread, STACK, come, &m), 0);
	deadline = clock_ms() + 5000;
	while (!m.come && thread_cond_wait(&m.cond, &m.lock, deadline)) {
		continue;
	}
	assert_true(m.come);
	(void)pthread_mutex_unlock(&m.lock);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)pthread_cond_destroy(&m.cond);
	/* Later than this was written. */
	assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

/* Writes to the far end of three quarters of the stack. */
static void *
use_much(void *ctx)
{
	volatile char room[STACK / 4 * 3];

	for (size_t i = 0; i < sizeof(room); i += 1024) {
		room[i] = 1;
	}
	*(bool *)ctx = room[0] == 1 && room[sizeof(room) - 1024] == 1;
	return NULL;
}

/* More than musl gives of itself, and it would end with SIGSEGV. */
static void
the_stack_is_as_large_as_asked_for(void **state)
{
	pthread_t thread;
	bool used = false;

	(void)state;
	assert_int_equal(thread_start(&thread, STACK, use_much, &used), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(used);
}

struct reader {
	struct cutoff cutoff;
	int fd;
	ssize_t got;
};

static void *
read_one(void *ctx)
{
	struct reader *r = ctx;
	char c;

	cutoff_set(&r->cutoff, r->fd);
	r->got = read(r->fd, &c, 1);
	cutoff_clear(&r->cutoff);
	return NULL;
}

static void
cuts_a_reader_off(void **state)
{
	struct reader r = { .got = -1 };
	pthread_t thread;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     fds),
	    0);
	r.fd = fds[0];
	cutoff_init(&r.cutoff);
	assert_int_equal(thread_start(&thread, STACK, read_one, &r), 0);
	/* Whether the thread is there already or comes later. */
	cutoff_now(&r.cutoff);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(r.got, 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
	cutoff_done(&r.cutoff);
}

/* What was given back is not touched, and a reset forgets the cut. */
static void
leaves_others_alone(void **state)
{
	struct cutoff cutoff;
	int fds[2];
	char c = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     fds),
	    0);
	cutoff_init(&cutoff);
	cutoff_set(&cutoff, fds[0]);
	cutoff_clear(&cutoff);
	cutoff_now(&cutoff);
	cutoff_reset(&cutoff);
	cutoff_set(&cutoff, fds[0]);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(read(fds[0], &c, 1), 1);
	cutoff_clear(&cutoff);
	cutoff_done(&cutoff);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_until_the_deadline),
		cmocka_unit_test(the_stack_is_as_large_as_asked_for),
		cmocka_unit_test(cuts_a_reader_off),
		cmocka_unit_test(leaves_others_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

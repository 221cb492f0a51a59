/*
 * The scrape itself with collectors made for the test: in parallel, with a
 * deadline, a hung one not started twice, runs shared, an end in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "exporter/scrape.h"
#include "run/clock.h"
#include "waiter.h"

enum behaviour { QUICK, SLOW, HUNG, FAILING };

struct fake {
	enum behaviour how;
	const char *name;
	atomic_int runs;
	atomic_int briefs; /* runs that only asked who is up */
	atomic_int inside; /* at work now */
	atomic_int most; /* the most at one time */
	int sockets[2]; /* HUNG reads what never comes */
};

static atomic_int done_calls;

static void
nap(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L };

	(void)nanosleep(&ts, NULL);
}

static void
hang(struct fake *fake, struct collection *c)
{
	char byte;

	cutoff_set(c->cutoff, fake->sockets[0]);
	while (read(fake->sockets[0], &byte, 1) > 0) {
		continue;
	}
	cutoff_clear(c->cutoff);
}

static int
collect(void *self, struct collection *c)
{
	struct fake *fake = self;
	int inside = ++fake->inside;
	struct metrics m;
	int r = 0;

	fake->runs++;
	fake->briefs += c->brief;
	if (inside > fake->most) {
		fake->most = inside;
	}
	metrics_init(&m, c->out);
	metrics_one(&m, fake->name, METRICS_GAUGE, "Up.", 1);
	if (fake->how == SLOW) {
		nap(200);
	} else if (fake->how == HUNG) {
		hang(fake, c);
		r = -EIO;
	} else if (fake->how == FAILING) {
		r = collection_fail(c, -EACCES, "no %s", "entry");
	}
	fake->inside--;
	return r;
}

static void
down(void *self, struct metrics *m)
{
	struct fake *fake = self;

	metrics_one(m, fake->name, METRICS_GAUGE, "Up.", 0);
}

static void
done(void *self)
{
	(void)self;
	done_calls++;
}

static const struct collector_class class = { .collect = collect,
	.down = down,
	.done = done };

static struct scrape *
start(struct fake *fakes, size_t n)
{
	struct collector collectors[8];
	struct scrape *scrape;

	for (size_t i = 0; i < n; i++) {
		collectors[i] = (struct collector){ .class = &class,
			.self = &fakes[i] };
		(void)strcpy(collectors[i].name, fakes[i].name);
		if (fakes[i].how == HUNG) {
			assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0,
					     fakes[i].sockets),
			    0);
		}
	}
	done_calls = 0;
	assert_int_equal(scrape_start(collectors, n, &scrape), 0);
	assert_int_equal(scrape_count(scrape), n);
	return scrape;
}

static void
close_sockets(struct fake *fake)
{
	(void)close(fake->sockets[0]);
	(void)close(fake->sockets[1]);
}

static void
expect(const char *text, const char *line)
{
	assert_non_null(text);
	if (strstr(text, line) == NULL) {
		fail_msg("missing %s in: %s", line, text);
	}
}

static void
a_page_of_all(void **state)
{
	struct fake fakes[] = { { .how = QUICK, .name = "a_up" },
		{ .how = FAILING, .name = "b_up" },
		{ .how = SLOW, .name = "c_up" } };
	struct scrape *scrape = start(fakes, 3);
	struct scrape_state s;
	struct client client;
	char *text;

	(void)state;
	scrape_state(scrape, 1, &s);
	assert_int_equal(s.how, SCRAPE_NEVER);
	client_ask(&client, scrape, 5000);
	text = client_get(&client);
	expect(text, "\na_up 1\n");
	expect(text, "\nb_up 0\n");
	expect(text, "\nc_up 1\n");
	expect(text, "exporter_collector_success{collector=\"a_up\"} 1\n");
	expect(text, "exporter_collector_success{collector=\"b_up\"} 0\n");
	expect(text, "exporter_scrapes_total 1\n");
	free(text);
	scrape_state(scrape, 1, &s);
	assert_int_equal(s.how, SCRAPE_DOWN);
	assert_string_equal(s.why, "no entry");
	scrape_state(scrape, 2, &s);
	assert_int_equal(s.how, SCRAPE_UP);
	assert_true(s.seconds >= 0.19);
	assert_true(scrape_stop(scrape, 1000));
	assert_int_equal(done_calls, 3);
}

static void
a_run_is_shared(void **state)
{
	struct fake fakes[] = { { .how = SLOW, .name = "a_up" } };
	struct scrape *scrape = start(fakes, 1);
	struct client clients[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		client_ask(&clients[i], scrape, 5000);
	}
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		char *text = client_get(&clients[i]);

		expect(text, "\na_up 1\n");
		free(text);
	}
	/* The first may have begun before the others came. */
	assert_true(fakes[0].runs <= 2);
	assert_true(scrape_stop(scrape, 1000));
}

static void
a_hung_one_costs_its_own(void **state)
{
	struct fake fakes[] = { { .how = QUICK, .name = "a_up" },
		{ .how = HUNG, .name = "b_up" } };
	struct scrape *scrape = start(fakes, 2);
	struct scrape_state s;
	int64_t start_ms = clock_ms();

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct client client;
		char *text;

		client_ask(&client, scrape, 100);
		text = client_get(&client);
		expect(text, "\na_up 1\n");
		expect(text, "\nb_up 0\n");
		free(text);
	}
	assert_true(clock_ms() - start_ms < 3000);
	assert_int_equal(fakes[0].runs, 5);
	/* Cut off at each deadline, and never two at a time. */
	assert_int_equal(fakes[1].most, 1);
	scrape_state(scrape, 1, &s);
	assert_int_equal(s.how, SCRAPE_DOWN);
	assert_true(scrape_stop(scrape, 1000));
	close_sockets(&fakes[1]);
}

static void
each_has_his_own_deadline(void **state)
{
	struct fake fakes[] = { { .how = QUICK, .name = "a_up" },
		{ .how = SLOW, .name = "b_up" } };
	struct scrape *scrape = start(fakes, 2);
	struct client patient, hasty;
	char *text;

	(void)state;
	client_ask(&patient, scrape, 5000);
	client_ask(&hasty, scrape, 50);
	text = client_get(&hasty);
	expect(text, "\na_up 1\n");
	expect(text, "\nb_up 0\n");
	free(text);
	text = client_get(&patient);
	expect(text, "\na_up 1\n");
	expect(text, "\nb_up 1\n");
	free(text);
	assert_true(scrape_stop(scrape, 1000));
}

static void
formats_side_by_side(void **state)
{
	struct fake fakes[] = { { .how = SLOW, .name = "a_up" } };
	struct scrape *scrape = start(fakes, 1);
	struct client plain, open;
	char *text;

	(void)state;
	client_ask(&plain, scrape, 5000);
	open = (struct client){ .lock = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER };
	open.waiter = (struct scrape_waiter){ .deadline = clock_ms() + 5000,
		.format = PAGE_OPENMETRICS,
		.ready = client_ready,
		.ctx = &open };
	scrape_wait(scrape, &open.waiter);
	text = client_get(&open);
	expect(text, "# TYPE exporter_scrapes counter\n");
	expect(text, "# EOF\n");
	free(text);
	text = client_get(&plain);
	expect(text, "# TYPE exporter_scrapes_total counter\n");
	free(text);
	assert_true(scrape_stop(scrape, 1000));
}

static void
the_end_comes_in_time(void **state)
{
	struct fake fakes[] = { { .how = HUNG, .name = "a_up" } };
	struct scrape *scrape = start(fakes, 1);
	struct client client, late;
	int64_t start_ms;

	(void)state;
	client_ask(&client, scrape, 60000);
	nap(50);
	start_ms = clock_ms();
	scrape_abort(scrape);
	assert_null(client_get(&client));
	client_ask(&late, scrape, 60000);
	assert_null(client_get(&late));
	assert_true(scrape_stop(scrape, 1000));
	assert_true(clock_ms() - start_ms < 900);
	assert_int_equal(done_calls, 1);
	close_sockets(&fakes[0]);
	shared_let_go(NULL);
}

/* Somebody who wants only some of the collectors, or only their state. */
static void
ask_some(struct client *client, struct scrape *scrape, int ms, uint64_t mask,
    bool brief)
{
	*client = (struct client){ .lock = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER };
	client->waiter = (struct scrape_waiter){ .deadline = clock_ms() + ms,
		.mask = mask,
		.brief = brief,
		.ready = client_ready,
		.ctx = client };
	scrape_wait(scrape, &client->waiter);
}

static void
only_what_is_wanted(void **state)
{
	struct fake fakes[] = { { .how = QUICK, .name = "a_up" },
		{ .how = QUICK, .name = "b_up" },
		{ .how = QUICK, .name = "c_up" } };
	struct scrape *scrape = start(fakes, 3);
	struct client client;
	char *text;

	(void)state;
	ask_some(&client, scrape, 5000, 5, false);
	text = client_get(&client);
	expect(text, "\na_up 1\n");
	expect(text, "\nc_up 1\n");
	assert_null(strstr(text, "b_up"));
	free(text);
	assert_int_equal(fakes[0].runs, 1);
	assert_int_equal(fakes[1].runs, 0);
	assert_int_equal(fakes[2].runs, 1);
	assert_true(scrape_stop(scrape, 1000));
}

static void
nobody_waits_for_what_he_does_not_want(void **state)
{
	struct fake fakes[] = { { .how = QUICK, .name = "a_up" },
		{ .how = HUNG, .name = "b_up" },
		{ .how = QUICK, .name = "c_up" } };
	struct scrape *scrape = start(fakes, 3);
	struct client all, one;
	int64_t start_ms = clock_ms();
	char *text;

	(void)state;
	ask_some(&all, scrape, 1500, 3, false);
	nap(50);
	/* Joins the run that hangs; c was not asked for so far. */
	ask_some(&one, scrape, 5000, 4, false);
	text = client_get(&one);
	expect(text, "\nc_up 1\n");
	free(text);
	assert_true(clock_ms() - start_ms < 1000);
	text = client_get(&all);
	expect(text, "\na_up 1\n");
	expect(text, "\nb_up 0\n");
	free(text);
	assert_int_equal(fakes[2].runs, 1);
	assert_true(scrape_stop(scrape, 1000));
	close_sockets(&fakes[1]);
}

static void
who_is_up(void **state)
{
	struct fake fakes[] = { { .how = QUICK, .name = "a_up" },
		{ .how = FAILING, .name = "b_up" } };
	struct scrape *scrape = start(fakes, 2);
	struct scrape_state s;
	struct client client;
	char *text;

	(void)state;
	ask_some(&client, scrape, 5000, 3, true);
	assert_null(client_get(&client));
	scrape_state(scrape, 0, &s);
	assert_int_equal(s.how, SCRAPE_UP);
	assert_true(clock_ms() - s.noted < 1000);
	scrape_state(scrape, 1, &s);
	assert_int_equal(s.how, SCRAPE_DOWN);
	assert_int_equal(fakes[0].briefs, 1);
	/* A page is made by a whole run, and brief ones do not count. */
	client_ask(&client, scrape, 5000);
	text = client_get(&client);
	expect(text, "\na_up 1\n");
	expect(text, "exporter_scrapes_total 1\n");
	free(text);
	assert_int_equal(fakes[0].runs, 2);
	assert_int_equal(fakes[0].briefs, 1);
	assert_true(scrape_stop(scrape, 1000));
}

static void
a_brief_one_goes_with_a_page(void **state)
{
	struct fake fakes[] = { { .how = SLOW, .name = "a_up" } };
	struct scrape *scrape = start(fakes, 1);
	struct client page, brief, second;
	char *text;

	(void)state;
	client_ask(&page, scrape, 5000);
	nap(20);
	ask_some(&brief, scrape, 5000, 1, true);
	text = client_get(&page);
	expect(text, "\na_up 1\n");
	free(text);
	assert_null(client_get(&brief));
	assert_int_equal(fakes[0].runs, 1);
	/* The other way round, the page needs a run of its own. */
	ask_some(&brief, scrape, 5000, 1, true);
	nap(20);
	client_ask(&second, scrape, 5000);
	text = client_get(&second);
	expect(text, "\na_up 1\n");
	free(text);
	assert_null(client_get(&brief));
	assert_int_equal(fakes[0].runs, 3);
	assert_int_equal(fakes[0].briefs, 1);
	assert_true(scrape_stop(scrape, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_all),
		cmocka_unit_test(a_run_is_shared),
		cmocka_unit_test(a_hung_one_costs_its_own),
		cmocka_unit_test(each_has_his_own_deadline),
		cmocka_unit_test(formats_side_by_side),
		cmocka_unit_test(only_what_is_wanted),
		cmocka_unit_test(nobody_waits_for_what_he_does_not_want),
		cmocka_unit_test(who_is_up),
		cmocka_unit_test(a_brief_one_goes_with_a_page),
		cmocka_unit_test(the_end_comes_in_time),
	};

	return cmocka_run_group_tests_name("scrape", tests, NULL, NULL);
}

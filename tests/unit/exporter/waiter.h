/*
 * Somebody who waits for a scrape's page, and how to wait for him.  To be
 * included once, by a test.
 */
#ifndef TEST_WAITER_H
#define TEST_WAITER_H

#include <pthread.h>
#include <string.h>

#include "base/shared.h"
#include "exporter/scrape.h"
#include "run/clock.h"

struct client {
	struct scrape_waiter waiter;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool ready;
};

static void
client_ready(void *data)
{
	struct client *client = data;

	(void)pthread_mutex_lock(&client->lock);
	assert_false(client->ready);
	client->ready = true;
	(void)pthread_cond_signal(&client->cond);
	(void)pthread_mutex_unlock(&client->lock);
}

static void
client_ask(struct client *client, struct scrape *scrape, int ms)
{
	*client = (struct client){ .lock = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER };
	client->waiter.deadline = clock_ms() + ms;
	client->waiter.ready = client_ready;
	client->waiter.ctx = client;
	scrape_wait(scrape, &client->waiter);
}

/* The page as a string of its own, without any NUL; NULL: there is none. */
static char *
client_get(struct client *client)
{
	char *text = NULL;

	(void)pthread_mutex_lock(&client->lock);
	while (!client->ready) {
		(void)pthread_cond_wait(&client->cond, &client->lock);
	}
	(void)pthread_mutex_unlock(&client->lock);
	if (client->waiter.body != NULL) {
		struct view v = shared_view(client->waiter.body);

		text = strndup(v.p, v.n);
		assert_non_null(text);
		assert_int_equal(strlen(text), v.n);
	}
	shared_let_go(client->waiter.body);
	return text;
}

#endif

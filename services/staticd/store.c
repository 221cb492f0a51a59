#include "staticd/store.h"

int
store_init(struct store *store)
{
	store->current = NULL;
	return -pthread_mutex_init(&store->lock, NULL);
}

void
store_done(struct store *store)
{
	site_let_go(store->current);
	(void)pthread_mutex_destroy(&store->lock);
}

void
store_replace_take(struct store *store, struct site *site)
{
	struct site *before;

	(void)pthread_mutex_lock(&store->lock);
	before = store->current;
	store->current = site;
	(void)pthread_mutex_unlock(&store->lock);
	/* Freeing may take a while: not under the lock. */
	site_let_go(before);
}

struct site *
store_hold(struct store *store)
{
	struct site *site;

	(void)pthread_mutex_lock(&store->lock);
	site = store->current;
	site_hold(site);
	(void)pthread_mutex_unlock(&store->lock);
	return site;
}

/*
 * The place where the current site stands.
 *
 * A reader takes the site, looks something up, and lets it go; a writer puts
 * another one in its place.  A reader sees the old site or the new one from
 * first to last, and the old one goes when its last reader does.  The lock is
 * held for the time of reading a pointer and counting by one.
 */
#ifndef STATICD_STORE_H
#define STATICD_STORE_H

#include <pthread.h>

#include "staticd/site.h"

struct store {
	/* Private. */
	pthread_mutex_t lock;
	struct site *current;
};

/* An empty store.  0, or -errno. */
NODISCARD int store_init(struct store *store);
void store_done(struct store *store);

/* Takes the site and lets the one before go. */
void store_replace_take(struct store *store, struct site *site);

/* The current site, held for the caller, who calls site_let_go(). */
struct site *store_hold(struct store *store);

#endif

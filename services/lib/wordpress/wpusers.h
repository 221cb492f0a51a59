/*
 * WordPress's users, as the database's procedure stack.wordpress_login gives
 * them, over one connection that is kept.  While the database is away, it is
 * asked less and less often; that it went and came back is logged once each.
 */
#ifndef WORDPRESS_WPUSERS_H
#define WORDPRESS_WPUSERS_H

#include "login/wphash.h"
#include "wordpress/wproles.h"

/* For connecting, reading and writing each. */
#define WPUSERS_SECONDS 2

struct wpuser {
	size_t hash_n;
	char hash[WPHASH_MAX];
	enum wproles_access access;
};

/* Where to ask, and as whom. */
struct wpusers_server {
	const char *host;
	unsigned port;
	const char *user;
	const char *password;
};

struct wpusers; /* one connection */

/*
 * Connects at the first question only.  `server` is borrowed.  NULL when out of
 * memory.
 */
struct wpusers *wpusers_new(const struct wpusers_server *server);
void wpusers_free(struct wpusers *users);

/*
 * Looks a login name up; its case does not matter, as in WordPress.  0 with
 * *ret (a hash that is too long is given as none), -ENOENT when there is no
 * such user, or another -errno when the database does not answer.
 */
NODISCARD int wpusers_find(struct wpusers *users, struct view name,
    struct wpuser *ret);

#endif

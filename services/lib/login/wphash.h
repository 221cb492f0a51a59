/*
 * WordPress's password hashes.  Pure: bytes in, yes or no out.
 *
 *	$wp$2y$CC$...	bcrypt of base64(HMAC-SHA384(password, "wp-sha384")),
 *			since WordPress 6.8
 *	$2y$CC$...	bcrypt of the password itself (plugins, imports)
 *	$P$C..., $H$C...	phpass: MD5, iterated
 *
 * Anything else is no hash here: old plain MD5, Argon2, a form that is not
 * exactly right, a cost that would take seconds.
 */
#ifndef LOGIN_WPHASH_H
#define LOGIN_WPHASH_H

#include <stdbool.h>

#include "base/view.h"
#include "login/pwhash.h"

/* The longest hash of these kinds. */
#define WPHASH_MAX 63

enum wphash_kind { WPHASH_UNKNOWN, WPHASH_WP, WPHASH_BCRYPT, WPHASH_PHPASS };

enum wphash_kind wphash_kind(struct view hash);

/* The cost of a hash by bcrypt; 0 for the other kinds. */
unsigned wphash_cost(struct view hash);

/*
 * Is this the password?  WordPress's own forms put backslashes before quotes
 * ahead of hashing, other ways to set a password do not: both are tried.  The
 * time depends on the hash's kind and cost, and on the password alone.
 */
bool wphash_check(struct view hash, struct view password);

/*
 * A hash by bcrypt of that cost that no password has, and whose check takes as
 * long as any other's.
 */
void wphash_dummy(unsigned cost, char ret[WPHASH_MAX + 1]);

#endif

/*
 * Password hashes of crypt(3), as a users file may hold them.  Pure: bytes in,
 * yes or no out.
 *
 *	$2y$CC$...	bcrypt, as htpasswd -B and PHP make it; $2a$ and $2b$,
 *too $6$...		sha512-crypt
 *	$y$...		yescrypt, where the C library has it (not in musl)
 *
 * A C library that does not know a scheme may answer with another one's hash
 * (musl's takes $y$ for DES): each scheme proves itself by a hash whose
 * password is known before it is believed.
 */
#ifndef LOGIN_PWHASH_H
#define LOGIN_PWHASH_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/view.h"

/* The longest hash of these kinds: sha512-crypt with `rounds=`. */
#define PWHASH_MAX 126
/* The longest password that is looked at. */
#define PWHASH_PASSWORD_MAX 512

/* Costs of bcrypt that are accepted: the exponent of two. */
#define PWHASH_COST_MIN 4
#define PWHASH_COST_MAX 14

/*
 * Why this hash is of no use here, as words that go behind its name; NULL when
 * it can be used.  They never hold a part of it.
 */
const char *pwhash_fault(struct view hash);

/*
 * Is this the password?  Never for a hash with a fault, an empty password or
 * one with a NUL.  The time depends on the hash's scheme and cost and on the
 * password alone.
 */
bool pwhash_check(struct view hash, struct view password);

/*
 * A hash that no password has, and whose check takes as long as that of
 * `like`, a hash without fault.
 */
void pwhash_dummy(struct view like, char ret[PWHASH_MAX + 1]);

/*
 * A new hash (bcrypt) of a password.  0; -EINVAL for what pwhash_check() would
 * never find right; -EIO when there is no randomness or the C library has no
 * bcrypt.
 */
NODISCARD int pwhash_make(struct view password, char ret[PWHASH_MAX + 1]);

/* crypt(3) of `key` by the setting in `hash` gives `hash` itself? */
bool pwhash_same(struct view hash, const char *key);

/* Of the form $2?$CC$, 22 digits of salt, 31 of hash? */
bool pwhash_is_bcrypt(struct view hash);

#endif

/*
 * What WordPress's database says of a user, as its table may hold anything: a
 * hash and, behind the first newline, the roles as PHP serializes them.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "login/pwhash.h"
#include "login/wphash.h"
#include "wordpress/wproles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Costs that a fuzzer can afford. */
static int
is_cheap(struct view hash)
{
	return wphash_kind(hash) != WPHASH_PHPASS ? wphash_cost(hash) <= 4
						  : hash.p[3] <= '6';
}

static void
check_hash(struct view hash)
{
	enum wphash_kind kind = wphash_kind(hash);
	unsigned cost = wphash_cost(hash);

	if ((kind == WPHASH_UNKNOWN || kind == WPHASH_PHPASS) != (cost == 0)
	    || (kind != WPHASH_UNKNOWN && hash.n > WPHASH_MAX)
	    || cost > PWHASH_COST_MAX) {
		__builtin_trap();
	}
	if (kind == WPHASH_UNKNOWN && wphash_check(hash, VIEW("sesame"))) {
		__builtin_trap();
	}
	/* Nobody's password is its own hash. */
	if (kind != WPHASH_UNKNOWN && is_cheap(hash)
	    && wphash_check(hash, hash)) {
		__builtin_trap();
	}
	/* Faultless in a users file is only what has a scheme's length. */
	if (pwhash_is_bcrypt(hash) && hash.n != 60) {
		__builtin_trap();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum wproles_access access = WPROLES_NOTHING;
	struct view roles = { .p = (const char *)data, .n = size };
	struct view hash = view_cut(&roles, '\n');

	check_hash(hash);
	if (roles.p == NULL) {
		return 0;
	}
	if (wproles_rights(roles, &access) < 0) {
		if (access != WPROLES_NOTHING) {
			__builtin_trap();
		}
	} else if (roles.n < 6 || roles.p[0] != 'a'
	    || roles.p[roles.n - 1] != '}'
	    || (access == WPROLES_SITE
		&& memmem(roles.p, roles.n, "administrator", 13) == NULL)) {
		__builtin_trap();
	}
	return 0;
}

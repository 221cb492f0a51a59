#include "login/pwhash.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/secret.h"

#define BCRYPT_LENGTH 60
#define BCRYPT_HEAD 7 /* "$2y$10$" */
#define BCRYPT_SALT 22
#define SHA512_DIGITS 86
#define SHA512_SALT 16
#define ROUNDS_MIN 1000
#define ROUNDS_MAX 1000000
#define YESCRYPT_DIGITS 43
#define YESCRYPT_SALT 86
#define NEW_COST 12 /* PHP's default since 8.4 */

/* The digits of all these schemes' base 64. */
#define DIGITS \
	"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
/* The same in the order in which bcrypt counts them. */
#define BCRYPT_ORDER \
	"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* --- what a hash looks like ----------------------------------------------- */

bool
pwhash_is_bcrypt(struct view hash)
{
	struct view cost = view_drop(hash, 4);
	uint64_t n;

	if (hash.n != BCRYPT_LENGTH
	    || (!view_starts(hash, VIEW("$2y$"))
		&& !view_starts(hash, VIEW("$2b$"))
		&& !view_starts(hash, VIEW("$2a$")))) {
		return false;
	}
	cost.n = 2;
	return view_u64(cost, &n) == 0 && n >= PWHASH_COST_MIN
	    && n <= PWHASH_COST_MAX && hash.p[BCRYPT_HEAD - 1] == '$'
	    && view_only(view_drop(hash, BCRYPT_HEAD), DIGITS);
}

/* A salt of one to `most` digits, and behind a $ exactly `digits` of hash. */
static bool
is_salt_and_hash(struct view rest, size_t most, size_t digits)
{
	struct view salt = view_cut(&rest, '$');

	return salt.n > 0 && salt.n <= most && view_only(salt, DIGITS)
	    && rest.n == digits && view_only(rest, DIGITS);
}

static bool
is_sha512(struct view hash)
{
	uint64_t rounds;

	if (!view_take(&hash, VIEW("$6$"))) {
		return false;
	}
	if (view_take(&hash, VIEW("rounds="))
	    && (view_u64(view_cut(&hash, '$'), &rounds) < 0
		|| rounds < ROUNDS_MIN || rounds > ROUNDS_MAX)) {
		return false;
	}
	return is_salt_and_hash(hash, SHA512_SALT, SHA512_DIGITS);
}

/* Of all parameters only the memory may vary: 1 to 16 MiB. */
static bool
is_yescrypt(struct view hash)
{
	struct view setting;

	if (!view_take(&hash, VIEW("$y$j"))) {
		return false;
	}
	setting = view_cut(&hash, '$');
	return (view_eq(setting, VIEW("75")) || view_eq(setting, VIEW("85"))
		   || view_eq(setting, VIEW("7T"))
		   || view_eq(setting, VIEW("8T"))
		   || view_eq(setting, VIEW("9T")))
	    && is_salt_and_hash(hash, YESCRYPT_SALT, YESCRYPT_DIGITS);
}

struct scheme {
	bool (*is)(struct view hash);
	size_t digits; /* of the hash itself, at the end */
	/* What the C library has to make of KNOWN; three of them for bcrypt. */
	const char *proof;
};

#define KNOWN "sesame"

static const struct scheme schemes[] = {
	{ pwhash_is_bcrypt, BCRYPT_LENGTH - BCRYPT_HEAD - BCRYPT_SALT,
	    "$2y$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW" },
	{ is_sha512, SHA512_DIGITS,
	    "$6$rounds=1000$saltsalt$5Oji4y.RQw4TBqlwXcGLBsxSL7.Pw5hdIpFnzMJTl."
	    "OaKsU3EiPTP5NseI3oKDT8iioErVqshwXGd40hlWBLx1" },
	{ is_yescrypt, YESCRYPT_DIGITS,
	    "$y$j75$saltsalt$GDiWx.N0C37GPHdpSsqZd3WwYyf3ltvHTfCRdUo/yG5" },
};

static const struct scheme *
scheme_of(struct view hash)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (schemes[i].is(hash)) {
			return &schemes[i];
		}
	}
	return NULL;
}

/* --- crypt(3) ------------------------------------------------------------- */

bool
pwhash_same(struct view hash, const char *key)
{
	struct crypt_data *room = calloc(1, sizeof(*room));
	char setting[PWHASH_MAX + 1];
	const char *made;
	bool same = false;

	if (room == NULL || view_to_cstr(hash, setting, sizeof(setting)) < 0) {
		free(room);
		return false;
	}
	made = crypt_r(key, setting, room);
	if (made != NULL) {
		same = secret_eq(hash, view_str(made));
	}
	secret_wipe(setting, sizeof(setting));
	secret_wipe(room, sizeof(*room));
	free(room);
	return same;
}

/* Does the C library know the scheme, and the letter that bcrypt has here? */
static bool
proves_itself(const struct scheme *scheme, struct view hash)
{
	char proof[PWHASH_MAX + 1];

	(void)snprintf(proof, sizeof(proof), "%s", scheme->proof);
	memcpy(proof, hash.p, 3);
	return pwhash_same(view_str(proof), KNOWN);
}

const char *
pwhash_fault(struct view hash)
{
	const struct scheme *scheme = scheme_of(hash);

	if (scheme == NULL) {
		return "is not of a form that is accepted (bcrypt, "
		       "sha512-crypt, yescrypt, within its limits); make one "
		       "with ftpd --hash-password";
	}
	return proves_itself(scheme, hash)
	    ? NULL
	    : "is of a scheme that this system's C library does not know; make "
	      "one with ftpd --hash-password";
}

bool
pwhash_check(struct view hash, struct view password)
{
	char key[PWHASH_PASSWORD_MAX + 1];
	bool same = password.n > 0 && scheme_of(hash) != NULL
	    && view_to_cstr(password, key, sizeof(key)) == 0
	    && pwhash_same(hash, key);

	secret_wipe(key, sizeof(key));
	return same;
}

void
pwhash_dummy(struct view like, char ret[PWHASH_MAX + 1])
{
	const struct scheme *scheme = scheme_of(like);

	if (scheme == NULL) {
		scheme = &schemes[0];
		like = view_str(scheme->proof);
	}
	if (view_to_cstr(like, ret, PWHASH_MAX + 1) == 0) {
		memset(ret + like.n - scheme->digits, '.', scheme->digits);
	}
}

/* --- a new one ------------------------------------------------------------ */

/* Sixteen random bytes, six bits of them a digit. */
static int
make_salt(char ret[BCRYPT_SALT + 1])
{
	unsigned char bytes[16];
	unsigned have = 0, group = 0;
	size_t n = 0;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return -EIO;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		group = group << 8 | bytes[i];
		have += 8;
		for (; have >= 6; have -= 6) {
			ret[n++] = BCRYPT_ORDER[group >> (have - 6) & 63];
		}
	}
	/* The last two bits, with four of zero behind them. */
	ret[n++] = BCRYPT_ORDER[group << (6 - have) & 63];
	ret[n] = '\0';
	return 0;
}

int
pwhash_make(struct view password, char ret[PWHASH_MAX + 1])
{
	char key[PWHASH_PASSWORD_MAX + 1];
	char salt[BCRYPT_SALT + 1];
	char setting[BCRYPT_HEAD + BCRYPT_SALT + 1];
	struct crypt_data *room;
	const char *made;
	int r = -EIO;

	if (password.n == 0 || view_to_cstr(password, key, sizeof(key)) < 0) {
		return -EINVAL;
	}
	room = calloc(1, sizeof(*room));
	if (room != NULL && make_salt(salt) == 0) {
		(void)snprintf(setting, sizeof(setting), "$2y$%02d$%s",
		    NEW_COST, salt);
		made = crypt_r(key, setting, room);
		if (made != NULL && pwhash_is_bcrypt(view_str(made))
		    && view_to_cstr(view_str(made), ret, PWHASH_MAX + 1) == 0) {
			r = 0;
		}
	}
	secret_wipe(key, sizeof(key));
	free(room);
	return r;
}

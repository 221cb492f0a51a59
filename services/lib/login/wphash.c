#include "login/wphash.h"

#include <stdint.h>
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/secret.h"

#define PHPASS_LENGTH 34
#define PHPASS_SALT 8
#define PHPASS_ROUNDS_MIN 7 /* exponents of two, as in phpass itself */
#define PHPASS_ROUNDS_MAX 18
#define MD5_LENGTH 16
#define SHA384_LENGTH 48

/* Room for a password with a backslash before each byte, and a NUL. */
#define TEXT_SIZE (2 * PWHASH_PASSWORD_MAX + 1)

/* The digits of both bcrypt's and phpass's base 64, in phpass's order. */
#define DIGITS \
	"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static struct view
part(struct view v, size_t from, size_t n)
{
	return (struct view){ v.p + from, n };
}

/* --- what a hash looks like ----------------------------------------------- */

/* Of bcrypt's three letters WordPress and PHP use one. */
static bool
is_bcrypt(struct view hash)
{
	return view_starts(hash, VIEW("$2y$")) && pwhash_is_bcrypt(hash);
}

/* The exponent of a phpass hash; 0 when there is none in it. */
static unsigned
phpass_rounds(struct view hash)
{
	size_t n = view_find(VIEW(DIGITS), hash.p[3]);

	return n >= PHPASS_ROUNDS_MIN && n <= PHPASS_ROUNDS_MAX ? (unsigned)n
								: 0;
}

static bool
is_phpass(struct view hash)
{
	return hash.n == PHPASS_LENGTH
	    && (view_starts(hash, VIEW("$P$"))
		|| view_starts(hash, VIEW("$H$")))
	    && view_only(view_drop(hash, 3), DIGITS)
	    && phpass_rounds(hash) != 0;
}

enum wphash_kind
wphash_kind(struct view hash)
{
	struct view rest = hash;

	if (view_take(&rest, VIEW("$wp"))) {
		return is_bcrypt(rest) ? WPHASH_WP : WPHASH_UNKNOWN;
	}
	if (is_bcrypt(hash)) {
		return WPHASH_BCRYPT;
	}
	return is_phpass(hash) ? WPHASH_PHPASS : WPHASH_UNKNOWN;
}

unsigned
wphash_cost(struct view hash)
{
	uint64_t cost = 0;
	enum wphash_kind kind = wphash_kind(hash);

	if (kind == WPHASH_WP) {
		hash = view_drop(hash, 3);
	}
	if ((kind == WPHASH_WP || kind == WPHASH_BCRYPT)
	    && view_u64(part(hash, 4, 2), &cost) < 0) {
		return 0;
	}
	return (unsigned)cost;
}

/* --- bcrypt --------------------------------------------------------------- */

/* WordPress's own: no length of password is too much for bcrypt. */
static bool
check_wp(struct view hash, struct view password)
{
	unsigned char mac[SHA384_LENGTH];
	/* Four characters for three bytes, and a NUL. */
	unsigned char key[SHA384_LENGTH / 3 * 4 + 1];
	unsigned n = 0;
	bool same = false;

	if (HMAC(EVP_sha384(), "wp-sha384", 9,
		(const unsigned char *)password.p, password.n, mac, &n)
		!= NULL
	    && n == sizeof(mac)) {
		(void)EVP_EncodeBlock(key, mac, (int)n);
		same = pwhash_same(hash, (const char *)key);
	}
	secret_wipe(mac, sizeof(mac));
	secret_wipe(key, sizeof(key));
	return same;
}

static bool
check_plain_bcrypt(struct view hash, struct view password)
{
	char key[TEXT_SIZE];
	bool same = view_to_cstr(password, key, sizeof(key)) == 0
	    && pwhash_same(hash, key);

	secret_wipe(key, sizeof(key));
	return same;
}

/* --- phpass --------------------------------------------------------------- */

/* sum = MD5(a, b); the first use of `ctx` names the algorithm. */
static bool
md5(EVP_MD_CTX *ctx, const EVP_MD *md, struct view a, struct view b,
    unsigned char sum[MD5_LENGTH])
{
	return EVP_DigestInit_ex(ctx, md, NULL) == 1
	    && EVP_DigestUpdate(ctx, a.p, a.n) == 1
	    && EVP_DigestUpdate(ctx, b.p, b.n) == 1
	    && EVP_DigestFinal_ex(ctx, sum, NULL) == 1;
}

/* Three bytes, the first of them lowest, give four digits. */
static void
encode(const unsigned char sum[MD5_LENGTH], char out[24])
{
	for (size_t i = 0; i < 6; i++) {
		uint32_t group = 0;

		for (size_t j = 0; j < 3 && 3 * i + j < MD5_LENGTH; j++) {
			group |= (uint32_t)sum[3 * i + j] << (8 * j);
		}
		for (size_t j = 0; j < 4; j++) {
			out[4 * i + j] = DIGITS[(group >> (6 * j)) & 63];
		}
	}
}

static bool
check_phpass(struct view hash, struct view password)
{
	size_t head = PHPASS_LENGTH - 22;
	struct view salt = part(hash, 4, PHPASS_SALT);
	unsigned char sum[MD5_LENGTH];
	struct view last = { (const char *)sum, sizeof(sum) };
	uint32_t rounds = UINT32_C(1) << phpass_rounds(hash);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char text[24];
	bool good = ctx != NULL && md5(ctx, EVP_md5(), salt, password, sum);

	for (uint32_t i = 0; good && i < rounds; i++) {
		good = md5(ctx, NULL, last, password, sum);
	}
	EVP_MD_CTX_free(ctx);
	if (!good) {
		return false;
	}
	encode(sum, text);
	return secret_eq(view_drop(hash, head), (struct view){ text, 22 });
}

/* --- all of them ---------------------------------------------------------- */

static bool
check_one(struct view hash, struct view password)
{
	switch (wphash_kind(hash)) {
	case WPHASH_WP:
		return check_wp(view_drop(hash, 3), password);
	case WPHASH_BCRYPT:
		return check_plain_bcrypt(hash, password);
	case WPHASH_PHPASS:
		return check_phpass(hash, password);
	case WPHASH_UNKNOWN:
		break;
	}
	return false;
}

/* As PHP's addslashes(); a NUL cannot come.  Its length. */
static size_t
add_slashes(struct view password, char out[TEXT_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < password.n; i++) {
		char c = password.p[i];

		if (c == '\'' || c == '"' || c == '\\') {
			out[n++] = '\\';
		}
		out[n++] = c;
	}
	return n;
}

bool
wphash_check(struct view hash, struct view password)
{
	char slashed[TEXT_SIZE];
	size_t n;
	bool same;

	if (password.n > PWHASH_PASSWORD_MAX) {
		return false;
	}
	same = check_one(hash, password);
	n = add_slashes(password, slashed);
	if (n != password.n) {
		/* Always looked at: `|`, not `||`. */
		same = same | check_one(hash, (struct view){ slashed, n });
	}
	secret_wipe(slashed, sizeof(slashed));
	return same;
}

void
wphash_dummy(unsigned cost, char ret[WPHASH_MAX + 1])
{
	/* The digits of nothing: no password has this hash. */
	(void)snprintf(ret, WPHASH_MAX + 1, "$wp$2y$%02u$%053d", cost % 100, 0);
}

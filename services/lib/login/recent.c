#include "login/recent.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "base/secret.h"
#include "login/pwhash.h"

#define LENGTH_SIZE 2
#define MESSAGE_MAX \
	(3 * LENGTH_SIZE + RECENT_NAME_MAX + PWHASH_PASSWORD_MAX + PWHASH_MAX)

int
recent_init(struct recent *recent)
{
	*recent = (struct recent){ .key = { 0 } };
	/* Not OpenSSL's: its memory is taken when it is first needed. */
	return getrandom(recent->key, sizeof(recent->key), 0)
		== (ssize_t)sizeof(recent->key)
	    ? 0
	    : -EIO;
}

/* Adds a length and the bytes, so that no two triples give one message. */
static unsigned char *
add(unsigned char *p, struct view v)
{
	*p++ = (unsigned char)(v.n >> 8);
	*p++ = (unsigned char)v.n;
	if (v.n > 0) {
		memcpy(p, v.p, v.n);
	}
	return p + v.n;
}

/* False when there is none: what is too long is never remembered. */
static bool
make_mac(const struct recent *recent, struct view name, struct view password,
    struct view hash, uint8_t ret[RECENT_MAC])
{
	unsigned char message[MESSAGE_MAX];
	unsigned char *end;
	unsigned n = 0;
	bool good;

	if (name.n > RECENT_NAME_MAX || password.n > PWHASH_PASSWORD_MAX
	    || hash.n > PWHASH_MAX) {
		return false;
	}
	end = add(add(add(message, name), password), hash);
	good = HMAC(EVP_sha256(), recent->key, (int)sizeof(recent->key),
		   message, (size_t)(end - message), ret, &n)
		!= NULL
	    && n == RECENT_MAC;
	secret_wipe(message, sizeof(message));
	return good;
}

static struct view
bytes(const uint8_t mac[RECENT_MAC])
{
	return (struct view){ (const char *)mac, RECENT_MAC };
}

bool
recent_knows(const struct recent *recent, struct view name,
    struct view password, struct view hash, int64_t now)
{
	uint8_t mac[RECENT_MAC];
	bool known = false;

	if (!make_mac(recent, name, password, hash, mac)) {
		return false;
	}
	for (size_t i = 0; i < RECENT_SIZE; i++) {
		const struct recent_entry *e = &recent->entries[i];

		known = known
		    | (secret_eq(bytes(e->mac), bytes(mac)) & (now < e->until));
	}
	return known;
}

void
recent_add(struct recent *recent, struct view name, struct view password,
    struct view hash, int64_t now)
{
	struct recent_entry *oldest = &recent->entries[0];
	uint8_t mac[RECENT_MAC];

	if (!make_mac(recent, name, password, hash, mac)) {
		return;
	}
	for (size_t i = 0; i < RECENT_SIZE; i++) {
		if (recent->entries[i].until < oldest->until) {
			oldest = &recent->entries[i];
		}
	}
	memcpy(oldest->mac, mac, sizeof(mac));
	oldest->until = now + RECENT_MS;
}

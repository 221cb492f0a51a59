/* The functions that load words are older than the wish not to have them. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tls/few.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <openssl/asn1.h>
#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/view.h"

#define FEW 12
#define DRBG "HASH-DRBG"
#define DRBG_DIGEST "SHA2-512"

/*
 * By what OpenSSL calls them first.  AES-256-CBC and HMAC are for session
 * tickets, SHA1 for what certificates are known by.  Random numbers are made
 * from a digest, since the usual way would want a cipher, and so all of the
 * default provider's in its own context.  What later versions have only is for
 * groups that withstand quantum computers.
 */
static const struct {
	int operation;
	const char *names[FEW];
} wanted[] = {
	{ OSSL_OP_CIPHER,
	    { "AES-256-GCM", "AES-128-GCM", "ChaCha20-Poly1305",
		"AES-256-CBC" } },
	{ OSSL_OP_DIGEST,
	    { "SHA2-256", "SHA2-384", "SHA2-512", "SHA2-224", "SHA1" } },
	{ OSSL_OP_MAC, { "HMAC" } },
	{ OSSL_OP_KDF, { "HKDF", "TLS13-KDF", "TLS1-PRF" } },
	{ OSSL_OP_RAND, { DRBG } },
	{ OSSL_OP_KEYMGMT,
	    { "RSA", "RSA-PSS", "EC", "ED25519", "ED448", "X25519", "X448",
		"HMAC", "X25519MLKEM768", "SecP256r1MLKEM768",
		"SecP384r1MLKEM1024" } },
	{ OSSL_OP_KEYEXCH, { "ECDH", "X25519", "X448" } },
	{ OSSL_OP_SIGNATURE, { "RSA", "ECDSA", "ED25519", "ED448", "HMAC" } },
	{ OSSL_OP_DECODER,
	    { "DER", "RSA", "RSA-PSS", "EC", "ED25519", "ED448" } },
};

/* What few_init() has found of them, each list with an empty one behind. */
static OSSL_ALGORITHM *found[ARRAY_LEN(wanted)];
static OSSL_PROVIDER *all; /* the default provider */
static OSSL_PROVIDER *few; /* ours */

static bool
is_wanted(size_t operation, const char *names)
{
	struct view rest = view_str(names);
	struct view first = view_cut(&rest, ':');

	for (size_t i = 0; i < FEW && wanted[operation].names[i] != NULL; i++) {
		if (view_eq_nocase(first,
			view_str(wanted[operation].names[i]))) {
			return true;
		}
	}
	return false;
}

/* False when out of memory, or when there is none. */
static bool
find(size_t operation)
{
	int no_cache = 0;
	size_t n = 0;
	const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(all,
	    wanted[operation].operation, &no_cache);
	OSSL_ALGORITHM *list = NULL;

	for (; a != NULL && a->algorithm_names != NULL; a++) {
		if (!is_wanted(operation, a->algorithm_names)) {
			continue;
		}
		list = realloc(found[operation], (n + 2) * sizeof(*list));
		if (list == NULL) {
			return false;
		}
		found[operation] = list;
		list[n] = *a;
		n++;
		list[n] = (OSSL_ALGORITHM){ .algorithm_names = NULL };
	}
	return n > 0;
}

static const OSSL_ALGORITHM *
query(void *ctx, int operation, int *no_cache)
{
	(void)ctx;
	*no_cache = 0;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (wanted[i].operation == operation) {
			return found[i];
		}
	}
	return OSSL_PROVIDER_query_operation(all, operation, no_cache);
}

/* Groups, and kinds of signatures. */
static int
capabilities(void *ctx, const char *name, OSSL_CALLBACK *tell, void *arg)
{
	(void)ctx;
	return OSSL_PROVIDER_get_capabilities(all, name, tell, arg);
}

static int
begin(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
    const OSSL_DISPATCH **ret, void **ret_ctx)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES,
		    (void (*)(void))capabilities },
		{ 0, NULL }
	};

	(void)handle;
	(void)core;
	*ret = functions;
	/* What the algorithms are called with. */
	*ret_ctx = OSSL_PROVIDER_get0_provider_ctx(all);
	return 1;
}

/*
 * By what names and numbers certificates mean them: without, each signature
 * counts as too weak.  Ciphers get their numbers in the same way, and by these
 * OpenSSL tells the kernel which one it is to do (kTLS).
 */
static bool
name_algorithms(void)
{
	return EVP_add_cipher(EVP_aes_256_gcm()) == 1
	    && EVP_add_cipher(EVP_aes_128_gcm()) == 1
	    && EVP_add_cipher(EVP_chacha20_poly1305()) == 1
	    && EVP_add_digest(EVP_sha256()) == 1
	    && EVP_add_digest(EVP_sha384()) == 1
	    && EVP_add_digest(EVP_sha512()) == 1
	    && EVP_add_digest(EVP_sha224()) == 1
	    && EVP_add_digest(EVP_sha1()) == 1;
}

/* The default provider lives in a context where nobody asks for much. */
static int
load(void)
{
	OSSL_LIB_CTX *other = OSSL_LIB_CTX_new();
	bool good = other != NULL
	    && RAND_set_DRBG_type(other, DRBG, NULL, NULL, DRBG_DIGEST) == 1
	    && RAND_set_DRBG_type(NULL, DRBG, NULL, NULL, DRBG_DIGEST) == 1;

	all = good ? OSSL_PROVIDER_load(other, "default") : NULL;
	good = all != NULL;
	for (size_t i = 0; good && i < ARRAY_LEN(wanted); i++) {
		good = find(i);
	}
	if (good && OSSL_PROVIDER_add_builtin(NULL, "few", begin) == 1) {
		few = OSSL_PROVIDER_load(NULL, "few");
	}
	if (few == NULL) {
		all = NULL;
		OSSL_LIB_CTX_free(other);
		return -ENOSYS;
	}
	return 0;
}

int
few_init(void)
{
	uint64_t without = OPENSSL_INIT_NO_LOAD_CONFIG
	    | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS
	    | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS
	    | OPENSSL_INIT_NO_LOAD_SSL_STRINGS;

	if (few != NULL) {
		return 0;
	}
	return OPENSSL_init_ssl(without, NULL) == 1 && name_algorithms()
	    ? load()
	    : -ENOSYS;
}

void
few_words(void)
{
	(void)ERR_load_ASN1_strings();
	(void)ERR_load_EVP_strings();
	(void)ERR_load_PEM_strings();
	(void)ERR_load_SSL_strings();
	(void)ERR_load_X509_strings();
}

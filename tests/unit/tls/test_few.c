/*
 * TLS with few algorithms: every kind of key, version and suite that is ours
 * works, and what is not ours is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/macros.h"
#include "tls/few.h"

#define BITS 2048

static char folder[] = "/tmp/test_few.XXXXXX";
static char cert_path[64], key_path[64];

static EVP_PKEY *
new_key(const char *kind)
{
	if (strcmp(kind, "RSA") == 0) {
		return EVP_PKEY_Q_keygen(NULL, NULL, kind, (size_t)BITS);
	}
	if (strncmp(kind, "P-", 2) == 0) {
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
	}
	return EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

static void
name(X509_NAME *which, const char *text)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(which, "CN", MBSTRING_ASC,
			     (const unsigned char *)text, -1, -1, 0),
	    1);
}

static const EVP_MD *
digest_for(const char *kind)
{
	if (strncmp(kind, "ED", 2) == 0) {
		return NULL;
	}
	return strcmp(kind, "P-384") == 0 ? EVP_sha384() : EVP_sha256();
}

/*
 * Writes a key and a certificate that an authority with a key of the other kind
 * has signed: how strong its signature is counts, unlike that of one who signs
 * for itself.
 */
static void
make_pair(const char *kind, const char *authority)
{
	EVP_PKEY *key = new_key(kind), *ca = new_key(authority);
	X509 *cert = X509_new();
	FILE *f;

	assert_non_null(key);
	assert_non_null(ca);
	assert_non_null(cert);
	name(X509_get_subject_name(cert), "test");
	name(X509_get_issuer_name(cert), "authority");
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -60));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	assert_true(X509_sign(cert, ca, digest_for(authority)) > 0);
	f = fopen(cert_path, "we");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, cert), 1);
	assert_int_equal(fclose(f), 0);
	f = fopen(key_path, "we");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL,
			     NULL),
	    1);
	assert_int_equal(fclose(f), 0);
	X509_free(cert);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca);
}

static void
step(SSL *ssl, bool *done)
{
	int r = SSL_do_handshake(ssl);

	if (r == 1) {
		*done = true;
	} else {
		assert_int_equal(SSL_get_error(ssl, r), SSL_ERROR_WANT_READ);
	}
}

/* A handshake, and a word; `session` is resumed if there is one. */
static SSL_SESSION *
talk(SSL_CTX *server_ctx, SSL_CTX *client_ctx, SSL_SESSION *session)
{
	SSL *server = SSL_new(server_ctx), *client = SSL_new(client_ctx);
	BIO *one, *other;
	bool server_done = false, client_done = false;
	char got[8];

	assert_int_equal(BIO_new_bio_pair(&one, 65536, &other, 65536), 1);
	SSL_set_bio(server, one, one);
	SSL_set_bio(client, other, other);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	if (session != NULL) {
		assert_int_equal(SSL_set_session(client, session), 1);
	}
	for (int i = 0; i < 8 && !(server_done && client_done); i++) {
		step(client, &client_done);
		step(server, &server_done);
	}
	assert_true(server_done && client_done);
	assert_int_equal(SSL_write(server, "word", 4), 4);
	assert_int_equal(SSL_read(client, got, sizeof(got)), 4);
	assert_memory_equal(got, "word", 4);
	assert_int_equal(SSL_session_reused(client), session != NULL);
	SSL_SESSION_free(session);
	session = SSL_get1_session(client);
	SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(server);
	SSL_free(client);
	return session;
}

static void
suite(int version, const char *name, const char *group)
{
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	SSL_SESSION *session;

	assert_non_null(server);
	assert_non_null(client);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(server, cert_path),
	    1);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(server, key_path,
			     SSL_FILETYPE_PEM),
	    1);
	assert_int_equal(SSL_CTX_check_private_key(server), 1);
	assert_int_equal(SSL_CTX_set_min_proto_version(client, version), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(client, version), 1);
	assert_int_equal(SSL_CTX_set1_groups_list(client, group), 1);
	assert_int_equal(version == TLS1_3_VERSION
		? SSL_CTX_set_ciphersuites(client, name)
		: SSL_CTX_set_cipher_list(client, name),
	    1);
	session = talk(server, client, NULL);
	session = talk(server, client, session);
	SSL_SESSION_free(session);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

static void
every_key_and_suite(void **state)
{
	static const char *const kinds[] = { "RSA", "P-256", "P-384", "ED25519",
		"ED448" };
	static const char *const suites[] = { "TLS_AES_256_GCM_SHA384",
		"TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256" };
	static const char *const older[] = { "ECDHE+AES128", "ECDHE+AES256",
		"ECDHE+CHACHA20" };
	static const char *const groups[] = { "X25519:P-256:P-384",
		"P-256:P-384", "P-384:P-256" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		make_pair(kinds[i], kinds[ARRAY_LEN(kinds) - 1 - i]);
		for (size_t j = 0; j < ARRAY_LEN(suites); j++) {
			suite(TLS1_3_VERSION, suites[j], groups[j]);
			suite(TLS1_2_VERSION, older[j], groups[j]);
		}
	}
}

/* Where the library has the group that withstands quantum computers. */
static void
newest_group(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	bool known = SSL_CTX_set1_groups_list(ctx, "X25519MLKEM768") == 1;

	(void)state;
	SSL_CTX_free(ctx);
	assert_int_equal(known, OPENSSL_VERSION_NUMBER >= 0x30500000L);
	if (!known) {
		skip();
	}
	make_pair("P-256", "RSA");
	suite(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", "X25519MLKEM768");
}

static void
others_are_not_there(void **state)
{
	static const char *const absent[] = { "CAMELLIA-128-CBC",
		"DES-EDE3-CBC", "AES-128-CBC", "SM4-CBC", "NULL" };
	EVP_CIPHER *cipher;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
		assert_null(EVP_CIPHER_fetch(NULL, absent[i], NULL));
	}
	assert_null(EVP_MD_fetch(NULL, "MD5", NULL));
	cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	assert_non_null(cipher);
	EVP_CIPHER_free(cipher);
	/* Once is enough, and more is no fault. */
	assert_int_equal(few_init(), 0);
}

/* By these OpenSSL tells the kernel which cipher it is to do (kTLS). */
static void
ciphers_have_numbers(void **state)
{
	static const int numbers[] = { NID_aes_256_gcm, NID_aes_128_gcm,
		NID_chacha20_poly1305 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL,
		    OBJ_nid2sn(numbers[i]), NULL);

		assert_non_null(cipher);
		assert_int_equal(EVP_CIPHER_get_nid(cipher), numbers[i]);
		EVP_CIPHER_free(cipher);
	}
}

/* Words are there for who has to tell a person. */
static void
words(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char text[256];

	(void)state;
	ERR_clear_error();
	assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, "/dev/null"),
	    0);
	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	assert_null(strstr(text, "PEM lib"));
	few_words();
	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, "SSL routines"));
	assert_non_null(strstr(text, "PEM lib"));
	ERR_clear_error();
	SSL_CTX_free(ctx);
}

static int
set_up(void **state)
{
	(void)state;
	if (few_init() < 0 || mkdtemp(folder) == NULL) {
		return -1;
	}
	(void)snprintf(cert_path, sizeof(cert_path), "%s/cert", folder);
	(void)snprintf(key_path, sizeof(key_path), "%s/key", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(cert_path);
	(void)unlink(key_path);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_and_suite),
		cmocka_unit_test(newest_group),
		cmocka_unit_test(others_are_not_there),
		cmocka_unit_test(ciphers_have_numbers),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

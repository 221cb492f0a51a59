/*
 * A certificate for a server of a test.  To be included behind cmocka.h.
 */
#ifndef TEST_CERTIFICATE_H
#define TEST_CERTIFICATE_H

#include <stdio.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

/* Of its own issue, as the files "cert" and "key" of the current folder. */
static void
make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *f;

	assert_non_null(key);
	assert_non_null(cert);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	f = fopen("cert", "w");
	assert_int_equal(PEM_write_X509(f, cert), 1);
	(void)fclose(f);
	f = fopen("key", "w");
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL,
			     NULL),
	    1);
	(void)fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}

#endif

/*
 * TLS: a handshake with each target, for its certificate.
 *
 * The handshake verifies nothing, so that an expired or self-signed certificate
 * is seen all the same: notAfter and notBefore always come.  Whether it proves
 * the domain against the given authority is a value of its own.
 *
 * The old families (probe_*) have the names of the blackbox exporter.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "exporter/collector.h"
#include "exporter/ftp_greeting.h"
#include "run/clock.h"
#include "run/net.h"

#define TEXT_MAX 255

struct tls {
	struct target target;
	const char *domain; /* borrowed; empty: none */
	SSL_CTX *ctx;
	X509_STORE *ca; /* NULL: nothing is verified */
};

/* What one handshake has shown. */
struct sight {
	int64_t not_before;
	int64_t not_after;
	int64_t earliest; /* notAfter of the whole chain that was sent */
	bool verified;
	char subject[TEXT_MAX + 1];
	char issuer[TEXT_MAX + 1];
	char serial[TEXT_MAX + 1];
	char key[64]; /* "EC 256" */
	char version[32]; /* "TLS 1.3" */
	char cipher[64];
};

/* --- the connection ------------------------------------------------------ */

/* Waits for whatever the handshake wants.  0, or -errno. */
static int
wait_for(SSL *ssl, int result, int fd, int64_t deadline)
{
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return net_wait_read(fd, deadline);
	case SSL_ERROR_WANT_WRITE:
		return net_wait_write(fd, deadline);
	default:
		return -EPROTO;
	}
}

static int
handshake(SSL *ssl, int fd, int64_t deadline)
{
	int result, r = 0;

	do {
		ERR_clear_error();
		result = SSL_connect(ssl);
		if (result != 1) {
			r = wait_for(ssl, result, fd, deadline);
		}
	} while (result != 1 && r == 0);
	return r;
}

/* Reads one FTP reply.  Its code, or -errno. */
static int
read_reply(int fd, int64_t deadline)
{
	char bytes[FTP_REPLY_MAX + 1];
	size_t have = 0;
	int code = 0;

	while (code == 0) {
		int r = net_wait_read(fd, deadline);
		ssize_t n;

		if (r < 0) {
			return r;
		}
		if (have == sizeof(bytes)) {
			return -EPROTO;
		}
		n = read(fd, bytes + have, sizeof(bytes) - have);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			continue;
		}
		if (n <= 0) {
			return n < 0 ? -errno : -ECONNRESET;
		}
		have += (size_t)n;
		code = ftp_reply_code((struct view){ bytes, have });
	}
	return code;
}

/* RFC 4217: 220, AUTH TLS, 234. */
static int
auth_tls(int fd, int64_t deadline, struct collection *c)
{
	int code = read_reply(fd, deadline), r;

	if (code < 0) {
		return code;
	}
	if (code != 220) {
		return collection_fail(c, -EPROTO,
		    "FTP greets with %d instead of 220", code);
	}
	r = net_write_all(fd, "AUTH TLS\r\n", 10, deadline);
	if (r < 0) {
		return r;
	}
	code = read_reply(fd, deadline);
	if (code < 0) {
		return code;
	}
	return code == 234
	    ? 0
	    : collection_fail(c, -EPROTO, "FTP answers AUTH TLS with %d", code);
}

/* --- the certificate ----------------------------------------------------- */

static int64_t
unix_time(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void
read_name(const X509_NAME *name, char out[TEXT_MAX + 1])
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	out[0] = '\0';
	if (bio == NULL) {
		return;
	}
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		n = BIO_get_mem_data(bio, &text);
		(void)snprintf(out, TEXT_MAX + 1, "%.*s", (int)n,
		    n > 0 ? text : "");
	}
	BIO_free(bio);
}

static void
read_serial(const X509 *cert, char out[TEXT_MAX + 1])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
	char *hex = number == NULL ? NULL : BN_bn2hex(number);

	(void)snprintf(out, TEXT_MAX + 1, "%s", hex == NULL ? "" : hex);
	OPENSSL_free(hex);
	BN_free(number);
}

static void
read_key(X509 *cert, char *out, size_t size)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);

	if (type == NULL) {
		(void)snprintf(out, size, "unknown");
	} else {
		(void)snprintf(out, size, "%s %d", type,
		    EVP_PKEY_get_bits(key));
	}
}

/* notAfter of the first that ends of all certificates that were sent. */
static int64_t
earliest_end(SSL *ssl, int64_t earliest)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
		int64_t end = unix_time(
		    X509_get0_notAfter(sk_X509_value(chain, i)));

		earliest = end < earliest ? end : earliest;
	}
	return earliest;
}

/* Does the chain lead to our authority, and is the name the one asked for? */
static bool
verify(const struct tls *tls, SSL *ssl, X509 *cert)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const char *name = tls->domain[0] != '\0' ? tls->domain
						  : tls->target.host;
	bool good = false;

	if (ctx != NULL
	    && X509_STORE_CTX_init(ctx, tls->ca, cert,
		   SSL_get_peer_cert_chain(ssl))
		== 1
	    && X509_STORE_CTX_set_default(ctx, "ssl_server") == 1) {
		good = X509_verify_cert(ctx) == 1
		    && X509_check_host(cert, name, 0, 0, NULL) == 1;
	}
	X509_STORE_CTX_free(ctx);
	return good;
}

static int
look(const struct tls *tls, SSL *ssl, struct sight *s)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);

	if (cert == NULL) {
		return -EPROTO;
	}
	s->not_before = unix_time(X509_get0_notBefore(cert));
	s->not_after = unix_time(X509_get0_notAfter(cert));
	s->earliest = earliest_end(ssl, s->not_after);
	s->verified = tls->ca != NULL && verify(tls, ssl, cert);
	read_name(X509_get_subject_name(cert), s->subject);
	read_name(X509_get_issuer_name(cert), s->issuer);
	read_serial(cert, s->serial);
	read_key(cert, s->key, sizeof(s->key));
	/* "TLSv1.3" is written "TLS 1.3", as Go and so blackbox does. */
	(void)snprintf(s->version, sizeof(s->version), "TLS %s",
	    SSL_get_version(ssl)
		+ (strncmp(SSL_get_version(ssl), "TLSv", 4) == 0 ? 4 : 0));
	(void)snprintf(s->cipher, sizeof(s->cipher), "%s",
	    SSL_get_cipher_name(ssl));
	X509_free(cert);
	return 0;
}

/* --- the families -------------------------------------------------------- */

static void
write_family(const struct tls *tls, struct metrics *m, const char *name,
    const char *help)
{
	metrics_family(m, name, METRICS_GAUGE, help);
	metrics_label(m, "target", view_str(tls->target.name));
}

static void
write_up(const struct tls *tls, struct metrics *m, uint64_t up)
{
	write_family(tls, m, "probe_success",
	    "Displays whether or not the probe was a success");
	metrics_u64(m, up);
}

static void
write_times(const struct tls *tls, struct metrics *m, const struct sight *s)
{
	write_family(tls, m, "probe_ssl_earliest_cert_expiry",
	    "Returns last SSL chain expiry in unixtime");
	metrics_i64(m, s->earliest);
	write_family(tls, m, "tls_certificate_not_after_timestamp_seconds",
	    "When the target's own certificate ends.");
	metrics_i64(m, s->not_after);
	write_family(tls, m, "tls_certificate_not_before_timestamp_seconds",
	    "When the target's own certificate begins.");
	metrics_i64(m, s->not_before);
	if (tls->ca != NULL) {
		write_family(tls, m, "tls_certificate_verified",
		    "Whether the certificate is valid now, signed by our "
		    "authority, and names our domain.");
		metrics_u64(m, s->verified);
	}
}

static void
write_infos(const struct tls *tls, struct metrics *m, const struct sight *s)
{
	write_family(tls, m, "probe_tls_version_info",
	    "Returns the TLS version used or NaN when unknown");
	metrics_label(m, "version", view_str(s->version));
	metrics_u64(m, 1);
	write_family(tls, m, "probe_tls_cipher_info",
	    "Returns the TLS cipher negotiated during handshake");
	metrics_label(m, "cipher", view_str(s->cipher));
	metrics_u64(m, 1);
	write_family(tls, m, "tls_certificate_info",
	    "What the target's own certificate says.");
	metrics_label(m, "subject", view_str(s->subject));
	metrics_label(m, "issuer", view_str(s->issuer));
	metrics_label(m, "serial", view_str(s->serial));
	metrics_label(m, "key", view_str(s->key));
	metrics_u64(m, 1);
}

/* --- the whole ----------------------------------------------------------- */

/* Over a connection: whatever comes before TLS, the handshake, the look. */
static int
talk(const struct tls *tls, int fd, struct collection *c, struct sight *ret)
{
	SSL *ssl;
	int r = 0;

	if (tls->target.scheme == TARGET_FTP) {
		r = auth_tls(fd, c->deadline, c);
	}
	if (r < 0) {
		return r;
	}
	ssl = SSL_new(tls->ctx);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1
	    || (tls->domain[0] != '\0'
		&& SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)tls->domain)
		    != 1)) {
		r = -ENOMEM;
	}
	if (r == 0) {
		r = handshake(ssl, fd, c->deadline);
	}
	if (r == 0) {
		r = look(tls, ssl, ret);
	} else if (r == -EPROTO && buf_size(c->why) == 0) {
		(void)collection_fail(c, r, "no TLS handshake with %s",
		    tls->target.name);
	}
	if (r == 0) {
		(void)SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	ERR_clear_error();
	return r;
}

static int
collect(void *self, struct collection *c)
{
	const struct tls *tls = self;
	struct sight sight = { .verified = false };
	int64_t start = clock_us();
	struct metrics m;
	int fd;
	int r = net_connect(tls->target.host, tls->target.port, c->deadline,
	    &fd);

	if (r == 0) {
		cutoff_set(c->cutoff, fd);
		r = talk(tls, fd, c, &sight);
		cutoff_clear(c->cutoff);
		(void)close(fd);
	}
	if (r < 0) {
		return buf_size(c->why) > 0
		    ? r
		    : collection_fail(c, r, "%s: %s", tls->target.name,
			r == -EHOSTUNREACH ? "no such host" : strerror(-r));
	}
	metrics_init(&m, c->out);
	write_up(tls, &m, 1);
	write_family(tls, &m, "probe_duration_seconds",
	    "Returns how long the probe took to complete in seconds");
	metrics_double(&m, (double)(clock_us() - start) / 1e6);
	write_times(tls, &m, &sight);
	write_infos(tls, &m, &sight);
	return 0;
}

static void
down(void *self, struct metrics *m)
{
	write_up(self, m, 0);
}

static void
done(void *self)
{
	struct tls *tls = self;

	if (tls != NULL) {
		SSL_CTX_free(tls->ctx);
		X509_STORE_free(tls->ca);
		free(tls);
	}
}

static const struct collector_class tls_class = { .collect = collect,
	.down = down,
	.done = done };

/* The certificates of a PEM text.  NULL when there is none. */
static X509_STORE *
read_ca(const char *pem)
{
	X509_STORE *store = X509_STORE_new();
	BIO *bio = BIO_new_mem_buf(pem, -1);
	size_t n = 0;
	X509 *cert;

	if (store != NULL && bio != NULL) {
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		while (cert != NULL) {
			n += X509_STORE_add_cert(store, cert) == 1;
			X509_free(cert);
			cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		}
	}
	BIO_free(bio);
	ERR_clear_error();
	if (n == 0) {
		X509_STORE_free(store);
		return NULL;
	}
	return store;
}

/* Whatever the target speaks is to be seen, old versions included. */
static SSL_CTX *
new_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx != NULL) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
		SSL_CTX_set_security_level(ctx, 0);
		(void)SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
		(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
		(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	}
	return ctx;
}

int
tls_collector(const struct exporter_conf *conf, const struct target *target,
    struct collector *ret)
{
	struct tls *tls;

	/* No configuration file and no texts of errors: they cost memory. */
	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG
		| OPENSSL_INIT_NO_LOAD_SSL_STRINGS
		| OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS,
	    NULL);
	tls = calloc(1, sizeof(*tls));
	if (tls == NULL) {
		return -ENOMEM;
	}
	tls->target = *target;
	tls->domain = conf->domain;
	tls->ctx = new_context();
	if (tls->ctx == NULL) {
		done(tls);
		return -ENOMEM;
	}
	if (conf->tls_ca[0] != '\0') {
		tls->ca = read_ca(conf->tls_ca);
		if (tls->ca == NULL) {
			done(tls);
			return -EINVAL;
		}
	}
	collector_init(ret, &tls_class, tls, "tls", target);
	return 0;
}

#include "ftpd/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <sys/socket.h>

#include "base/secret.h"
#include "tls/few.h"
#include "tls/share.h"

/* Longer than any session: a ticket must not expire within one. */
#define TICKET_SECONDS (7 * 24 * 3600)
#define TICKET_KEYS 80 /* name, HMAC key, AES key: as OpenSSL wants it */
#define READ_AHEAD (128 * 1024)
#define REHEARSAL_TURNS 4

/* Where an SSL keeps that it was offered somebody else's ticket. */
static int
foreign_index(void)
{
	static int index = -1;

	if (index < 0) {
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	}
	return index;
}

bool
tls_foreign(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, foreign_index()) != NULL;
}

/* Is it one of tls_data()'s? */
static bool
is_data(const SSL *ssl)
{
	return SSL_get_num_tickets(ssl) == 0;
}

static SSL_TICKET_RETURN
on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
    size_t name_n, SSL_TICKET_STATUS status, void *ctx)
{
	(void)session;
	(void)name;
	(void)name_n;
	(void)ctx;
	/*
	 * Under TLS 1.2 a new ticket goes out within the handshake, before we
	 * know who it is: on a data connection it would let a stranger prove
	 * itself on the next one.  Also who offers a good ticket that is of no
	 * use, such as one that has expired, which anybody may have seen.
	 */
	if (status == SSL_TICKET_SUCCESS
	    || status == SSL_TICKET_SUCCESS_RENEW) {
		if (is_data(ssl) && SSL_version(ssl) < TLS1_3_VERSION) {
			(void)SSL_set_options(ssl, SSL_OP_NO_TICKET);
		}
		return SSL_TICKET_RETURN_USE;
	}
	if (status == SSL_TICKET_NO_DECRYPT) {
		/* Any pointer but NULL. */
		(void)SSL_set_ex_data(ssl, foreign_index(), ssl);
	}
	return is_data(ssl) ? SSL_TICKET_RETURN_IGNORE
			    : SSL_TICKET_RETURN_IGNORE_RENEW;
}

/* Looks for a protocol in a list of names, each with its length before it. */
static bool
names(struct view list, struct view protocol, const unsigned char **out,
    unsigned char *out_n)
{
	while (list.n > 0) {
		size_t n = (unsigned char)list.p[0];
		struct view rest = view_drop(list, 1);
		struct view name = { rest.p, n < rest.n ? n : rest.n };

		if (view_eq(name, protocol)) {
			*out = (const unsigned char *)name.p;
			*out_n = (unsigned char)name.n;
			return true;
		}
		list = view_drop(rest, name.n);
	}
	return false;
}

/*
 * A client that names protocols has to name ours: else another protocol's
 * client was led here (the ALPACA attack).  For data, FileZilla has a name of
 * its own.
 */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
    const unsigned char *in, unsigned in_n, void *ctx)
{
	struct view list = { (const char *)in, in_n };

	(void)ctx;
	return names(list, VIEW("ftp"), out, out_n)
		|| (is_data(ssl) && names(list, VIEW("ftp-data"), out, out_n))
	    ? SSL_TLSEXT_ERR_OK
	    : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/*
 * A data connection resumes the control connection's session, whose secret is
 * in its keys; for what is added to that the cheapest exchange will do, if the
 * client has begun it.  OpenSSL would take the first that the client has begun
 * (3.0), or one more against quantum computers (3.5), for each file.
 */
static int
on_hello(SSL *ssl, int *alert, void *ctx)
{
	static int cheapest[] = { NID_X25519 };
	const unsigned char *shares;
	size_t n;

	(void)alert;
	(void)ctx;
	if (is_data(ssl)
	    && SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_key_share, &shares,
		   &n)
		== 1
	    && share_is_in((struct view){ (const char *)shares, n },
		SHARE_X25519)
	    && SSL_set1_groups(ssl, cheapest, 1) != 1) {
		ERR_clear_error();
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

/*
 * Renegotiation is refused, and who asks for it (TLS 1.2) is not worth another
 * answer: OpenSSL would go on reading such requests for as long as they come,
 * past every deadline of ours.
 */
static void
on_event(const SSL *ssl, int where, int what)
{
	if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT
	    && (what & 0xff) == SSL_AD_NO_RENEGOTIATION) {
		(void)shutdown(SSL_get_fd(ssl), SHUT_RD);
	}
}

/* A key under a passphrase is refused: nobody is there to type it. */
static int
no_passphrase(char *out, int n, int writing, void *ctx)
{
	(void)out;
	(void)n;
	(void)writing;
	(void)ctx;
	return -1;
}

static int
configure(SSL_CTX *ctx)
{
	static const unsigned char id[] = "ftpd";

	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
		| SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA
		| SSL_OP_ENABLE_KTLS);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
		| SSL_MODE_RELEASE_BUFFERS);
	/* A command in one system call, not its record's head first. */
	SSL_CTX_set_read_ahead(ctx, 1);
	/* Nothing gets in there by itself: see tls_fresh_ticket(). */
	SSL_CTX_set_session_cache_mode(ctx,
	    SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_set_timeout(ctx, TICKET_SECONDS);
	SSL_CTX_set_info_callback(ctx, on_event);
	SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1
	    || SSL_CTX_set_cipher_list(ctx,
		   "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL")
		!= 1
	    || SSL_CTX_set_ciphersuites(ctx,
		   "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
		   "TLS_CHACHA20_POLY1305_SHA256")
		!= 1
	    || SSL_CTX_set_session_id_context(ctx, id, sizeof(id)) != 1
	    || SSL_CTX_set_session_ticket_cb(ctx, NULL, on_ticket, NULL) != 1) {
		return -EINVAL;
	}
	return 0;
}

static void
explain(struct buf *why, const char *what, const char *path)
{
	char text[256];

	few_words();
	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	buf_addf(why, "%s '%s': %s", what, path, text);
}

/*
 * A handshake with nobody, in memory: what OpenSSL looks up, computes and
 * allocates at the first one, each session has from its start then, and shares
 * it with the others.
 */
static void
rehearse(SSL_CTX *ctx)
{
	SSL_CTX *other = SSL_CTX_new(TLS_client_method());
	SSL *client = other == NULL ? NULL : SSL_new(other);
	SSL *server = tls_control(ctx);
	BIO *near, *far;

	if (client != NULL && server != NULL
	    && BIO_new_bio_pair(&near, 0, &far, 0) == 1) {
		SSL_set_bio(client, near, near);
		SSL_set_bio(server, far, far);
		SSL_set_connect_state(client);
		SSL_set_accept_state(server);
		for (int i = 0; i < REHEARSAL_TURNS; i++) {
			(void)SSL_do_handshake(client);
			(void)SSL_do_handshake(server);
		}
	}
	SSL_free(client);
	SSL_free(server);
	SSL_CTX_free(other);
	ERR_clear_error();
}

static bool
use_key(SSL_CTX *ctx, const char *key)
{
	return SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1
	    && SSL_CTX_check_private_key(ctx) == 1;
}

int
tls_load(const char *cert, const char *key, struct buf *why, SSL_CTX **ret)
{
	SSL_CTX *ctx = few_init() < 0 ? NULL : SSL_CTX_new(TLS_server_method());

	ERR_clear_error();
	if (ctx == NULL || configure(ctx) < 0 || foreign_index() < 0) {
		buf_add_str(why, "OpenSSL does not offer TLS 1.2 and 1.3");
		goto fail;
	}
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1) {
		explain(why, "FTPD_CERT: cannot use the certificate", cert);
		goto fail;
	}
	if (!use_key(ctx, key)) {
		explain(why, "FTPD_KEY: cannot use the key", key);
		goto fail;
	}
	rehearse(ctx);
	/* Anew: what RSA blinds with is each session's own. */
	if (!use_key(ctx, key)) {
		explain(why, "FTPD_KEY: cannot use the key", key);
		goto fail;
	}
	*ret = ctx;
	return 0;
fail:
	SSL_CTX_free(ctx);
	return -EINVAL;
}

int
tls_own_tickets(SSL_CTX *ctx)
{
	unsigned char keys[TICKET_KEYS];
	int ok = RAND_bytes(keys, sizeof(keys)) == 1
	    && SSL_CTX_set_tlsext_ticket_keys(ctx, keys, sizeof(keys)) == 1;

	secret_wipe(keys, sizeof(keys));
	return ok ? 0 : -EIO;
}

SSL *
tls_control(SSL_CTX *ctx)
{
	return SSL_new(ctx);
}

SSL *
tls_data(SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);

	/*
	 * Nobody reads tickets on an upload: unread, they would turn the end
	 * of the connection into a reset.
	 */
	if (ssl != NULL && SSL_set_num_tickets(ssl, 0) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	/* An upload is many records: several of them in one system call. */
	if (ssl != NULL) {
		SSL_set_default_read_buffer_len(ssl, READ_AHEAD);
	}
	return ssl;
}

bool
tls_resumed(const SSL *ssl)
{
	return SSL_session_reused(ssl) == 1;
}

void
tls_fresh_ticket(SSL *ssl)
{
	SSL_SESSION *copy;

	if (SSL_version(ssl) == TLS1_3_VERSION) {
		(void)SSL_new_session_ticket(ssl);
		return;
	}
	/* A connection that ends badly spoils the session that it used. */
	copy = SSL_SESSION_dup(SSL_get_session(ssl));
	if (copy != NULL) {
		(void)SSL_CTX_add_session(SSL_get_SSL_CTX(ssl), copy);
		SSL_SESSION_free(copy);
	}
}

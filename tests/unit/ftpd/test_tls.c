/*
 * Which TLS sessions a data connection may resume, what it is told to be when
 * it may not, and by which group it exchanges keys: handshakes in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ftpd/tls.h"
#include "tls/few.h"

#include "certificate.h"

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
static char folder[] = "/tmp/tls-XXXXXX";
static SSL_CTX *server_tls, *client_tls;

static int
set_up(void **state)
{
	struct buf why;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	/* First of all that OpenSSL has to do. */
	assert_int_equal(few_init(), 0);
	make_certificate();
	buf_init(&why, 1000);
	assert_int_equal(tls_load("cert", "key", &why, &server_tls), 0);
	buf_done(&why);
	assert_int_equal(tls_own_tickets(server_tls), 0);
	client_tls = SSL_CTX_new(TLS_client_method());
	assert_non_null(client_tls);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(server_tls);
	SSL_CTX_free(client_tls);
	(void)unlink("cert");
	(void)unlink("key");
	return rmdir(folder);
}

/* Both ends of a connection. */
struct ends {
	SSL *server;
	SSL *client;
};

/* Hands over what each has for the other, until nobody has anything. */
static void
run(struct ends *e)
{
	char byte;

	for (int i = 0; i < 10; i++) {
		(void)SSL_do_handshake(e->client);
		(void)SSL_do_handshake(e->server);
		(void)SSL_read(e->client, &byte, 1);
	}
	assert_true(SSL_is_init_finished(e->client));
	assert_true(SSL_is_init_finished(e->server));
}

/* A connection of `server` (taken) with a client that offers that session. */
static struct ends
connect_ends(SSL *server, int version, SSL_SESSION *offered)
{
	struct ends e = { .server = server, .client = SSL_new(client_tls) };
	BIO *near = NULL, *far = NULL;

	assert_non_null(server);
	assert_int_equal(SSL_set_min_proto_version(e.client, version), 1);
	assert_int_equal(SSL_set_max_proto_version(e.client, version), 1);
	assert_int_equal(BIO_new_bio_pair(&near, 0, &far, 0), 1);
	SSL_set_bio(e.server, near, near);
	SSL_set_bio(e.client, far, far);
	SSL_set_accept_state(e.server);
	SSL_set_connect_state(e.client);
	if (offered != NULL) {
		assert_int_equal(SSL_set_session(e.client, offered), 1);
	}
	run(&e);
	return e;
}

/* Ends it in order: else OpenSSL takes its session for a bad one. */
static void
disconnect(struct ends *e)
{
	(void)SSL_shutdown(e->server);
	(void)SSL_shutdown(e->client);
	SSL_free(e->server);
	SSL_free(e->client);
}

/* A control connection's session, as its client has it before a transfer. */
static SSL_SESSION *
session_of(struct ends *control)
{
	char byte = 0;
	SSL_SESSION *session;

	tls_fresh_ticket(control->server);
	/* The ticket goes out with the next write. */
	assert_int_equal(SSL_write(control->server, &byte, 1), 1);
	assert_int_equal(SSL_read(control->client, &byte, 1), 1);
	session = SSL_get1_session(control->client);
	assert_int_equal(SSL_SESSION_is_resumable(session), 1);
	return session;
}

/* What a data connection is that offers this session; NULL: none. */
static void
offer(int version, SSL_SESSION *session, bool resumed, bool foreign)
{
	struct ends data = connect_ends(tls_data(server_tls), version, session);

	assert_int_equal(tls_resumed(data.server), resumed);
	assert_int_equal(tls_foreign(data.server), foreign);
	/* No data connection gives a session to resume. */
	if (!resumed) {
		session = SSL_get1_session(data.client);
		assert_false(SSL_SESSION_has_ticket(session));
		SSL_SESSION_free(session);
	}
	disconnect(&data);
}

static void
own_session(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct ends control = connect_ends(tls_control(server_tls),
		    versions[i], NULL);
		SSL_SESSION *session = session_of(&control);

		/* Many times, as clients that know only one have it. */
		for (int n = 0; n < 3; n++) {
			offer(versions[i], session, true, false);
		}
		offer(versions[i], NULL, false, false);
		SSL_SESSION_free(session);
		disconnect(&control);
	}
}

/*
 * One that has expired counts for nothing, and is no stranger's either: it is
 * as if none was offered.
 */
static void
expired_session(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct ends control;
		SSL_SESSION *session;
		long before = SSL_CTX_set_timeout(server_tls, 1);

		control = connect_ends(tls_control(server_tls), versions[i],
		    NULL);
		session = session_of(&control);
		(void)SSL_CTX_set_timeout(server_tls, before);
		/* The client must not know, or it would not offer it. */
		(void)SSL_SESSION_set_timeout(session, 3600);
		offer(versions[i], session, true, false);
		(void)sleep(3);
		offer(versions[i], session, false, false);
		/* The control connection lives on, with a new one. */
		SSL_SESSION_free(session);
		if (versions[i] == TLS1_3_VERSION) {
			session = session_of(&control);
			offer(versions[i], session, true, false);
			SSL_SESSION_free(session);
		}
		disconnect(&control);
	}
}

/* Of another session process: its keys are not ours. */
static void
foreign_session(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct ends control = connect_ends(tls_control(server_tls),
		    versions[i], NULL);
		SSL_SESSION *session = session_of(&control);
		struct ends other;

		assert_int_equal(tls_own_tickets(server_tls), 0);
		offer(versions[i], session, false, true);
		/* For a control connection it is a beginning like any other. */
		other = connect_ends(tls_control(server_tls), versions[i],
		    session);
		assert_false(tls_resumed(other.server));
		disconnect(&other);
		SSL_SESSION_free(session);
		disconnect(&control);
	}
}

/* By which group they agree when the client has begun with these. */
static int
agreed(const char *groups)
{
	struct ends data;
	int group;

	assert_int_equal(SSL_CTX_set1_groups_list(client_tls, groups), 1);
	data = connect_ends(tls_data(server_tls), TLS1_3_VERSION, NULL);
	group = (int)SSL_get_negotiated_group(data.client);
	disconnect(&data);
	return group;
}

static void
groups_of_data(void **state)
{
	(void)state;
	assert_int_equal(agreed("P-256"), NID_X9_62_prime256v1);
	assert_int_equal(agreed("P-384:X25519"), NID_secp384r1);
	assert_int_equal(agreed("X25519:P-256"), NID_X25519);
	/* OpenSSL begins with two from 3.5 on, others (GnuTLS) always did. */
	if (OpenSSL_version_num() >= 0x30500000) {
		assert_int_equal(agreed("*P-256:*X25519"), NID_X25519);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_session),
		cmocka_unit_test(expired_session),
		cmocka_unit_test(foreign_session),
		cmocka_unit_test(groups_of_data),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

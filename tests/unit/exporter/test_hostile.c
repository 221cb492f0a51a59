/*
 * Targets that are dead, hung, slow or lie, all real collectors at the same
 * one: each is down in time and in words, and nothing is left behind.  And one
 * whose certificate has expired, which is seen all the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mysql.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "exporter/collector.h"
#include "exporter/scrape.h"
#include "run/clock.h"
#include "run/net.h"
#include "waiter.h"

#define DEADLINE_MS 500

/* --- a server ------------------------------------------------------------ */

enum manner {
	SILENT, /* takes the connection, says nothing */
	CLOSING, /* closes it at once */
	SLOW, /* a byte now and then, for ever */
	ENDLESS_LINE,
	ENDLESS_BODY,
	BINARY,
	LYING, /* HTTP, but what is in it is not what was asked for */
	FORBIDDING,
	REFUSING_LOGIN, /* as Redis does */
	EXPIRED, /* TLS with a certificate that has ended */
};

struct server {
	enum manner manner;
	int listener;
	uint16_t port;
	atomic_bool stop;
	atomic_int open;
	SSL_CTX *tls;
	pthread_t thread;
};

struct guest {
	struct server *server;
	int fd;
};

static void
nap(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L };

	(void)nanosleep(&ts, NULL);
}

static bool
say(int fd, const void *bytes, size_t n)
{
	return send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool
say_text(int fd, const char *text)
{
	return say(fd, text, strlen(text));
}

/* What no protocol is made of, the same each time. */
static void
fill(char *bytes, size_t n)
{
	uint32_t x = 12345;

	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245 + 12345;
		bytes[i] = (char)(x >> 16);
	}
}

static void
hear(const struct guest *guest)
{
	char bytes[4096];

	if (net_wait_read(guest->fd, clock_ms() + 300) == 0) {
		(void)!read(guest->fd, bytes, sizeof(bytes));
	}
}

static void
pour(const struct guest *guest, const char *bytes, size_t n)
{
	while (!guest->server->stop) {
		if (net_wait_write(guest->fd, clock_ms() + 100) == 0
		    && send(guest->fd, bytes, n, MSG_NOSIGNAL) < 0) {
			return;
		}
	}
}

static void
hold(const struct guest *guest, int step_ms, const char *bytes, size_t n)
{
	while (!guest->server->stop) {
		nap(step_ms);
		if (n > 0 && !say(guest->fd, bytes, n)) {
			return;
		}
	}
}

static void
shake_hands(const struct guest *guest)
{
	SSL *ssl = SSL_new(guest->server->tls);
	int64_t deadline = clock_ms() + 2000;
	int r = 0;

	assert_non_null(ssl);
	assert_int_equal(SSL_set_fd(ssl, guest->fd), 1);
	while (r != 1 && clock_ms() < deadline) {
		r = SSL_accept(ssl);
		if (r != 1) {
			nap(5);
		}
	}
	hold(guest, 20, NULL, 0);
	SSL_free(ssl);
}

static void
behave(const struct guest *guest)
{
	char much[16384];
	char noise[4096];

	switch (guest->server->manner) {
	case SILENT:
		hold(guest, 20, NULL, 0);
		break;
	case CLOSING:
		break;
	case SLOW:
		hold(guest, 30, "1", 1);
		break;
	case ENDLESS_LINE:
		memset(much, 'a', sizeof(much));
		pour(guest, much, sizeof(much));
		break;
	case ENDLESS_BODY:
		hear(guest);
		(void)say_text(guest->fd, "HTTP/1.1 200 OK\r\n\r\n");
		memset(much, '\n', sizeof(much));
		pour(guest, much, sizeof(much));
		break;
	case BINARY:
		fill(noise, sizeof(noise));
		(void)say(guest->fd, noise, sizeof(noise));
		break;
	case LYING:
		hear(guest);
		fill(noise, sizeof(noise));
		(void)say_text(guest->fd,
		    "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n");
		(void)say(guest->fd, noise, sizeof(noise));
		break;
	case FORBIDDING:
		hear(guest);
		(void)say_text(guest->fd,
		    "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
		break;
	case REFUSING_LOGIN:
		hear(guest);
		(void)say_text(guest->fd, "-WRONGPASS invalid pair\r\n");
		hold(guest, 20, NULL, 0);
		break;
	case EXPIRED:
		shake_hands(guest);
		break;
	}
}

static void *
entertain(void *data)
{
	struct guest *guest = data;

	behave(guest);
	(void)close(guest->fd);
	guest->server->open--;
	free(guest);
	return NULL;
}

static void *
take_guests(void *data)
{
	struct server *server = data;

	while (!server->stop) {
		struct guest *guest;
		pthread_t thread;
		int fd;

		if (net_wait_read(server->listener, clock_ms() + 20) < 0) {
			continue;
		}
		fd = accept4(server->listener, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			continue;
		}
		guest = malloc(sizeof(*guest));
		assert_non_null(guest);
		*guest = (struct guest){ .server = server, .fd = fd };
		server->open++;
		assert_int_equal(pthread_create(&thread, NULL, entertain,
				     guest),
		    0);
		(void)pthread_detach(thread);
	}
	return NULL;
}

static void
open_server(struct server *server, enum manner manner)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(addr);

	*server = (struct server){ .manner = manner };
	assert_int_equal(net_listen_on((struct sockaddr *)&addr, sizeof(addr),
			     64, &server->listener),
	    0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&addr,
			     &n),
	    0);
	server->port = ntohs(addr.sin_port);
}

static void
run_server(struct server *server)
{
	assert_int_equal(pthread_create(&server->thread, NULL, take_guests,
			     server),
	    0);
}

static void
close_server(struct server *server)
{
	server->stop = true;
	(void)pthread_join(server->thread, NULL);
	while (server->open > 0) {
		nap(5);
	}
	(void)close(server->listener);
}

/* --- all collectors at one target ---------------------------------------- */

static struct exporter_conf
settings(uint16_t port)
{
	static char host[] = "127.0.0.1", user[] = "exporter",
		    word[] = "not-for-strangers", none[] = "",
		    folder[] = "/nonexistent", domain[] = "stack.test";

	return (struct exporter_conf){ .dir = folder,
		.domain = domain,
		.db_host = host,
		.db_port = port,
		.db_user = user,
		.db_password = word,
		.redis_host = host,
		.redis_port = port,
		.redis_user = user,
		.redis_password = word,
		.tls_ca = none };
}

enum {
	MARIADB,
	WORDPRESS,
	REDIS,
	NGINX,
	PHPFPM,
	ADMINER,
	MERGE,
	HTTPS,
	FTP,
	COLLECTORS
};

static struct scrape *
start(const struct exporter_conf *conf, uint16_t port)
{
	static int (*const make[])(const struct exporter_conf *,
	    const struct target *, struct collector *) = {
		[NGINX] = nginx_collector,
		[PHPFPM] = phpfpm_collector,
		[ADMINER] = adminer_collector,
		[MERGE] = merge_collector,
		[HTTPS] = tls_collector,
		[FTP] = tls_collector,
	};
	static const char *const schemes[] = { [NGINX] = "http",
		[PHPFPM] = "http",
		[ADMINER] = "http",
		[MERGE] = "http",
		[HTTPS] = "https",
		[FTP] = "ftp" };
	struct collector collectors[COLLECTORS];
	struct scrape *scrape;
	struct target target;
	char url[64];

	assert_int_equal(mariadb_collector(conf, &collectors[MARIADB]), 0);
	assert_int_equal(wordpress_collector(conf, &collectors[WORDPRESS]), 0);
	assert_int_equal(redis_collector(conf, &collectors[REDIS]), 0);
	for (size_t i = NGINX; i < COLLECTORS; i++) {
		(void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s",
		    schemes[i], (unsigned)port, i < HTTPS ? "/page" : "");
		assert_int_equal(target_parse(view_str(url), &target), 0);
		assert_int_equal(make[i](conf, &target, &collectors[i]), 0);
	}
	assert_int_equal(scrape_start(collectors, COLLECTORS, &scrape), 0);
	return scrape;
}

/* One scrape; the page is the caller's to free. */
static char *
get(struct scrape *scrape)
{
	struct client client;
	char *text;

	client_ask(&client, scrape, DEADLINE_MS);
	text = client_get(&client);
	assert_non_null(text);
	return text;
}

static void
expect(const char *text, const char *line)
{
	if (strstr(text, line) == NULL) {
		fail_msg("missing %s in: %.4000s", line, text);
	}
}

static size_t
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL) {
		n++;
	}
	(void)closedir(dir);
	return n;
}

/* All but those of `answering` (bit by number) are down, and say why. */
static void
all_down(struct scrape *scrape, uint64_t answering)
{
	for (size_t i = 0; i < COLLECTORS; i++) {
		struct scrape_state s;

		scrape_state(scrape, i, &s);
		if ((answering >> i & 1) != 0) {
			assert_int_equal(s.how, SCRAPE_UP);
			continue;
		}
		assert_int_equal(s.how, SCRAPE_DOWN);
		assert_true(s.why[0] != '\0');
		assert_null(strstr(s.why, "not-for-strangers"));
	}
}

static char *
scrape_all(enum manner manner, bool dead, uint64_t answering)
{
	size_t before = descriptors();
	struct exporter_conf conf;
	struct server server;
	struct scrape *scrape;
	char *text = NULL;

	open_server(&server, manner);
	conf = settings(server.port);
	if (dead) {
		(void)close(server.listener);
	} else {
		run_server(&server);
	}
	scrape = start(&conf, server.port);
	/* The second one finds whatever the first has left. */
	for (int i = 0; i < 2; i++) {
		int64_t start_ms = clock_ms();

		free(text);
		text = get(scrape);
		assert_true(clock_ms() - start_ms < DEADLINE_MS + 1500);
		all_down(scrape, answering);
		nap(100);
	}
	assert_true(scrape_stop(scrape, 3000));
	if (!dead) {
		close_server(&server);
	}
	assert_int_equal(descriptors(), before);
	return text;
}

static void
says_down(const char *text)
{
	expect(text, "\nmysql_up 0\n");
	expect(text, "\nredis_up 0\n");
	expect(text, "\nnginx_up 0\n");
	expect(text, "\nwordpress_up 0\n");
	expect(text, "\nadminer_up 0\n");
	expect(text, "/page\"} 0\n"); /* phpfpm_up */
	expect(text, "probe_success{target=\"127.0.0.1:");
}

static void
nobody_there(void **state)
{
	char *text = scrape_all(SILENT, true, 0);

	(void)state;
	says_down(text);
	free(text);
}

static void
who_does_not_answer(void **state)
{
	static const enum manner manners[] = { SILENT, CLOSING, SLOW,
		ENDLESS_LINE, ENDLESS_BODY, BINARY, FORBIDDING };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(manners); i++) {
		char *text = scrape_all(manners[i], false, 0);

		says_down(text);
		free(text);
	}
}

static void
who_lies(void **state)
{
	/* A page of metrics may hold anything: its lines are left out. */
	char *text = scrape_all(LYING, false, (uint64_t)1 << MERGE);

	(void)state;
	says_down(text);
	expect(text, "\nexporter_collector_dropped_lines{collector=\"merge ");
	for (const char *p = text; *p != '\0'; p++) {
		assert_true(*p == '\n' || *p >= ' ');
	}
	free(text);
}

static void
who_refuses_the_login(void **state)
{
	struct exporter_conf conf;
	struct scrape_state s;
	struct server server;
	struct scrape *scrape;
	char *text;

	(void)state;
	open_server(&server, REFUSING_LOGIN);
	run_server(&server);
	conf = settings(server.port);
	scrape = start(&conf, server.port);
	text = get(scrape);
	expect(text, "\nredis_up 0\n");
	scrape_state(scrape, REDIS, &s);
	assert_string_equal(s.why, "Redis refuses the login of exporter");
	free(text);
	assert_true(scrape_stop(scrape, 3000));
	close_server(&server);
}

/* --- certificates -------------------------------------------------------- */

/* A certificate that signs itself and ended an hour ago. */
static SSL_CTX *
expired_context(time_t *ret_end)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *cert = X509_new();
	X509_NAME *name;
	time_t now = time(NULL);

	assert_true(key != NULL && ctx != NULL && cert != NULL);
	name = X509_get_subject_name(cert);
	*ret_end = now - 3600;
	assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 7), 1);
	assert_non_null(
	    X509_time_adj_ex(X509_getm_notBefore(cert), -2, 0, &now));
	assert_non_null(
	    X509_time_adj_ex(X509_getm_notAfter(cert), 0, -3600, &now));
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			     (const unsigned char *)"stack.test", -1, -1, 0),
	    1);
	assert_int_equal(X509_set_issuer_name(cert, name), 1);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static void
what_has_expired_is_seen(void **state)
{
	struct exporter_conf conf;
	struct collector collector;
	struct server server;
	struct scrape *scrape;
	struct target target;
	char *text, line[128];
	time_t end;

	(void)state;
	open_server(&server, EXPIRED);
	server.tls = expired_context(&end);
	run_server(&server);
	conf = settings(server.port);
	(void)snprintf(line, sizeof(line), "https://127.0.0.1:%u",
	    (unsigned)server.port);
	assert_int_equal(target_parse(view_str(line), &target), 0);
	assert_int_equal(tls_collector(&conf, &target, &collector), 0);
	assert_int_equal(scrape_start(&collector, 1, &scrape), 0);
	text = get(scrape);
	(void)snprintf(line, sizeof(line),
	    "\nprobe_success{target=\"127.0.0.1:%u\"} 1\n",
	    (unsigned)server.port);
	expect(text, line);
	(void)snprintf(line, sizeof(line),
	    "\ntls_certificate_not_after_timestamp_seconds{target=\"127.0.0.1:"
	    "%u\"} %lld\n",
	    (unsigned)server.port, (long long)end);
	expect(text, line);
	expect(text, "key=\"EC 256\"");
	free(text);
	assert_true(scrape_stop(scrape, 3000));
	close_server(&server);
	SSL_CTX_free(server.tls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(who_does_not_answer),
		cmocka_unit_test(who_lies),
		cmocka_unit_test(who_refuses_the_login),
		cmocka_unit_test(what_has_expired_is_seen),
	};
	int failed;

	if (mysql_library_init(0, NULL, NULL) != 0) {
		return 1;
	}
	failed = cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
	mysql_library_end();
	return failed;
}

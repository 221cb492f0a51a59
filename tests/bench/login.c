/*
 * Logs many accounts in over FTPS, some at a time, and costs the machine as
 * little as it can: what is measured are the servers.
 *
 *	login PORT CERTIFICATE PASSWORD PARALLEL USER...
 *
 * Each of PARALLEL processes takes its share of the users, one after the other:
 * AUTH TLS, a whole handshake with the certificate checked, USER, PASS, QUIT.
 * Prints the seconds from the first connection to the last answer; status 1
 * when a login failed.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define TIMEOUT_S 60

static struct sockaddr_in server = { .sin_family = AF_INET };

/* Reads a reply of one line or more; is it of this kind? */
static bool
replied(int fd, SSL *ssl, char kind)
{
	char text[4096];
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		char *line;
		ssize_t got = ssl == NULL
		    ? recv(fd, text + n, sizeof(text) - 1 - n, 0)
		    : SSL_read(ssl, text + n, (int)(sizeof(text) - 1 - n));

		if (got <= 0) {
			return false;
		}
		n += (size_t)got;
		text[n] = '\0';
		if (text[n - 1] != '\n') {
			continue;
		}
		text[n - 1] = '\0';
		line = strrchr(text, '\n');
		line = line == NULL ? text : line + 1;
		if (strlen(line) > 3 && line[3] == ' ') {
			return line[0] == kind;
		}
		text[n - 1] = '\n';
	}
	return false;
}

static bool
ask(SSL *ssl, const char *verb, const char *arg, char kind)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%s %s\r\n", verb, arg);

	return SSL_write(ssl, line, n) == n && replied(-1, ssl, kind);
}

static bool
log_in(SSL_CTX *ctx, const char *user, const char *password)
{
	static const char auth[] = "AUTH TLS\r\n";
	struct timeval most = { .tv_sec = TIMEOUT_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = SSL_new(ctx);
	bool good;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	good = ssl != NULL
	    && connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0
	    && replied(fd, NULL, '2')
	    && send(fd, auth, sizeof(auth) - 1, 0) == (ssize_t)sizeof(auth) - 1
	    && replied(fd, NULL, '2') && SSL_set_fd(ssl, fd) == 1
	    && SSL_connect(ssl) == 1 && ask(ssl, "USER", user, '3')
	    && ask(ssl, "PASS", password, '2') && ask(ssl, "QUIT", "", '2');
	SSL_free(ssl);
	(void)close(fd);
	return good;
}

/* One process: waits for the start, then logs each `step`th of `n` users in. */
static _Noreturn void
run(SSL_CTX *ctx, int start, const char *password, char **users, int n,
    int step)
{
	char go;
	bool good = read(start, &go, 1) == 0;

	for (int i = 0; good && i < n; i += step) {
		good = log_in(ctx, users[i], password);
	}
	_exit(good ? 0 : 1);
}

int
main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int parallel = argc > 5 ? atoi(argv[4]) : 0;
	struct timespec begin, end;
	int start[2], status, bad = 0;

	if (parallel < 1 || parallel > argc - 5 || pipe(start) < 0
	    || SSL_CTX_load_verify_locations(ctx, argv[2], NULL) != 1) {
		(void)fprintf(stderr,
		    "login: PORT CERTIFICATE PASSWORD "
		    "PARALLEL USER...\n");
		return 2;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	server.sin_port = htons((uint16_t)atoi(argv[1]));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < parallel; i++) {
		if (fork() == 0) {
			(void)close(start[1]);
			run(ctx, start[0], argv[3], argv + 5 + i, argc - 5 - i,
			    parallel);
		}
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	(void)close(start[1]);
	while (wait(&status) > 0) {
		bad += status != 0;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	(void)printf("%.6f\n",
	    (double)(end.tv_sec - begin.tv_sec)
		+ (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return bad > 0;
}

/*
 * A whole session in this process, over sockets that lead to nobody else: the
 * real command layer, and a client that gets its turn when the session waits.
 * Nothing runs beside it and time is made up, so a run is the same each time,
 * and what would take minutes takes none.
 *
 * The C library's poll(), clock_gettime(), bind(), listen(), accept4(),
 * getsockname() and getrandom() are replaced in the program that includes this
 * file.  To be included once, by a test or a fuzz target.
 */
#ifndef TEST_WIRE_H
#define TEST_WIRE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "auth/auth.h"
#include "ftpd/session.h"
#include "run/lend.h"

#define WIRE_HEARD_MAX (4U * 1024 * 1024)

struct wire {
	/* Set by the test. */
	struct settings *settings;
	struct stats *stats;
	struct fsroot root;
	struct stage stage;
	SSL_CTX *server_tls; /* NULL: none is offered */
	SSL_CTX *client_tls;
	struct view content; /* what the client has to upload */
	bool protect; /* its data connections are under TLS */
	bool hold; /* an upload does not end before all was said */
	bool absent; /* nor does its connection come */
	bool patient; /* waits for the server to end it */
	bool deaf; /* does not read what it downloads */
	bool ports_taken; /* nobody can listen anywhere */
	in_addr_t from; /* whose its data connections are; 0: its own */
	unsigned strangers; /* connections from there before its own comes */
	/* What the client says next; *ret.p == NULL: nothing more. */
	void (*next)(struct wire *w, struct view *ret);
	void *ctx;

	/* What comes of it. */
	struct buf heard; /* "> " and what was said, then the replies, ... */
	struct buf got; /* downloads and listings */
	bool ended; /* by the server */
	unsigned timeouts;

	/* Private. */
	int control[2], auth[2], data[2]; /* ours, theirs */
	struct lender lender;
	ino_t passive; /* the socket that is listening */
	SSL *ssl, *data_ssl;
	bool content_sent, closed;
	int64_t passed_ms;
	uint64_t random;
};

/* The one that runs; NULL: the calls are what they always are. */
static struct wire *wire;

/* --- the calls ------------------------------------------------------------ */

static int
real_poll(struct pollfd *p, nfds_t n, int timeout)
{
	struct timespec t = { .tv_sec = timeout / 1000,
		.tv_nsec = timeout % 1000 * 1000000L };

	return (int)syscall(SYS_ppoll, p, n, timeout < 0 ? NULL : &t, NULL, 8);
}

int
clock_gettime(clockid_t id, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, id, ret);

	if (r == 0 && wire != NULL && id == CLOCK_MONOTONIC) {
		int64_t ms = wire->passed_ms;

		*ret = (struct timespec){ .tv_sec = 1000 + ms / 1000,
			.tv_nsec = ms % 1000 * 1000000 };
	}
	return r;
}

ssize_t
getrandom(void *out, size_t n, unsigned flags)
{
	if (wire == NULL || n != sizeof(wire->random)) {
		return syscall(SYS_getrandom, out, n, flags);
	}
	wire->random = wire->random * 6364136223846793005U + 1;
	memcpy(out, &wire->random, n);
	return (ssize_t)n;
}

static void
loopback(struct sockaddr *addr, socklen_t *n)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(21),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memcpy(addr, &a, *n < sizeof(a) ? *n : sizeof(a));
	*n = sizeof(a);
}

static void
wire_close(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
	*fd = -1;
}

/*
 * The port of the passive socket is told: the client connects to it at once,
 * though it may not be seen to.
 */
static void
wire_connect(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_ino != wire->passive) {
		return;
	}
	SSL_free(wire->data_ssl);
	wire->data_ssl = NULL;
	wire->content_sent = false;
	wire_close(&wire->data[0]);
	wire_close(&wire->data[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		wire->data)
	    < 0) {
		abort();
	}
}

int
getsockname(int fd, struct sockaddr *addr, socklen_t *n)
{
	if (wire == NULL) {
		return (int)syscall(SYS_getsockname, fd, addr, n);
	}
	wire_connect(fd);
	loopback(addr, n);
	return 0;
}

int
bind(int fd, const struct sockaddr *addr, socklen_t n)
{
	if (wire == NULL) {
		return (int)syscall(SYS_bind, fd, addr, n);
	}
	errno = EADDRINUSE;
	return wire->ports_taken ? -1 : 0;
}

int
listen(int fd, int backlog)
{
	struct stat st;

	if (wire == NULL) {
		return (int)syscall(SYS_listen, fd, backlog);
	}
	if (fstat(fd, &st) < 0) {
		return -1;
	}
	wire->passive = st.st_ino;
	return 0;
}

int
accept4(int fd, struct sockaddr *addr, socklen_t *n, int flags)
{
	int taken;

	if (wire == NULL) {
		return (int)syscall(SYS_accept4, fd, addr, n, flags);
	}
	if (wire->strangers > 0) {
		wire->strangers--;
		loopback(addr, n);
		((struct sockaddr_in *)(void *)addr)->sin_addr.s_addr =
		    wire->from;
		return dup(wire->control[1]);
	}
	if (wire->absent || wire->data[1] < 0) {
		errno = EAGAIN;
		return -1;
	}
	loopback(addr, n);
	taken = wire->data[1];
	wire->data[1] = -1;
	return taken;
}

/* --- the others ----------------------------------------------------------- */

/* The authenticator: bob's password is sesame. */
static void
wire_authenticate(struct wire *w)
{
	struct auth_request q;
	struct auth_answer a = { .result = AUTH_WRONG };
	ssize_t n = recv(w->auth[0], &q, sizeof(q), MSG_DONTWAIT);

	if (n <= 0) {
		return;
	}
	if (q.user_n == 3 && q.password_n == 6
	    && memcmp(q.text, "bobsesame", 9) == 0) {
		a = (struct auth_answer){ .result = AUTH_OK,
			.rights = USERS_ALL };
	}
	(void)send(w->auth[0], &a, sizeof(a), MSG_NOSIGNAL);
}

/* What there is to read, of a connection with TLS or without. */
static ssize_t
wire_read(int fd, SSL *ssl, char *out, size_t n)
{
	ssize_t got;

	if (ssl == NULL) {
		return recv(fd, out, n, MSG_DONTWAIT);
	}
	got = SSL_read(ssl, out, (int)n);
	if (got <= 0) {
		int why = SSL_get_error(ssl, (int)got);

		errno = EAGAIN;
		return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE
		    ? -1
		    : 0;
	}
	return got;
}

static void
wire_hear(struct wire *w)
{
	char bytes[4096];
	ssize_t n = 1;

	while (n > 0 && w->control[0] >= 0) {
		n = wire_read(w->control[0], w->ssl, bytes, sizeof(bytes));
		if (n > 0) {
			buf_add(&w->heard, bytes, (size_t)n);
		}
	}
	w->ended = w->ended || (n == 0 && !w->closed);
	if (w->ssl == NULL && w->client_tls != NULL
	    && strstr(buf_cstr(&w->heard), "\n234 ") != NULL) {
		w->ssl = SSL_new(w->client_tls);
		(void)SSL_set_fd(w->ssl, w->control[0]);
		SSL_set_connect_state(w->ssl);
		(void)SSL_do_handshake(w->ssl);
	}
}

/* The client's end of the data connection. */
static void
wire_transfer(struct wire *w)
{
	char bytes[65536];
	ssize_t n;

	if (w->data[0] < 0 || w->data[1] >= 0) {
		return; /* none, or not taken yet */
	}
	if (w->protect && w->data_ssl == NULL) {
		w->data_ssl = SSL_new(w->client_tls);
		(void)SSL_set_fd(w->data_ssl, w->data[0]);
		SSL_set_connect_state(w->data_ssl);
	}
	if (w->data_ssl != NULL && SSL_do_handshake(w->data_ssl) != 1) {
		return;
	}
	if (!w->content_sent && w->data_ssl != NULL) {
		(void)SSL_write(w->data_ssl, w->content.p, (int)w->content.n);
	} else if (!w->content_sent) {
		(void)send(w->data[0], w->content.p, w->content.n,
		    MSG_NOSIGNAL);
	}
	w->content_sent = true;
	if (!w->hold) {
		if (w->data_ssl != NULL) {
			(void)SSL_shutdown(w->data_ssl);
		}
		(void)shutdown(w->data[0], SHUT_WR);
	}
	for (n = 1; n > 0 && !w->deaf;) {
		n = wire_read(w->data[0], w->data_ssl, bytes, sizeof(bytes));
		if (n > 0) {
			buf_add(&w->got, bytes, (size_t)n);
		}
	}
}

/* What comes when all others have done what they could; false: nothing. */
static bool
wire_say(struct wire *w, bool listening, bool transfer)
{
	struct view v = { NULL, 0 };

	if (listening && !w->closed) {
		w->next(w, &v);
	}
	if (v.p != NULL) {
		buf_add_str(&w->heard, "> ");
		buf_add_view(&w->heard, v);
		if (w->ssl != NULL) {
			(void)SSL_write(w->ssl, v.p, (int)v.n);
		} else {
			(void)send(w->control[0], v.p, v.n, MSG_NOSIGNAL);
		}
		return true;
	}
	if (transfer && !w->patient && (w->hold || w->absent)) {
		w->hold = w->absent = false;
		return true;
	}
	if (w->closed || w->patient || !listening) {
		return false;
	}
	w->closed = true;
	if (w->ssl != NULL) {
		(void)SSL_shutdown(w->ssl);
	}
	(void)shutdown(w->control[0], SHUT_WR);
	return true;
}

/* Is one of them ready?  The passive socket does not really listen. */
static int
wire_ready(const struct wire *w, struct pollfd *p, nfds_t n)
{
	int r = real_poll(p, n, 0);

	for (nfds_t i = 0; i < n && r > 0; i++) {
		struct stat st;

		if (p[i].fd >= 0 && fstat(p[i].fd, &st) == 0
		    && st.st_ino == w->passive) {
			bool there = w->strangers > 0
			    || (!w->absent && w->data[1] >= 0);

			r -= p[i].revents != 0;
			p[i].revents = there ? POLLIN : 0;
			r += there;
		}
	}
	return r;
}

static int
wire_poll(struct wire *w, struct pollfd *p, nfds_t n, int timeout)
{
	bool listening = false;
	int r;

	for (nfds_t i = 0; i < n; i++) {
		listening |= p[i].fd == w->control[1];
	}
	do {
		r = wire_ready(w, p, n);
		if (r != 0 || timeout == 0) {
			return r;
		}
		wire_authenticate(w);
		lend_serve(&w->lender);
		wire_hear(w);
		wire_transfer(w);
		r = wire_ready(w, p, n);
		if (r != 0) {
			return r;
		}
	} while (wire_say(w, listening, n > 0 && p[0].fd != w->control[1]));
	w->passed_ms += timeout;
	w->timeouts++;
	return 0;
}

int
poll(struct pollfd *p, nfds_t n, int timeout)
{
	return wire == NULL ? real_poll(p, n, timeout)
			    : wire_poll(wire, p, n, timeout);
}

/* --- a run ---------------------------------------------------------------- */

/* Serves one session; `heard` and `got` are the caller's to free. */
static void
wire_run(struct wire *w)
{
	struct session *s = calloc(1, sizeof(*s));
	struct session_parts parts = { .settings = w->settings,
		.stats = w->stats,
		.tls = w->server_tls,
		.root = w->root,
		.stage = w->stage,
		.life_fd = -1,
		.peer = addr_of_four(
		    (struct in_addr){ htonl(INADDR_LOOPBACK) }) };

	if (s == NULL
	    || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		   0, w->control)
		< 0
	    || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w->auth)
		< 0) {
		abort();
	}
	if (lend_init(&w->lender, (uint16_t)w->settings->pasv_min,
		(uint16_t)w->settings->pasv_max, 1)
		< 0
	    || lend_open(&w->lender, &parts.lend_fd) < 0) {
		abort();
	}
	buf_init(&w->heard, WIRE_HEARD_MAX);
	buf_init(&w->got, WIRE_HEARD_MAX);
	w->data[0] = w->data[1] = -1;
	/* The session goes its own way from here: the test keeps its own. */
	parts.fd = w->control[1];
	parts.auth_fd = w->auth[1];
	parts.root.fd = dup(w->root.fd);
	parts.stage.dir = dup(w->stage.dir);
	wire = w;
	session_run(s, &parts);
	wire_hear(w);
	wire = NULL;
	lend_serve(&w->lender); /* sees its end */
	(void)close(w->lender.events);
	SSL_free(w->ssl);
	SSL_free(w->data_ssl);
	(void)close(s->parts.root.fd);
	(void)close(s->parts.stage.dir);
	(void)close(w->control[0]);
	(void)close(w->auth[0]);
	wire_close(&w->data[0]);
	wire_close(&w->data[1]);
	free(s);
}

/* Empties a folder, but keeps the staging folder, which is empty then. */
static void
wire_clear(int folder)
{
	DIR *d = fdopendir(
	    openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;

	if (d == NULL) {
		abort();
	}
	for (e = readdir(d); e != NULL; e = readdir(d)) {
		int below;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0
		    || unlinkat(folder, e->d_name, 0) == 0) {
			continue;
		}
		/* Sessions may have taken rights from it. */
		if (fchmodat(folder, e->d_name, 0700, 0) < 0) {
			continue;
		}
		below = openat(folder, e->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0) {
			wire_clear(below);
			(void)close(below);
		}
		if (strcmp(e->d_name, SETTINGS_STAGE) != 0) {
			(void)unlinkat(folder, e->d_name, AT_REMOVEDIR);
		}
	}
	(void)closedir(d);
}

#endif

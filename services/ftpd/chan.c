#include "ftpd/chan.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void
chan_init(struct chan *c, int fd, struct chan_wait waiter)
{
	*c = (struct chan){ .fd = fd, .waiter = waiter };
}

void
chan_done(struct chan *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	if (c->fd >= 0) {
		(void)close(c->fd);
	}
	c->fd = -1;
}

static int
wait_for(struct chan *c, short events, int64_t deadline)
{
	return c->waiter.wait(c->waiter.ctx, c->fd, events, deadline);
}

/*
 * What the result of an SSL function means: POLLIN or POLLOUT to wait for, 0
 * for the end of the stream, or -errno.
 */
static int
tls_meaning(const struct chan *c, int result, int err)
{
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		return err != 0 ? -err : -ECONNABORTED;
	default:
		break;
	}
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
	if (ERR_GET_REASON(ERR_peek_error())
	    == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		return -ECONNABORTED;
	}
#endif
	return -EPROTO;
}

/* Clears what earlier calls left, as SSL_get_error() reads it. */
static void
tls_before(void)
{
	ERR_clear_error();
	errno = 0;
}

int
chan_accept_tls_take(struct chan *c, SSL *ssl, int64_t deadline)
{
	int r, want;

	c->ssl = ssl;
	if (SSL_set_fd(ssl, c->fd) != 1) {
		return -ENOMEM;
	}
	for (;;) {
		tls_before();
		r = SSL_accept(ssl);
		if (r == 1) {
			return 0;
		}
		want = tls_meaning(c, r, errno);
		if (want <= 0) {
			return want == 0 ? -ECONNRESET : want;
		}
		r = wait_for(c, (short)want, deadline);
		if (r < 0) {
			return r;
		}
	}
}

/* > 0: bytes; 0: end; -EAGAIN with the events to wait for in *ret_want. */
static ssize_t
read_once(struct chan *c, void *out, size_t n, short *ret_want)
{
	ssize_t got;
	int want;

	*ret_want = POLLIN;
	if (c->ssl == NULL) {
		do {
			got = recv(c->fd, out, n, 0);
		} while (got < 0 && errno == EINTR);
		return got < 0 ? -errno : got;
	}
	tls_before();
	got = SSL_read(c->ssl, out, n > INT32_MAX ? INT32_MAX : (int)n);
	if (got > 0) {
		return got;
	}
	want = tls_meaning(c, (int)got, errno);
	if (want <= 0) {
		return want;
	}
	*ret_want = (short)want;
	return -EAGAIN;
}

ssize_t
chan_read(struct chan *c, void *out, size_t n, int64_t deadline)
{
	for (;;) {
		short want;
		ssize_t got = read_once(c, out, n, &want);
		int r;

		if (got != -EAGAIN) {
			return got;
		}
		r = wait_for(c, want, deadline);
		if (r < 0) {
			return r;
		}
	}
}

ssize_t
chan_try_read(struct chan *c, void *out, size_t n)
{
	short want;

	return read_once(c, out, n, &want);
}

static ssize_t
write_once(struct chan *c, const void *bytes, size_t n, short *ret_want)
{
	ssize_t sent;
	int want;

	*ret_want = POLLOUT;
	if (c->ssl == NULL) {
		do {
			sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
		} while (sent < 0 && errno == EINTR);
		return sent < 0 ? -errno : sent;
	}
	tls_before();
	sent = SSL_write(c->ssl, bytes, n > INT32_MAX ? INT32_MAX : (int)n);
	if (sent > 0) {
		return sent;
	}
	want = tls_meaning(c, (int)sent, errno);
	if (want <= 0) {
		return want == 0 ? -EPIPE : want;
	}
	*ret_want = (short)want;
	return -EAGAIN;
}

int
chan_write(struct chan *c, const void *bytes, size_t n, int64_t deadline)
{
	const char *p = bytes;

	while (n > 0) {
		short want;
		ssize_t sent = write_once(c, p, n, &want);
		int r;

		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
			continue;
		}
		r = sent == -EAGAIN ? wait_for(c, want, deadline) : (int)sent;
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int
chan_finish(struct chan *c, int64_t deadline)
{
	int r = 0;

	while (r == 0 && c->ssl != NULL) {
		int done, want;

		tls_before();
		done = SSL_shutdown(c->ssl);
		if (done >= 0) {
			break;
		}
		want = tls_meaning(c, done, errno);
		r = want > 0 ? wait_for(c, (short)want, deadline)
		    : want == 0 ? -EPIPE : want;
	}
	if (shutdown(c->fd, SHUT_WR) < 0 && r == 0) {
		r = -errno;
	}
	return r;
}

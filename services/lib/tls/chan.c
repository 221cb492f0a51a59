#include "tls/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* At most so much at a time goes through a pipe. */
#define MOVE_MOST (1024 * 1024)

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
	int r = deadline == CHAN_NOW
	    ? -EAGAIN
	    : c->waiter.wait(c->waiter.ctx, c->fd, events, deadline);

	return r < 0 ? r : 1;
}

/* Clears what earlier calls left, as SSL_get_error() reads it. */
static void
tls_before(void)
{
	ERR_clear_error();
	errno = 0;
}

/*
 * After an SSL function gave no success: waits for what it needs.  1: call it
 * again; 0: the stream has ended; or -errno.
 */
static int
tls_again(struct chan *c, int result, int64_t deadline)
{
	int err = errno;

	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(c, POLLIN, deadline);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(c, POLLOUT, deadline);
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

/* The same after a system call failed: 1, or -errno. */
static int
plain_again(struct chan *c, short events, int64_t deadline)
{
	if (errno == EINTR) {
		return 1;
	}
	return errno == EAGAIN ? wait_for(c, events, deadline) : -errno;
}

int
chan_accept_tls_take(struct chan *c, SSL *ssl, int64_t deadline)
{
	int r;

	c->ssl = ssl;
	if (SSL_set_fd(ssl, c->fd) != 1) {
		return -ENOMEM;
	}
	do {
		tls_before();
		r = SSL_accept(ssl);
		if (r == 1) {
			return 0;
		}
		r = tls_again(c, r, deadline);
	} while (r > 0);
	return r == 0 ? -ECONNRESET : r;
}

/*
 * SSL_read() gives one record at a time.  What the connection has read ahead
 * (see tls_data()) is added, so that a file is written in large pieces.  An end
 * or a fault met here is met again by the next call.
 */
static ssize_t
read_records(SSL *ssl, char *out, size_t n)
{
	size_t most = n > INT32_MAX ? INT32_MAX : n;
	size_t at = 0;
	int got;

	do {
		got = SSL_read(ssl, out + at, (int)(most - at));
		if (got <= 0) {
			return at > 0 ? (ssize_t)at : got;
		}
		at += (size_t)got;
	} while (at < most && SSL_has_pending(ssl) == 1);
	return (ssize_t)at;
}

ssize_t
chan_read(struct chan *c, void *out, size_t n, int64_t deadline)
{
	int r;

	do {
		ssize_t got;

		tls_before();
		if (c->ssl == NULL) {
			got = recv(c->fd, out, n, 0);
		} else {
			got = read_records(c->ssl, out, n);
		}
		if (got > 0 || (got == 0 && c->ssl == NULL)) {
			return got;
		}
		r = c->ssl == NULL ? plain_again(c, POLLIN, deadline)
				   : tls_again(c, (int)got, deadline);
	} while (r > 0);
	return r;
}

ssize_t
chan_move(struct chan *c, const int via[2], int fd, int64_t deadline)
{
	ssize_t got;
	ssize_t left;
	int r = 1;

	do {
		got = splice(c->fd, NULL, via[1], NULL, MOVE_MOST,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (got < 0) {
			r = plain_again(c, POLLIN, deadline);
		}
	} while (got < 0 && r > 0);
	for (left = got; left > 0;) {
		ssize_t put = splice(via[0], NULL, fd, NULL, (size_t)left,
		    SPLICE_F_MOVE);

		if (put > 0) {
			left -= put;
		} else if (put == 0 || errno != EINTR) {
			return put == 0 ? -EIO : -errno;
		}
	}
	return r < 0 ? r : got;
}

int
chan_write(struct chan *c, const void *bytes, size_t n, int64_t deadline)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t sent;
		int r;

		tls_before();
		if (c->ssl == NULL) {
			sent = send(c->fd, p, n, MSG_NOSIGNAL);
		} else {
			sent = SSL_write(c->ssl, p,
			    n > INT32_MAX ? INT32_MAX : (int)n);
		}
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
			continue;
		}
		r = c->ssl == NULL ? plain_again(c, POLLOUT, deadline)
				   : tls_again(c, (int)sent, deadline);
		if (r <= 0) {
			return r == 0 ? -EPIPE : r;
		}
	}
	return 0;
}

int
chan_finish(struct chan *c, int64_t deadline)
{
	int r = c->ssl == NULL ? 0 : 1;

	while (r > 0) {
		tls_before();
		r = SSL_shutdown(c->ssl);
		if (r >= 0) {
			r = 0;
			break;
		}
		r = tls_again(c, r, deadline);
		if (r == 0) {
			r = -EPIPE;
		}
	}
	if (shutdown(c->fd, SHUT_WR) < 0 && r == 0) {
		r = -errno;
	}
	return r;
}

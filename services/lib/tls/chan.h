/*
 * A chan is a connection, plain or under TLS: blocking calls with deadlines
 * over a non-blocking descriptor.  How it waits is the owner's affair (a
 * session watches other descriptors at the same time), hence chan_wait.
 *
 * Errors: -ETIMEDOUT; -ECONNRESET, -EPIPE: the peer is gone; -ECONNABORTED:
 * the peer ended a TLS connection without close_notify; -EPROTO: TLS failed;
 * and whatever the wait function gives.
 */
#ifndef TLS_CHAN_H
#define TLS_CHAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include "base/macros.h"

struct chan_wait {
	/* Waits for poll(2) `events` of `fd`; 0, or -errno. */
	int (*wait)(void *ctx, int fd, short events, int64_t deadline);
	void *ctx;
};

struct chan {
	int fd; /* -1: closed */
	SSL *ssl; /* NULL: plain */
	struct chan_wait waiter;
};

/* Takes `fd`, which has to be non-blocking. */
void chan_init(struct chan *c, int fd, struct chan_wait waiter);

/* Frees TLS and closes the descriptor, without a word to the peer. */
void chan_done(struct chan *c);

/* Server side of the TLS handshake over `ssl`, which is taken. */
NODISCARD int chan_accept_tls_take(struct chan *c, SSL *ssl, int64_t deadline);

/* As a deadline: -EAGAIN where there would be something to wait for. */
#define CHAN_NOW (-1)

/* Up to `n` bytes: > 0, 0 at the clean end of the stream, or -errno. */
NODISCARD ssize_t chan_read(struct chan *c, void *out, size_t n,
    int64_t deadline);

/*
 * Moves what has arrived on a plain connection to the end of `fd`'s file by way
 * of the pipe `via`, which is empty before and after; nothing is copied through
 * this process (splice(2)).  > 0 bytes, 0 at the end of the stream, or -errno,
 * of the file too: then the pipe is of no more use.
 */
NODISCARD ssize_t chan_move(struct chan *c, const int via[2], int fd,
    int64_t deadline);

/* All `n` bytes.  0, or -errno. */
NODISCARD int chan_write(struct chan *c, const void *bytes, size_t n,
    int64_t deadline);

/*
 * Says that no more will be written: close_notify, then FIN.  0, or -errno
 * when the peer did not take it.
 */
int chan_finish(struct chan *c, int64_t deadline);

#endif

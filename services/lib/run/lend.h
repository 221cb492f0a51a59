/*
 * Lending TCP sockets that listen.  Who is confined and may not bind(2) asks a
 * lender, over a channel of its own, for a socket at some port of a range; the
 * lender's process binds it and passes it on (unix(7), SCM_RIGHTS).  So the
 * borrower needs no right to any port, on whatever kernel.
 *
 * The lender forks its borrowers: its ends of their channels have high numbers
 * that each of them closes by lend_leave().
 */
#ifndef RUN_LEND_H
#define RUN_LEND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/macros.h"

struct lender {
	int events; /* readable when somebody asks: lend_serve() */
	int last; /* the highest number of its ends */
	uint16_t min; /* the range */
	uint16_t max;
};

/*
 * For at most so many borrowers at a time.  Raises the process's limit of
 * descriptors as far as it may.  0; -EMFILE when that is too little for them;
 * or another -errno.
 */
NODISCARD int lend_init(struct lender *l, uint16_t min, uint16_t max,
    size_t borrowers);

/*
 * A channel for one more borrower.  *ret_fd is the borrower's end, the
 * caller's to close; the lender's is closed when that one is.  0, or -errno.
 */
NODISCARD int lend_open(struct lender *l, int *ret_fd);

/* In a process that has been forked: lets go of all that is the lender's. */
void lend_leave(struct lender *l);

/* Answers those who ask, without waiting. */
void lend_serve(struct lender *l);

/*
 * The borrower asks for a socket at this address, whose port does not count.
 * The answer has come when `fd` is readable.  0, or -errno.
 */
NODISCARD int lend_ask(int fd, const struct sockaddr_storage *addr);

/*
 * Takes the answer: *ret_fd is non-blocking and close-on-exec.  -EADDRINUSE:
 * no port was found free, which another try may find; -EPIPE: there is no
 * answer; or another -errno.
 */
NODISCARD int lend_take(int fd, int *ret_fd);

#endif

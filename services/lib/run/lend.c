#include "run/lend.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/fdpass.h"
#include "run/net.h"

/* The lender's ends are from here on. */
#define FIRST_FD 256
#define BACKLOG 4
#define EVENTS 16

int
lend_init(struct lender *l, uint16_t min, uint16_t max, size_t borrowers)
{
	struct rlimit files;

	*l = (struct lender){ .events = epoll_create1(EPOLL_CLOEXEC),
		.min = min,
		.max = max };
	if (l->events < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0) {
		return -errno;
	}
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0) {
		return -errno;
	}
	return files.rlim_max < FIRST_FD + borrowers ? -EMFILE : 0;
}

int
lend_open(struct lender *l, int *ret_fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	int pair[2], few = 1;
	int r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, pair)
	    < 0) {
		return -errno;
	}
	e.data.fd = fcntl(pair[0], F_DUPFD_CLOEXEC, FIRST_FD);
	/* Answers that nobody takes hold a port each. */
	if (e.data.fd < 0
	    || setsockopt(e.data.fd, SOL_SOCKET, SO_SNDBUF, &few, sizeof(few))
		< 0
	    || epoll_ctl(l->events, EPOLL_CTL_ADD, e.data.fd, &e) < 0) {
		r = -errno;
		(void)close(pair[1]);
		if (e.data.fd >= 0) {
			(void)close(e.data.fd);
		}
	}
	(void)close(pair[0]);
	if (r == 0) {
		l->last = e.data.fd > l->last ? e.data.fd : l->last;
		*ret_fd = pair[1];
	}
	return r;
}

void
lend_leave(struct lender *l)
{
	(void)close(l->events);
	if (syscall(__NR_close_range, FIRST_FD, ~0U, 0) < 0) {
		/* Linux before 5.9, or a filter that does not know it. */
		for (int fd = FIRST_FD; fd <= l->last; fd++) {
			(void)close(fd);
		}
	}
}

/* --- the lender ----------------------------------------------------------- */

/*
 * One question of a borrower, or its end.  Who does not read its answers gets
 * no more of them.
 */
static void
serve_one(const struct lender *l, int fd)
{
	struct sockaddr_storage addr;
	ssize_t n = recv(fd, &addr, sizeof(addr), MSG_DONTWAIT);
	int32_t r;
	int lent;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n != (ssize_t)sizeof(addr)) {
		(void)close(fd);
		return;
	}
	r = net_listen_range(&addr, l->min, l->max, BACKLOG, &lent);
	if (r < 0) {
		(void)send(fd, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT);
		return;
	}
	(void)!fdpass_send(fd, &r, sizeof(r), lent);
	(void)close(lent);
}

void
lend_serve(struct lender *l)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(l->events, e, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		serve_one(l, e[i].data.fd);
	}
}

/* --- the borrower --------------------------------------------------------- */

int
lend_ask(int fd, const struct sockaddr_storage *addr)
{
	return send(fd, addr, sizeof(*addr), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int
lend_take(int fd, int *ret_fd)
{
	int32_t err = -EPIPE;
	int lent = fdpass_receive(fd, &err, sizeof(err));

	if (lent < 0) {
		return err < 0 ? err : -EPROTO;
	}
	*ret_fd = lent;
	return 0;
}

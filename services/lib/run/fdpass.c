#include "run/fdpass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static struct msghdr
message(struct iovec *part, union control *control)
{
	return (struct msghdr){ .msg_iov = part,
		.msg_iovlen = 1,
		.msg_control = control->room,
		.msg_controllen = sizeof(control->room) };
}

int
fdpass_send(int fd, const void *bytes, size_t n, int passed)
{
	union control control = { .room = { 0 } };
	struct iovec part = { .iov_len = n };
	struct msghdr m = message(&part, &control);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	/* sendmsg(2) does not change it, though its type does not say so. */
	memcpy(&part.iov_base, &bytes, sizeof(bytes));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &passed, sizeof(int));
	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int
fdpass_receive(int fd, void *ret, size_t n)
{
	union control control;
	struct iovec part = { .iov_base = ret, .iov_len = n };
	struct msghdr m = message(&part, &control);
	struct cmsghdr *c;
	ssize_t got;
	int passed;

	/* The room is aligned: one more would fit, and stay open. */
	m.msg_controllen = CMSG_LEN(sizeof(int));
	got = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	c = got < 0 ? NULL : CMSG_FIRSTHDR(&m);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS
	    || c->cmsg_len != CMSG_LEN(sizeof(int))) {
		return -1;
	}
	memcpy(&passed, CMSG_DATA(c), sizeof(int));
	if (got != (ssize_t)n || (m.msg_flags & MSG_TRUNC) != 0) {
		(void)close(passed);
		return -1;
	}
	return passed;
}

#include "ftpd/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "ftpd/throttle.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/net.h"

/* --- both sides of the sockets --------------------------------------------- */

int
auth_introduce(int fd, int session_fd, const struct auth_intro *intro)
{
	struct auth_intro copy = *intro;
	struct iovec part = { .iov_base = &copy, .iov_len = sizeof(copy) };
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &session_fd, sizeof(int));
	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* A session's socket and introduction; -1 when the packet had none. */
static int
receive_intro(int fd, struct auth_intro *ret)
{
	struct auth_intro intro;
	struct iovec part = { .iov_base = &intro, .iov_len = sizeof(intro) };
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	int session_fd;

	if (c == NULL || c->cmsg_type != SCM_RIGHTS
	    || c->cmsg_len != CMSG_LEN(sizeof(int))) {
		return -1;
	}
	memcpy(&session_fd, CMSG_DATA(c), sizeof(int));
	if (n != (ssize_t)sizeof(intro)) {
		(void)close(session_fd);
		return -1;
	}
	*ret = intro;
	return session_fd;
}

int
auth_ask(int fd, struct view user, struct view password, int64_t deadline,
    enum auth_result *ret)
{
	struct auth_request q = { .user_n = 0 };
	struct auth_answer a;
	ssize_t n;
	int r;

	if (user.n > SETTINGS_USER_MAX || password.n > SETTINGS_PASSWORD_MAX) {
		user.n = 0;
		password.n = 0;
	}
	q.user_n = (uint16_t)user.n;
	q.password_n = (uint16_t)password.n;
	if (user.n > 0) {
		memcpy(q.text, user.p, user.n);
	}
	if (password.n > 0) {
		memcpy(q.text + user.n, password.p, password.n);
	}
	n = send(fd, &q, sizeof(q), MSG_NOSIGNAL);
	r = n < 0 ? -errno : 0;
	secret_wipe(&q, sizeof(q));
	if (r == 0) {
		r = net_wait_read(fd, deadline);
	}
	if (r < 0) {
		return r;
	}
	n = recv(fd, &a, sizeof(a), 0);
	if (n != (ssize_t)sizeof(a)) {
		return n < 0 ? -errno : -EPIPE;
	}
	*ret = (enum auth_result)a.result;
	return 0;
}

/* --- the authenticator ------------------------------------------------------ */

bool
auth_matches(const struct settings *settings, struct view user,
    struct view password)
{
	/* Both are always looked at: `&`, not `&&`. */
	return (int)secret_eq(view_str(settings->user), user)
	    & (int)secret_eq(view_str(settings->password), password);
}

struct peer {
	struct auth_intro intro;
	unsigned tries;
};

/* fds[0] is the life pipe, fds[1] the listener, fds[2 + i] is peers[i]. */
#define FIRST 2

struct authenticator {
	const struct settings *settings;
	struct throttle throttle;
	struct pollfd *fds;
	struct peer *peers;
	size_t n;
	size_t most;
};

static void
remove_peer(struct authenticator *a, size_t i)
{
	(void)close(a->fds[FIRST + i].fd);
	a->n--;
	a->fds[FIRST + i] = a->fds[FIRST + a->n];
	a->peers[i] = a->peers[a->n];
}

static void
add_peer(struct authenticator *a)
{
	struct auth_intro intro;
	int fd = receive_intro(a->fds[1].fd, &intro);

	if (fd < 0) {
		return;
	}
	if (a->n == a->most) {
		(void)close(fd);
		return;
	}
	a->fds[FIRST + a->n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	a->peers[a->n] = (struct peer){ .intro = intro };
	a->n++;
}

static enum auth_result
decide(struct authenticator *a, const struct peer *peer,
    const struct auth_request *q)
{
	struct view user = { q->text, q->user_n };
	struct view password = { q->text + q->user_n, q->password_n };
	const struct in6_addr *party = &peer->intro.party;
	int64_t now = clock_ms();
	bool counts = peer->intro.exempt == 0;

	if (counts && !throttle_allows(&a->throttle, party, now)) {
		return AUTH_THROTTLED;
	}
	if (!auth_matches(a->settings, user, password)) {
		if (counts) {
			throttle_failed(&a->throttle, party, now);
		}
		return AUTH_WRONG;
	}
	if (counts) {
		throttle_succeeded(&a->throttle, party);
	}
	return AUTH_OK;
}

/* Serves one request; false when the session's socket is to be closed. */
static bool
serve(struct authenticator *a, int fd, struct peer *peer)
{
	struct auth_request q;
	struct auth_answer answer;
	ssize_t n = recv(fd, &q, sizeof(q), MSG_DONTWAIT);

	if (n != (ssize_t)sizeof(q) || q.user_n > SETTINGS_USER_MAX
	    || q.password_n > SETTINGS_PASSWORD_MAX) {
		return n < 0 && errno == EAGAIN;
	}
	answer.result = (uint8_t)decide(a, peer, &q);
	secret_wipe(&q, sizeof(q));
	peer->tries++;
	return send(fd, &answer, sizeof(answer), MSG_NOSIGNAL | MSG_DONTWAIT)
	    == (ssize_t)sizeof(answer)
	    && answer.result != AUTH_OK && peer->tries < AUTH_TRIES;
}

static void
turn(struct authenticator *a)
{
	/* From the end, so that removing does not skip one. */
	for (size_t i = a->n; i > 0; i--) {
		struct pollfd *p = &a->fds[FIRST + i - 1];

		if (p->revents != 0
		    && !serve(a, p->fd, &a->peers[i - 1])) {
			remove_peer(a, i - 1);
		}
	}
	if ((a->fds[1].revents & POLLIN) != 0) {
		add_peer(a);
	}
}

int
auth_run(const struct settings *settings, int listener_fd, int life_fd)
{
	struct authenticator *a = calloc(1, sizeof(*a));
	size_t most = settings->max_sessions + 16;
	bool stop = false;

	if (a != NULL) {
		a->fds = calloc(FIRST + most, sizeof(*a->fds));
		a->peers = calloc(most, sizeof(*a->peers));
	}
	if (a == NULL || a->fds == NULL || a->peers == NULL) {
		log_say(LOG_ERROR, "out_of_memory", "authenticator");
		return 1;
	}
	a->settings = settings;
	a->most = most;
	a->fds[0] = (struct pollfd){ .fd = life_fd, .events = POLLIN };
	a->fds[1] = (struct pollfd){ .fd = listener_fd, .events = POLLIN };
	while (!stop) {
		if (poll(a->fds, FIRST + a->n, -1) < 0 && errno != EINTR) {
			break;
		}
		turn(a);
		stop = a->fds[0].revents != 0
		    || (a->fds[1].revents & (POLLHUP | POLLERR)) != 0;
	}
	return stop ? 0 : 1;
}

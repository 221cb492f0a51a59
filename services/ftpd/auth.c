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

/* --- both sides of the sockets ---------------------------------------------
 */

int
auth_introduce(int fd, int session_fd, const struct auth_intro *intro)
{
	struct auth_intro copy = *intro;
	struct iovec part = { .iov_base = &copy, .iov_len = sizeof(copy) };
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
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
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
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
    struct auth_answer *ret)
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
	*ret = a;
	return 0;
}

/* --- the authenticator ------------------------------------------------------
 */

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
	bool waits; /* in the queue */
};

/* Requests for the helper: the first one is with it when `busy`. */
struct waiting {
	int fd; /* of the session; -1: it has its answer, or is gone */
	int64_t until;
	struct auth_request request;
};

#define QUEUE_SIZE 16
/* Of one address, so that it leaves room for others. */
#define QUEUE_SHARE 8
/* Below the time that a session waits for its answer. */
#define QUEUE_MS 8000

/*
 * fds[0] is the life pipe, fds[1] the listener, fds[2] the helper,
 * fds[FIRST + i] is peers[i].
 */
#define LIFE 0
#define LISTENER 1
#define HELPER 2
#define FIRST 3

struct authenticator {
	const struct settings *settings;
	struct throttle throttle;
	struct waiting *queue;
	size_t queued;
	bool busy;
	struct pollfd *fds;
	struct peer *peers;
	size_t n;
	size_t most;
};

/* --- the queue ---------------------------------------------------------------
 */

/* Request `i` needs no answer any more; what the helper has stays its own. */
static void
forget(struct authenticator *a, size_t i)
{
	struct waiting *w = &a->queue[i];

	w->fd = -1;
	if (i == 0 && a->busy) {
		return;
	}
	a->queued--;
	memmove(w, w + 1, (a->queued - i) * sizeof(*w));
	secret_wipe(&a->queue[a->queued], sizeof(*w));
}

static void
forget_fd(struct authenticator *a, int fd)
{
	for (size_t i = a->queued; i > 0; i--) {
		if (a->queue[i - 1].fd == fd) {
			forget(a, i - 1);
		}
	}
}

static size_t
index_of(const struct authenticator *a, int fd)
{
	size_t i = 0;

	while (i < a->n && a->fds[FIRST + i].fd != fd) {
		i++;
	}
	return i;
}

/* How many requests of that party wait? */
static size_t
share_of(const struct authenticator *a, const struct in6_addr *party)
{
	size_t n = 0;

	for (size_t i = 0; i < a->queued; i++) {
		size_t peer = index_of(a, a->queue[i].fd);

		n += peer < a->n
		    && memcmp(&a->peers[peer].intro.party, party,
			   sizeof(*party))
			== 0;
	}
	return n;
}

/* False when there is no room. */
static bool
enqueue(struct authenticator *a, int fd, struct peer *peer,
    const struct auth_request *q)
{
	if (a->queued == QUEUE_SIZE
	    || share_of(a, &peer->intro.party) >= QUEUE_SHARE) {
		return false;
	}
	a->queue[a->queued++] = (struct waiting){ .fd = fd,
		.until = clock_ms() + QUEUE_MS,
		.request = *q };
	peer->waits = true;
	return true;
}

/* --- the sessions ------------------------------------------------------------
 */

static void
remove_peer(struct authenticator *a, size_t i)
{
	size_t last = a->n - 1;

	if (a->peers[i].waits) {
		forget_fd(a, a->fds[FIRST + i].fd);
	}
	(void)close(a->fds[FIRST + i].fd);
	a->fds[FIRST + i] = a->fds[FIRST + last];
	a->peers[i] = a->peers[last];
	a->n = last;
}

static void
add_peer(struct authenticator *a)
{
	struct auth_intro intro;
	int fd = receive_intro(a->fds[LISTENER].fd, &intro);

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

static bool
may_try(struct authenticator *a, const struct peer *peer)
{
	return peer->intro.exempt != 0
	    || throttle_allows(&a->throttle, &peer->intro.party, clock_ms());
}

static void
count(struct authenticator *a, const struct peer *peer,
    const struct auth_answer *answer)
{
	if (peer->intro.exempt != 0) {
		return;
	}
	if (answer->result == AUTH_OK) {
		throttle_succeeded(&a->throttle, &peer->intro.party);
	} else if (answer->result == AUTH_WRONG) {
		throttle_failed(&a->throttle, &peer->intro.party, clock_ms());
	}
}

/* Answers a session, and lets it go if that was its last try. */
static void
conclude(struct authenticator *a, size_t i, const struct auth_answer *answer)
{
	struct peer *peer = &a->peers[i];

	count(a, peer, answer);
	peer->waits = false;
	peer->tries++;
	if (send(a->fds[FIRST + i].fd, answer, sizeof(*answer),
		MSG_NOSIGNAL | MSG_DONTWAIT)
		!= (ssize_t)sizeof(*answer)
	    || answer->result == AUTH_OK || peer->tries >= AUTH_TRIES) {
		remove_peer(a, i);
	}
}

static void
conclude_unseen(struct authenticator *a, size_t i, enum auth_result why)
{
	struct auth_answer answer = { .result = (uint8_t)why };

	conclude(a, i, &answer);
}

/* Answers a request now, or puts it into the queue. */
static void
decide(struct authenticator *a, size_t i, const struct auth_request *q)
{
	struct view user = { q->text, q->user_n };
	struct view password = { q->text + q->user_n, q->password_n };
	struct auth_answer answer = { .result = AUTH_WRONG };

	if (!may_try(a, &a->peers[i])) {
		conclude_unseen(a, i, AUTH_THROTTLED);
		return;
	}
	if (a->fds[HELPER].fd >= 0
	    && !secret_eq(view_str(a->settings->user), user)) {
		if (!enqueue(a, a->fds[FIRST + i].fd, &a->peers[i], q)) {
			conclude_unseen(a, i, AUTH_UNAVAILABLE);
		}
		return;
	}
	if (auth_matches(a->settings, user, password)) {
		answer = (struct auth_answer){ .result = AUTH_OK,
			.rights = AUTH_SITE };
	}
	conclude(a, i, &answer);
}

/* A session has said something, or is gone. */
static void
serve(struct authenticator *a, size_t i)
{
	struct auth_request q;
	ssize_t n = recv(a->fds[FIRST + i].fd, &q, sizeof(q), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN) {
		return;
	}
	if (n != (ssize_t)sizeof(q) || q.user_n > SETTINGS_USER_MAX
	    || q.password_n > SETTINGS_PASSWORD_MAX || a->peers[i].waits) {
		remove_peer(a, i);
		return;
	}
	decide(a, i, &q);
	secret_wipe(&q, sizeof(q));
}

/* --- the helper --------------------------------------------------------------
 */

/* Who has waited for too long is told so. */
static void
expire(struct authenticator *a)
{
	int64_t now = clock_ms();

	for (size_t i = a->queued; i > 0; i--) {
		const struct waiting *w = &a->queue[i - 1];
		size_t peer = index_of(a, w->fd);

		if (w->fd < 0 || w->until > now) {
			continue;
		}
		forget(a, i - 1);
		conclude_unseen(a, peer, AUTH_UNAVAILABLE);
	}
}

/* Takes the helper's answer.  False when the helper is gone. */
static bool
take_answer(struct authenticator *a)
{
	struct auth_answer answer;
	int fd = a->fds[HELPER].fd;
	ssize_t n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);

	if (n != (ssize_t)sizeof(answer) || !a->busy) {
		return n < 0 && errno == EAGAIN;
	}
	fd = a->queue[0].fd;
	a->busy = false;
	forget(a, 0);
	if (fd >= 0) {
		conclude(a, index_of(a, fd), &answer);
	}
	return true;
}

/* Gives the helper the next request, if it has none. */
static bool
give_next(struct authenticator *a)
{
	while (!a->busy && a->queued > 0) {
		const struct waiting *w = &a->queue[0];
		size_t peer = index_of(a, w->fd);

		/* Meanwhile others of the same address may have failed. */
		if (!may_try(a, &a->peers[peer])) {
			forget(a, 0);
			conclude_unseen(a, peer, AUTH_THROTTLED);
			continue;
		}
		if (send(a->fds[HELPER].fd, &w->request, sizeof(w->request),
			MSG_NOSIGNAL | MSG_DONTWAIT)
		    != (ssize_t)sizeof(w->request)) {
			return false;
		}
		a->busy = true;
	}
	return true;
}

/* --- all of it ---------------------------------------------------------------
 */

/* Milliseconds until somebody has waited for too long; -1: nobody waits. */
static int
patience(const struct authenticator *a)
{
	int ms = -1;

	for (size_t i = 0; i < a->queued; i++) {
		int left = clock_left(a->queue[i].until);

		if (a->queue[i].fd >= 0 && (ms < 0 || left < ms)) {
			ms = left;
		}
	}
	return ms;
}

/* False when the helper is gone. */
static bool
turn(struct authenticator *a)
{
	bool good = a->fds[HELPER].revents == 0 || take_answer(a);

	for (size_t i = 0; i < a->n;) {
		size_t n = a->n;

		if (a->fds[FIRST + i].revents != 0) {
			serve(a, i);
		}
		/* The last one takes the place of one that is removed. */
		i += a->n == n;
	}
	expire(a);
	if ((a->fds[LISTENER].revents & POLLIN) != 0) {
		add_peer(a);
	}
	return good && give_next(a);
}

/*
 * Until the life pipe or the listener ends.  False when that is no way to
 * live: poll(2) fails, or the helper is gone.
 */
static bool
serve_all(struct authenticator *a)
{
	bool stop = false;

	while (!stop) {
		if (poll(a->fds, FIRST + a->n, patience(a)) < 0) {
			if (errno != EINTR) {
				return false;
			}
			continue;
		}
		stop = a->fds[LIFE].revents != 0
		    || (a->fds[LISTENER].revents & (POLLHUP | POLLERR)) != 0;
		if (!turn(a) && !stop) {
			log_say(LOG_ERROR, "role_failed",
			    "the helper for WordPress logins has ended");
			return false;
		}
	}
	return true;
}

int
auth_run(const struct settings *settings, int listener_fd, int life_fd,
    int helper_fd)
{
	/* Some sessions more than may be: those that are just ending. */
	size_t most = settings->max_sessions + 16;
	struct waiting *queue = calloc(QUEUE_SIZE, sizeof(*queue));
	struct pollfd *fds = calloc(FIRST + most, sizeof(*fds));
	struct peer *peers = calloc(most, sizeof(*peers));
	struct authenticator a = { .settings = settings,
		.most = most,
		.queue = queue,
		.fds = fds,
		.peers = peers };
	int status = 1;

	if (queue == NULL || fds == NULL || peers == NULL) {
		log_say(LOG_ERROR, "out_of_memory", "authenticator");
	} else {
		fds[LIFE] = (struct pollfd){ .fd = life_fd, .events = POLLIN };
		fds[LISTENER] = (struct pollfd){ .fd = listener_fd,
			.events = POLLIN };
		fds[HELPER] = (struct pollfd){ .fd = helper_fd,
			.events = POLLIN };
		status = serve_all(&a) ? 0 : 1;
	}
	free(queue);
	free(fds);
	free(peers);
	return status;
}

/*
 * The authenticator's process: the sessions that ask, and whatever else it
 * listens to (see authenticator.h).
 */
#include "auth/authenticator.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "run/clock.h"
#include "run/log.h"

/* What one hash takes, until it has been seen. */
#define HASH_MS 50
/* PHP's default until 8.4, which made it 12. */
#define WORDPRESS_COST 10
#define FAULTS_MAX 32768

bool
auth_matches(const struct auth_conf *conf, struct view user,
    struct view password)
{
	/* Both are always looked at: `&`, not `&&`. */
	return (int)secret_eq(view_str(conf->user), user)
	    & (int)secret_eq(view_str(conf->password), password);
}

static void
tell(struct authenticator *a, const struct auth_news *news)
{
	/* A listener that is slow to read loses some: it can live with that. */
	(void)send(a->fds[LISTENER].fd, news, sizeof(*news),
	    MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- the sessions --------------------------------------------------------- */

static size_t
index_of(const struct authenticator *a, int fd)
{
	size_t i = 0;

	while (i < a->n && a->fds[FIRST + i].fd != fd) {
		i++;
	}
	return i;
}

struct peer *
authenticator_peer(const struct authenticator *a, int fd)
{
	return &a->peers[index_of(a, fd)];
}

struct limits_try
authenticator_try(const struct authenticator *a, int fd, uint64_t account,
    bool exists)
{
	const struct auth_intro *intro = &authenticator_peer(a, fd)->intro;

	return (struct limits_try){ .party = intro->party,
		.shared = intro->exempt != 0,
		.exists = exists,
		.account = account };
}

static void
remove_peer(struct authenticator *a, int fd)
{
	size_t i = index_of(a, fd), last = a->n - 1;

	jobs_forget(a, fd);
	(void)close(fd);
	a->fds[FIRST + i] = a->fds[FIRST + last];
	a->peers[i] = a->peers[last];
	a->n = last;
}

static void
count(struct authenticator *a, const struct limits_try *try,
    enum auth_result result)
{
	static const enum limits_outcome outcomes[] = { [AUTH_OK] =
							    LIMITS_RIGHT,
		[AUTH_WRONG] = LIMITS_WRONG,
		[AUTH_THROTTLED] = LIMITS_REFUSED,
		[AUTH_UNAVAILABLE] = LIMITS_NOTHING };

	if (limits_count(&a->limits, try, outcomes[result], clock_ms())) {
		tell(a,
		    &(struct auth_news){ .kind = AUTH_BANNED,
			.party = try->party });
	}
}

void
authenticator_conclude(struct authenticator *a, int fd, uint64_t account,
    bool exists, const struct auth_answer *answer)
{
	struct peer *peer = authenticator_peer(a, fd);
	struct limits_try try = authenticator_try(a, fd, account, exists);

	count(a, &try, (enum auth_result)answer->result);
	peer->waits = false;
	peer->tries++;
	if (answer->result == AUTH_OK) {
		tell(a,
		    &(struct auth_news){ .kind = AUTH_LOGGED_IN,
			.session = peer->intro.session });
	}
	if (send(fd, answer, sizeof(*answer), MSG_NOSIGNAL | MSG_DONTWAIT)
		!= (ssize_t)sizeof(*answer)
	    || answer->result == AUTH_OK || peer->tries >= AUTH_TRIES) {
		remove_peer(a, fd);
	}
}

/*
 * Who is remembered needs no place in the queue, so that nobody who fills it
 * keeps that user out.  Only for the users file: what WordPress's hash is, the
 * database has to tell.
 */
static bool
needs_no_place(const struct authenticator *a, struct limits_try try,
    const struct auth_request *q, struct candidate *ret)
{
	try.exists = true;
	return who_is(a, auth_name(q), ret)
	    && limits_allow_account(&a->limits, &try, clock_ms())
	    && who_is_remembered(a, q, ret);
}

/* Answers a request now, or makes it a job. */
static void
decide(struct authenticator *a, int fd, const struct auth_request *q)
{
	struct view name = auth_name(q);
	struct auth_answer answer = { .result = AUTH_WRONG };
	struct limits_try try = authenticator_try(a, fd,
	    limits_number(&a->limits, name),
	    secret_eq(view_str(a->conf->user), name));
	bool right = auth_matches(a->conf, name, auth_password(q));
	bool allowed = limits_allow_account(&a->limits, &try, clock_ms());
	bool hashes = a->fds[HASHER].fd >= 0;
	struct candidate who;

	if (!limits_allow_address(&a->limits, &try, clock_ms())
	    || (!allowed && !hashes)) {
		answer.result = AUTH_THROTTLED;
	} else if (allowed && right) {
		answer = (struct auth_answer){ .result = AUTH_OK,
			.source = AUTH_SETTINGS,
			.rights = USERS_ALL };
	} else if (hashes && needs_no_place(a, try, q, &who)) {
		try.exists = true;
		answer = who_answer(&who);
	} else if (hashes) {
		if (jobs_add(a, fd, try.account, q)) {
			return;
		}
		answer.result = AUTH_UNAVAILABLE;
	}
	authenticator_conclude(a, fd, try.account, try.exists, &answer);
}

/* A session has said something, or is gone. */
static void
serve(struct authenticator *a, size_t i)
{
	int fd = a->fds[FIRST + i].fd;
	struct auth_request q;
	ssize_t n = recv(fd, &q, sizeof(q), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN) {
		return;
	}
	if (n != (ssize_t)sizeof(q) || q.user_n > USERS_NAME_MAX
	    || q.password_n > PWHASH_PASSWORD_MAX || a->peers[i].waits) {
		remove_peer(a, fd);
		return;
	}
	decide(a, fd, &q);
	secret_wipe(&q, sizeof(q));
}

/* --- the listener --------------------------------------------------------- */

static void
log_faults(struct buf *faults)
{
	struct view rest = buf_view(faults);

	while (rest.n > 0) {
		struct view line = view_cut(&rest, '\n');
		struct log_line l;

		log_open(&l, LOG_ERROR, "bad_users_file");
		log_view(&l, "fault", line);
		log_close(&l);
	}
}

/* A file with faults changes nothing. */
static void
load_users(struct authenticator *a, int fd)
{
	struct users users;
	struct buf faults;
	int r;

	buf_init(&faults, FAULTS_MAX);
	r = users_read(fd, view_str(a->conf->user), &users, &faults);
	if (r == 0) {
		users_done(&a->users);
		a->users = users;
		log_say(LOG_INFO, "users_loaded", "%u users",
		    (unsigned)users.n);
	} else {
		log_faults(&faults);
		log_say(LOG_ERROR, "users_kept",
		    "the users file has faults; the %u users from before stay",
		    (unsigned)a->users.n);
	}
	buf_done(&faults);
	(void)close(fd);
}

/* A new session, or the users file. */
static void
take_intro(struct authenticator *a)
{
	struct auth_intro intro;
	int fd = auth_receive_intro(a->fds[LISTENER].fd, &intro);

	if (fd < 0) {
		return;
	}
	if (intro.is_users != 0) {
		load_users(a, fd);
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

/* --- all of it ------------------------------------------------------------ */

/* False when a process is gone that is needed. */
static bool
turn(struct authenticator *a)
{
	bool good = (a->fds[LOOKUP].revents == 0 || jobs_take_lookup(a))
	    && (a->fds[HASHER].revents == 0 || jobs_take_hash(a));

	for (size_t i = 0; i < a->n;) {
		size_t n = a->n;

		if (a->fds[FIRST + i].revents != 0) {
			a->fds[FIRST + i].revents = 0;
			serve(a, i);
		}
		/* The last one takes the place of one that is removed. */
		i += a->n == n;
	}
	jobs_expire(a);
	if ((a->fds[LISTENER].revents & POLLIN) != 0) {
		take_intro(a);
	}
	return good && jobs_give(a);
}

/*
 * Until the life pipe or the listener ends.  False when that is no way to
 * live: poll(2) fails, or a process that is needed is gone.
 */
static bool
serve_all(struct authenticator *a)
{
	bool stop = false;

	while (!stop) {
		if (poll(a->fds, FIRST + a->n, jobs_patience(a)) < 0) {
			if (errno != EINTR) {
				return false;
			}
			continue;
		}
		stop = a->fds[LIFE].revents != 0
		    || (a->fds[LISTENER].revents & (POLLHUP | POLLERR)) != 0;
		if (!turn(a) && !stop) {
			log_say(LOG_ERROR, "role_failed",
			    "the hasher or the process for WordPress logins "
			    "has ended");
			return false;
		}
	}
	return true;
}

static bool
make(struct authenticator *a, bool hashes)
{
	/* Some sessions more than may be: those that are just ending. */
	a->most = a->conf->max_sessions + 16;
	a->fds = calloc(FIRST + a->most, sizeof(*a->fds));
	a->peers = calloc(a->most, sizeof(*a->peers));
	a->cost = WORDPRESS_COST;
	a->hash_ms = HASH_MS;
	return a->fds != NULL && a->peers != NULL
	    && (!hashes || recent_init(&a->recent) == 0)
	    && limits_init(&a->limits, a->conf->ban_failures) == 0;
}

int
auth_run(const struct auth_conf *conf, int listener_fd, int life_fd,
    int lookup_fd, int hasher_fd)
{
	const int fds[FIRST] = { [LIFE] = life_fd,
		[LISTENER] = listener_fd,
		[LOOKUP] = lookup_fd,
		[HASHER] = hasher_fd };
	struct authenticator *a = calloc(1, sizeof(*a));
	int status = 1;

	if (a == NULL) {
		return 1;
	}
	a->conf = conf;
	if (!make(a, hasher_fd >= 0)) {
		log_say(LOG_ERROR, "out_of_memory", "authenticator");
	} else {
		for (size_t i = 0; i < FIRST; i++) {
			a->fds[i] = (struct pollfd){ .fd = fds[i],
				.events = POLLIN };
		}
		status = serve_all(a) ? 0 : 1;
	}
	jobs_done(a);
	users_done(&a->users);
	free(a->fds);
	free(a->peers);
	free(a);
	return status;
}

#include "ftpd/listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/auth.h"
#include "ftpd/daemon.h"
#include "ftpd/sandbox.h"
#include "ftpd/tls.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/part.h"
#include "run/program.h"
#include "run/sig.h"

/* From the signal to the end: what still runs then is killed. */
#define STOP_MS 5000
#define ACCEPTS_PER_TURN 16
#define SWEEP_MS (10 * 60 * 1000)
/* Between two looks at files; and how late a session may end by itself. */
#define LOOK_MS 1000
#define LATE_MS 5000

/* --- other processes ------------------------------------------------------ */

pid_t
listener_fork(struct listener *l)
{
	pid_t pid = part_fork();

	if (pid != 0) {
		return pid;
	}
	sig_child_reset();
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)close(l->life_out);
	(void)close(l->sig_fd);
	lend_leave(&l->lender);
	if (l->fd >= 0) {
		(void)close(l->fd);
	}
	if (l->resolver.fd >= 0) {
		(void)close(l->resolver.fd);
	}
	return 0;
}

_Noreturn void
listener_end(const char *role, int r)
{
	if (r < 0) {
		log_say(LOG_ERROR, "role_failed", "%s: %s", role, strerror(-r));
	}
	_exit(r == 0 ? 0 : 1);
}

/* --- sessions ------------------------------------------------------------- */

/* The new process of a session, to its end. */
static _Noreturn void
be_session(struct listener *l, int fd, int auth_fd, int lend_fd,
    const struct in6_addr *peer)
{
	struct session_parts parts = { .settings = l->settings,
		.stats = l->stats,
		.tls = l->tls,
		.root = l->root,
		.stage = l->stage,
		.fd = fd,
		.auth_fd = auth_fd,
		.lend_fd = lend_fd,
		.life_fd = l->life_in,
		.peer = *peer,
		.gateways = l->gateways,
		.has_pasv = l->resolver.known,
		.pasv = l->resolver.addr,
		.confine_user = sandbox_user };
	struct session *s = malloc(sizeof(*s));
	int r = s == NULL ? -ENOMEM : tls_own_tickets(l->tls);

	if (netmap_find(&l->nets, peer, &parts.pasv)) {
		parts.has_pasv = true;
	}
	if (r == 0) {
		r = sandbox_session(l->rules_fd);
	}
	if (l->rules_fd >= 0) {
		(void)close(l->rules_fd);
	}
	if (r < 0) {
		listener_end("session", r);
	}
	session_run(s, &parts);
	_exit(0);
}

/* A line about somebody. */
static void
log_party(struct log_line *l, const char *event, const struct in6_addr *party)
{
	char addr[NET_ADDR_TEXT];

	addr_text(party, addr);
	log_open(l, LOG_WARN, event);
	log_str(l, "addr", addr);
}

/* Sends a connection away that gets no process. */
static void
turn_away(struct listener *l, int fd, enum stats_refusal why,
    const char *reason, const struct in6_addr *peer)
{
	static const char words[] = "421 Too many connections.\r\n";
	struct log_line line;

	stats_add(&l->stats->refusals[why], 1);
	log_party(&line, "refused", peer);
	log_str(&line, "reason", reason);
	log_close(&line);
	(void)send(fd, words, sizeof(words) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
}

/* Gives a connection its process.  0, or -errno. */
static int
start_session(struct listener *l, int fd, const struct in6_addr *peer)
{
	struct auth_intro intro = { .party = addr_party(peer),
		.session = ++l->last_session,
		.exempt = addr_is_gateway(&l->gateways, peer) };
	struct child child = { .number = intro.session,
		.party = intro.party,
		.opened = clock_ms() };
	int pair[2];
	int lend_fd;
	int r = lend_open(&l->lender, &lend_fd);

	if (r < 0) {
		return r;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		r = -errno;
		(void)close(lend_fd);
		return r;
	}
	r = auth_introduce(l->auth_fd, pair[1], &intro);
	child.pid = r < 0 ? -1 : listener_fork(l);
	if (child.pid == 0) {
		(void)close(pair[1]);
		(void)close(l->auth_fd);
		be_session(l, fd, pair[0], lend_fd, peer);
	}
	if (r == 0 && child.pid < 0) {
		r = -errno;
	}
	(void)close(lend_fd);
	(void)close(pair[0]);
	(void)close(pair[1]);
	if (r == 0) {
		children_add(&l->children, &child);
		stats_add(&l->stats->sessions_total, 1);
		stats_set(&l->stats->sessions_active, l->children.n);
	}
	return r;
}

/* Ends a session that has not logged in. */
static void
evict(struct listener *l, struct child *child, const char *reason)
{
	struct log_line line;

	child->evicted = true;
	/* Not SIGTERM, which a process that was taken over can ignore. */
	(void)kill(child->pid, SIGKILL);
	stats_add(&l->stats->refusals[STATS_EVICTED], 1);
	log_party(&line, "evicted", &child->party);
	log_str(&line, "reason", reason);
	log_num(&line, "ms", clock_ms() - child->opened);
	log_close(&line);
}

/*
 * How many sessions an address may have.  Many clients hide behind a gateway,
 * but the others have to find room beside them.
 */
static size_t
most_from(const struct listener *l, const struct in6_addr *peer)
{
	return addr_is_gateway(&l->gateways, peer)
	    ? l->children.most - l->children.most / 4
	    : l->settings->max_per_address;
}

/* Is there room for one more?  If not, it is turned away. */
static bool
admit(struct listener *l, int fd, const struct in6_addr *peer)
{
	struct in6_addr party = addr_party(peer);
	struct child *old = NULL;

	if (bans_hold(&l->bans, &party, clock_ms())) {
		turn_away(l, fd, STATS_BANNED, "banned", peer);
		return false;
	}
	switch (children_room(&l->children, &party, most_from(l, peer),
	    clock_ms(), &old)) {
	case CHILDREN_FULL:
		turn_away(l, fd, STATS_FULL, "full", peer);
		return false;
	case CHILDREN_PER_PARTY:
		turn_away(l, fd, STATS_PER_ADDRESS, "per_address", peer);
		return false;
	case CHILDREN_ROOM:
		break;
	}
	if (old != NULL) {
		evict(l, old, "room_for_others");
	}
	return true;
}

static void
take(struct listener *l, int fd, const struct sockaddr_storage *from)
{
	struct in6_addr peer = addr_of(from);
	int one = 1;
	int r;

	if (!admit(l, fd, &peer)) {
		return;
	}
	/* An abort may come as urgent data: it is read in line. */
	(void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	r = start_session(l, fd, &peer);
	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start_session", "%s", strerror(-r));
		turn_away(l, fd, STATS_FULL, "no_process", &peer);
		return;
	}
	(void)close(fd);
}

static void
accept_some(struct listener *l)
{
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
		socklen_t n = sizeof(from);
		int fd = accept4(l->fd, (struct sockaddr *)&from, &n,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take(l, fd, &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
		    || errno == ENOBUFS) {
			/* Not to spin until something is free again. */
			struct timespec rest = { .tv_nsec = 50000000 };

			(void)nanosleep(&rest, NULL);
		}
		return;
	}
}

/* --- events --------------------------------------------------------------- */

static void
stop(struct listener *l, int status)
{
	if (!l->stopping) {
		l->stopping = true;
		l->status = status;
	}
}

static void
reap_session(struct listener *l, const struct child *child, int status)
{
	stats_set(&l->stats->sessions_active, l->children.n);
	if (WIFSIGNALED(status) && !child->evicted) {
		stats_add(&l->stats->sessions_crashed, 1);
		log_say(LOG_WARN, "session_killed",
		    "process %d ended by signal %d", (int)child->pid,
		    WTERMSIG(status));
	}
}

static void
reap_one(struct listener *l, pid_t pid, int status)
{
	struct child child;

	if (children_remove(&l->children, pid, &child)) {
		reap_session(l, &child, status);
		return;
	}
	if (pid == l->sweeper) {
		l->sweeper = 0;
		return;
	}
	if (roles_ended(l, pid)) {
		stop(l, 1);
	}
}

static void
reap(struct listener *l)
{
	int status;
	pid_t pid;

	for (pid = waitpid(-1, &status, WNOHANG); pid > 0;
	     pid = waitpid(-1, &status, WNOHANG)) {
		reap_one(l, pid, status);
	}
}

static void
on_signals(struct listener *l)
{
	enum sig_event e;

	for (e = sig_next(l->sig_fd); e != SIG_EVENT_NONE;
	     e = sig_next(l->sig_fd)) {
		switch (e) {
		case SIG_EVENT_STOP:
			stop(l, 0);
			break;
		case SIG_EVENT_RELOAD:
			/* A bad file leaves what was in use. */
			(void)setup_tls(l);
			setup_users(l);
			setup_gateways(l);
			break;
		default:
			reap(l);
			break;
		}
	}
}

/* Confined as a session is: it looks at names that sessions have made. */
static _Noreturn void
be_sweeper(struct listener *l)
{
	unsigned swept;

	(void)close(l->auth_fd);
	if (sandbox_session(l->rules_fd) < 0) {
		listener_end("sweeper", -EPERM);
	}
	swept = stage_sweep(&l->stage, STAGE_KEEP_SECONDS);
	if (swept > 0) {
		log_say(LOG_INFO, "swept",
		    "%u unfinished uploads removed, a day old", swept);
	}
	_exit(0);
}

/*
 * Unfinished uploads that nobody came back for: there may be so many of them
 * that a process of its own has to do it.
 */
static void
sweep(struct listener *l)
{
	if (clock_left(l->sweep_at) > 0 || l->sweeper > 0) {
		return;
	}
	l->sweep_at = clock_ms() + SWEEP_MS;
	l->sweeper = listener_fork(l);
	if (l->sweeper == 0) {
		be_sweeper(l);
	}
}

/* What the authenticator has to say. */
static void
hear_news(struct listener *l)
{
	struct auth_news news;

	while (auth_news(l->auth_fd, &news)) {
		int64_t now = clock_ms();
		struct log_line line;

		if (news.kind == AUTH_LOGGED_IN) {
			children_logged_in(&l->children, news.session);
			continue;
		}
		bans_add(&l->bans, &news.party,
		    now + (int64_t)l->settings->ban_seconds * 1000);
		stats_add(&l->stats->bans_total, 1);
		log_party(&line, "banned", &news.party);
		log_num(&line, "seconds", (int64_t)l->settings->ban_seconds);
		log_close(&line);
	}
}

/* Now and then: files that have changed, and logins that take too long. */
static void
look_around(struct listener *l)
{
	int64_t now = clock_ms();
	int64_t late = now - LATE_MS
	    - (int64_t)l->settings->login_seconds * 1000;
	struct child *child;

	if (now < l->look_at) {
		return;
	}
	l->look_at = now + LOOK_MS;
	if (watch_changed(&l->cert) || watch_changed(&l->key)) {
		(void)setup_tls(l);
	}
	if (watch_changed(&l->users)) {
		setup_users(l);
	}
	/* It should have ended by itself; somebody keeps it busy. */
	for (child = children_late(&l->children, late); child != NULL;
	     child = children_late(&l->children, late)) {
		evict(l, child, "login_timeout");
	}
	stats_set(&l->stats->bans_active, bans_count(&l->bans, now));
}

static void
serve(struct listener *l)
{
	while (!l->stopping) {
		struct pollfd p[5] = { { .fd = l->fd, .events = POLLIN },
			{ .fd = l->sig_fd, .events = POLLIN },
			{ .fd = l->resolver.fd, .events = POLLIN },
			{ .fd = l->auth_fd, .events = POLLIN },
			{ .fd = l->lender.events, .events = POLLIN } };

		stats_set(&l->stats->heartbeat_ms, (uint64_t)clock_ms());
		sweep(l);
		look_around(l);
		if (poll(p, 5, STATS_BEAT_MS) < 0 && errno != EINTR) {
			stop(l, 1);
		}
		if (p[1].revents != 0) {
			on_signals(l);
		}
		if (p[2].revents != 0) {
			resolver_read(&l->resolver);
		}
		if (p[3].revents != 0) {
			hear_news(l);
		}
		if (p[4].revents != 0) {
			lend_serve(&l->lender);
		}
		if (p[0].revents != 0 && !l->stopping) {
			accept_some(l);
		}
	}
}

/* Closing the life pipe tells everybody; who does not listen is killed. */
static void
drain(struct listener *l)
{
	int64_t deadline = clock_ms() + STOP_MS;
	size_t sessions = l->children.n;
	bool killed = false;

	(void)close(l->fd);
	(void)close(l->life_out);
	/* They have nothing to end, and may be in the middle of something. */
	roles_kill(l, RESOLVER);
	if (l->sweeper > 0) {
		(void)kill(l->sweeper, SIGKILL);
	}
	while ((l->children.n > 0 || l->sweeper > 0 || roles_left(l))
	    && !(killed && clock_left(deadline) == 0)) {
		if (clock_left(deadline) == 0) {
			children_kill(&l->children, SIGKILL);
			roles_kill_all(l);
			killed = true;
			deadline = clock_ms() + STOP_MS;
		}
		(void)sig_wait(l->sig_fd, clock_left(deadline));
		reap(l);
	}
	log_say(LOG_INFO, "stopped", "%u sessions were open%s",
	    (unsigned)sessions, killed ? ", some had to be killed" : "");
}

/* --- all of it ------------------------------------------------------------ */

int
listener_run(void *settings)
{
	struct listener l = { .settings = settings,
		.rules_fd = -1,
		.fd = -1,
		.resolver = { .fd = -1 } };

	l.cert.path = l.settings->cert;
	l.key.path = l.settings->key;
	l.users.path = l.settings->users_file;
	if (setup_processes(&l) < 0) {
		return EXIT_USAGE;
	}
	if (setup_door(&l) < 0) {
		roles_kill_all(&l);
		return EXIT_USAGE;
	}
	serve(&l);
	drain(&l);
	SSL_CTX_free(l.tls);
	children_done(&l.children);
	return l.status;
}

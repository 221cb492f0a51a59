#include "ftpd/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/secret.h"
#include "base/trim.h"
#include "ftpd/reporter/reporter.h"
#include "ftpd/sandbox.h"
#include "ftpd/session.h"
#include "ftpd/tls.h"
#include "login/bans.h"
#include "login/hasher.h"
#include "run/addr.h"
#include "run/children.h"
#include "run/clock.h"
#include "run/confine.h"
#include "run/gateways.h"
#include "run/log.h"
#include "run/netmap.h"
#include "run/part.h"
#include "run/program.h"
#include "run/resolver.h"
#include "run/sig.h"
#include "run/watch.h"

#define BACKLOG 128
/* From the signal to the end: what still runs then is killed. */
#define STOP_MS 5000
#define ACCEPTS_PER_TURN 16
#define DNS_PORT 53
/* The program that looks WordPress's users up. */
#define LOOKUP_PROGRAM "ftpd-lookup"
#define SWEEP_MS (10 * 60 * 1000)
/* Between two looks at files; and how late a session may end by itself. */
#define LOOK_MS 1000
#define LATE_MS 5000

/* The processes that live as long as this one. */
enum role { AUTHENTICATOR, REPORTER, RESOLVER, ROLE_COUNT };

static const char *const role_names[] = { "authenticator", "reporter",
	"resolver" };

struct listener {
	struct settings *settings;
	struct stats *stats;
	int stats_fd; /* of the same, for the reporter */
	struct fsroot root;
	struct stage stage;
	SSL_CTX *tls;
	struct addr_gateways gateways;
	struct resolver resolver;
	struct netmap nets;
	struct children children;
	struct bans bans;
	struct watch cert;
	struct watch key;
	struct watch users;
	int64_t look_at; /* the next look at these */
	uint32_t last_session; /* number */
	pid_t roles[ROLE_COUNT]; /* 0: not running */
	pid_t sweeper; /* 0: not running */
	int rules_fd; /* Landlock rules for sessions; -1: none */
	int auth_fd; /* to the authenticator */
	int life_in; /* what all others watch: it ends when we do */
	int life_out; /* ours alone */
	int sig_fd;
	int fd; /* listens */
	int64_t sweep_at;
	bool stopping;
	int status;
};

/* --- start: what can go wrong, in plain words ----------------------------- */

static const char *
root_advice(int err)
{
	switch (err) {
	case -ENOSYS:
		return "this kernel cannot keep paths beneath a folder "
		       "(openat2, Linux 5.6)";
	case -EPERM:
		return "a seccomp profile forbids openat2; use Docker 20.10 or "
		       "later, or allow it in the profile";
	case -EACCES:
		return "the folder is not readable for this user";
	default:
		return strerror(-err);
	}
}

static int
open_volume(struct listener *l)
{
	const char *path = l->settings->root;
	int r = fsroot_open(&l->root, path);

	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start", "FTPD_ROOT '%s': %s", path,
		    root_advice(r));
		return r;
	}
	r = stage_open(&l->stage, &l->root, SETTINGS_STAGE);
	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start",
		    "FTPD_ROOT '%s': cannot "
		    "make or open '%s' in it as user %d: %s; the volume has "
		    "to belong to this user",
		    path, SETTINGS_STAGE, (int)geteuid(), strerror(-r));
		return r;
	}
	return 0;
}

static int
load_tls(struct listener *l)
{
	const struct settings *set = l->settings;
	struct log_line line;
	struct buf why;
	SSL_CTX *ctx;
	int r;

	buf_init(&why, 2048);
	watch_reset(&l->cert);
	watch_reset(&l->key);
	r = tls_load(set->cert, set->key, &why, &ctx);
	log_open(&line, r < 0 ? LOG_ERROR : LOG_INFO,
	    r < 0 ? "bad_certificate" : "certificate_loaded");
	log_str(&line, "cert", set->cert);
	if (r < 0) {
		log_view(&line, "fault", buf_view(&why));
	} else {
		SSL_CTX_free(l->tls);
		l->tls = ctx;
		stats_set(&l->stats->certificate_loaded, (uint64_t)time(NULL));
	}
	log_close(&line);
	buf_done(&why);
	return r;
}

/* Hands the authenticator the users file, whose content is not for us. */
static void
give_users(struct listener *l)
{
	const char *path = l->settings->users_file;
	struct log_line line;
	int fd, r;

	if (path[0] == '\0') {
		return;
	}
	watch_reset(&l->users);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r = fd < 0 ? -errno : auth_give_users(l->auth_fd, fd);
	if (r < 0) {
		log_open(&line, LOG_ERROR, "bad_users_file");
		log_str(&line, "file", path);
		log_err(&line, r);
		log_close(&line);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

static void
find_gateways(struct listener *l)
{
	struct log_line line;

	gateways_read(&l->gateways);
	log_open(&line, LOG_INFO, "gateways");
	for (unsigned i = 0; i < l->gateways.n; i++) {
		char text[NET_ADDR_TEXT];

		addr_text(&l->gateways.each[i], text);
		log_str(&line, "addr", text);
	}
	log_close(&line);
}

/* Tells once what the kernel gives, in the log and in the counters. */
static void
report_confinement(struct listener *l)
{
	static const char *const names[] = { "files", "ports", "scope",
		"seccomp" };
	struct confine_support has;
	struct log_line line;
	bool whole;

	confine_probe(&has);
	const bool layers[STATS_LAYER_COUNT] = { has.files, has.ports,
		has.scope, has.seccomp };

	whole = has.files && has.ports && has.scope && has.seccomp;
	stats_set(&l->stats->landlock_abi, (uint64_t)has.landlock_abi);
	log_open(&line, whole ? LOG_INFO : LOG_WARN, "confinement");
	log_num(&line, "landlock_abi", has.landlock_abi);
	for (size_t i = 0; i < STATS_LAYER_COUNT; i++) {
		stats_set(&l->stats->layers[i], layers[i]);
		log_str(&line, names[i], layers[i] ? "yes" : "no");
	}
	log_close(&line);
}

/* --- the other processes -------------------------------------------------- */

/* fork(2); what a new process shares with the listener it lets go. */
static pid_t
fork_child(struct listener *l)
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
	if (l->fd >= 0) {
		(void)close(l->fd);
	}
	if (l->resolver.fd >= 0) {
		(void)close(l->resolver.fd);
	}
	return 0;
}

static _Noreturn void
end_role(const char *role, int r)
{
	if (r < 0) {
		log_say(LOG_ERROR, "role_failed", "%s: %s", role, strerror(-r));
	}
	_exit(r == 0 ? 0 : 1);
}

/*
 * From the authenticator, before that is confined.  It has not to know what the
 * other holds.
 */
static int
start_hasher(const struct settings *set, int listener_fd, int *ret_fd)
{
	pid_t pid;
	int fd;

	(void)hasher_threads();
	pid = part_fork_pair(&fd);
	if (pid < 0) {
		return (int)pid;
	}
	if (pid == 0) {
		(void)close(listener_fd);
		secret_wipe(set->password, strlen(set->password));
		hasher_run(fd, sandbox_hasher);
	}
	*ret_fd = fd;
	return 0;
}

/* The same; its first descriptor is the socket to the authenticator. */
static int
start_lookup(const struct settings *set, int *ret_fd)
{
	char port[sizeof("65535")];
	pid_t pid;
	int fd;

	(void)snprintf(port, sizeof(port), "%u", (unsigned)set->db_port);
	pid = part_fork_pair(&fd);
	if (pid < 0) {
		return (int)pid;
	}
	if (pid == 0) {
		end_role(LOOKUP_PROGRAM,
		    part_exec((const char *[]){ LOOKUP_PROGRAM, set->db_host,
				  port, set->db_user, NULL },
			&fd, 1));
	}
	*ret_fd = fd;
	return 0;
}

/* What the authenticator needs beside itself. */
static int
start_helpers(struct listener *l, int listener_fd, int *ret_lookup,
    int *ret_hasher)
{
	const struct settings *set = l->settings;
	int r = 0;

	if (set->users_file[0] != '\0' || set->wordpress_login) {
		r = start_hasher(set, listener_fd, ret_hasher);
	}
	if (r == 0 && set->wordpress_login) {
		r = start_lookup(set, ret_lookup);
	}
	return r;
}

static _Noreturn void
be_authenticator(struct listener *l, int listener_fd)
{
	const struct auth_conf conf = { .user = l->settings->user,
		.password = l->settings->password,
		.max_sessions = l->settings->max_sessions,
		.ban_failures = l->settings->ban_failures };
	int lookup = -1, hasher = -1, r;

	(void)close(l->stage.dir);
	fsroot_close(&l->root);
	r = start_helpers(l, listener_fd, &lookup, &hasher);
	if (r == 0) {
		r = sandbox_authenticator();
	}
	if (r == 0) {
		r = auth_run(&conf, listener_fd, l->life_in, lookup, hasher);
	}
	end_role(role_names[AUTHENTICATOR], r);
}

static int
start_authenticator(struct listener *l)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	pid = fork_child(l);
	if (pid == 0) {
		(void)close(pair[0]);
		be_authenticator(l, pair[1]);
	}
	(void)close(pair[1]);
	l->auth_fd = pair[0];
	l->roles[AUTHENTICATOR] = pid;
	/* Nobody else has to know it from here on. */
	secret_wipe(l->settings->password, strlen(l->settings->password));
	if (pid < 0) {
		return -EAGAIN;
	}
	give_users(l);
	return 0;
}

static int
start_reporter(struct listener *l)
{
	const int fds[REPORTER_FDS] = { [REPORTER_STATS] = l->stats_fd,
		[REPORTER_ROOT] = l->root.fd,
		[REPORTER_LIFE] = l->life_in };
	char port[sizeof("65535")];
	pid_t pid;

	(void)snprintf(port, sizeof(port), "%u",
	    (unsigned)l->settings->http_port);
	pid = fork_child(l);
	if (pid == 0) {
		end_role(REPORTER_PROGRAM,
		    part_exec((const char *[]){ REPORTER_PROGRAM, port,
				  l->settings->root, NULL },
			fds, REPORTER_FDS));
	}
	(void)close(l->stats_fd);
	l->roles[REPORTER] = pid;
	return pid < 0 ? -EAGAIN : 0;
}

/* Unless the address that PASV answers is known, or the connection's own. */
static int
start_resolver(struct listener *l)
{
	const char *name = l->settings->pasv_address;
	int pipes[2];
	pid_t pid;

	l->resolver.known = inet_pton(AF_INET, name, &l->resolver.addr) == 1;
	if (l->resolver.known || name[0] == '\0') {
		return 0;
	}
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid = fork_child(l);
	if (pid == 0) {
		int r;

		(void)close(pipes[0]);
		(void)close(l->auth_fd);
		(void)close(l->stage.dir);
		fsroot_close(&l->root);
		/* It may do what the authenticator's helper may do. */
		r = sandbox_wplogin(DNS_PORT);
		if (r == 0) {
			resolver_run(name, pipes[1]);
		}
		end_role(role_names[RESOLVER], r);
	}
	(void)close(pipes[1]);
	l->resolver.fd = pipes[0];
	l->roles[RESOLVER] = pid;
	return pid < 0 ? -EAGAIN : 0;
}

/* --- sessions ------------------------------------------------------------- */

/* The new process of a session, to its end. */
static _Noreturn void
be_session(struct listener *l, int fd, int auth_fd, const struct in6_addr *peer)
{
	struct session_parts parts = { .settings = l->settings,
		.stats = l->stats,
		.tls = l->tls,
		.root = l->root,
		.stage = l->stage,
		.fd = fd,
		.auth_fd = auth_fd,
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
		end_role("session", r);
	}
	session_run(s, &parts);
	_exit(0);
}

/* Sends a connection away that gets no process. */
static void
turn_away(struct listener *l, int fd, enum stats_refusal why,
    const char *reason, const struct in6_addr *peer)
{
	static const char words[] = "421 Too many connections.\r\n";
	char addr[NET_ADDR_TEXT];
	struct log_line line;

	stats_add(&l->stats->refusals[why], 1);
	addr_text(peer, addr);
	log_open(&line, LOG_WARN, "refused");
	log_str(&line, "addr", addr);
	log_str(&line, "reason", reason);
	log_close(&line);
	if (send(fd, words, sizeof(words) - 1, MSG_NOSIGNAL | MSG_DONTWAIT)
	    < 0) {
		errno = 0;
	}
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
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	r = auth_introduce(l->auth_fd, pair[1], &intro);
	child.pid = r < 0 ? -1 : fork_child(l);
	if (child.pid == 0) {
		(void)close(pair[1]);
		(void)close(l->auth_fd);
		be_session(l, fd, pair[0], peer);
	}
	if (r == 0 && child.pid < 0) {
		r = -errno;
	}
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
	char addr[NET_ADDR_TEXT];
	struct log_line line;

	child->evicted = true;
	/* Not SIGTERM, which a process that was taken over can ignore. */
	(void)kill(child->pid, SIGKILL);
	stats_add(&l->stats->refusals[STATS_EVICTED], 1);
	addr_text(&child->party, addr);
	log_open(&line, LOG_WARN, "evicted");
	log_str(&line, "addr", addr);
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
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (pid != l->roles[i]) {
			continue;
		}
		if (!l->stopping) {
			log_say(LOG_ERROR, "role_ended", "the %s has ended",
			    role_names[i]);
		}
		l->roles[i] = 0;
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
			(void)load_tls(l);
			give_users(l);
			find_gateways(l);
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
		end_role("sweeper", -EPERM);
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
	l->sweeper = fork_child(l);
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
		char addr[NET_ADDR_TEXT];
		struct log_line line;

		if (news.kind == AUTH_LOGGED_IN) {
			children_logged_in(&l->children, news.session);
			continue;
		}
		bans_add(&l->bans, &news.party,
		    now + (int64_t)l->settings->ban_seconds * 1000);
		stats_add(&l->stats->bans_total, 1);
		addr_text(&news.party, addr);
		log_open(&line, LOG_WARN, "banned");
		log_str(&line, "addr", addr);
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
		(void)load_tls(l);
	}
	if (watch_changed(&l->users)) {
		give_users(l);
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
		struct pollfd p[4] = { { .fd = l->fd, .events = POLLIN },
			{ .fd = l->sig_fd, .events = POLLIN },
			{ .fd = l->resolver.fd, .events = POLLIN },
			{ .fd = l->auth_fd, .events = POLLIN } };

		stats_set(&l->stats->heartbeat_ms, (uint64_t)clock_ms());
		sweep(l);
		look_around(l);
		if (poll(p, 4, STATS_BEAT_MS) < 0 && errno != EINTR) {
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
		if (p[0].revents != 0 && !l->stopping) {
			accept_some(l);
		}
	}
}

/* Are there processes of ours? */
static bool
any_left(const struct listener *l)
{
	bool left = l->children.n > 0 || l->sweeper > 0;

	for (size_t i = 0; i < ROLE_COUNT; i++) {
		left = left || l->roles[i] > 0;
	}
	return left;
}

static void
kill_role(const struct listener *l, enum role role)
{
	if (l->roles[role] > 0) {
		(void)kill(l->roles[role], SIGKILL);
	}
}

static void
kill_all(struct listener *l)
{
	children_kill(&l->children, SIGKILL);
	kill_role(l, AUTHENTICATOR);
	kill_role(l, REPORTER);
	kill_role(l, RESOLVER);
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
	kill_role(l, RESOLVER);
	if (l->sweeper > 0) {
		(void)kill(l->sweeper, SIGKILL);
	}
	while (any_left(l) && !(killed && clock_left(deadline) == 0)) {
		if (clock_left(deadline) == 0) {
			kill_all(l);
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

/* The settings have been checked. */
static int
take_networks(struct listener *l)
{
	struct buf faults;
	int r;

	buf_init(&faults, 0);
	r = netmap_parse("FTPD_PASV_NETWORKS",
	    view_str(l->settings->pasv_networks), &l->nets, &faults);
	buf_done(&faults);
	return r;
}

/* Everything before the first connection.  0, or -errno after a log line. */
static int
set_up(struct listener *l)
{
	int pipes[2];
	int r;

	/* It was to be seen that it is there: the look-up reads it itself. */
	secret_wipe(l->settings->db_password, strlen(l->settings->db_password));
	(void)umask(settings_umask(l->settings));
	r = open_volume(l);
	if (r < 0) {
		return r;
	}
	l->stats = stats_new(&l->stats_fd);
	if (l->stats == NULL || pipe2(pipes, O_CLOEXEC) < 0
	    || children_init(&l->children, l->settings->max_sessions) < 0) {
		log_say(LOG_ERROR, "cannot_start", "out of memory");
		return -ENOMEM;
	}
	l->life_in = pipes[0];
	l->life_out = pipes[1];
	stats_set(&l->stats->sessions_max, l->settings->max_sessions);
	report_confinement(l);
	sandbox_opaque();
	l->sig_fd = sig_open();
	r = l->sig_fd < 0 ? l->sig_fd : confine_no_new_privs();
	if (r == 0) {
		r = take_networks(l);
	}
	if (r == 0) {
		r = start_authenticator(l);
	}
	if (r == 0) {
		r = start_reporter(l);
	}
	if (r == 0) {
		r = start_resolver(l);
	}
	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start", "%s", strerror(-r));
	}
	return r;
}

/* What the other roles must not have: the key and the socket. */
static int
open_door(struct listener *l)
{
	int r = load_tls(l);

	if (r < 0) {
		return r;
	}
	r = sandbox_session_rules(l->settings, l->root.fd, &l->rules_fd);
	if (r == 0) {
		r = net_listen((uint16_t)l->settings->port, BACKLOG, &l->fd);
	}
	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start", "port %u: %s",
		    (unsigned)l->settings->port, strerror(-r));
		return r;
	}
	find_gateways(l);
	/* Each session begins with what is left here. */
	trim_memory();
	log_say(LOG_INFO, "listening", "port %u, data %u to %u, metrics %u",
	    (unsigned)l->settings->port, (unsigned)l->settings->pasv_min,
	    (unsigned)l->settings->pasv_max, (unsigned)l->settings->http_port);
	return 0;
}

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
	if (set_up(&l) < 0) {
		return EXIT_USAGE;
	}
	if (open_door(&l) < 0) {
		kill_all(&l);
		return EXIT_USAGE;
	}
	serve(&l);
	drain(&l);
	SSL_CTX_free(l.tls);
	children_done(&l.children);
	return l.status;
}

/* The processes that live as long as the listener (see daemon.h). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/secret.h"
#include "ftpd/daemon.h"
#include "ftpd/reporter/reporter.h"
#include "ftpd/sandbox.h"
#include "login/hasher.h"
#include "run/log.h"
#include "run/part.h"

#define DNS_PORT 53
/* The program that looks WordPress's users up. */
#define LOOKUP_PROGRAM "ftpd-lookup"

static const char *const role_names[] = { "authenticator", "reporter",
	"resolver" };

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
		listener_end(LOOKUP_PROGRAM,
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
	listener_end(role_names[AUTHENTICATOR], r);
}

static int
start_authenticator(struct listener *l)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	pid = listener_fork(l);
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
	setup_users(l);
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
	pid = listener_fork(l);
	if (pid == 0) {
		listener_end(REPORTER_PROGRAM,
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
	pid = listener_fork(l);
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
		listener_end(role_names[RESOLVER], r);
	}
	(void)close(pipes[1]);
	l->resolver.fd = pipes[0];
	l->roles[RESOLVER] = pid;
	return pid < 0 ? -EAGAIN : 0;
}

void
roles_kill(const struct listener *l, enum role role)
{
	if (l->roles[role] > 0) {
		(void)kill(l->roles[role], SIGKILL);
	}
}

int
roles_start(struct listener *l)
{
	int r = start_authenticator(l);

	if (r == 0) {
		r = start_reporter(l);
	}
	return r < 0 ? r : start_resolver(l);
}

bool
roles_ended(struct listener *l, pid_t pid)
{
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (pid == l->roles[i]) {
			if (!l->stopping) {
				log_say(LOG_ERROR, "role_ended",
				    "the %s has ended", role_names[i]);
			}
			l->roles[i] = 0;
			return true;
		}
	}
	return false;
}

void
roles_kill_all(const struct listener *l)
{
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		roles_kill(l, (enum role)i);
	}
}

bool
roles_left(const struct listener *l)
{
	bool left = false;

	for (size_t i = 0; i < ROLE_COUNT; i++) {
		left = left || l->roles[i] > 0;
	}
	return left;
}

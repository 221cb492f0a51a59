/*
 * Inside the listener (see listener.h):
 *
 *	setup.c		what has to be there before the first connection, and
 *			is read again when it has changed
 *	roles.c		the processes that live as long as this one
 *	listener.c	connections, and the sessions that they get
 */
#ifndef FTPD_DAEMON_H
#define FTPD_DAEMON_H

#include "ftpd/session.h"
#include "login/bans.h"
#include "run/children.h"
#include "run/lend.h"
#include "run/netmap.h"
#include "run/resolver.h"
#include "run/watch.h"

/* The processes that live as long as this one. */
enum role { AUTHENTICATOR, REPORTER, RESOLVER, ROLE_COUNT };

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
	struct lender lender; /* of passive sockets */
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

/* --- setup.c: 0, or -errno after a log line ------------------------------- */

/* All that is needed before other processes are started, and these. */
NODISCARD int setup_processes(struct listener *l);
/* What the other processes must not have: the key and the socket. */
NODISCARD int setup_door(struct listener *l);
/* Read again what may have changed; a bad file leaves what was in use. */
int setup_tls(struct listener *l);
void setup_gateways(struct listener *l);
/* Hands the authenticator the users file, whose content is not for us. */
void setup_users(struct listener *l);

/* --- roles.c -------------------------------------------------------------- */

/* Starts all of them.  0, or -errno. */
NODISCARD int roles_start(struct listener *l);
/* Was that process one of them?  Then it is gone, which the log is told. */
bool roles_ended(struct listener *l, pid_t pid);
void roles_kill(const struct listener *l, enum role role);
void roles_kill_all(const struct listener *l);
bool roles_left(const struct listener *l);

/* --- listener.c ----------------------------------------------------------- */

/* fork(2); what a new process shares with the listener it lets go. */
pid_t listener_fork(struct listener *l);
/* Ends a process of ours, with a word to the log if r is -errno. */
_Noreturn void listener_end(const char *role, int r);

#endif

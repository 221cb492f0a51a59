/*
 * A session: one process for one control connection, blocking code.  It reads
 * what a stranger sends, so it is confined before its first byte; all that it
 * needs from outside of its confinement it is given in struct session_parts.
 *
 * The verbs are in session_*.c by what they are about; each is a function
 * that gets the argument and answers by exactly one reply (of one or more
 * lines).  An argument is borrowed from the line buffer and must not be used
 * after waiting for the peer.
 */
#ifndef FTPD_SESSION_H
#define FTPD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/lines.h"
#include "base/path.h"
#include "files/stage.h"
#include "ftpd/command.h"
#include "ftpd/reply.h"
#include "ftpd/settings.h"
#include "ftpd/stats.h"
#include "login/users.h"
#include "run/addr.h"
#include "run/fsroot.h"
#include "tls/chan.h"

struct session_parts {
	const struct settings *settings;
	struct stats *stats;
	SSL_CTX *tls; /* with ticket keys of its own; NULL: no TLS */
	struct fsroot root;
	struct stage stage;
	int fd; /* the control connection */
	int auth_fd; /* to the authenticator; taken */
	int lend_fd; /* lends passive sockets; taken */
	int life_fd; /* readable when the session has to end */
	struct in6_addr peer;
	struct addr_gateways gateways;
	bool has_pasv;
	struct in_addr pasv; /* what PASV answers */
	/*
	 * sandbox_user(): confines the process to what a logged-in user may
	 * do.  NULL in tests.
	 */
	int (*confine_user)(int folder_fd, int stage_fd, unsigned rights);
};

/* What AUTH TLS sets back. */
struct session_state {
	char user[USERS_NAME_MAX + 1];
	bool has_user;
	bool logged_in;
	bool pbsz;
	bool prot_p;
	bool ascii;
	bool epsv_all;
	bool has_rename;
	uint64_t rest;
	/* The file whose size was told last, by SIZE. */
	dev_t told_dev;
	ino_t told_ino;
	unsigned without; /* facts that OPTS MLST has left out */
	char cwd[PATH_SIZE];
	char rename_from[PATH_SIZE];
};

struct session {
	struct session_parts parts;
	struct chan control;
	char addr[NET_ADDR_TEXT];
	int64_t opened;
	int64_t stop_at; /* 0, or when a running transfer has to end */
	const char *ending; /* NULL, or why the session ends */
	unsigned failures; /* logins */
	unsigned rights; /* USERS_READ and so on, once logged in */
	unsigned bad; /* bad commands in a row */
	uint64_t commands;
	bool greeted; /* a whole line has come */
	bool resting; /* nothing has come for a while */
	/* The data connection. */
	int passive_fd; /* listens; -1: none */
	bool passive_used; /* its connection was taken */
	struct chan data;
	bool transferring; /* a reply 150 is out */
	uint64_t moved; /* bytes of this transfer */
	unsigned glances;
	/* Most of these is never touched, and costs no memory then. */
	struct session_state state;
	struct lines lines;
};

/* Serves the session to its end, and frees what it holds but not *s. */
void session_run(struct session *s, const struct session_parts *parts);

/* --- for the verbs -------------------------------------------------------- */

void session_reply(struct session *s, enum reply_code code, const char *text);
void session_replyf(struct session *s, enum reply_code code, const char *fmt,
    ...) PRINTF_LIKE(3, 4);
/* A reply of several lines that the caller has written. */
void session_send(struct session *s, struct buf *lines);
/* The reply for -errno of a file command. */
void session_reply_error(struct session *s, int err);

/* Ends the session after this command; `why` is a literal for the log. */
void session_end(struct session *s, const char *why);

/*
 * The wait function of both connections: watches the listener too, and during
 * a transfer the control connection for ABOR and STAT (-ECANCELED; -ENOTCONN
 * when the control connection is gone; -ESHUTDOWN when the daemon stops).
 */
int session_wait(void *session, int fd, short events, int64_t deadline);
/* Looks without waiting, for transfers that never have to wait.  0, or as
 * above. */
int session_glance(struct session *s);
/* The same when a transfer begins: ABOR may have come with its command. */
int session_look(struct session *s);

/* Forgets all that was said, as at the beginning. */
void session_forget(struct session *s);
/* Does nothing for `ms`. */
void session_pause(struct session *s, int ms);

/*
 * The path that an argument means, empty: the current folder.  0, or -errno as
 * path_join().
 */
NODISCARD int session_path(const struct session *s, struct view arg,
    char ret[PATH_SIZE]);

/*
 * stat(2) of a path as this user sees it: what is there, else his interrupted
 * upload to it (*ret_part).  0, or -errno.
 */
NODISCARD int session_stat_of(struct session *s, const char *path,
    struct stat *ret, bool *ret_part);

int64_t session_stall_deadline(const struct session *s);

/* A log line with who it is. */
struct log_line;
void session_log_open(const struct session *s, struct log_line *l,
    const char *event);

/*
 * Has the user this right (users.h)?  The kernel asks again, but for deleting.
 * If not, the refusal has been replied.
 */
bool session_has(struct session *s, unsigned right);

/* session_login.c */
command_handler session_auth, session_ccc, session_clnt, session_host,
    session_pass, session_pbsz, session_prot, session_rein, session_user;
/* session_info.c */
command_handler session_allo, session_avbl, session_feat, session_help,
    session_mode, session_opts, session_quit, session_stru, session_type;
/* session_files.c */
command_handler session_cdup, session_cwd, session_dele, session_mdtm,
    session_mfmt, session_mkd, session_pwd, session_rmd, session_rnfr,
    session_rnto, session_site, session_size;
/* session_data.c */
command_handler session_epsv, session_pasv;
/* session_list.c */
command_handler session_list, session_mlsd, session_mlst, session_nlst,
    session_stat;
/* session_transfer.c */
command_handler session_abor, session_appe, session_rest, session_retr,
    session_stor, session_stou;

#endif

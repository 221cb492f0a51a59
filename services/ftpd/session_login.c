/*
 * Who is it, and how are the connections protected: USER, PASS, AUTH, PBSZ,
 * PROT and what belongs to them.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/auth.h"
#include "ftpd/data.h"
#include "ftpd/session.h"
#include "ftpd/tls.h"
#include "run/clock.h"
#include "run/log.h"

#define AUTH_MS 10000
/* Of names and addresses, the latter in brackets (RFC 7151 section 3.1). */
#define HOST_LETTERS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]"
/* A wrong login takes this long, whatever was wrong. */
#define WRONG_MS 1000

static bool
tls_missing(const struct session *s)
{
	return s->parts.settings->tls == TLS_REQUIRED && s->control.ssl == NULL;
}

void
session_user(struct session *s, struct view arg)
{
	struct session_state *st = &s->state;

	if (st->logged_in) {
		session_reply(s, REPLY_NOT_LOGGED_IN,
		    "You are logged in; open another session.");
		return;
	}
	if (tls_missing(s)) {
		stats_add(&s->parts.stats->logins[STATS_LOGIN_REFUSED], 1);
		session_reply(s, REPLY_NOT_LOGGED_IN,
		    "TLS is required: AUTH TLS first.");
		return;
	}
	if (view_to_cstr(arg, st->user, sizeof(st->user)) < 0
	    || path_has_control(arg)) {
		/* It asks for a password as any other name does. */
		st->user[0] = '\0';
	}
	st->has_user = true;
	session_reply(s, REPLY_NEED_PASSWORD, "Password, please.");
}

static void
log_login(struct session *s, const char *result,
    const struct auth_answer *answer)
{
	struct log_line l;

	log_open(&l, s->state.logged_in ? LOG_INFO : LOG_WARN, "login");
	log_str(&l, "addr", s->addr);
	log_str(&l, "user", s->state.user);
	log_str(&l, "result", result);
	if (answer != NULL) {
		char rights[4] = { (answer->rights & USERS_READ) != 0 ? 'r'
								      : '-',
			(answer->rights & USERS_WRITE) != 0 ? 'w' : '-',
			(answer->rights & USERS_DELETE) != 0 ? 'd' : '-' };

		log_str(&l, "rights", rights);
		log_str(&l, "folder", answer->folder);
	}
	log_str(&l, "tls",
	    s->control.ssl == NULL ? "none" : SSL_get_version(s->control.ssl));
	log_close(&l);
}

/* --- rights --------------------------------------------------------------- */

bool
session_has(struct session *s, unsigned right)
{
	bool has = (s->rights & right) != 0;

	if (!has) {
		session_reply(s, REPLY_FAILED, "You have no right to do that.");
	}
	return has;
}

/* Makes the last name of the folder, if it is not there. */
static int
make_folder(struct session *s, const char *folder)
{
	int r = fsroot_mkdir(&s->parts.root, folder, 0777);

	return r == -EEXIST ? 0 : r;
}

/* Makes the user's folder the root of the session.  0, or -errno. */
static int
enter_folder(struct session *s, const struct auth_answer *answer)
{
	int r = 0;

	/* WordPress makes the uploads with the first one; this may be it. */
	if (answer->makes_folder != 0) {
		r = make_folder(s, answer->folder);
	}
	return r < 0 ? r : fsroot_enter(&s->parts.root, answer->folder);
}

/* Leaves the process its user's rights only.  0, or -errno. */
static int
take_rights(struct session *s, const struct auth_answer *answer)
{
	struct session_parts *parts = &s->parts;
	int r = answer->folder[0] == '\0' ? 0 : enter_folder(s, answer);

	if (r == 0 && (answer->rights & USERS_WRITE) != 0) {
		r = stage_enter(&parts->stage, answer->source, s->state.user,
		    &parts->root);
	} else if (r == 0) {
		(void)close(parts->stage.dir);
		parts->stage.dir = -1;
	}
	if (r == 0 && parts->confine_user != NULL) {
		r = parts->confine_user(parts->root.fd, parts->stage.dir,
		    answer->rights);
	}
	s->rights = answer->rights;
	return r;
}

/* Right: from here on the process has its user's rights only. */
static void
log_in(struct session *s, const struct auth_answer *answer)
{
	const struct session_parts *parts = &s->parts;
	int r = take_rights(s, answer);

	(void)close(s->parts.auth_fd);
	s->parts.auth_fd = -1;
	if (r < 0) {
		bool missing = r == -ENOENT || r == -ENOTDIR;

		log_login(s, missing ? "no_folder" : "confinement_failed",
		    answer);
		session_end(s, "confinement_failed");
		session_reply(s, REPLY_CLOSING,
		    missing ? "Your folder does not exist." : "Local error.");
		return;
	}
	s->state.logged_in = true;
	stats_add(&parts->stats->logins[STATS_LOGIN_OK], 1);
	log_login(s, "ok", answer);
	session_reply(s, REPLY_LOGGED_IN, "Logged in.");
}

/* Nobody looked at it: that is no fault of the user's. */
static void
send_away(struct session *s, const char *why)
{
	stats_add(&s->parts.stats->logins[STATS_LOGIN_UNAVAILABLE], 1);
	log_login(s, why, NULL);
	session_end(s, why);
	session_reply(s, REPLY_CLOSING, "Logins do not work now; try later.");
}

static void
refuse_login(struct session *s, enum auth_result result, int64_t started)
{
	bool throttled = result == AUTH_THROTTLED;

	stats_add(&s->parts.stats->logins[throttled ? STATS_LOGIN_THROTTLED
						    : STATS_LOGIN_FAILED],
	    1);
	log_login(s, throttled ? "throttled" : "wrong", NULL);
	session_pause(s, clock_left(started + WRONG_MS));
	s->failures++;
	s->state.user[0] = '\0';
	if (s->failures >= AUTH_TRIES) {
		session_end(s, "login_failures");
		session_reply(s, REPLY_CLOSING, "Too many wrong logins.");
		return;
	}
	session_reply(s, REPLY_NOT_LOGGED_IN, "Login incorrect.");
}

void
session_pass(struct session *s, struct view arg)
{
	struct auth_answer answer = { .result = AUTH_WRONG };
	int64_t started = clock_ms();
	int r;

	if (s->state.logged_in || !s->state.has_user) {
		session_reply(s, REPLY_BAD_SEQUENCE, "USER first.");
		return;
	}
	s->state.has_user = false;
	r = auth_ask(s->parts.auth_fd, view_str(s->state.user), arg,
	    started + AUTH_MS, &answer);
	lines_wipe(&s->lines);
	if (r < 0) {
		send_away(s, "no_authenticator");
	} else if (answer.result == AUTH_OK) {
		log_in(s, &answer);
	} else if (answer.result == AUTH_UNAVAILABLE) {
		send_away(s, "unavailable");
	} else {
		refuse_login(s, (enum auth_result)answer.result, started);
	}
}

/* --- protection ----------------------------------------------------------- */

static void
log_tls_failure(struct session *s, int err)
{
	struct log_line l;

	stats_add(&s->parts.stats->tls_failures, 1);
	session_log_open(s, &l, "tls_failed");
	if (err == -EPROTO) {
		log_str(&l, "error", "no common TLS with the client");
	} else {
		log_err(&l, err);
	}
	log_close(&l);
}

static void
start_tls(struct session *s)
{
	SSL *ssl = tls_control(s->parts.tls);
	int64_t deadline = s->opened
	    + (int64_t)s->parts.settings->login_seconds * 1000;
	int r = ssl == NULL ? -ENOMEM
			    : chan_accept_tls_take(&s->control, ssl, deadline);

	if (r < 0) {
		log_tls_failure(s, r);
		session_end(s, "tls_failed");
		return;
	}
	stats_add(&s->parts.stats
		       ->tls_sessions[SSL_version(ssl) == TLS1_3_VERSION
			       ? STATS_TLS13
			       : STATS_TLS12],
	    1);
	/* Nothing that was said in the clear counts any more. */
	session_forget(s);
}

void
session_auth(struct session *s, struct view arg)
{
	if (!view_eq_nocase(arg, VIEW("TLS"))
	    && !view_eq_nocase(arg, VIEW("TLS-C"))) {
		session_reply(s, REPLY_BAD_PARAMETER, "AUTH TLS is known.");
		return;
	}
	if (s->parts.tls == NULL) {
		session_reply(s, REPLY_POLICY, "TLS is not to be had.");
		return;
	}
	if (s->control.ssl != NULL || s->state.logged_in) {
		session_reply(s, REPLY_BAD_SEQUENCE, "Too late for AUTH.");
		return;
	}
	if (lines_pending(&s->lines)) {
		/* Somebody put plain commands before the handshake. */
		struct log_line l;

		session_log_open(s, &l, "plaintext_behind_auth");
		log_close(&l);
		session_end(s, "plaintext_behind_auth");
		session_reply(s, REPLY_CLOSING, "Nothing may follow AUTH.");
		return;
	}
	session_reply(s, REPLY_AUTH_GO, "Go on with the TLS handshake.");
	if (s->ending == NULL) {
		start_tls(s);
	}
}

void
session_pbsz(struct session *s, struct view arg)
{
	uint64_t size;

	if (s->control.ssl == NULL) {
		session_reply(s, REPLY_BAD_SEQUENCE, "AUTH TLS first.");
		return;
	}
	if (view_u64(arg, &size) < 0 || size > UINT32_MAX) {
		session_reply(s, REPLY_BAD_ARGUMENT, "PBSZ 0.");
		return;
	}
	s->state.pbsz = true;
	session_reply(s, REPLY_DONE, "PBSZ=0");
}

void
session_prot(struct session *s, struct view arg)
{
	bool required = s->parts.settings->tls == TLS_REQUIRED;

	if (s->control.ssl == NULL || !s->state.pbsz) {
		session_reply(s, REPLY_BAD_SEQUENCE, "PBSZ first.");
	} else if (view_eq_nocase(arg, VIEW("P"))) {
		s->state.prot_p = true;
		session_reply(s, REPLY_DONE, "Data will be protected.");
	} else if (view_eq_nocase(arg, VIEW("C")) && required) {
		session_reply(s, REPLY_POLICY, "Data has to be protected.");
	} else if (view_eq_nocase(arg, VIEW("C"))) {
		s->state.prot_p = false;
		session_reply(s, REPLY_DONE, "Data will be in the clear.");
	} else if (view_eq_nocase(arg, VIEW("S"))
	    || view_eq_nocase(arg, VIEW("E"))) {
		session_reply(s, REPLY_BAD_PROT_LEVEL, "Not with TLS.");
	} else {
		session_reply(s, REPLY_BAD_PARAMETER, "PROT P.");
	}
}

void
session_ccc(struct session *s, struct view arg)
{
	(void)arg;
	if (s->control.ssl == NULL) {
		session_reply(s, REPLY_BAD_CLEAR, "The channel is clear.");
	} else {
		session_reply(s, REPLY_POLICY, "The channel stays protected.");
	}
}

/*
 * A session that somebody has logged in to is confined to that user for good,
 * and TLS is not taken off again (which RFC 4217 section 11 asks for): there
 * the way to begin anew is a new connection.
 */
void
session_rein(struct session *s, struct view arg)
{
	(void)arg;
	if (s->state.logged_in || s->control.ssl != NULL) {
		session_end(s, "rein");
		session_reply(s, REPLY_CLOSING, "Connect again to begin anew.");
		return;
	}
	data_close(s);
	session_forget(s);
	session_reply(s, REPLY_READY, "As at the beginning.");
}

void
session_host(struct session *s, struct view arg)
{
	if (s->state.logged_in || s->state.has_user) {
		session_reply(s, REPLY_BAD_SEQUENCE, "HOST comes first.");
	} else if (!view_only(arg, HOST_LETTERS)) {
		session_reply(s, REPLY_BAD_ARGUMENT, "HOST name.");
	} else {
		/* There is one site, whatever its name. */
		session_reply(s, REPLY_READY, "This host serves one site.");
	}
}

void
session_clnt(struct session *s, struct view arg)
{
	(void)arg;
	session_reply(s, REPLY_DONE, "Noted.");
}

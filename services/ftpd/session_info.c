/*
 * What the server says about itself, and the few parameters of transfers.
 */
#include <errno.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ftpd/session.h"

#define TEXT_MAX 4096

void
session_quit(struct session *s, struct view arg)
{
	(void)arg;
	session_reply(s, REPLY_BYE, "Bye.");
	session_end(s, "quit");
}

void
session_help(struct session *s, struct view arg)
{
	struct buf b;
	bool site = view_eq_nocase(arg, VIEW("SITE"));

	buf_init(&b, TEXT_MAX);
	reply_first(&b, REPLY_HELP, site ? "SITE knows:" : "Commands:");
	if (site) {
		buf_add_str(&b, " CHMOD HELP");
	}
	for (size_t i = 0; !site && command_name(i) != NULL; i++) {
		buf_addf(&b, " %s%s", command_name(i),
		    i % 12 == 11 ? "\r\n" : "");
	}
	buf_add_str(&b, "\r\n");
	reply_line(&b, REPLY_HELP, "End.");
	session_send(s, &b);
}

void
session_feat(struct session *s, struct view arg)
{
	struct buf b;

	(void)arg;
	buf_init(&b, TEXT_MAX);
	reply_first(&b, REPLY_FEATURES, "Features:");
	if (s->parts.tls != NULL) {
		buf_add_str(&b, " AUTH TLS\r\n PBSZ\r\n PROT\r\n");
	}
	buf_add_str(&b,
	    " AVBL\r\n CLNT\r\n EPSV\r\n HOST\r\n MDTM\r\n MFMT\r\n"
	    " MLST type*;size*;modify*;perm*;unique*;UNIX.mode*;\r\n"
	    " PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n");
	reply_line(&b, REPLY_FEATURES, "End");
	session_send(s, &b);
}

void
session_opts(struct session *s, struct view arg)
{
	struct view value = arg;
	struct view name = view_cut(&value, ' ');

	if (view_eq_nocase(name, VIEW("UTF8"))
	    && (value.n == 0 || view_eq_nocase(value, VIEW("ON")))) {
		session_reply(s, REPLY_DONE, "Names are UTF-8, always.");
	} else if (view_eq_nocase(name, VIEW("UTF8"))) {
		session_reply(s, REPLY_BAD_PARAMETER,
		    "Names are UTF-8, always.");
	} else {
		session_reply(s, REPLY_BAD_ARGUMENT, "No such option.");
	}
}

void
session_type(struct session *s, struct view arg)
{
	if (view_eq_nocase(arg, VIEW("I")) || view_eq_nocase(arg, VIEW("L 8"))
	    || view_eq_nocase(arg, VIEW("L8"))) {
		s->state.ascii = false;
		session_reply(s, REPLY_DONE, "Binary.");
	} else if (view_eq_nocase(arg, VIEW("A"))
	    || view_eq_nocase(arg, VIEW("A N"))) {
		s->state.ascii = true;
		session_reply(s, REPLY_DONE, "ASCII.");
	} else {
		session_reply(s, REPLY_BAD_PARAMETER, "Types are A and I.");
	}
}

void
session_stru(struct session *s, struct view arg)
{
	if (view_eq_nocase(arg, VIEW("F"))) {
		session_reply(s, REPLY_DONE, "Files.");
	} else {
		session_reply(s, REPLY_BAD_PARAMETER, "STRU F only.");
	}
}

void
session_mode(struct session *s, struct view arg)
{
	if (view_eq_nocase(arg, VIEW("S"))) {
		session_reply(s, REPLY_DONE, "Stream.");
	} else {
		session_reply(s, REPLY_BAD_PARAMETER, "MODE S only.");
	}
}

/* Bytes that may be written to the volume; false: the error was replied. */
static bool
available(struct session *s, uint64_t *ret)
{
	struct statfs fs;

	if (fstatfs(s->parts.root.fd, &fs) < 0) {
		session_reply_error(s, -errno);
		return false;
	}
	*ret = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	return true;
}

/* Room is never reserved, but a hopeless upload can be told at once. */
void
session_allo(struct session *s, struct view arg)
{
	uint64_t want, have;

	if (view_u64(view_cut(&arg, ' '), &want) < 0) {
		session_reply(s, REPLY_BAD_ARGUMENT, "ALLO bytes.");
		return;
	}
	if (!available(s, &have)) {
		return;
	}
	if (want > have) {
		session_reply(s, REPLY_NO_SPACE, "The disk is too full.");
		return;
	}
	session_reply(s, REPLY_DONE, "There is room now.");
}

void
session_avbl(struct session *s, struct view arg)
{
	uint64_t have;

	(void)arg;
	if (available(s, &have)) {
		session_replyf(s, REPLY_FILE_STATUS, "%llu",
		    (unsigned long long)have);
	}
}

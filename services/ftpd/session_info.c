/*
 * What the server says about itself, and the few parameters of transfers.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ftpd/listing.h"
#include "ftpd/session.h"

#define TEXT_MAX 4096

void
session_quit(struct session *s, struct view arg)
{
	(void)arg;
	session_reply(s, REPLY_BYE, "Bye.");
	session_end(s, "quit");
}

static bool
knows(struct view word)
{
	size_t i = 0;

	while (command_name(i) != NULL
	    && !view_eq_nocase(word, view_str(command_name(i)))) {
		i++;
	}
	return command_name(i) != NULL;
}

void
session_help(struct session *s, struct view arg)
{
	struct buf b;
	bool site = view_eq_nocase(arg, VIEW("SITE"));

	if (arg.n > 0 && !site) {
		bool known = knows(arg);

		session_reply(s, known ? REPLY_HELP : REPLY_NOT_IMPLEMENTED,
		    known ? "Known, as in the RFCs." : "Not known here.");
		return;
	}
	buf_init(&b, TEXT_MAX);
	reply_first(&b, REPLY_HELP, site ? "SITE knows:" : "Commands:");
	if (site) {
		buf_add_str(&b, " CHMOD HELP UTIME");
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
	    " AVBL\r\n CLNT\r\n EPSV\r\n HOST\r\n MDTM\r\n MFMT\r\n MLST ");
	for (unsigned i = 0; listing_fact(i) != NULL; i++) {
		buf_addf(&b, "%s%s;", listing_fact(i),
		    (s->state.without & 1U << i) == 0 ? "*" : "");
	}
	buf_add_str(&b,
	    "\r\n PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n");
	reply_line(&b, REPLY_FEATURES, "End");
	session_send(s, &b);
}

/* Which facts MLSD and MLST give: those of the list that we know. */
static void
opts_mlst(struct session *s, struct view list)
{
	struct buf b;

	s->state.without = 0;
	buf_init(&b, TEXT_MAX);
	buf_add_str(&b, "MLST OPTS ");
	for (unsigned i = 0; listing_fact(i) != NULL; i++) {
		struct view fact = view_str(listing_fact(i)), rest = list;
		bool wanted = false;

		while (rest.p != NULL) {
			wanted |= view_eq_nocase(view_cut(&rest, ';'), fact);
		}
		if (wanted) {
			buf_addf(&b, "%s;", fact.p);
		} else {
			s->state.without |= 1U << i;
		}
	}
	session_reply(s, REPLY_DONE, buf_cstr(&b));
	buf_done(&b);
}

void
session_opts(struct session *s, struct view arg)
{
	struct view value = arg;
	struct view name = view_cut(&value, ' ');

	if (view_eq_nocase(name, VIEW("MLST"))) {
		opts_mlst(s, value);
	} else if (!view_eq_nocase(name, VIEW("UTF8"))) {
		session_reply(s, REPLY_BAD_ARGUMENT, "No such option.");
	} else if (value.n == 0 || view_eq_nocase(value, VIEW("ON"))) {
		session_reply(s, REPLY_DONE, "Names are UTF-8, always.");
	} else {
		session_reply(s, REPLY_BAD_PARAMETER,
		    "Names are UTF-8, always.");
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

/* Bytes that may be written to a folder's volume.  0, or -errno. */
static int
available(const struct session *s, struct view folder, uint64_t *ret)
{
	char path[PATH_SIZE];
	struct statfs fs;
	int fd = -1;
	int r = session_path(s, folder, path);

	if (r == 0) {
		r = fsroot_openat(&s->parts.root, path, O_PATH | O_DIRECTORY, 0,
		    &fd);
	}
	if (r < 0) {
		return r;
	}
	r = fstatfs(fd, &fs) < 0 ? -errno : 0;
	(void)close(fd);
	if (r == 0) {
		*ret = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	}
	return r;
}

/* Room is never reserved, but a hopeless upload can be told at once. */
void
session_allo(struct session *s, struct view arg)
{
	uint64_t want, have = 0;
	int r = view_u64(view_cut(&arg, ' '), &want);

	if (r < 0) {
		session_reply(s, REPLY_BAD_ARGUMENT, "ALLO bytes.");
		return;
	}
	r = available(s, VIEW("/"), &have);
	if (r < 0) {
		session_reply_error(s, r);
	} else if (want > have) {
		session_reply(s, REPLY_NO_SPACE, "The disk is too full.");
	} else {
		session_reply(s, REPLY_DONE, "There is room now.");
	}
}

void
session_avbl(struct session *s, struct view arg)
{
	uint64_t have = 0;
	int r = available(s, arg, &have);

	if (r < 0) {
		session_reply_error(s, r);
	} else {
		session_replyf(s, REPLY_FILE_STATUS, "%llu",
		    (unsigned long long)have);
	}
}

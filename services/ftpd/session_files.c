/*
 * Folders and files, other than their content.  All paths go through
 * run/fsroot.h, and no call that changes something follows a link.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/stamp.h"
#include "ftpd/listing.h"
#include "ftpd/session.h"
#include "login/users.h"
#include "run/log.h"

#define NEW_FOLDER_MODE 0777
#define TEXT_MAX (2 * PATH_SIZE + 64)

/* Logs a change that was made; false: it was not, and the error is replied. */
static bool
changed(struct session *s, int r, const char *what, const char *path)
{
	struct log_line l;

	if (r < 0) {
		session_reply_error(s, r);
		return false;
	}
	session_log_open(s, &l, what);
	log_str(&l, "path", path);
	log_close(&l);
	return true;
}

void
session_cwd(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	struct stat st;
	int r = session_path(s, arg, path);

	if (r == 0) {
		r = fsroot_stat(&s->parts.root, path, &st);
	}
	if (r == 0 && !S_ISDIR(st.st_mode)) {
		r = -ENOTDIR;
	}
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	memcpy(s->state.cwd, path, strlen(path) + 1);
	session_reply(s, REPLY_FILE_DONE, "Done.");
}

void
session_cdup(struct session *s, struct view arg)
{
	(void)arg;
	session_cwd(s, VIEW(".."));
}

static void
reply_257(struct session *s, const char *path, const char *rest)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	reply_path(&b, view_str(path), rest);
	session_reply(s, REPLY_PATH, buf_cstr(&b));
	buf_done(&b);
}

void
session_pwd(struct session *s, struct view arg)
{
	(void)arg;
	reply_257(s, s->state.cwd, " is the current folder.");
}

void
session_mkd(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	int r = session_path(s, arg, path);

	if (r == 0) {
		r = fsroot_mkdir(&s->parts.root, path, NEW_FOLDER_MODE);
	}
	if (changed(s, r == -EBUSY ? -EEXIST : r, "make_folder", path)) {
		reply_257(s, path, " created.");
	}
}

/* A file, and what an interrupted upload to it has left. */
void
session_dele(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	int r = session_path(s, arg, path);

	if (r == 0) {
		int of_part = stage_remove(&s->parts.stage, path);

		r = fsroot_unlink(&s->parts.root, path, 0);
		r = r == -ENOENT ? of_part : r;
	}
	if (changed(s, r, "delete", path)) {
		session_reply(s, REPLY_FILE_DONE, "Removed.");
	}
}

void
session_rmd(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	int r = session_path(s, arg, path);

	if (r == 0) {
		r = fsroot_unlink(&s->parts.root, path, AT_REMOVEDIR);
	}
	if (changed(s, r, "remove_folder", path)) {
		session_reply(s, REPLY_FILE_DONE, "Removed.");
	}
}

void
session_rnfr(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	struct stat st;
	int r = session_path(s, arg, path);

	if (r == 0) {
		r = fsroot_lstat(&s->parts.root, path, &st);
	}
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	memcpy(s->state.rename_from, path, strlen(path) + 1);
	s->state.has_rename = true;
	session_reply(s, REPLY_PENDING, "And the new name: RNTO.");
}

void
session_rnto(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	int r;

	if (!s->state.has_rename) {
		session_reply(s, REPLY_BAD_SEQUENCE, "RNFR first.");
		return;
	}
	s->state.has_rename = false;
	r = session_path(s, arg, path);
	if (r == 0) {
		r = fsroot_rename(&s->parts.root, s->state.rename_from, path);
	}
	if (changed(s, r, "rename", path)) {
		session_reply(s, REPLY_FILE_DONE, "Renamed.");
	}
}

/* The regular file behind a path; false: the error has been replied. */
static bool
stat_file(struct session *s, struct view arg, struct stat *ret, bool *ret_part)
{
	char path[PATH_SIZE];
	int r = session_path(s, arg, path);

	if (r == 0) {
		r = session_stat_of(s, path, ret, ret_part);
	}
	if (r == 0 && !S_ISREG(ret->st_mode)) {
		r = -ENXIO;
	}
	if (r < 0) {
		session_reply_error(s, r);
	}
	return r == 0;
}

void
session_size(struct session *s, struct view arg)
{
	struct stat st;
	bool part;

	if (s->state.ascii) {
		session_reply(s, REPLY_FAILED, "SIZE needs TYPE I.");
	} else if (stat_file(s, arg, &st, &part)) {
		s->state.told_dev = part ? 0 : st.st_dev;
		s->state.told_ino = part ? 0 : st.st_ino;
		session_replyf(s, REPLY_FILE_STATUS, "%lld",
		    (long long)st.st_size);
	}
}

void
session_mdtm(struct session *s, struct view arg)
{
	struct stat st;
	struct buf b;
	bool part;

	if (!stat_file(s, arg, &st, &part)) {
		return;
	}
	buf_init(&b, TEXT_MAX);
	stamp_add(&b, st.st_mtime);
	session_reply(s, REPLY_FILE_STATUS, buf_cstr(&b));
	buf_done(&b);
}

/* Sets a time; false: the error has been replied. */
static bool
set_time(struct session *s, struct view name, time_t mtime, char ret[PATH_SIZE])
{
	int r = session_path(s, name, ret);

	if (r == 0) {
		r = fsroot_set_mtime(&s->parts.root, ret, mtime);
	}
	if (r < 0) {
		session_reply_error(s, r);
	}
	return r == 0;
}

void
session_mfmt(struct session *s, struct view arg)
{
	struct view when = view_cut(&arg, ' ');
	char path[PATH_SIZE];
	time_t mtime;

	if (stamp_parse(when, &mtime) < 0 || arg.n == 0) {
		session_reply(s, REPLY_BAD_ARGUMENT,
		    "MFMT YYYYMMDDHHMMSS name.");
	} else if (set_time(s, arg, mtime, path)) {
		session_replyf(s, REPLY_FILE_STATUS, "Modify=%.*s; %s",
		    (int)when.n, when.p, path);
	}
}

/*
 * Both forms that clients use: "YYYYMMDDHHMM[SS] name", and "name atime mtime
 * ctime UTC", of which the second time counts.
 */
static void
site_utime(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	struct view name;
	time_t mtime;

	if (listing_parse_utime(arg, &name, &mtime) < 0) {
		session_reply(s, REPLY_BAD_ARGUMENT,
		    "SITE UTIME YYYYMMDDHHMMSS name.");
	} else if (set_time(s, name, mtime, path)) {
		session_reply(s, REPLY_DONE, "Done.");
	}
}

static void
site_chmod(struct session *s, struct view arg)
{
	struct view digits = view_cut(&arg, ' ');
	char path[PATH_SIZE];
	mode_t mode = 0;
	int r;

	for (size_t i = 0; i < digits.n && mode <= 0777; i++) {
		mode = mode * 8 + (mode_t)(digits.p[i] - '0');
	}
	if (digits.n == 0 || !view_only(digits, "01234567") || mode > 0777
	    || arg.n == 0) {
		session_reply(s, REPLY_BAD_ARGUMENT, "SITE CHMOD 644 name.");
		return;
	}
	r = session_path(s, arg, path);
	if (r == 0) {
		r = fsroot_chmod(&s->parts.root, path, mode);
	}
	if (changed(s, r, "chmod", path)) {
		/* PHP's ftp_chmod() takes 200 only. */
		session_reply(s, REPLY_DONE, "Done.");
	}
}

void
session_site(struct session *s, struct view arg)
{
	struct view word = view_cut(&arg, ' ');
	bool changes = view_eq_nocase(word, VIEW("CHMOD"))
	    || view_eq_nocase(word, VIEW("UTIME"));

	if (changes && !session_has(s, USERS_WRITE)) {
		return;
	}
	if (view_eq_nocase(word, VIEW("CHMOD"))) {
		site_chmod(s, arg);
	} else if (view_eq_nocase(word, VIEW("UTIME"))) {
		site_utime(s, arg);
	} else if (view_eq_nocase(word, VIEW("HELP"))) {
		session_help(s, VIEW("SITE"));
	} else {
		session_reply(s, REPLY_UNKNOWN, "Unknown SITE command.");
	}
}

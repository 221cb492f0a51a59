/*
 * Folders and files, other than their content.  Everything goes through the
 * folder that holds the last name (see run/fsroot.h), and no call that changes
 * something follows a link.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ftpd/listing.h"
#include "ftpd/session.h"
#include "run/log.h"

#define NEW_FOLDER_MODE 0777

/* Tells of a change that was made, or of the error. */
static void
report(struct session *s, const char *what, const char *path, int r,
    const char *text)
{
	struct log_line l;

	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	session_log_open(s, &l, what);
	log_str(&l, "path", path);
	log_close(&l);
	session_reply(s, REPLY_FILE_DONE, text);
}

static void
change_folder(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	int fd, r;

	if (!session_path(s, arg, path)) {
		return;
	}
	r = fsroot_openat(&s->parts.root, path, O_PATH | O_DIRECTORY, 0, &fd);
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	(void)close(fd);
	memcpy(s->state.cwd, path, sizeof(path));
	session_reply(s, REPLY_FILE_DONE, "Done.");
}

void
session_cwd(struct session *s, struct view arg)
{
	change_folder(s, arg);
}

void
session_cdup(struct session *s, struct view arg)
{
	(void)arg;
	change_folder(s, VIEW(".."));
}

void
session_pwd(struct session *s, struct view arg)
{
	struct buf b;

	(void)arg;
	buf_init(&b, 2 * PATH_SIZE + 64);
	reply_path(&b, view_str(s->state.cwd), " is the current folder.");
	session_reply(s, REPLY_PATH, buf_cstr(&b));
	buf_done(&b);
}

void
session_mkd(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	const char *name;
	struct buf b;
	int dir, r;

	if (!session_path(s, arg, path)) {
		return;
	}
	r = fsroot_parent(&s->parts.root, path, &dir, &name);
	if (r == 0) {
		r = mkdirat(dir, name, NEW_FOLDER_MODE) < 0 ? -errno : 0;
		(void)close(dir);
	}
	if (r < 0) {
		session_reply_error(s, r == -EBUSY ? -EEXIST : r);
		return;
	}
	buf_init(&b, 2 * PATH_SIZE + 64);
	reply_path(&b, view_str(path), " created.");
	session_reply(s, REPLY_PATH, buf_cstr(&b));
	buf_done(&b);
}

static void
remove_name(struct session *s, struct view arg, const char *event, int flags)
{
	char path[PATH_SIZE];
	const char *name;
	int dir, r;

	if (!session_path(s, arg, path)) {
		return;
	}
	r = fsroot_parent(&s->parts.root, path, &dir, &name);
	if (r == 0) {
		r = unlinkat(dir, name, flags) < 0 ? -errno : 0;
		(void)close(dir);
	}
	report(s, event, path, r, "Removed.");
}

void
session_dele(struct session *s, struct view arg)
{
	remove_name(s, arg, "delete", 0);
}

void
session_rmd(struct session *s, struct view arg)
{
	remove_name(s, arg, "remove_folder", AT_REMOVEDIR);
}

void
session_rnfr(struct session *s, struct view arg)
{
	char path[PATH_SIZE];
	const char *name;
	struct stat st;
	int dir, r;

	if (!session_path(s, arg, path)) {
		return;
	}
	r = fsroot_parent(&s->parts.root, path, &dir, &name);
	if (r == 0) {
		r = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno
		                                                     : 0;
		(void)close(dir);
	}
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	memcpy(s->state.rename_from, path, sizeof(path));
	s->state.has_rename = true;
	session_reply(s, REPLY_PENDING, "And the new name: RNTO.");
}

static int
rename_to(struct session *s, const char *from, const char *to)
{
	const char *from_name, *to_name;
	int from_dir, to_dir;
	int r = fsroot_parent(&s->parts.root, from, &from_dir, &from_name);

	if (r < 0) {
		return r;
	}
	r = fsroot_parent(&s->parts.root, to, &to_dir, &to_name);
	if (r == 0) {
		r = renameat(from_dir, from_name, to_dir, to_name) < 0 ? -errno
		                                                       : 0;
		(void)close(to_dir);
	}
	(void)close(from_dir);
	return r;
}

void
session_rnto(struct session *s, struct view arg)
{
	char path[PATH_SIZE];

	if (!s->state.has_rename) {
		session_reply(s, REPLY_BAD_SEQUENCE, "RNFR first.");
		return;
	}
	s->state.has_rename = false;
	if (session_path(s, arg, path)) {
		report(s, "rename", path,
		    rename_to(s, s->state.rename_from, path), "Renamed.");
	}
}

/* The regular file behind a path; false: the error has been replied. */
static bool
stat_file(struct session *s, struct view arg, struct stat *ret)
{
	char path[PATH_SIZE];
	int fd, r;

	if (!session_path(s, arg, path)) {
		return false;
	}
	r = fsroot_openat(&s->parts.root, path, O_PATH, 0, &fd);
	if (r == 0) {
		r = fstat(fd, ret) < 0 ? -errno
		    : !S_ISREG(ret->st_mode) ? -ENXIO : 0;
		(void)close(fd);
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

	if (s->state.ascii) {
		session_reply(s, REPLY_FAILED, "SIZE needs TYPE I.");
		return;
	}
	if (stat_file(s, arg, &st)) {
		session_replyf(s, REPLY_FILE_STATUS, "%lld",
		    (long long)st.st_size);
	}
}

void
session_mdtm(struct session *s, struct view arg)
{
	struct stat st;
	struct buf b;

	if (!stat_file(s, arg, &st)) {
		return;
	}
	buf_init(&b, 64);
	listing_time(&b, st.st_mtime);
	session_reply(s, REPLY_FILE_STATUS, buf_cstr(&b));
	buf_done(&b);
}

void
session_mfmt(struct session *s, struct view arg)
{
	struct view when = view_cut(&arg, ' ');
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	char path[PATH_SIZE];
	const char *name;
	int dir, r;

	if (listing_parse_time(when, &times[1].tv_sec) < 0) {
		session_reply(s, REPLY_BAD_ARGUMENT,
		    "MFMT YYYYMMDDHHMMSS name.");
		return;
	}
	if (!session_path(s, arg, path)) {
		return;
	}
	r = fsroot_parent(&s->parts.root, path, &dir, &name);
	if (r == 0) {
		r = utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0
		    ? -errno : 0;
		(void)close(dir);
	}
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	session_replyf(s, REPLY_FILE_STATUS, "Modify=%.*s; %s", (int)when.n,
	    when.p, path);
}

/*
 * chmod(2) would follow a link, and a file that cannot be read cannot be
 * opened; so the file is opened by O_PATH, looked at, and changed by way of
 * its descriptor's name in /proc.
 */
static int
change_mode(struct session *s, const char *path, mode_t mode)
{
	char self[32];
	struct stat st;
	int fd, r;

	if (strcmp(path, "/") == 0) {
		return -EBUSY;
	}
	r = fsroot_openat(&s->parts.root, path, O_PATH | O_NOFOLLOW, 0, &fd);
	if (r < 0) {
		return r;
	}
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) < 0) {
		r = -errno;
	} else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		r = -ENXIO;
	} else if (fchmodat(AT_FDCWD, self, mode | (st.st_mode & S_ISGID),
	    0) < 0) {
		r = -errno;
	}
	(void)close(fd);
	return r;
}

static void
site_chmod(struct session *s, struct view arg)
{
	struct view digits = view_cut(&arg, ' ');
	char path[PATH_SIZE];
	mode_t mode = 0;

	for (size_t i = 0; i < digits.n; i++) {
		bool octal = digits.p[i] >= '0' && digits.p[i] <= '7';

		mode = octal && mode <= 0777 ? mode * 8
		    + (mode_t)(digits.p[i] - '0') : 07777;
	}
	if (digits.n == 0 || mode > 0777 || arg.n == 0) {
		session_reply(s, REPLY_BAD_ARGUMENT, "SITE CHMOD 644 name.");
		return;
	}
	if (session_path(s, arg, path)) {
		report(s, "chmod", path, change_mode(s, path, mode), "Done.");
	}
}

void
session_site(struct session *s, struct view arg)
{
	struct view word = view_cut(&arg, ' ');

	if (view_eq_nocase(word, VIEW("CHMOD"))) {
		site_chmod(s, arg);
	} else if (view_eq_nocase(word, VIEW("HELP"))) {
		session_help(s, VIEW("SITE"));
	} else {
		session_reply(s, REPLY_UNKNOWN, "Unknown SITE command.");
	}
}

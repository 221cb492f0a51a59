/*
 * LIST, NLST, MLSD, MLST and STAT.  A folder is never held in memory: its
 * entries go out as they are read, in the folder's own order.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ftpd/data.h"
#include "ftpd/listing.h"
#include "ftpd/transfer.h"
#include "run/clock.h"

#define FLUSH_AT (32 * 1024)
#define OUT_MAX (FLUSH_AT + 64 * 1024)

struct list {
	struct session *s;
	struct chan *to; /* the data connection, or the control connection */
	enum listing_format format;
	bool all;
	struct view prefix; /* before each name, for NLST */
	const char *path; /* of the folder */
	time_t now;
	struct buf out;
};

static int
flush_out(struct list *l)
{
	struct view v = buf_view(&l->out);
	int r = buf_error(&l->out);

	if (r == 0 && v.n > 0) {
		r = chan_write(l->to, v.p, v.n, session_stall_deadline(l->s));
		l->s->moved += v.n;
	}
	buf_clear(&l->out);
	return r;
}

/* The path of an entry; false when it is too long to be one. */
static bool
entry_path(const struct list *l, const char *name, char ret[PATH_SIZE])
{
	int n = snprintf(ret, PATH_SIZE, "%s/%s", l->path, name);

	return n > 0 && n < PATH_SIZE;
}

/* Where a link leads, as far as the format shows it. */
static void
resolve(const struct list *l, int dir, const char *name, char *room,
    size_t size, struct listing_entry *e)
{
	char path[PATH_SIZE];
	int fd;

	if (l->format == LISTING_UNIX) {
		ssize_t n = readlinkat(dir, name, room, size);

		e->link = (struct view){ room, n < 0 ? 0 : (size_t)n };
	} else if (l->format == LISTING_FACTS && entry_path(l, name, path)
	    && fsroot_openat(&l->s->parts.root, path, O_PATH, 0, &fd) == 0) {
		e->resolved = fstat(fd, &e->target) == 0;
		(void)close(fd);
	}
}

/* Appends the line of one entry of the folder `dir`. */
static void
add_entry(struct list *l, int dir, const char *name)
{
	struct listing_entry e = { .name = view_str(name) };
	char room[PATH_SIZE];

	if (fstatat(dir, name, &e.st, AT_SYMLINK_NOFOLLOW) < 0
	    || fsroot_is_hidden(&l->s->parts.root, &e.st)) {
		return;
	}
	if (S_ISLNK(e.st.st_mode)) {
		resolve(l, dir, name, room, sizeof(room), &e);
	}
	if (l->format == LISTING_NAMES) {
		buf_add_view(&l->out, l->prefix);
	}
	listing_line(&l->out, l->format, &e, l->now);
}

/* `.` and `..`, the latter of the root being the root. */
static void
add_dots(struct list *l, int dir)
{
	struct listing_entry e = { .name = VIEW(".") };

	if (fstat(dir, &e.st) == 0) {
		listing_line(&l->out, l->format, &e, l->now);
	}
	e.name = VIEW("..");
	if (strcmp(l->path, "/") != 0
	    && fstatat(dir, "..", &e.st, AT_SYMLINK_NOFOLLOW) < 0) {
		return;
	}
	listing_line(&l->out, l->format, &e, l->now);
}

/* Sends a folder's entries; takes `fd`. */
static int
send_folder_take(struct list *l, int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (d == NULL) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	if (l->all) {
		add_dots(l, fd);
	}
	errno = 0;
	for (e = readdir(d); e != NULL && r == 0; e = readdir(d)) {
		if (strcmp(e->d_name, ".") != 0
		    && strcmp(e->d_name, "..") != 0) {
			add_entry(l, fd, e->d_name);
		}
		if (buf_size(&l->out) >= FLUSH_AT) {
			r = flush_out(l);
		}
		errno = 0;
	}
	if (r == 0 && errno != 0) {
		r = -errno;
	}
	(void)closedir(d);
	return r < 0 ? r : flush_out(l);
}

/* What a path means to a listing: a folder to read, or one entry. */
struct subject {
	int fd; /* the folder, or -1 */
	int dir; /* else the folder that holds the entry */
	const char *name; /* points into the path */
};

static void
close_subject(struct subject *subject)
{
	if (subject->fd >= 0) {
		(void)close(subject->fd);
	}
	if (subject->dir >= 0) {
		(void)close(subject->dir);
	}
}

static int
find_subject(struct session *s, const char *path, struct subject *ret)
{
	struct subject found = { .fd = -1, .dir = -1 };
	struct stat st;
	int r = fsroot_openat(&s->parts.root, path, O_RDONLY | O_DIRECTORY, 0,
	    &found.fd);

	if (r == -ENOTDIR || r == -EXDEV || r == -ELOOP) {
		found.fd = -1;
		r = fsroot_parent(&s->parts.root, path, &found.dir,
		    &found.name);
		if (r == 0 && fstatat(found.dir, found.name, &st,
		    AT_SYMLINK_NOFOLLOW) < 0) {
			r = -errno;
			close_subject(&found);
		}
	}
	if (r == 0) {
		*ret = found;
	}
	return r;
}

/* Sends the lines of what was found; takes the folder. */
static int
send_subject(struct list *l, struct subject *subject)
{
	if (subject->fd >= 0) {
		int fd = subject->fd;

		subject->fd = -1;
		return send_folder_take(l, fd);
	}
	add_entry(l, subject->dir, subject->name);
	return flush_out(l);
}

/*
 * The names of NLST are there to be used as they are: with the folder's path
 * before them as the client wrote it (RFC 1123 section 4.1.2.7).
 */
static void
make_prefix(struct buf *b, struct view arg, bool folder)
{
	if (folder) {
		buf_add_view(b, arg);
		if (arg.n > 0 && arg.p[arg.n - 1] != '/') {
			buf_add_char(b, '/');
		}
		return;
	}
	while (arg.n > 0 && arg.p[arg.n - 1] != '/') {
		arg.n--;
	}
	buf_add_view(b, arg);
}

/* A listing over the data connection. */
static void
list(struct session *s, struct view arg, const char *verb,
    enum listing_format format)
{
	struct list l = { .s = s, .to = &s->data, .format = format,
		.now = time(NULL) };
	struct listing_request request = { .path = arg };
	struct transfer t;
	struct subject subject;
	struct buf prefix;
	int r;

	if (format != LISTING_FACTS) {
		listing_parse(arg, &request);
	}
	transfer_init(&t, STATS_LISTING, verb);
	if (!session_path(s, request.path.n == 0 ? VIEW(".") : request.path,
	    t.path)) {
		return;
	}
	r = find_subject(s, t.path, &subject);
	if (r < 0 || (format == LISTING_FACTS && subject.fd < 0)) {
		session_reply_error(s, r < 0 ? r : -ENOTDIR);
		if (r == 0) {
			close_subject(&subject);
		}
		return;
	}
	l.path = t.path;
	l.all = request.all;
	buf_init(&l.out, OUT_MAX);
	buf_init(&prefix, PATH_SIZE + 1);
	make_prefix(&prefix, request.path, subject.fd >= 0);
	l.prefix = buf_view(&prefix);
	if (data_open(s, "Here is the list.")) {
		r = send_subject(&l, &subject);
		transfer_end(s, &t, r < 0 ? r : data_finish(s));
	}
	close_subject(&subject);
	buf_done(&prefix);
	buf_done(&l.out);
}

void
session_list(struct session *s, struct view arg)
{
	list(s, arg, "LIST", LISTING_UNIX);
}

void
session_nlst(struct session *s, struct view arg)
{
	list(s, arg, "NLST", LISTING_NAMES);
}

void
session_mlsd(struct session *s, struct view arg)
{
	list(s, arg, "MLSD", LISTING_FACTS);
}

void
session_mlst(struct session *s, struct view arg)
{
	struct listing_entry e = { .name = { NULL, 0 } };
	char path[PATH_SIZE];
	struct buf b;
	int fd, r;

	if (!session_path(s, arg.n == 0 ? VIEW(".") : arg, path)) {
		return;
	}
	r = fsroot_openat(&s->parts.root, path, O_PATH, 0, &fd);
	if (r == 0) {
		r = fstat(fd, &e.st) < 0 ? -errno : 0;
		(void)close(fd);
	}
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	e.name = view_str(path);
	buf_init(&b, 2 * PATH_SIZE);
	reply_first(&b, REPLY_FILE_DONE, "Facts:");
	buf_add_char(&b, ' ');
	listing_facts(&b, &e);
	buf_add_str(&b, "\r\n");
	reply_line(&b, REPLY_FILE_DONE, "End.");
	session_send(s, &b);
}

static void
stat_session(struct session *s)
{
	struct buf b;

	buf_init(&b, PATH_SIZE);
	reply_first(&b, REPLY_STATUS, "Status:");
	buf_addf(&b, " From %s, as %s\r\n Type %s; control connection %s; "
	    "data %s\r\n", s->addr, s->state.user,
	    s->state.ascii ? "ASCII" : "binary",
	    s->control.ssl == NULL ? "in the clear"
	                           : SSL_get_version(s->control.ssl),
	    s->state.prot_p ? "protected" : "in the clear");
	reply_line(&b, REPLY_STATUS, "End.");
	session_send(s, &b);
}

/* A listing over the control connection. */
static void
stat_path(struct session *s, struct view arg)
{
	struct list l = { .s = s, .to = &s->control, .format = LISTING_UNIX,
		.now = time(NULL) };
	struct listing_request request;
	struct subject subject;
	char path[PATH_SIZE];
	int r;

	listing_parse(arg, &request);
	if (!session_path(s, request.path.n == 0 ? VIEW(".") : request.path,
	    path)) {
		return;
	}
	r = find_subject(s, path, &subject);
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	l.path = path;
	l.all = request.all;
	buf_init(&l.out, OUT_MAX);
	reply_first(&l.out, REPLY_FILE_STATUS, "Status follows:");
	r = send_subject(&l, &subject);
	if (r == 0) {
		session_reply(s, REPLY_FILE_STATUS, "End.");
	} else {
		session_end(s, "peer_gone");
	}
	close_subject(&subject);
	buf_done(&l.out);
}

void
session_stat(struct session *s, struct view arg)
{
	if (arg.n == 0) {
		stat_session(s);
	} else {
		stat_path(s, arg);
	}
}

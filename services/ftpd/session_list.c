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
#include "login/users.h"

#define FLUSH_AT (32 * 1024)
#define OUT_MAX (FLUSH_AT + 64 * 1024)

struct list {
	struct session *s;
	struct chan *to; /* the data connection, or the control connection */
	enum listing_format format;
	struct listing_request request;
	struct transfer t; /* with the path of what is listed */
	int fd; /* the folder, or the one that holds the only entry */
	const char *name; /* of the only entry, in the path; NULL: a folder */
	bool part; /* the only entry is an interrupted upload: */
	struct stat st;
	struct buf prefix; /* before each name, for NLST */
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

/* Where a link leads, as far as the format shows it. */
static void
resolve(const struct list *l, const char *name, char *room, size_t size,
    struct listing_entry *e)
{
	char path[PATH_SIZE];
	int n;

	if (l->format == LISTING_UNIX) {
		ssize_t got = readlinkat(l->fd, name, room, size);

		e->link = (struct view){ room, got < 0 ? 0 : (size_t)got };
	} else if (l->format == LISTING_FACTS) {
		n = snprintf(path, sizeof(path), "%s/%s", l->t.path, name);
		e->resolved = n > 0 && (size_t)n < sizeof(path)
		    && fsroot_stat(&l->s->parts.root, path, &e->target) == 0;
	}
}

static void
add_line(struct list *l, struct listing_entry *e)
{
	if (l->format == LISTING_NAMES) {
		buf_add_view(&l->out, buf_view(&l->prefix));
	}
	e->without = l->s->state.without;
	e->lacks = USERS_ALL & ~l->s->rights;
	listing_line(&l->out, l->format, e, time(NULL));
}

/* Appends the line of one entry of the folder. */
static void
add_entry(struct list *l, const char *name)
{
	struct listing_entry e = { .name = view_str(name) };
	char room[PATH_SIZE];

	if (fstatat(l->fd, name, &e.st, AT_SYMLINK_NOFOLLOW) < 0
	    || fsroot_is_hidden(&l->s->parts.root, &e.st)) {
		return;
	}
	if (S_ISLNK(e.st.st_mode)) {
		resolve(l, name, room, sizeof(room), &e);
	}
	add_line(l, &e);
}

/* The same of an interrupted upload; not where a file has its name. */
static void
add_part(struct list *l, int parts, const char *name)
{
	struct listing_entry e = { .name = view_str(name), .part = true };
	struct stat live;

	if (fstatat(l->fd, name, &live, AT_SYMLINK_NOFOLLOW) < 0
	    && fstatat(parts, name, &e.st, AT_SYMLINK_NOFOLLOW) == 0) {
		add_line(l, &e);
	}
}

/* `.` and `..`, the latter of the root being the root. */
static void
add_dots(struct list *l)
{
	struct listing_entry e = { .name = VIEW(".") };

	if (fstat(l->fd, &e.st) == 0) {
		listing_line(&l->out, l->format, &e, time(NULL));
	}
	e.name = VIEW("..");
	if (strcmp(l->t.path, "/") == 0
	    || fstatat(l->fd, "..", &e.st, AT_SYMLINK_NOFOLLOW) == 0) {
		listing_line(&l->out, l->format, &e, time(NULL));
	}
}

/* Sends the lines of all that is in `d`: entries, or parts of uploads. */
static int
send_entries(struct list *l, DIR *d)
{
	int r = 0;

	while (r == 0) {
		struct dirent *e;

		errno = 0;
		e = readdir(d);
		if (e == NULL) {
			return -errno;
		}
		if (strcmp(e->d_name, ".") == 0
		    || strcmp(e->d_name, "..") == 0) {
			continue;
		}
		if (dirfd(d) == l->fd) {
			add_entry(l, e->d_name);
		} else {
			add_part(l, dirfd(d), e->d_name);
		}
		if (buf_size(&l->out) >= FLUSH_AT) {
			r = flush_out(l);
		}
	}
	return r;
}

/* Those of the user's interrupted uploads into the folder. */
static int
send_parts(struct list *l)
{
	DIR *d;
	int fd, r;

	if (stage_list(&l->s->parts.stage, l->t.path, &fd) < 0) {
		return 0;
	}
	d = fdopendir(fd);
	if (d == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	r = send_entries(l, d);
	(void)closedir(d);
	return r;
}

/* Sends what was found, a folder's entries or the only one. */
static int
send_list(struct list *l)
{
	DIR *d;
	int r;

	if (l->part) {
		add_line(l,
		    &(struct listing_entry){ .name = view_str(l->name),
			.st = l->st,
			.part = true });
		return flush_out(l);
	}
	if (l->name != NULL) {
		add_entry(l, l->name);
		return flush_out(l);
	}
	d = fdopendir(l->fd);
	if (d == NULL) {
		return -errno;
	}
	if (l->request.all) {
		add_dots(l);
	}
	r = send_entries(l, d);
	if (r == 0) {
		r = send_parts(l);
	}
	(void)closedir(d);
	l->fd = -1;
	return r < 0 ? r : flush_out(l);
}

/* Opens what the path means: a folder, or the folder of one entry. */
static int
find(struct list *l)
{
	const struct fsroot *root = &l->s->parts.root;
	struct stat st;
	int r = fsroot_openat(root, l->t.path, O_RDONLY | O_DIRECTORY, 0,
	    &l->fd);

	if (l->format != LISTING_FACTS
	    && (r == -ENOTDIR || r == -EXDEV || r == -ELOOP)) {
		r = fsroot_parent(root, l->t.path, &l->fd, &l->name);
		if (r == 0
		    && fstatat(l->fd, l->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			r = -errno;
		}
	}
	if (l->format != LISTING_FACTS && r == -ENOENT
	    && stage_stat(&l->s->parts.stage, l->t.path, &l->st) == 0) {
		l->part = true;
		l->name = strrchr(l->t.path, '/') + 1;
		r = 0;
	}
	return r;
}

/*
 * The names of NLST are there to be used as they are: with the folder's path
 * before them as the client wrote it (RFC 1123 section 4.1.2.7).
 */
static void
make_prefix(struct list *l)
{
	struct view v = l->request.path;

	while (l->name != NULL && v.n > 0 && v.p[v.n - 1] != '/') {
		v.n--;
	}
	buf_add_view(&l->prefix, v);
	if (v.n > 0 && v.p[v.n - 1] != '/') {
		buf_add_char(&l->prefix, '/');
	}
}

/* Finds what to list; false: the error has been replied. */
static bool
open_list(struct list *l, struct session *s, struct view arg, const char *verb,
    enum listing_format format)
{
	int r;

	*l = (struct list){ .s = s,
		.to = &s->data,
		.format = format,
		.request = { .path = arg },
		.fd = -1 };
	transfer_init(&l->t, STATS_LISTING, verb);
	buf_init(&l->prefix, PATH_SIZE + 1);
	buf_init(&l->out, OUT_MAX);
	if (format != LISTING_FACTS) {
		listing_parse(arg, &l->request);
	}
	r = session_path(s, l->request.path, l->t.path);
	if (r == 0) {
		r = find(l);
	}
	if (r == -ENOTDIR && format == LISTING_FACTS) {
		/* RFC 3659 section 7.2.1 */
		session_reply(s, REPLY_BAD_ARGUMENT, "MLSD is for folders.");
	} else if (r < 0) {
		session_reply_error(s, r);
	} else {
		make_prefix(l);
	}
	return r == 0;
}

static void
close_list(struct list *l)
{
	if (l->fd >= 0) {
		(void)close(l->fd);
	}
	buf_done(&l->prefix);
	buf_done(&l->out);
}

/* A listing over the data connection. */
static void
list(struct session *s, struct view arg, const char *verb,
    enum listing_format format)
{
	struct list l;

	if (open_list(&l, s, arg, verb, format)
	    && data_open(s, "Here is the list.")) {
		int r = send_list(&l);

		transfer_end(s, &l.t, r < 0 ? r : data_finish(s));
	}
	close_list(&l);
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
	int r = session_path(s, arg, path);

	if (r == 0) {
		r = session_stat_of(s, path, &e.st, &e.part);
	}
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	e.name = view_str(path);
	e.without = s->state.without;
	e.lacks = USERS_ALL & ~s->rights;
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
	buf_addf(&b,
	    " From %s, as %s\r\n Type %s; control connection %s; "
	    "data %s\r\n",
	    s->addr, s->state.user, s->state.ascii ? "ASCII" : "binary",
	    s->control.ssl == NULL ? "in the clear"
				   : SSL_get_version(s->control.ssl),
	    s->state.prot_p ? "protected" : "in the clear");
	reply_line(&b, REPLY_STATUS, "End.");
	session_send(s, &b);
}

/* With a path, a listing over the control connection. */
void
session_stat(struct session *s, struct view arg)
{
	struct list l;

	if (arg.n == 0) {
		stat_session(s);
		return;
	}
	if (!session_has(s, USERS_READ)) {
		return;
	}
	if (open_list(&l, s, arg, "STAT", LISTING_UNIX)) {
		enum reply_code code = l.name == NULL ? REPLY_FOLDER_STATUS
						      : REPLY_FILE_STATUS;

		l.to = &s->control;
		reply_first(&l.out, code, "Status follows:");
		if (send_list(&l) == 0) {
			session_reply(s, code, "End.");
		} else {
			session_end(s, "peer_gone");
		}
	}
	close_list(&l);
}

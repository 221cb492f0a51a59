/*
 * The content of files: RETR, STOR, APPE, STOU, REST, ABOR.
 *
 * An upload goes to the staging folder (stage.h) and takes its target's place
 * when it is complete: under TLS that is when the peer said so by close_notify.
 * What an interrupted one left there can be continued, by REST n before STOR or
 * by APPE, the latter unless the file has changed since.  Without such a part
 * REST n keeps the first n bytes of the file that
 * is there, and APPE all of them; both work on a copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "ftpd/data.h"
#include "ftpd/transfer.h"
#include "run/clock.h"
#include "run/log.h"

#define CHUNK (128 * 1024)
#define SENDFILE_CHUNK (1024 * 1024)
/* A look at the control connection each so many chunks. */
#define GLANCE_EVERY 16
/* What a refused upload may still send before it is cut off. */
#define DISCARD_BYTES (256LL * 1024 * 1024)
#define DISCARD_MS 15000

/* What moves content through this process, in both directions. */
struct chunks {
	char in[CHUNK];
	char out[2 * CHUNK]; /* converted, for TYPE A */
};

/* --- ends ----------------------------------------------------------------- */

void
transfer_init(struct transfer *t, enum stats_direction direction,
    const char *verb)
{
	*t = (struct transfer){ .direction = direction,
		.verb = verb,
		.started = clock_ms() };
}

static void
log_transfer(struct session *s, const struct transfer *t, int r)
{
	struct log_line l;

	session_log_open(s, &l, "transfer");
	log_str(&l, "verb", t->verb);
	log_str(&l, "path", t->path);
	if (t->from > 0) {
		log_num(&l, "from", (int64_t)t->from);
	}
	log_num(&l, "bytes", (int64_t)s->moved);
	log_num(&l, "ms", clock_ms() - t->started);
	log_str(&l, "result", r == 0 ? "ok" : "failed");
	if (r < 0) {
		log_err(&l, r);
	}
	log_close(&l);
}

/*
 * A client that is sent away in the middle of an upload would see a broken
 * connection before it sees why.  So what it still sends is thrown away for a
 * while.  0 when it came to its end; -ECANCELED: ABOR came, and is not
 * answered yet.
 */
static ssize_t
discard_rest(struct session *s)
{
	int64_t deadline = clock_ms() + DISCARD_MS;
	char *bytes = malloc(CHUNK);
	int64_t left = DISCARD_BYTES;
	ssize_t n = 1;

	while (bytes != NULL && n > 0 && left > 0) {
		n = chan_read(&s->data, bytes, CHUNK, deadline);
		left -= n;
	}
	free(bytes);
	return n;
}

void
transfer_end(struct session *s, const struct transfer *t, int r)
{
	struct stats *stats = s->parts.stats;
	const char *text = "Complete.";
	enum reply_code code = r == 0 ? REPLY_TRANSFERRED
				      : reply_for_transfer(r, &text);
	/* Whether it is the peer's or the network's doing. */
	enum stats_result result = r == 0 ? STATS_OK
	    : code == REPLY_ABORTED       ? STATS_ABORTED
					  : STATS_FAILED;
	ssize_t rest = r;

	stats_transfer(stats, t->direction, result, s->moved,
	    clock_ms() - t->started);
	session_reply(s, code, text);
	/* Nobody has to wait for what follows. */
	log_transfer(s, t, r);
	if (t->direction == STATS_UPLOAD && result == STATS_FAILED) {
		rest = discard_rest(s);
	}
	if (t->direction == STATS_UPLOAD && rest == 0) {
		/* The peer may be gone already: it has said that it was all. */
		(void)data_finish(s);
		data_linger(s);
	} else if (r == 0) {
		data_linger(s);
	}
	data_abort(s);
	s->transferring = false;
	if (rest == -ECANCELED) {
		session_reply(s, REPLY_TRANSFERRED, "Aborted.");
	} else if (r == -ESHUTDOWN) {
		session_end(s, "shutdown");
		session_reply(s, REPLY_CLOSING, "The server is stopping.");
	}
}

/* Counts bytes; now and then looks whether to go on. */
static int
count(struct session *s, size_t n)
{
	s->moved += n;
	s->glances++;
	return s->glances % GLANCE_EVERY == 0 ? session_glance(s) : 0;
}

/* --- RETR ----------------------------------------------------------------- */

/* In the clear the kernel copies by itself. */
static int
send_by_kernel(struct session *s, int fd, off_t at)
{
	int r = 0;

	while (r == 0) {
		ssize_t n = sendfile(s->data.fd, fd, &at, SENDFILE_CHUNK);

		if (n == 0) {
			break;
		}
		if (n > 0) {
			r = count(s, (size_t)n);
		} else if (errno == EAGAIN) {
			r = session_wait(s, s->data.fd, POLLOUT,
			    session_stall_deadline(s));
		} else if (errno != EINTR) {
			r = -errno;
		}
	}
	return r;
}

static int
send_by_hand(struct session *s, int fd, off_t at, struct chunks *chunks)
{
	struct ascii state = { .cr = false };
	int r = 0;

	while (r == 0) {
		ssize_t n = pread(fd, chunks->in, CHUNK, at);
		struct view v = { chunks->in, n > 0 ? (size_t)n : 0 };

		if (n <= 0) {
			return n < 0 ? -errno : 0;
		}
		at += n;
		if (s->state.ascii) {
			v.n = ascii_encode(&state, v.p, v.n, chunks->out);
			v.p = chunks->out;
		}
		r = chan_write(&s->data, v.p, v.n, session_stall_deadline(s));
		if (r == 0) {
			r = count(s, (size_t)n);
		}
	}
	return r;
}

static int
send_file(struct session *s, int fd, off_t at)
{
	struct chunks *chunks;
	int r = -ENOMEM;

	if (s->data.ssl == NULL && !s->state.ascii) {
		r = send_by_kernel(s, fd, at);
	} else {
		chunks = malloc(sizeof(*chunks));
		if (chunks != NULL) {
			r = send_by_hand(s, fd, at, chunks);
		}
		free(chunks);
	}
	return r < 0 ? r : data_finish(s);
}

/* May a transfer begin at what REST said?  The refusal has been replied. */
static bool
restart_allowed(struct session *s, off_t size)
{
	if (s->state.rest > 0 && s->state.ascii) {
		session_reply(s, REPLY_BAD_RESTART, "REST needs TYPE I.");
		return false;
	}
	if (s->state.rest > (uint64_t)size) {
		session_reply(s, REPLY_BAD_RESTART, "REST is behind the end.");
		return false;
	}
	return true;
}

/* A regular file's mode, or why it is none. */
static int
check_regular(mode_t mode)
{
	return S_ISREG(mode) ? 0
	    : S_ISDIR(mode)  ? -EISDIR
	    : S_ISLNK(mode)  ? -ELOOP
			     : -ENXIO;
}

void
session_retr(struct session *s, struct view arg)
{
	struct transfer t;
	struct stat st = { .st_size = 0 };
	int fd = -1;
	int r;

	transfer_init(&t, STATS_DOWNLOAD, "RETR");
	r = session_path(s, arg, t.path);
	if (r == 0) {
		r = fsroot_openat(&s->parts.root, t.path, O_RDONLY, 0, &fd);
	}
	if (r == 0) {
		r = fstat(fd, &st) < 0 ? -errno : check_regular(st.st_mode);
	}
	if (r < 0) {
		session_reply_error(s, r);
	} else if (restart_allowed(s, st.st_size)
	    && data_open(s, "Here it comes.")) {
		t.from = s->state.rest;
		transfer_end(s, &t, send_file(s, fd, (off_t)s->state.rest));
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

/* --- STOR, APPE and STOU -------------------------------------------------- */

/* What an upload works with. */
struct upload_job {
	struct transfer t;
	struct upload part;
	int dir; /* the target's folder; -1: none */
	const char *name; /* points into the transfer's path */
	mode_t mode; /* of the new file */
	struct stat live; /* what is there now: size 0 when there is nothing */
	/* What the new file begins with: so many bytes... */
	uint64_t keep;
	bool of_live; /* ...of the file that is there; else of the part */
};

/* Looks at what is there now. */
static int
find_target(struct session *s, struct upload_job *u)
{
	int r = fsroot_parent(&s->parts.root, u->t.path, &u->dir, &u->name);

	if (r < 0) {
		return r;
	}
	if (faccessat(u->dir, ".", W_OK, 0) < 0) {
		return -errno;
	}
	if (fstatat(u->dir, u->name, &u->live, AT_SYMLINK_NOFOLLOW) < 0) {
		u->live.st_size = 0;
		return errno == ENOENT ? 0 : -errno;
	}
	r = check_regular(u->live.st_mode);
	if (r == 0 && (u->live.st_mode & S_IWUSR) == 0) {
		r = -EACCES;
	}
	/* As writing to it would: set-user-id and its like do not outlive it.
	 */
	u->mode = u->live.st_mode & 0777;
	return r;
}

static bool
is_later(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec != other->tv_sec ? one->tv_sec > other->tv_sec
					    : one->tv_nsec > other->tv_nsec;
}

/*
 * What the new file begins with: of the part when an upload was interrupted,
 * else of the file that is there.  APPE also goes by the latter when SIZE has
 * told its size before: then that is where the client goes on; and when
 * somebody has changed it since: the part would undo that.  The refusal has
 * been replied.
 */
static bool
choose_begin(struct session *s, struct upload_job *u, bool append)
{
	uint64_t rest = s->state.rest;
	bool told = u->live.st_ino != 0 && u->live.st_ino == s->state.told_ino
	    && u->live.st_dev == s->state.told_dev;

	if (append && rest > 0) {
		session_reply(s, REPLY_BAD_RESTART, "REST is for STOR.");
		return false;
	}
	if (append) {
		u->of_live = u->part.size == 0 || told
		    || is_later(&u->live.st_ctim, &u->part.written);
		u->keep = u->of_live ? (uint64_t)u->live.st_size : u->part.size;
		return true;
	}
	u->of_live = rest > u->part.size;
	u->keep = rest;
	return restart_allowed(s,
	    u->of_live ? u->live.st_size : (off_t)u->part.size);
}

static int
copy_live(struct upload_job *u)
{
	int fd = openat(u->dir, u->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : stage_copy(&u->part, fd, u->keep);

	if (fd >= 0) {
		(void)close(fd);
	}
	return r;
}

static int
write_out(int fd, struct view v)
{
	while (v.n > 0) {
		ssize_t written = write(fd, v.p, v.n);

		if (written < 0 && errno != EINTR) {
			return -errno;
		}
		if (written > 0) {
			v = view_drop(v, (size_t)written);
		}
	}
	return 0;
}

/* Until the end of a plain stream whose bytes are the file's. */
static int
receive_plain(struct session *s, int fd)
{
	int via[2];
	ssize_t n;
	int r = 0;

	if (pipe2(via, O_CLOEXEC) < 0) {
		return -errno;
	}
	do {
		n = chan_move(&s->data, via, fd, session_stall_deadline(s));
		r = n < 0 ? (int)n : count(s, (size_t)n);
	} while (r == 0 && n > 0);
	(void)close(via[0]);
	(void)close(via[1]);
	return r;
}

/* Until the end of the stream. */
static int
receive(struct session *s, int fd, struct chunks *chunks)
{
	struct ascii state = { .cr = false };

	if (s->data.ssl == NULL && !s->state.ascii) {
		return receive_plain(s, fd);
	}
	for (;;) {
		ssize_t n = chan_read(&s->data, chunks->in, CHUNK,
		    session_stall_deadline(s));
		struct view v = { chunks->in, n > 0 ? (size_t)n : 0 };
		int r;

		if (n < 0) {
			return (int)n;
		}
		if (s->state.ascii) {
			v.n = n > 0
			    ? ascii_decode(&state, v.p, v.n, chunks->out)
			    : ascii_decode_end(&state, chunks->out);
			v.p = chunks->out;
		}
		r = write_out(fd, v);
		if (r == 0) {
			r = count(s, (size_t)n);
		}
		if (r < 0 || n == 0) {
			return r;
		}
	}
}

/* With the data connection open: the whole upload. */
static int
store(struct session *s, struct upload_job *u)
{
	struct chunks *chunks = malloc(sizeof(*chunks));
	int r = chunks == NULL ? -ENOMEM
			       : stage_cut(&u->part, u->of_live ? 0 : u->keep);

	if (r == 0 && u->of_live && u->keep > 0) {
		r = copy_live(u);
	}
	if (r == 0) {
		r = receive(s, u->part.fd, chunks);
	}
	if (r == 0) {
		r = stage_commit(&s->parts.stage, &u->part, u->dir, u->name,
		    u->mode, s->parts.settings->sync);
	}
	free(chunks);
	return r;
}

/*
 * Can the part be continued?  Not what was converted on the way, and not what
 * the volume refused: that would take room from those who need it.
 */
static bool
worth_keeping(const struct session *s, int err)
{
	const char *text;

	return err == 0
	    || (!s->state.ascii
		&& reply_for_transfer(err, &text) == REPLY_ABORTED);
}

/* Before the data connection.  The refusal has been replied. */
static bool
begin_upload(struct session *s, struct upload_job *u, bool append)
{
	int r = find_target(s, u);

	if (r == 0) {
		r = stage_begin(&s->parts.stage, u->t.path, &u->part);
	}
	if (r < 0) {
		session_reply_error(s, r);
		return false;
	}
	return choose_begin(s, u, append);
}

/* An upload to the path of the transfer, to be announced by `text`. */
static void
upload(struct session *s, struct upload_job *u, const char *text, bool append)
{
	int r = 0;

	if (begin_upload(s, u, append) && data_open(s, text)) {
		u->t.from = u->keep;
		r = store(s, u);
		/* Before the reply: who reads it may go on at once. */
		stage_release(&s->parts.stage, &u->part, worth_keeping(s, r));
		transfer_end(s, &u->t, r);
	}
	stage_release(&s->parts.stage, &u->part, worth_keeping(s, r));
	if (u->dir >= 0) {
		(void)close(u->dir);
	}
}

/* The job for an argument; false: the error has been replied. */
static bool
upload_init(struct session *s, struct upload_job *u, struct view arg,
    const char *verb)
{
	int r;

	*u = (struct upload_job){ .part = { .fd = -1 },
		.dir = -1,
		.mode = 0666 & ~settings_umask(s->parts.settings) };
	transfer_init(&u->t, STATS_UPLOAD, verb);
	r = session_path(s, arg, u->t.path);
	if (r < 0) {
		session_reply_error(s, r);
	}
	return r == 0;
}

void
session_stor(struct session *s, struct view arg)
{
	struct upload_job u;

	if (upload_init(s, &u, arg, "STOR")) {
		upload(s, &u, "Send it.", false);
	}
}

void
session_appe(struct session *s, struct view arg)
{
	struct upload_job u;

	if (upload_init(s, &u, arg, "APPE")) {
		upload(s, &u, "Send what comes next.", true);
	}
}

/*
 * A name that nobody else has, with the argument as its beginning.  The reply
 * tells it in the form of RFC 1123 section 4.1.2.9.
 */
void
session_stou(struct session *s, struct view arg)
{
	struct upload_job u;
	uint64_t unique;
	char text[PATH_SIZE + 8];
	size_t n;

	if (arg.n == 0) {
		arg = VIEW("upload");
	}
	if (!upload_init(s, &u, arg, "STOU")) {
		return;
	}
	n = strlen(u.t.path);
	if (getrandom(&unique, sizeof(unique), 0) != (ssize_t)sizeof(unique)
	    || n + 18 > sizeof(u.t.path)) {
		session_reply_error(s, -ENAMETOOLONG);
		return;
	}
	(void)snprintf(u.t.path + n, sizeof(u.t.path) - n, ".%016llx",
	    (unsigned long long)unique);
	(void)snprintf(text, sizeof(text), "FILE: %s", u.t.path);
	s->state.rest = 0;
	upload(s, &u, text, false);
}

/* --- REST and ABOR -------------------------------------------------------- */

void
session_rest(struct session *s, struct view arg)
{
	uint64_t at;

	s->state.rest = 0;
	if (view_u64(arg, &at) < 0 || at > INT64_MAX) {
		session_reply(s, REPLY_BAD_ARGUMENT, "REST bytes.");
	} else if (at > 0 && s->state.ascii) {
		session_reply(s, REPLY_BAD_ARGUMENT, "REST needs TYPE I.");
	} else {
		s->state.rest = at;
		session_replyf(s, REPLY_PENDING, "From byte %llu on.",
		    (unsigned long long)at);
	}
}

/* Without a transfer: session_wait() looks out for it within one. */
void
session_abor(struct session *s, struct view arg)
{
	(void)arg;
	data_close(s);
	session_reply(s, REPLY_TRANSFERRED, "Nothing to abort.");
}

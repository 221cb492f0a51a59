/*
 * The content of files: RETR, STOR, APPE, REST, ABOR.
 *
 * An upload goes to the staging folder and takes its target's place when it is
 * complete: under TLS that is when the peer said so by close_notify.  REST n
 * before STOR keeps the first n bytes of the file that is there, APPE all of
 * them; both work on a copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ftpd/ascii.h"
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
 * while.  True when it came to its end.
 */
static bool
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
	return n == 0;
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

	stats_add(&stats->transfers[t->direction][result], 1);
	stats_add(&stats->bytes[t->direction], s->moved);
	log_transfer(s, t, r);
	session_reply(s, code, text);
	if (r == 0) {
		data_linger(s);
	} else if (t->direction == STATS_UPLOAD && result == STATS_FAILED
	    && discard_rest(s)) {
		(void)data_finish(s);
		data_linger(s);
	}
	data_abort(s);
	s->transferring = false;
	if (r == -ECANCELED) {
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
		transfer_end(s, &t, send_file(s, fd, (off_t)s->state.rest));
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

/* --- STOR and APPE -------------------------------------------------------- */

struct target {
	int dir; /* -1: none */
	const char *name; /* points into the transfer's path */
	mode_t mode; /* of the new file */
	off_t size; /* of the old file, 0 when there is none */
	int old; /* the old file, when something of it is kept; else -1 */
};

/* Looks at what is there now; `keeps`: something of it will stay. */
static int
find_target(struct session *s, const char *path, bool keeps, struct target *t)
{
	struct stat st;
	int r = fsroot_parent(&s->parts.root, path, &t->dir, &t->name);

	if (r < 0) {
		return r;
	}
	if (faccessat(t->dir, ".", W_OK, 0) < 0) {
		return -errno;
	}
	if (fstatat(t->dir, t->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	r = check_regular(st.st_mode);
	if (r == 0 && (st.st_mode & S_IWUSR) == 0) {
		r = -EACCES;
	}
	/* As writing to it would: set-user-id and its like do not outlive it.
	 */
	t->mode = st.st_mode & 0777;
	t->size = st.st_size;
	if (r == 0 && keeps) {
		t->old = openat(t->dir, t->name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		r = t->old < 0 ? -errno : 0;
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

/* With the data connection open: the whole upload, behind `keep` old bytes. */
static int
store(struct session *s, const struct target *t, uint64_t keep)
{
	struct chunks *chunks = malloc(sizeof(*chunks));
	struct upload u = { .fd = -1 };
	struct stage *stage = &s->parts.stage;
	int r = chunks == NULL ? -ENOMEM : stage_begin(stage, &u);

	if (r == 0 && t->old >= 0) {
		r = stage_copy(&u, t->old, keep);
	}
	if (r == 0) {
		r = receive(s, u.fd, chunks);
	}
	if (r == 0) {
		r = stage_commit(stage, &u, t->dir, t->name, t->mode,
		    s->parts.settings->sync);
	}
	free(chunks);
	if (r < 0) {
		stage_discard(stage, &u);
		return r;
	}
	/* The peer may be gone already: it has said that it was all. */
	(void)data_finish(s);
	return 0;
}

static void
upload(struct session *s, struct view arg, bool append)
{
	struct transfer t;
	struct target target = { .dir = -1,
		.old = -1,
		.mode = 0666 & ~settings_umask(s->parts.settings) };
	int r;

	transfer_init(&t, STATS_UPLOAD, append ? "APPE" : "STOR");
	r = session_path(s, arg, t.path);
	if (r == 0) {
		r = find_target(s, t.path, append || s->state.rest > 0,
		    &target);
	}
	if (r < 0) {
		session_reply_error(s, r);
	} else if ((append || restart_allowed(s, target.size))
	    && data_open(s, "Send it.")) {
		transfer_end(s, &t,
		    store(s, &target,
			append ? (uint64_t)target.size : s->state.rest));
	}
	if (target.old >= 0) {
		(void)close(target.old);
	}
	if (target.dir >= 0) {
		(void)close(target.dir);
	}
}

void
session_stor(struct session *s, struct view arg)
{
	upload(s, arg, false);
}

void
session_appe(struct session *s, struct view arg)
{
	upload(s, arg, true);
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

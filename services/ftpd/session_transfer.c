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

/* --- ends -------------------------------------------------------------------- */

void
transfer_init(struct transfer *t, enum stats_direction direction,
    const char *verb)
{
	*t = (struct transfer){ .direction = direction, .verb = verb,
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

static enum stats_result
result_of(int r)
{
	switch (r) {
	case 0:
		return STATS_OK;
	case -ECANCELED:
	case -ETIMEDOUT:
	case -ESHUTDOWN:
	case -ENOTCONN:
	case -ECONNRESET:
	case -ECONNABORTED:
	case -EPIPE:
	case -EPROTO:
		return STATS_ABORTED;
	default:
		return STATS_FAILED;
	}
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
	const char *text;
	enum reply_code code;

	stats_add(&stats->transfers[t->direction][result_of(r)], 1);
	stats_add(&stats->bytes[t->direction], s->moved);
	log_transfer(s, t, r);
	if (r == 0) {
		session_reply(s, REPLY_TRANSFERRED, "Complete.");
		data_linger(s);
	} else {
		code = reply_for_transfer(r, &text);
		session_reply(s, code, text);
		if (t->direction == STATS_UPLOAD
		    && result_of(r) == STATS_FAILED && discard_rest(s)) {
			(void)data_finish(s);
			data_linger(s);
		}
		data_abort(s);
	}
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

/* --- RETR -------------------------------------------------------------------- */

/* Opens a regular file to read.  0, or -errno. */
static int
open_file(struct session *s, const char *path, int *ret_fd,
    struct stat *ret_st)
{
	int fd;
	int r = fsroot_openat(&s->parts.root, path, O_RDONLY, 0, &fd);

	if (r < 0) {
		return r;
	}
	if (fstat(fd, ret_st) < 0) {
		r = -errno;
	} else if (!S_ISREG(ret_st->st_mode)) {
		r = S_ISDIR(ret_st->st_mode) ? -EISDIR : -ENXIO;
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* In the clear the kernel copies by itself. */
static int
send_by_kernel(struct session *s, int fd, off_t at)
{
	for (;;) {
		ssize_t n = sendfile(s->data.fd, fd, &at, SENDFILE_CHUNK);
		int r = 0;

		if (n == 0) {
			return 0;
		}
		if (n > 0) {
			r = count(s, (size_t)n);
		} else if (errno == EAGAIN) {
			r = session_wait(s, s->data.fd, POLLOUT,
			    session_stall_deadline(s));
		} else if (errno != EINTR) {
			r = -errno;
		}
		if (r < 0) {
			return r;
		}
	}
}

static int
send_by_hand(struct session *s, int fd, off_t at, char *in, char *out)
{
	struct ascii state = { .cr = false };

	for (;;) {
		ssize_t n = pread(fd, in, CHUNK, at);
		const char *bytes = in;
		size_t size;
		int r;

		if (n <= 0) {
			return n < 0 ? -errno : 0;
		}
		at += n;
		size = (size_t)n;
		if (out != NULL) {
			size = ascii_encode(&state, in, size, out);
			bytes = out;
		}
		r = chan_write(&s->data, bytes, size,
		    session_stall_deadline(s));
		if (r == 0) {
			r = count(s, (size_t)n);
		}
		if (r < 0) {
			return r;
		}
	}
}

static int
send_file(struct session *s, int fd, off_t at)
{
	char *in, *out = NULL;
	int r = -ENOMEM;

	if (s->data.ssl == NULL && !s->state.ascii) {
		r = send_by_kernel(s, fd, at);
		return r < 0 ? r : data_finish(s);
	}
	in = malloc(CHUNK);
	if (s->state.ascii) {
		out = malloc(2 * CHUNK);
	}
	if (in != NULL && (out != NULL || !s->state.ascii)) {
		r = send_by_hand(s, fd, at, in, out);
	}
	free(in);
	free(out);
	return r < 0 ? r : data_finish(s);
}

/* May a transfer begin at what REST said?  The refusal has been replied. */
static bool
restart_allowed(struct session *s, uint64_t size)
{
	if (s->state.rest > 0 && s->state.ascii) {
		session_reply(s, REPLY_BAD_RESTART, "REST needs TYPE I.");
		return false;
	}
	if (s->state.rest > size) {
		session_reply(s, REPLY_BAD_RESTART, "REST is behind the end.");
		return false;
	}
	return true;
}

void
session_retr(struct session *s, struct view arg)
{
	struct transfer t;
	struct stat st;
	int fd, r;

	transfer_init(&t, STATS_DOWNLOAD, "RETR");
	if (!session_path(s, arg, t.path)) {
		return;
	}
	r = open_file(s, t.path, &fd, &st);
	if (r < 0) {
		session_reply_error(s, r);
		return;
	}
	if (restart_allowed(s, (uint64_t)st.st_size)
	    && data_open(s, "Here it comes.")) {
		r = send_file(s, fd, (off_t)s->state.rest);
		transfer_end(s, &t, r);
	}
	(void)close(fd);
}

/* --- STOR and APPE --------------------------------------------------------------- */

struct target {
	int dir;
	const char *name; /* points into the transfer's path */
	mode_t mode; /* of the new file */
	uint64_t keep; /* bytes of the old one */
	int old; /* the old file, when something of it is kept; else -1 */
};

static void
close_target(struct target *t)
{
	(void)close(t->dir);
	if (t->old >= 0) {
		(void)close(t->old);
	}
}

/* What is there now, under the name of the target? */
static int
look_at_target(struct session *s, struct target *t, bool append,
    uint64_t *ret_size)
{
	struct stat st;

	*ret_size = 0;
	if (fstatat(t->dir, t->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return S_ISDIR(st.st_mode) ? -EISDIR
		    : S_ISLNK(st.st_mode) ? -ELOOP : -ENXIO;
	}
	if ((st.st_mode & S_IWUSR) == 0) {
		return -EACCES;
	}
	t->mode = st.st_mode & 07777;
	*ret_size = (uint64_t)st.st_size;
	if (!append && s->state.rest == 0) {
		return 0;
	}
	t->keep = append ? *ret_size : s->state.rest;
	t->old = openat(t->dir, t->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return t->old < 0 ? -errno : 0;
}

/* False: the error has been replied and nothing is open. */
static bool
find_target(struct session *s, const char *path, bool append,
    struct target *ret)
{
	struct target t = { .old = -1,
		.mode = 0666 & ~settings_umask(s->parts.settings) };
	uint64_t size = 0;
	int r = fsroot_parent(&s->parts.root, path, &t.dir, &t.name);

	if (r < 0) {
		session_reply_error(s, r);
		return false;
	}
	if (faccessat(t.dir, ".", W_OK, 0) < 0) {
		r = -errno;
	}
	if (r == 0) {
		r = look_at_target(s, &t, append, &size);
	}
	if (r < 0) {
		session_reply_error(s, r);
	} else if (append || restart_allowed(s, size)) {
		*ret = t;
		return true;
	}
	close_target(&t);
	return false;
}

static int
write_out(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno != EINTR) {
			return -errno;
		}
		if (written > 0) {
			bytes += written;
			n -= (size_t)written;
		}
	}
	return 0;
}

/* Until the end of the stream; `in` and `out` have room for a chunk. */
static int
receive_by_hand(struct session *s, int fd, char *in, char *out)
{
	struct ascii state = { .cr = false };

	for (;;) {
		ssize_t n = chan_read(&s->data, in, CHUNK,
		    session_stall_deadline(s));
		const char *bytes = in;
		size_t size = n > 0 ? (size_t)n : 0;
		int r;

		if (n < 0) {
			return (int)n;
		}
		if (s->state.ascii) {
			size = n > 0 ? ascii_decode(&state, in, size, out)
			             : ascii_decode_end(&state, out);
			bytes = out;
		}
		r = write_out(fd, bytes, size);
		if (r == 0) {
			r = count(s, (size_t)n);
		}
		if (r < 0 || n == 0) {
			return r;
		}
	}
}

static int
receive(struct session *s, int fd)
{
	char *in = malloc(CHUNK);
	char *out = malloc(s->state.ascii ? CHUNK + 1 : 1);
	int r = -ENOMEM;

	if (in != NULL && out != NULL) {
		r = receive_by_hand(s, fd, in, out);
	}
	free(in);
	free(out);
	return r;
}

/* With the data connection open: the whole upload. */
static int
store(struct session *s, const struct target *t)
{
	struct upload u = { .fd = -1 };
	struct stage *stage = &s->parts.stage;
	int r = stage_begin(stage, &u);

	if (r == 0 && t->old >= 0) {
		r = stage_copy(&u, t->old, t->keep);
	}
	if (r == 0) {
		r = receive(s, u.fd);
	}
	if (r == 0) {
		r = stage_commit(stage, &u, t->dir, t->name, t->mode,
		    s->parts.settings->sync);
	}
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
	struct target target;

	transfer_init(&t, STATS_UPLOAD, append ? "APPE" : "STOR");
	if (!session_path(s, arg, t.path)
	    || !find_target(s, t.path, append, &target)) {
		return;
	}
	if (data_open(s, "Send it.")) {
		transfer_end(s, &t, store(s, &target));
	}
	close_target(&target);
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

/* --- REST and ABOR ------------------------------------------------------------- */

void
session_rest(struct session *s, struct view arg)
{
	uint64_t at;

	if (view_u64(arg, &at) < 0 || at > INT64_MAX) {
		s->state.rest = 0;
		session_reply(s, REPLY_BAD_ARGUMENT, "REST bytes.");
		return;
	}
	if (at > 0 && s->state.ascii) {
		s->state.rest = 0;
		session_reply(s, REPLY_BAD_ARGUMENT, "REST needs TYPE I.");
		return;
	}
	s->state.rest = at;
	session_replyf(s, REPLY_PENDING, "From byte %llu on.",
	    (unsigned long long)at);
}

/* Without a transfer: session_wait() looks out for it within one. */
void
session_abor(struct session *s, struct view arg)
{
	(void)arg;
	data_close(s);
	session_reply(s, REPLY_TRANSFERRED, "Nothing to abort.");
}

#include "ftpd/session.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/trim.h"
#include "ftpd/data.h"
#include "run/clock.h"
#include "run/log.h"

/* When an idle session gives back what it does not need. */
#define REST_MS 500
#define REPLY_MAX (256 * 1024)
#define REPLY_MS 30000
/* How long a running transfer may go on when the daemon stops. */
#define DRAIN_MS 3000
/* Bad commands in a row. */
#define BAD_MAX 10
/* Bytes of one line that are thrown away before the session is. */
#define SKIP_MAX 65536

/* --- replies -------------------------------------------------------------- */

void
session_send(struct session *s, struct buf *lines)
{
	struct view v = buf_view(lines);
	int r = buf_error(lines);

	if (r == 0) {
		r = chan_write(&s->control, v.p, v.n, clock_ms() + REPLY_MS);
	}
	if (r < 0) {
		session_end(s, r == -ETIMEDOUT ? "peer_stalled" : "peer_gone");
	}
	buf_done(lines);
}

void
session_reply(struct session *s, enum reply_code code, const char *text)
{
	struct buf b;

	buf_init(&b, REPLY_MAX);
	reply_line(&b, code, text);
	session_send(s, &b);
}

void
session_replyf(struct session *s, enum reply_code code, const char *fmt, ...)
{
	struct buf b;
	va_list args;

	buf_init(&b, REPLY_MAX);
	buf_addf(&b, "%d ", (int)code);
	va_start(args, fmt);
	buf_vaddf(&b, fmt, args);
	va_end(args);
	buf_add_str(&b, "\r\n");
	session_send(s, &b);
}

void
session_reply_error(struct session *s, int err)
{
	const char *text;
	enum reply_code code = reply_for_error(err, &text);

	session_reply(s, code, text);
}

void
session_end(struct session *s, const char *why)
{
	if (s->ending == NULL) {
		s->ending = why;
	}
}

void
session_log_open(const struct session *s, struct log_line *l, const char *event)
{
	log_open(l, LOG_INFO, event);
	log_str(l, "addr", s->addr);
	if (s->state.logged_in) {
		log_str(l, "user", s->state.user);
	}
}

void
session_forget(struct session *s)
{
	memset(&s->state, 0, offsetof(struct session_state, cwd));
	s->state.cwd[0] = '/';
	s->state.cwd[1] = '\0';
	s->bad = 0;
}

int
session_path(const struct session *s, struct view arg, char ret[PATH_SIZE])
{
	return path_join(view_str(s->state.cwd), arg.n == 0 ? VIEW(".") : arg,
	    ret);
}

int
session_stat_of(struct session *s, const char *path, struct stat *ret,
    bool *ret_part)
{
	int r = fsroot_stat(&s->parts.root, path, ret);

	*ret_part = r == -ENOENT && stage_stat(&s->parts.stage, path, ret) == 0;
	return *ret_part ? 0 : r;
}

int64_t
session_stall_deadline(const struct session *s)
{
	return clock_ms() + (int64_t)s->parts.settings->stall_seconds * 1000;
}

/* --- waiting -------------------------------------------------------------- */

int
session_look(struct session *s)
{
	char bytes[1024];
	ssize_t n = 1;

	while (n > 0 && lines_room(&s->lines) > 0) {
		size_t room = lines_room(&s->lines);

		n = chan_read(&s->control, bytes,
		    room < sizeof(bytes) ? room : sizeof(bytes), CHAN_NOW);
		if (n > 0) {
			lines_feed(&s->lines, bytes, (size_t)n);
		}
	}
	if (n <= 0 && n != -EAGAIN) {
		return -ENOTCONN;
	}
	if (lines_pick(&s->lines, VIEW("STAT"))) {
		session_replyf(s, REPLY_STATUS, "%llu bytes transferred.",
		    (unsigned long long)s->moved);
	}
	return lines_pick(&s->lines, VIEW("ABOR")) ? -ECANCELED : 0;
}

/* The listener is stopping, or gone. */
static int
life_ended(struct session *s)
{
	s->parts.life_fd = -1;
	s->stop_at = clock_ms() + (s->transferring ? DRAIN_MS : 0);
	return s->transferring ? 0 : -ESHUTDOWN;
}

/* One poll(2): 1 when `fd` is ready, 0 when not, or -errno. */
static int
poll_once(struct session *s, int fd, short events, int timeout)
{
	bool watch = s->transferring && fd != s->control.fd
	    && lines_room(&s->lines) > 0;
	struct pollfd p[3] = { { .fd = fd, .events = events },
		{ .fd = s->parts.life_fd, .events = POLLIN },
		{ .fd = watch ? s->control.fd : -1, .events = POLLIN } };
	int r = 0;

	if (poll(p, 3, timeout) < 0) {
		return errno == EINTR ? 0 : -errno;
	}
	if (p[1].revents != 0) {
		r = life_ended(s);
	}
	if (r == 0 && p[2].revents != 0) {
		r = session_look(s);
	}
	return r < 0 ? r : p[0].revents != 0;
}

/* Is there something to give back when nothing comes for a while? */
static bool
can_rest(const struct session *s, int fd)
{
	return s->transferring ? s->passive_used
			       : !s->resting && fd == s->control.fd;
}

static void
rest(struct session *s)
{
	data_rest(s);
	if (!s->transferring) {
		s->resting = true;
		trim_memory();
	}
}

int
session_wait(void *session, int fd, short events, int64_t deadline)
{
	struct session *s = session;

	for (;;) {
		bool stopping = s->stop_at != 0 && s->stop_at < deadline;
		int64_t end = stopping ? s->stop_at : deadline;
		int ms = clock_left(end);
		bool rests = can_rest(s, fd) && ms > REST_MS;
		int r = poll_once(s, fd, events, rests ? REST_MS : ms);

		if (r != 0) {
			return r < 0 ? r : 0;
		}
		if (rests) {
			rest(s);
		}
		if (clock_left(end) == 0 && end <= clock_ms()) {
			return stopping ? -ESHUTDOWN : -ETIMEDOUT;
		}
	}
}

int
session_glance(struct session *s)
{
	int r = poll_once(s, -1, 0, 0);

	/* It is no short one: others may have its port. */
	data_rest(s);
	if (r == 0 && s->stop_at != 0 && clock_left(s->stop_at) == 0) {
		return -ESHUTDOWN;
	}
	return r;
}

void
session_pause(struct session *s, int ms)
{
	(void)session_wait(s, -1, 0, clock_ms() + ms);
}

/* --- command lines -------------------------------------------------------- */

static int64_t
line_deadline(const struct session *s)
{
	const struct settings *set = s->parts.settings;
	int64_t idle = clock_ms() + (int64_t)set->idle_seconds * 1000;
	int64_t login = s->opened + (int64_t)set->login_seconds * 1000;

	return !s->state.logged_in && login < idle ? login : idle;
}

/* Says why no further line comes. */
static void
end_reading(struct session *s, ssize_t r)
{
	switch (r) {
	case 0:
	case -ECONNRESET:
	case -ECONNABORTED:
	case -EPIPE:
		session_end(s, "peer_gone");
		break;
	case -ETIMEDOUT:
		session_end(s, s->state.logged_in ? "idle" : "login_timeout");
		session_reply(s, REPLY_CLOSING, "Timeout.");
		break;
	case -ESHUTDOWN:
		session_end(s, "shutdown");
		session_reply(s, REPLY_CLOSING, "The server is stopping.");
		break;
	default:
		session_end(s, "broken_connection");
		break;
	}
}

static void
foreign(struct session *s)
{
	stats_add(&s->parts.stats->refusals[STATS_FOREIGN], 1);
	session_end(s, "foreign_protocol");
	session_reply(s, REPLY_CLOSING, "This is an FTP server.");
}

/* Reads once into the line buffer. */
static void
read_more(struct session *s, int64_t deadline)
{
	char bytes[1024];
	size_t room = lines_room(&s->lines);
	/* Also for who always has something to read. */
	ssize_t n = clock_left(deadline) == 0
	    ? -ETIMEDOUT
	    : chan_read(&s->control, bytes,
		room < sizeof(bytes) ? room : sizeof(bytes), deadline);

	if (n <= 0) {
		end_reading(s, n);
		return;
	}
	if (!s->greeted
	    && command_foreign_start((struct view){ bytes, (size_t)n })) {
		foreign(s);
		return;
	}
	lines_feed(&s->lines, bytes, (size_t)n);
	/* What was read may hold a password. */
	explicit_bzero(bytes, sizeof(bytes));
}

/* One more bad command. */
static void
bad(struct session *s, enum reply_code code, const char *text)
{
	s->bad++;
	if (s->bad < BAD_MAX) {
		session_reply(s, code, text);
		return;
	}
	session_end(s, "bad_commands");
	session_reply(s, REPLY_CLOSING, "Too many bad commands.");
}

/* Runs a well-formed command, if it may be run now. */
static void
dispatch(struct session *s, const struct command *c, struct view arg)
{
	s->bad = 0;
	if (!s->state.logged_in && (c->flags & COMMAND_ANYONE) == 0) {
		bad(s, REPLY_NOT_LOGGED_IN, "Log in first.");
		return;
	}
	if (c->run != session_rnto) {
		s->state.has_rename = false;
	}
	if (c->run == NULL) {
		session_reply(s, c->code, c->text);
	} else if (!s->state.logged_in || c->needs == 0
	    || session_has(s, c->needs)) {
		c->run(s, arg);
	}
	if ((c->flags & COMMAND_KEEPS) == 0) {
		s->state.rest = 0;
	}
}

static void
handle(struct session *s, struct view line)
{
	const struct command *c;
	struct view arg;

	s->greeted = true;
	s->resting = false;
	s->commands++;
	stats_add(&s->parts.stats->commands, 1);
	switch (command_parse(line, &c, &arg)) {
	case COMMAND_OK:
		dispatch(s, c, arg);
		break;
	case COMMAND_NO_ARG:
		bad(s, REPLY_BAD_ARGUMENT, "An argument is missing.");
		break;
	case COMMAND_ABSENT:
		bad(s, REPLY_NOT_IMPLEMENTED, "Not implemented.");
		break;
	case COMMAND_FOREIGN:
		foreign(s);
		break;
	case COMMAND_UNKNOWN:
		bad(s, REPLY_UNKNOWN, "Unknown command.");
		break;
	}
}

static void
next(struct session *s, int64_t deadline)
{
	struct view line;

	switch (lines_next(&s->lines, &line)) {
	case LINES_READY:
		handle(s, line);
		break;
	case LINES_LONG:
		bad(s, REPLY_UNKNOWN, "The line is too long.");
		break;
	case LINES_NONE:
		if (lines_skipped(&s->lines) > SKIP_MAX) {
			session_end(s, "endless_line");
			session_reply(s, REPLY_CLOSING,
			    "The line is too long.");
			return;
		}
		read_more(s, deadline);
		break;
	}
}

static void
log_end(const struct session *s)
{
	struct log_line l;

	session_log_open(s, &l, "session_end");
	log_str(&l, "reason", s->ending);
	log_num(&l, "commands", (int64_t)s->commands);
	log_num(&l, "ms", clock_ms() - s->opened);
	log_close(&l);
}

void
session_run(struct session *s, const struct session_parts *parts)
{
	uint64_t answered = 0;
	int64_t deadline;

	memset(s, 0, offsetof(struct session, state));
	s->parts = *parts;
	s->passive_fd = -1;
	s->data.fd = -1;
	s->opened = clock_ms();
	lines_init(&s->lines);
	chan_init(&s->control, parts->fd,
	    (struct chan_wait){ session_wait, s });
	session_forget(s);
	addr_text(&parts->peer, s->addr);
	session_reply(s, REPLY_READY, "ftpd ready.");
	deadline = line_deadline(s);
	while (s->ending == NULL) {
		/* A command's time runs from the end of the one before. */
		if (answered != s->commands) {
			answered = s->commands;
			deadline = line_deadline(s);
		}
		next(s, deadline);
	}
	log_end(s);
	data_close(s);
	stage_leave(&s->parts.stage);
	(void)chan_finish(&s->control, clock_ms() + 1000);
	chan_done(&s->control);
	if (s->parts.auth_fd >= 0) {
		(void)close(s->parts.auth_fd);
	}
	(void)close(s->parts.lend_fd);
	lines_wipe(&s->lines);
}

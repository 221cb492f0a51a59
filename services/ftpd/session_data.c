/*
 * PASV, EPSV and their refused sisters; opening and closing of the data
 * connection (see data.h).
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ftpd/data.h"
#include "ftpd/tls.h"
#include "run/clock.h"
#include "run/lend.h"
#include "run/log.h"

#define CONNECT_MS 30000
/* Waiting for a free passive port. */
#define PORTS_MS 2000
#define PORTS_STEP_MS 100
/* Connections that are sent away while waiting for the right one. */
#define STRANGERS_MAX 16
#define LINGER_MS 200

static void
close_passive(struct session *s)
{
	if (s->passive_fd >= 0) {
		(void)close(s->passive_fd);
	}
	s->passive_fd = -1;
	s->passive_used = false;
}

/* --- a passive port ------------------------------------------------------- */

/* An answer that came too late is not the next question's. */
static void
forget_answers(int fd)
{
	int late = -1, r;

	do {
		r = lend_take(fd, &late);
		if (r == 0) {
			(void)close(late);
		}
	} while (r != -EPIPE);
}

/* Asks once; to have no answer in time is an error of another kind. */
static int
borrow(struct session *s, const struct sockaddr_storage *addr, int64_t deadline)
{
	int fd = s->parts.lend_fd;
	int r;

	forget_answers(fd);
	r = lend_ask(fd, addr);
	if (r == 0) {
		r = session_wait(s, fd, POLLIN, deadline);
	}
	return r < 0 ? r : lend_take(fd, &s->passive_fd);
}

/* Gets a passive socket at the address of the control connection. */
static int
borrow_passive(struct session *s)
{
	struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof(addr);
	int64_t deadline = clock_ms() + PORTS_MS;
	int r;

	if (getsockname(s->control.fd, (struct sockaddr *)&addr, &n) < 0) {
		return -errno;
	}
	r = borrow(s, &addr, deadline);
	while (r == -EADDRINUSE && clock_left(deadline) > 0) {
		session_pause(s, PORTS_STEP_MS);
		r = borrow(s, &addr, deadline + PORTS_STEP_MS);
	}
	return r;
}

/*
 * The socket of the last transfer serves once more, unless another connection
 * than that transfer's has come to it: it might be taken for the next one's.
 */
static bool
keep_passive(const struct session *s)
{
	int fd = s->passive_used
	    ? accept4(s->passive_fd, NULL, NULL, SOCK_CLOEXEC)
	    : -1;

	if (fd >= 0) {
		(void)close(fd);
	}
	return s->passive_used && fd < 0 && errno == EAGAIN;
}

/*
 * Opens the session's passive socket.  Its port, with its address in *ret; 0
 * when the error has been replied.
 */
static unsigned
open_passive(struct session *s, struct in6_addr *ret)
{
	struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof(addr);
	int r = 0;

	if (!keep_passive(s)) {
		close_passive(s);
		r = borrow_passive(s);
	}
	if (r == 0
	    && getsockname(s->passive_fd, (struct sockaddr *)&addr, &n) < 0) {
		r = -errno;
	}
	s->passive_used = false;
	if (r < 0) {
		struct log_line l;

		stats_add(&s->parts.stats->data_refused[STATS_DATA_PORTS], 1);
		session_log_open(s, &l, "no_passive_port");
		log_err(&l, r);
		log_close(&l);
		session_reply(s, REPLY_NO_DATA, "No free port; try again.");
		return 0;
	}
	*ret = addr_of(&addr);
	return net_port(&addr);
}

void
session_pasv(struct session *s, struct view arg)
{
	struct in6_addr own;
	struct buf text;
	unsigned port;

	(void)arg;
	if (s->state.epsv_all) {
		session_reply(s, REPLY_BAD_ARGUMENT, "You said EPSV ALL.");
		return;
	}
	port = open_passive(s, &own);
	if (port == 0) {
		return;
	}
	if (s->parts.has_pasv) {
		own = addr_of_four(s->parts.pasv);
	}
	if (!addr_is_four(&own)) {
		close_passive(s);
		session_reply(s, REPLY_NO_DATA,
		    "PASV knows IPv4 only; use EPSV.");
		return;
	}
	buf_init(&text, 256);
	reply_passive(&text, &own.s6_addr[12], port);
	session_reply(s, REPLY_PASSIVE, buf_cstr(&text));
	buf_done(&text);
}

void
session_epsv(struct session *s, struct view arg)
{
	struct in6_addr own;
	unsigned port;

	if (view_eq_nocase(arg, VIEW("ALL"))) {
		s->state.epsv_all = true;
		session_reply(s, REPLY_DONE, "EPSV ALL it is.");
		return;
	}
	/*
	 * Both protocols are taken whatever ours is: with address translation
	 * between, the client's may be the other one, and only the port counts.
	 */
	if (arg.n != 0 && !view_eq(arg, VIEW("1"))
	    && !view_eq(arg, VIEW("2"))) {
		session_reply(s, REPLY_BAD_PROTOCOL,
		    "Network protocol not supported, use (1,2)");
		return;
	}
	port = open_passive(s, &own);
	if (port != 0) {
		session_replyf(s, REPLY_EXTENDED_PASSIVE,
		    "Entering Extended Passive Mode (|||%u|)", port);
	}
}

/* --- who is it? ----------------------------------------------------------- */

enum peer { PEER_SAME, PEER_BY_GATEWAY, PEER_STRANGER };

static enum peer
judge_peer(const struct session *s, const struct in6_addr *from)
{
	const struct addr_gateways *g = &s->parts.gateways;

	bool same = addr_eq(from, &s->parts.peer);
	bool gateway = addr_is_gateway(g, from)
	    || addr_is_gateway(g, &s->parts.peer);

	if (same && (!gateway || s->parts.settings->tls_reuse == REUSE_ALLOW)) {
		return PEER_SAME;
	}
	/* The gateway's address twice may be two clients. */
	if (gateway && (same || s->parts.settings->peer_check == PEER_NAT)) {
		return PEER_BY_GATEWAY;
	}
	return PEER_STRANGER;
}

static void
log_refused(struct session *s, enum stats_data why, const char *reason,
    const struct in6_addr *from)
{
	struct log_line l;

	stats_add(&s->parts.stats->data_refused[why], 1);
	session_log_open(s, &l, "data_refused");
	log_str(&l, "reason", reason);
	if (from != NULL) {
		char text[NET_ADDR_TEXT];

		addr_text(from, text);
		log_str(&l, "from", text);
	}
	log_close(&l);
}

/* Takes the first connection that may be the client's. */
static int
accept_client(struct session *s, int *ret_fd, enum peer *ret_peer)
{
	int64_t deadline = clock_ms() + CONNECT_MS;
	int strangers = 0;

	while (strangers < STRANGERS_MAX) {
		struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
		socklen_t n = sizeof(addr);
		struct in6_addr from;
		int fd = accept4(s->passive_fd, (struct sockaddr *)&addr, &n,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		int r;

		if (fd < 0) {
			r = session_wait(s, s->passive_fd, POLLIN, deadline);
			if (r < 0) {
				return r;
			}
			continue;
		}
		from = addr_of(&addr);
		*ret_peer = judge_peer(s, &from);
		if (*ret_peer != PEER_STRANGER) {
			*ret_fd = fd;
			return 0;
		}
		(void)close(fd);
		strangers++;
		log_refused(s, STATS_DATA_PEER, "wrong_address", &from);
	}
	return -EPERM;
}

/* May this TLS connection carry our data? */
static bool
session_proven(const struct session *s, enum peer peer)
{
	bool resumed = tls_resumed(s->data.ssl);
	int reuse = s->parts.settings->tls_reuse;

	if (resumed) {
		return true;
	}
	if (reuse == REUSE_REQUIRE || peer == PEER_BY_GATEWAY) {
		return false;
	}
	return reuse == REUSE_ALLOW || !tls_foreign(s->data.ssl);
}

static int
secure(struct session *s, enum peer peer)
{
	SSL *ssl = tls_data(s->parts.tls);
	int r;

	if (ssl == NULL) {
		return -ENOMEM;
	}
	r = chan_accept_tls_take(&s->data, ssl, session_stall_deadline(s));
	if (r < 0) {
		return r;
	}
	if (!session_proven(s, peer)) {
		log_refused(s, STATS_DATA_SESSION, "tls_session", NULL);
		return -EPERM;
	}
	if (tls_resumed(ssl)) {
		stats_add(&s->parts.stats->data_resumed, 1);
	}
	return 0;
}

/* --- opening -------------------------------------------------------------- */

static void
reply_no_data(struct session *s, int err)
{
	const char *text = "No data connection came.";

	switch (err) {
	case -EPERM:
		text = "The data connection is not yours: it has to come from "
		       "your address and resume your TLS session.";
		break;
	case -ETIMEDOUT:
		stats_add(&s->parts.stats->data_refused[STATS_DATA_TIMEOUT], 1);
		break;
	case -ECANCELED:
		session_reply(s, REPLY_ABORTED, "Transfer aborted.");
		session_reply(s, REPLY_TRANSFERRED, "Aborted.");
		return;
	case -EPROTO:
	case -ECONNABORTED:
	case -ECONNRESET:
		text = "TLS failed on the data connection.";
		break;
	default:
		break;
	}
	session_reply(s, REPLY_NO_DATA, text);
}

static void
set_tcp(int fd, int option, int value)
{
	(void)setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value));
}

static int
connect_client(struct session *s)
{
	enum peer peer = PEER_STRANGER;
	int fd = -1;
	int r = accept_client(s, &fd, &peer);

	if (r < 0) {
		close_passive(s);
		return r;
	}
	s->passive_used = true;
	set_tcp(fd, TCP_NODELAY, 1);
	chan_init(&s->data, fd, (struct chan_wait){ session_wait, s });
	r = s->state.prot_p ? secure(s, peer) : 0;
	/*
	 * The client has ended the handshake and we have nothing to say: with
	 * Nagle's algorithm it waits for our ACK, which would come late.
	 */
	set_tcp(fd, TCP_QUICKACK, 1);
	return r;
}

/* The reply that announces the transfer, with a ticket for it before it. */
static void
announce(struct session *s, const char *text)
{
	if (s->control.ssl == NULL) {
		session_reply(s, REPLY_OPENING, text);
		return;
	}
	/* OpenSSL sends them apart; the client is woken once for both. */
	set_tcp(s->control.fd, TCP_CORK, 1);
	tls_fresh_ticket(s->control.ssl);
	session_reply(s, REPLY_OPENING, text);
	set_tcp(s->control.fd, TCP_CORK, 0);
}

bool
data_open(struct session *s, const char *text)
{
	int r;

	if (s->parts.settings->tls == TLS_REQUIRED && !s->state.prot_p) {
		session_reply(s, REPLY_BAD_PROTECTION,
		    "Data has to be protected: PBSZ 0, PROT P.");
		return false;
	}
	if (s->passive_fd < 0 || s->passive_used) {
		session_reply(s, REPLY_NO_DATA, "Use EPSV or PASV first.");
		return false;
	}
	announce(s, text);
	s->transferring = true;
	s->moved = 0;
	r = s->ending == NULL ? session_look(s) : -ENOTCONN;
	if (r == 0) {
		r = connect_client(s);
	}
	if (r < 0) {
		s->transferring = false;
		data_abort(s);
		reply_no_data(s, r);
		return false;
	}
	return true;
}

/* --- closing -------------------------------------------------------------- */

int
data_finish(struct session *s)
{
	return chan_finish(&s->data, session_stall_deadline(s));
}

void
data_linger(struct session *s)
{
	int64_t deadline = clock_ms() + LINGER_MS;
	bool more = true;

	/* Closing before the peer does may destroy what it has not read. */
	while (more && s->data.fd >= 0) {
		char rest[256];
		struct pollfd p[2] = { { .fd = s->data.fd, .events = POLLIN },
			{ .fd = s->control.fd, .events = POLLIN } };

		more = poll(p, 2, clock_left(deadline)) > 0 && p[1].revents == 0
		    && clock_left(deadline) > 0
		    && recv(s->data.fd, rest, sizeof(rest), MSG_DONTWAIT) > 0;
	}
	chan_done(&s->data);
}

void
data_abort(struct session *s)
{
	struct linger reset = { .l_onoff = 1 };

	if (s->data.fd >= 0) {
		(void)setsockopt(s->data.fd, SOL_SOCKET, SO_LINGER, &reset,
		    sizeof(reset));
	}
	chan_done(&s->data);
}

void
data_rest(struct session *s)
{
	if (s->passive_used) {
		close_passive(s);
	}
}

void
data_close(struct session *s)
{
	close_passive(s);
	chan_done(&s->data);
}

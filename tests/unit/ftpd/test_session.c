/*
 * A whole session, unconfined and in the clear, over a connection to itself:
 * which command gets which answer in which state, and what uploads leave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/auth.h"
#include "ftpd/session.h"
#include "run/lend.h"
#include "run/log.h"

#define WAIT_MS 10000

/* The server's side, made once. */
static char root_path[] = "/tmp/session-XXXXXX";
static char user[] = "bob", password[] = "sesame", mask[] = "022";
static struct settings settings = { .user = user,
	.password = password,
	.umask = mask,
	.tls = TLS_OPTIONAL,
	.pasv_min = 29700,
	.pasv_max = 29749,
	.login_seconds = 30,
	.idle_seconds = 30,
	.stall_seconds = 5,
	.max_sessions = 8 };
static struct stats *stats;
static int stats_fd;
static struct fsroot root;
static struct stage stage;

/* One session and its client. */
struct client {
	pid_t session;
	pid_t authenticator;
	pid_t lender;
	int fd;
	int life; /* the session ends when it is closed */
	char line[8192];
	char input[16384];
	size_t n;
};

static struct client c;

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root_path));
	assert_int_equal(fsroot_open(&root, root_path), 0);
	assert_int_equal(stage_open(&stage, &root, SETTINGS_STAGE), 0);
	assert_int_equal(chdir(root_path), 0);
	stats = stats_new(&stats_fd);
	assert_non_null(stats);
	(void)umask(022);
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("test", LOG_ERROR);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	assert_int_equal(chdir("/"), 0);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root_path);
	return system(command);
}

/* Two ends of a TCP connection on the loopback interface. */
static void
tcp_pair(int pair[2])
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(addr);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair[0], (struct sockaddr *)&addr, n), 0);
	pair[1] = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(pair[1] >= 0);
	/* As the listener does. */
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_OOBINLINE, &one,
			     sizeof(one)),
	    0);
	(void)close(fd);
}

static void
serve(int fd, int auth_fd, int lend_fd, int life_fd)
{
	struct session_parts parts = { .settings = &settings,
		.stats = stats,
		.root = root,
		.stage = stage,
		.fd = fd,
		.auth_fd = auth_fd,
		.lend_fd = lend_fd,
		.life_fd = life_fd,
		.peer = addr_of_four(
		    (struct in_addr){ htonl(INADDR_LOOPBACK) }) };
	struct session *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		session_run(s, &parts);
	}
	free(s);
}

/* The next line of the server, without its end; "" at the end of it all. */
static const char *
read_line(void)
{
	for (;;) {
		char *end = memchr(c.input, '\n', c.n);
		struct pollfd p = { .fd = c.fd, .events = POLLIN };
		ssize_t n;

		if (end != NULL) {
			size_t length = (size_t)(end - c.input);

			assert_true(length > 0 && end[-1] == '\r');
			memcpy(c.line, c.input, length - 1);
			c.line[length - 1] = '\0';
			c.n -= length + 1;
			memmove(c.input, end + 1, c.n);
			return c.line;
		}
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		n = read(c.fd, c.input + c.n, sizeof(c.input) - c.n);
		if (n <= 0) {
			return "";
		}
		c.n += (size_t)n;
	}
}

/* The code of the next reply, all its lines read; 0 at the end. */
static int
reply(void)
{
	const char *line = read_line();
	int code = atoi(line);

	if (strlen(line) > 3 && line[3] == '-') {
		char last[8];

		(void)snprintf(last, sizeof(last), "%d ", code);
		do {
			line = read_line();
		} while (line[0] != '\0' && strncmp(line, last, 4) != 0);
	}
	return code;
}

static void
say(const char *line)
{
	char text[8192];
	int n = snprintf(text, sizeof(text), "%s\r\n", line);

	assert_in_range(n, 2, sizeof(text) - 1);
	assert_int_equal(write(c.fd, text, (size_t)n), n);
}

static int
ask(const char *line)
{
	say(line);
	return reply();
}

/* As the listener does, to the end of the session. */
static _Noreturn void
lend(struct lender *lender, int life_fd)
{
	struct pollfd p[2] = { { .fd = lender->events, .events = POLLIN },
		{ .fd = life_fd, .events = POLLIN } };

	while (poll(p, 2, WAIT_MS) > 0 && p[1].revents == 0) {
		lend_serve(lender);
	}
	_exit(0);
}

static void
begin(void)
{
	int control[2], auth[2], intro[2], life[2], lend_fd;
	struct lender lender;
	struct auth_intro hello = { .exempt = 1 };

	memset(&c, 0, sizeof(c));
	tcp_pair(control);
	assert_int_equal(pipe(life), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, auth), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, intro), 0);
	c.authenticator = fork();
	if (c.authenticator == 0) {
		(void)close(life[1]);
		(void)close(intro[0]);
		(void)close(control[0]);
		_exit(auth_run(&(struct auth_conf){ .user = settings.user,
				   .password = settings.password,
				   .max_sessions = settings.max_sessions,
				   .ban_failures = settings.ban_failures },
		    intro[1], life[0], -1, -1));
	}
	assert_int_equal(auth_introduce(intro[0], auth[1], &hello), 0);
	assert_int_equal(lend_init(&lender, 29700, 29749, 1), 0);
	assert_int_equal(lend_open(&lender, &lend_fd), 0);
	c.lender = fork();
	if (c.lender == 0) {
		(void)close(life[1]);
		(void)close(control[0]);
		(void)close(control[1]);
		lend(&lender, life[0]);
	}
	lend_leave(&lender);
	c.session = fork();
	if (c.session == 0) {
		(void)close(life[1]);
		(void)close(auth[1]);
		(void)close(control[0]);
		serve(control[1], auth[0], lend_fd, life[0]);
		_exit(0);
	}
	(void)close(lend_fd);
	(void)close(control[1]);
	(void)close(auth[0]);
	(void)close(auth[1]);
	(void)close(intro[1]);
	(void)close(life[0]);
	c.fd = control[0];
	c.life = life[1];
	assert_int_equal(reply(), 220);
	/* The introduction's socket may go now: it ends the authenticator. */
	(void)intro[0];
}

static void
end(void)
{
	int status;

	(void)close(c.fd);
	(void)close(c.life);
	assert_int_equal(waitpid(c.session, &status, 0), c.session);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(c.authenticator, &status, 0), c.authenticator);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(c.lender, &status, 0), c.lender);
	assert_int_equal(status, 0);
}

static void
log_in(void)
{
	begin();
	assert_int_equal(ask("USER bob"), 331);
	assert_int_equal(ask("PASS sesame"), 230);
	assert_int_equal(ask("TYPE I"), 200);
}

/* --- the table ------------------------------------------------------------ */

/* Each verb's code in a new session and in one that is logged in. */
static const struct {
	const char *line;
	int before;
	int after;
} table[] = {
	{ "NOOP", 200, 200 },
	{ "SYST", 215, 215 },
	{ "FEAT", 211, 211 },
	{ "HELP", 214, 214 },
	{ "HELP SITE", 214, 214 },
	{ "HELP stor", 214, 214 },
	{ "HELP PORT", 214, 214 },
	{ "HELP XYZZY", 502, 502 },
	{ "OPTS MLST size;", 200, 200 },
	{ "OPTS MLST", 200, 200 },
	{ "HOST a b", 501, 503 },
	{ "HOST [::1]", 220, 503 },
	{ "OPTS UTF8 ON", 200, 200 },
	{ "OPTS UTF8 OFF", 504, 504 },
	{ "OPTS X", 501, 501 },
	{ "CLNT x", 200, 200 },
	{ "HOST me", 220, 503 },
	{ "PASS x", 503, 503 },
	{ "USER", 501, 501 },
	{ "AUTH TLS", 534, 534 },
	{ "AUTH SSL", 504, 504 },
	{ "AUTH", 501, 501 },
	{ "PBSZ 0", 503, 503 },
	{ "PROT P", 503, 503 },
	{ "CCC", 533, 533 },
	{ "ABOR", 226, 226 },
	{ "PWD", 530, 257 },
	{ "XPWD", 530, 257 },
	{ "CWD /", 530, 250 },
	{ "CWD nowhere", 530, 550 },
	{ "CWD", 501, 501 },
	{ "CWD .ftpd-staging", 530, 550 },
	{ "CDUP", 530, 250 },
	{ "MKD /", 530, 550 },
	{ "RMD /", 530, 550 },
	{ "RMD .ftpd-staging", 530, 550 },
	{ "DELE nowhere", 530, 550 },
	{ "RNFR nowhere", 530, 550 },
	{ "RNTO x", 530, 503 },
	{ "SIZE nowhere", 530, 550 },
	{ "MDTM nowhere", 530, 550 },
	{ "MFMT 20260101000000 nowhere", 530, 550 },
	{ "MFMT 20261301000000 x", 530, 501 },
	{ "MFMT x", 530, 501 },
	{ "MFMT 20260101000000", 530, 501 },
	{ "TYPE A", 530, 200 },
	{ "TYPE L 8", 530, 200 },
	{ "TYPE E", 530, 504 },
	{ "TYPE I", 530, 200 },
	{ "STRU F", 530, 200 },
	{ "STRU R", 530, 504 },
	{ "MODE S", 530, 200 },
	{ "MODE Z", 530, 504 },
	{ "ALLO 1", 530, 200 },
	{ "ALLO x", 530, 501 },
	{ "ALLO 18446744073709551615", 530, 452 },
	{ "AVBL", 530, 213 },
	{ "AVBL /", 530, 213 },
	{ "AVBL nowhere", 530, 550 },
	{ "REST 0", 530, 350 },
	{ "REST -1", 530, 501 },
	{ "REST 18446744073709551615", 530, 501 },
	{ "REST 99999999999999999999999", 530, 501 },
	{ "REST x", 530, 501 },
	{ "PORT 127,0,0,1,4,4", 530, 502 },
	{ "PORT", 530, 502 },
	{ "EPRT |1|127.0.0.1|1028|", 530, 502 },
	{ "EPSV 3", 530, 522 },
	{ "RETR nowhere", 530, 550 },
	{ "RETR /", 530, 550 },
	{ "RETR x\x1by", 530, 553 },
	{ "STOR x", 530, 425 },
	{ "STOR /", 530, 550 },
	{ "STOR nowhere/x", 530, 550 },
	{ "STOR .ftpd-staging", 530, 550 },
	{ "STOR .ftpd-staging/x", 530, 550 },
	{ "APPE x", 530, 425 },
	{ "LIST", 530, 425 },
	{ "NLST", 530, 425 },
	{ "MLSD", 530, 425 },
	{ "LIST nowhere", 530, 550 },
	{ "NLST nowhere", 530, 550 },
	{ "MLST", 530, 250 },
	{ "MLST nowhere", 530, 550 },
	{ "STAT", 530, 211 },
	{ "STAT /", 530, 212 },
	{ "STAT nowhere", 530, 550 },
	{ "SITE", 501, 501 },
	{ "SITE HELP", 530, 214 },
	{ "SITE UTIME 20260101000000 nowhere", 530, 550 },
	{ "SITE UTIME 20260101000000", 530, 501 },
	{ "SITE UTIME nowhere", 530, 501 },
	{ "SITE EXEC ls", 530, 500 },
	{ "SITE CPFR x", 530, 500 },
	{ "SITE CHMOD 999 x", 530, 501 },
	{ "SITE CHMOD 4777 x", 530, 501 },
	{ "SITE CHMOD 644 nowhere", 530, 550 },
	{ "SITE CHMOD 0 /", 530, 550 },
	{ "STOU", 530, 425 },
	{ "ACCT x", 502, 502 },
	{ "XYZZY", 500, 500 },
	{ "", 500, 500 },
	{ "   ", 500, 500 },
};

static void
answers(bool after)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		int want = after ? table[i].after : table[i].before;
		int got = ask(table[i].line);

		if (got != want) {
			fail_msg("'%s' %s login: %d, not %d", table[i].line,
			    after ? "after" : "before", got, want);
		}
		/* So that bad ones do not add up. */
		assert_int_equal(ask("NOOP"), 200);
	}
}

static void
before_login(void **state)
{
	(void)state;
	begin();
	answers(false);
	assert_int_equal(ask("QUIT"), 221);
	assert_int_equal(reply(), 0);
	end();
}

static void
after_login(void **state)
{
	(void)state;
	log_in();
	answers(true);
	assert_int_equal(ask("USER bob"), 530);
	assert_int_equal(ask("QUIT"), 221);
	assert_int_equal(reply(), 0);
	end();
}

/* --- logins
 * -------------------------------------------------------------------- */

/* A wrong password, a name that does not exist, one that cannot. */
static void
three_wrong_ones_end_it(void **state)
{
	static const struct {
		const char *user, *password;
		int code;
	} logins[] = { { "USER bob", "PASS wrong", 530 },
		{ "USER nobody", "PASS sesame", 530 },
		{ "USER b\x1b[2J", "PASS", 421 } };

	(void)state;
	begin();
	for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
		/* What was said before does not count any more. */
		assert_int_equal(ask("PASS sesame"), 503);
		assert_int_equal(ask(logins[i].user), 331);
		assert_int_equal(ask(logins[i].password), logins[i].code);
	}
	assert_int_equal(reply(), 0);
	end();
}

static void
tls_required(void **state)
{
	(void)state;
	settings.tls = TLS_REQUIRED;
	begin();
	assert_int_equal(ask("USER bob"), 530);
	assert_int_equal(ask("PASS sesame"), 503);
	end();
	settings.tls = TLS_OPTIONAL;
}

static void
ends_by_bad_input(const char *line, int code)
{
	begin();
	for (int i = 0; i < 9 && code == 500; i++) {
		assert_int_equal(ask(line), 500);
	}
	assert_int_equal(ask(line), 421);
	assert_int_equal(reply(), 0);
	end();
}

static void
other_protocols(void **state)
{
	(void)state;
	ends_by_bad_input("GET / HTTP/1.1", 421);
	ends_by_bad_input("SSH-2.0-x", 421);
	ends_by_bad_input("\x16\x03\x01", 421);
	ends_by_bad_input("XYZZY", 500);
}

static void
beginning_anew(void **state)
{
	(void)state;
	begin();
	assert_int_equal(ask("USER bob"), 331);
	assert_int_equal(ask("REIN"), 220);
	assert_int_equal(ask("PASS sesame"), 503);
	assert_int_equal(ask("USER bob"), 331);
	assert_int_equal(ask("PASS sesame"), 230);
	assert_int_equal(ask("REIN"), 421);
	assert_int_equal(reply(), 0);
	end();
}

static void
lines_too_long(void **state)
{
	static char text[100001];

	(void)state;
	log_in();
	memset(text, 'x', 5000);
	text[5000] = '\0';
	assert_int_equal(ask(text), 500);
	assert_int_equal(ask("NOOP"), 200);
	memset(text, 'x', 100000);
	(void)!write(c.fd, text, 100000);
	assert_int_equal(reply(), 421);
	end();
}

/* --- transfers
 * ------------------------------------------------------------------ */

static unsigned
passive_port(void)
{
	const char *line;
	unsigned port;

	say("EPSV");
	line = read_line();
	assert_int_equal(sscanf(line,
			     "229 Entering Extended Passive Mode (|||%u|)",
			     &port),
	    1);
	assert_in_range(port, settings.pasv_min, settings.pasv_max);
	return port;
}

static int
connect_to(unsigned port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
data_connection(void)
{
	int fd = connect_to(passive_port());

	assert_true(fd >= 0);
	return fd;
}

/* Sends `content` by `command`; returns the last code. */
static int
send_content(const char *command, const char *content)
{
	int fd = data_connection();

	assert_int_equal(ask(command), 150);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	(void)close(fd);
	return reply();
}

/* What `command` sends; the code has to be 226. */
static const char *
get_content(const char *command)
{
	static char content[65536];
	int fd = data_connection();
	size_t n = 0;
	ssize_t more;

	assert_int_equal(ask(command), 150);
	do {
		more = read(fd, content + n, sizeof(content) - 1 - n);
		n += more > 0 ? (size_t)more : 0;
	} while (more > 0);
	content[n] = '\0';
	(void)close(fd);
	assert_int_equal(reply(), 226);
	return content;
}

/* Fetches "live" over a connection to this port. */
static void
get_from(unsigned port)
{
	char bytes[16];
	int fd = connect_to(port);

	assert_true(fd >= 0);
	assert_int_equal(ask("RETR live"), 150);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 3);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 0);
	(void)close(fd);
	assert_int_equal(reply(), 226);
}

/* Does nobody listen there any more, in some seconds? */
static bool
is_given_up(unsigned port)
{
	for (int i = 0; i < 100; i++) {
		int fd = connect_to(port);

		if (fd < 0) {
			return true;
		}
		(void)close(fd);
		(void)poll(NULL, 0, 50);
	}
	return false;
}

/*
 * A session keeps its passive port from one transfer to the next; not when it
 * rests, nor when a connection has come to it that nobody has asked for.
 */
static void
passive_ports(void **state)
{
	unsigned port, again;
	int fd, stray;

	(void)state;
	log_in();
	assert_int_equal(send_content("STOR live", "one"), 226);
	port = passive_port();
	get_from(port);
	assert_int_equal(passive_port(), port);
	get_from(port);
	/* One port is good for one transfer. */
	assert_int_equal(ask("RETR live"), 425);
	stray = connect_to(port);
	assert_true(stray >= 0);
	/* Which may be the same port, but is another socket. */
	again = passive_port();
	get_from(again);
	(void)close(stray);
	/* After a rest others may have it. */
	assert_true(is_given_up(again));
	get_from(passive_port());
	/* And while a transfer takes long. */
	fd = open("big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 64 * 1024 * 1024), 0);
	(void)close(fd);
	port = passive_port();
	fd = connect_to(port);
	assert_int_equal(ask("RETR big"), 150);
	assert_true(is_given_up(port));
	(void)close(fd);
	assert_int_equal(reply(), 426);
	end();
}

static const char *
file_content(const char *name)
{
	static char content[65536];
	FILE *f = fopen(name, "r");
	size_t n;

	assert_non_null(f);
	n = fread(content, 1, sizeof(content) - 1, f);
	content[n] = '\0';
	(void)fclose(f);
	return content;
}

/* How many interrupted uploads there are; afterwards there are none. */
static unsigned
parts(void)
{
	return stage_sweep(&stage, -10);
}

/* Begins an upload by `command` and breaks it off behind `content`. */
static int
break_off(const char *command, const char *content)
{
	struct linger reset = { .l_onoff = 1 };
	int fd = data_connection();
	struct pollfd p = { .fd = c.fd, .events = POLLIN };
	char want[64];

	assert_int_equal(ask(command), 150);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	/* A reset destroys what was not read yet. */
	(void)snprintf(want, sizeof(want), "211 %zu bytes transferred.",
	    strlen(content));
	do {
		say("STAT");
	} while (strcmp(read_line(), want) != 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)close(fd);
	return reply();
}

static void
uploads(void **state)
{
	struct stat st;

	(void)state;
	log_in();
	assert_int_equal(send_content("STOR live", "one\r\n"), 226);
	assert_string_equal(file_content("live"), "one\r\n");
	assert_int_equal(stat("live", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(ask("SITE CHMOD 600 live"), 200);
	assert_int_equal(send_content("STOR live", "twotwo"), 226);
	assert_string_equal(file_content("live"), "twotwo");
	assert_int_equal(stat("live", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* New content does not take over set-user-id and its like. */
	assert_int_equal(chmod("live", 06755), 0);
	assert_int_equal(send_content("STOR live", "twotwo"), 226);
	assert_int_equal(stat("live", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(send_content("APPE live", "three"), 226);
	assert_string_equal(file_content("live"), "twotwothree");
	assert_int_equal(ask("REST 3"), 350);
	assert_int_equal(send_content("STOR live", "XY"), 226);
	assert_string_equal(file_content("live"), "twoXY");
	assert_int_equal(ask("REST 99"), 350);
	(void)close(data_connection());
	assert_int_equal(ask("STOR live"), 554);
	assert_int_equal(ask("TYPE A"), 200);
	assert_int_equal(send_content("STOR text", "a\r\nb\r\n"), 226);
	assert_string_equal(file_content("text"), "a\nb\n");
	assert_string_equal(get_content("RETR text"), "a\r\nb\r\n");
	assert_int_equal(ask("REST 1"), 501);
	end();
}

static void
downloads_and_listings(void **state)
{
	(void)state;
	log_in();
	assert_int_equal(ask("MKD d"), 257);
	assert_int_equal(ask("MKD d"), 550);
	assert_int_equal(send_content("STOR d/f", "0123456789"), 226);
	assert_string_equal(get_content("RETR d/f"), "0123456789");
	assert_int_equal(ask("REST 7"), 350);
	assert_string_equal(get_content("RETR d/f"), "789");
	/* REST counts once, and not for a listing. */
	assert_string_equal(get_content("RETR d/f"), "0123456789");
	assert_int_equal(ask("REST 7"), 350);
	assert_string_equal(get_content("NLST d"), "d/f\r\n");
	assert_string_equal(get_content("RETR d/f"), "0123456789");
	assert_string_equal(get_content("NLST d/f"), "d/f\r\n");
	assert_int_equal(ask("REST 11"), 350);
	assert_int_equal(ask("RETR d/f"), 554);
	assert_int_equal(ask("CWD d"), 250);
	assert_string_equal(get_content("NLST"), "f\r\n");
	assert_non_null(strstr(get_content("LIST -a"), " ..\r\n"));
	assert_null(strstr(get_content("LIST"), " ..\r\n"));
	assert_null(strstr(get_content("LIST -a /"), SETTINGS_STAGE));
	assert_null(strstr(get_content("MLSD /"), SETTINGS_STAGE));
	assert_non_null(strstr(get_content("MLSD"), "size=10;"));
	assert_int_equal(ask("SIZE f"), 213);
	assert_int_equal(ask("MFMT 20200229010203 f"), 213);
	say("MDTM f");
	assert_string_equal(read_line(), "213 20200229010203");
	assert_int_equal(ask("SITE UTIME 200002290102 f"), 200);
	say("MDTM f");
	assert_string_equal(read_line(), "213 20000229010200");
	assert_int_equal(ask("SITE UTIME f 20010101000000 20020101000000 "
			     "20030101000000 UTC"),
	    200);
	say("MDTM f");
	assert_string_equal(read_line(), "213 20020101000000");
	say("OPTS MLST size;type;nothing;");
	assert_string_equal(read_line(), "200 MLST OPTS type;size;");
	assert_string_equal(get_content("MLSD"), "type=file;size=10; f\r\n");
	assert_int_equal(ask("OPTS MLST"), 200);
	assert_string_equal(get_content("MLSD"), " f\r\n");
	(void)close(data_connection());
	assert_int_equal(ask("MLSD f"), 501);
	assert_int_equal(ask("STAT f"), 213);
	say("PWD");
	assert_string_equal(read_line(), "257 \"/d\" is the current folder.");
	end();
}

static void
renames_and_removes(void **state)
{
	(void)state;
	log_in();
	assert_int_equal(send_content("STOR r1", "x"), 226);
	assert_int_equal(ask("RNFR r1"), 350);
	assert_int_equal(ask("NOOP"), 200);
	assert_int_equal(ask("RNTO r2"), 503);
	assert_int_equal(ask("RNFR r1"), 350);
	assert_int_equal(ask("RNTO .ftpd-staging/r1"), 550);
	assert_int_equal(ask("RNFR r1"), 350);
	assert_int_equal(ask("RNTO r2"), 250);
	assert_int_equal(ask("DELE r1"), 550);
	assert_int_equal(ask("DELE r2"), 250);
	assert_int_equal(ask("MKD rd"), 257);
	assert_int_equal(ask("DELE rd"), 550);
	assert_int_equal(ask("RNFR rd"), 350);
	assert_int_equal(ask("RNTO rd/below"), 553);
	assert_int_equal(ask("RNFR rd"), 350);
	assert_int_equal(ask("RNTO /"), 550);
	assert_int_equal(ask("RMD rd"), 250);
	end();
}

static void
links(void **state)
{
	(void)state;
	assert_int_equal(symlink("/etc/passwd", "evil"), 0);
	assert_int_equal(symlink("/tmp", "evildir"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	log_in();
	/* Nobody is at its other end, and nobody waits. */
	assert_int_equal(ask("RETR fifo"), 550);
	assert_int_equal(ask("STOR fifo"), 550);
	assert_int_equal(ask("APPE fifo"), 550);
	assert_int_equal(ask("SIZE fifo"), 550);
	assert_int_equal(ask("SITE CHMOD 600 fifo"), 550);
	assert_int_equal(ask("DELE fifo"), 250);
	assert_int_equal(ask("RETR evil"), 550);
	assert_int_equal(ask("SIZE evil"), 550);
	assert_int_equal(ask("STOR evil"), 550);
	assert_int_equal(ask("SITE CHMOD 777 evil"), 550);
	assert_int_equal(ask("CWD evildir"), 550);
	assert_int_equal(ask("STOR evildir/x"), 550);
	assert_int_equal(ask("MKD evildir/x"), 550);
	assert_int_equal(ask("DELE evil"), 250);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
	end();
}

/* A name may lead out by being another one's, too: then only the name goes. */
static void
hard_links(void **state)
{
	char outside[] = "/tmp/outside-XXXXXX";
	int fd = mkstemp(outside);

	(void)state;
	assert_int_equal(write(fd, "theirs", 6), 6);
	(void)close(fd);
	assert_int_equal(link(outside, "hard"), 0);
	log_in();
	assert_int_equal(send_content("STOR hard", "ours"), 226);
	assert_string_equal(file_content("hard"), "ours");
	assert_string_equal(file_content(outside), "theirs");
	assert_int_equal(ask("DELE hard"), 250);
	end();
	assert_int_equal(unlink(outside), 0);
}

/* A transfer, if it begins; what was got, else "". */
static const char *
try_transfer(const char *command, const char *content)
{
	static char got[64];
	ssize_t n = 0;
	int fd = data_connection();

	if (ask(command) == 150) {
		if (content != NULL) {
			if (write(fd, content, strlen(content)) < 0) {
				got[0] = '\0';
			}
		} else {
			n = read(fd, got, sizeof(got) - 1);
		}
		(void)shutdown(fd, SHUT_WR);
		(void)close(fd);
		(void)reply();
	} else {
		(void)close(fd);
	}
	got[n > 0 ? n : 0] = '\0';
	return got;
}

/*
 * While somebody puts a link to a folder outside in the place of one inside and
 * back, as fast as he can, nothing is read or changed outside.
 */
static void
links_that_come_and_go(void **state)
{
	char outside[] = "/tmp/outside-XXXXXX", file[64], command[96];
	unsigned inside = 0;
	struct stat st;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(outside));
	(void)snprintf(file, sizeof(file), "%s/file", outside);
	(void)snprintf(command, sizeof(command), "echo theirs > %s", file);
	assert_int_equal(system(command), 0);
	assert_int_equal(system("mkdir swap && echo ours > swap/file"), 0);
	assert_int_equal(symlink(outside, "decoy"), 0);
	assert_int_equal(chmod(file, 0640), 0);
	pid = fork();
	for (unsigned exchange = 1U << 1; pid == 0;) {
		(void)syscall(SYS_renameat2, AT_FDCWD, "swap", AT_FDCWD,
		    "decoy", exchange);
	}
	log_in();
	for (int i = 0; i < 200; i++) {
		const char *got = try_transfer("RETR swap/file", NULL);

		assert_true(got[0] == '\0' || strcmp(got, "ours\n") == 0);
		inside += got[0] != '\0';
		(void)try_transfer("STOR swap/new", "ours");
		(void)ask("DELE swap/new");
		(void)ask("MKD swap/made");
		(void)ask("SITE CHMOD 666 swap/file");
		(void)ask("MFMT 20200101000000 swap/file");
		if (ask("RNFR swap/made") == 350) {
			(void)ask("RNTO swap/moved");
		}
		(void)ask("RMD swap/moved");
	}
	end();
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(inside > 0);
	assert_string_equal(file_content(file), "theirs\n");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(st.st_mtime > 1600000000);
	/* Nothing was made there, or it could not be removed. */
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(outside), 0);
	assert_int_equal(system("rm -rf swap decoy"), 0);
}

static void
aborts(void **state)
{
	int fd;

	(void)state;
	log_in();
	assert_int_equal(send_content("STOR keep", "old"), 226);
	fd = data_connection();
	assert_int_equal(ask("STOR keep"), 150);
	assert_int_equal(write(fd, "new", 3), 3);
	say("STAT");
	assert_int_equal(reply(), 211);
	/* As clients do: interrupt and the mark's beginning out of band. */
	assert_int_equal(send(c.fd, "\xff\xf4\xff", 3, MSG_OOB), 3);
	assert_int_equal(ask("\xf2"
			     "ABOR"),
	    426);
	assert_int_equal(reply(), 226);
	(void)close(fd);
	assert_string_equal(file_content("keep"), "old");
	assert_int_equal(parts(), 1);
	/* In one packet with the command. */
	fd = data_connection();
	assert_int_equal(ask("STOR keep\r\nABOR"), 150);
	assert_int_equal(reply(), 426);
	assert_int_equal(reply(), 226);
	(void)close(fd);
	assert_string_equal(file_content("keep"), "old");
	/* Commands that came meanwhile are run afterwards. */
	fd = data_connection();
	assert_int_equal(ask("STOR keep"), 150);
	say("NOOP");
	assert_int_equal(write(fd, "new", 3), 3);
	(void)close(fd);
	assert_int_equal(reply(), 226);
	assert_int_equal(reply(), 200);
	assert_string_equal(file_content("keep"), "new");
	end();
}

static void
broken_uploads(void **state)
{
	int fd;

	(void)state;
	log_in();
	assert_int_equal(send_content("STOR keep", "old"), 226);
	assert_int_equal(break_off("STOR keep", "new"), 426);
	assert_string_equal(file_content("keep"), "old");
	assert_int_equal(parts(), 1);
	/* The daemon stops in the middle of one. */
	fd = data_connection();
	assert_int_equal(ask("STOR keep"), 150);
	assert_int_equal(write(fd, "new", 3), 3);
	(void)close(c.life);
	assert_int_equal(reply(), 426);
	assert_int_equal(reply(), 421);
	(void)close(fd);
	assert_string_equal(file_content("keep"), "old");
	assert_int_equal(parts(), 1);
	c.life = open("/dev/null", O_RDONLY | O_CLOEXEC);
	end();
}

static void
resumed_uploads(void **state)
{
	(void)state;
	log_in();
	assert_int_equal(ask("MKD u"), 257);
	assert_int_equal(break_off("STOR u/new", "01234567"), 426);
	/* To its user it is a file with its size... */
	say("SIZE u/new");
	assert_string_equal(read_line(), "213 8");
	assert_int_equal(ask("MDTM u/new"), 213);
	assert_int_equal(ask("MLST u/new"), 250);
	assert_non_null(strstr(get_content("MLSD u"), "size=8;"));
	assert_non_null(strstr(get_content("MLSD u"), "perm=adw;"));
	assert_string_equal(get_content("NLST u"), "u/new\r\n");
	assert_string_equal(get_content("NLST u/new"), "u/new\r\n");
	assert_non_null(strstr(get_content("LIST u/new"), " 8 "));
	/* ...that cannot be had yet, and is nobody's in the folder itself. */
	(void)close(data_connection());
	assert_int_equal(ask("RETR u/new"), 550);
	assert_int_equal(access("u/new", F_OK), -1);
	end();
	/* In another session. */
	log_in();
	assert_int_equal(ask("REST 9"), 350);
	(void)close(data_connection());
	assert_int_equal(ask("STOR u/new"), 554);
	assert_int_equal(ask("REST 4"), 350);
	assert_int_equal(break_off("STOR u/new", "abcd"), 426);
	assert_int_equal(send_content("APPE u/new", "xyz"), 226);
	assert_string_equal(file_content("u/new"), "0123abcdxyz");
	assert_int_equal(parts(), 0);
	/* Behind a file that is there, the part is not seen but goes on. */
	assert_int_equal(break_off("STOR u/new", "NEW"), 426);
	say("SIZE u/new");
	assert_string_equal(read_line(), "213 11");
	assert_string_equal(get_content("NLST u"), "u/new\r\n");
	assert_non_null(strstr(get_content("MLSD u"), "size=11;"));
	assert_string_equal(file_content("u/new"), "0123abcdxyz");
	assert_int_equal(ask("REST 3"), 350);
	assert_int_equal(send_content("STOR u/new", "ER"), 226);
	assert_string_equal(file_content("u/new"), "NEWER");
	/* APPE goes on with the part... */
	assert_int_equal(break_off("STOR u/new", "part"), 426);
	assert_int_equal(send_content("APPE u/new", "ial"), 226);
	assert_string_equal(file_content("u/new"), "partial");
	/* ...unless the client was told the size of the file. */
	assert_int_equal(break_off("STOR u/new", "some"), 426);
	assert_int_equal(ask("SIZE u/new"), 213);
	assert_int_equal(send_content("APPE u/new", "ity"), 226);
	assert_string_equal(file_content("u/new"), "partiality");
	assert_int_equal(parts(), 0);
	/* ...or somebody has changed it since. */
	assert_int_equal(break_off("STOR u/new", "old"), 426);
	(void)poll(NULL, 0, 50);
	assert_int_equal(truncate("u/new", 4), 0);
	assert_int_equal(send_content("APPE u/new", "ner"), 226);
	assert_string_equal(file_content("u/new"), "partner");
	assert_int_equal(parts(), 0);
	/* Beginning anew. */
	assert_int_equal(break_off("STOR u/new", "long part"), 426);
	assert_int_equal(send_content("STOR u/new", "short"), 226);
	assert_string_equal(file_content("u/new"), "short");
	/* Removed with its file, and by itself. */
	assert_int_equal(break_off("STOR u/new", "part"), 426);
	assert_int_equal(ask("DELE u/new"), 250);
	assert_int_equal(ask("SIZE u/new"), 550);
	assert_int_equal(break_off("STOR u/new", "part"), 426);
	assert_int_equal(ask("DELE u/new"), 250);
	assert_int_equal(ask("DELE u/new"), 550);
	/* What was converted on its way cannot be continued. */
	assert_int_equal(ask("TYPE A"), 200);
	assert_int_equal(break_off("STOR u/text", "a"), 426);
	assert_int_equal(parts(), 0);
	end();
}

static void
killed_uploads(void **state)
{
	int fd, status;

	(void)state;
	log_in();
	assert_int_equal(send_content("STOR keep", "old"), 226);
	fd = data_connection();
	assert_int_equal(ask("STOR keep"), 150);
	assert_int_equal(write(fd, "half", 4), 4);
	do {
		say("STAT");
	} while (strcmp(read_line(), "211 4 bytes transferred.") != 0);
	assert_int_equal(kill(c.session, SIGKILL), 0);
	assert_int_equal(waitpid(c.session, &status, 0), c.session);
	assert_true(WIFSIGNALED(status));
	c.session = fork();
	if (c.session == 0) {
		_exit(0);
	}
	end();
	(void)close(fd);
	assert_string_equal(file_content("keep"), "old");
	log_in();
	assert_int_equal(ask("REST 4"), 350);
	assert_int_equal(send_content("STOR keep", " and half"), 226);
	assert_string_equal(file_content("keep"), "half and half");
	end();
}

/* While one session writes, another one of the same user does not. */
static void
one_writer_at_a_time(void **state)
{
	struct client first;
	int fd;

	(void)state;
	log_in();
	assert_int_equal(send_content("STOR keep", "old"), 226);
	fd = data_connection();
	assert_int_equal(ask("STOR keep"), 150);
	assert_int_equal(write(fd, "new", 3), 3);
	first = c;
	log_in();
	(void)close(data_connection());
	assert_int_equal(ask("STOR keep"), 450);
	assert_int_equal(ask("APPE keep"), 450);
	/* The old file itself may go. */
	assert_int_equal(ask("DELE keep"), 250);
	assert_int_equal(ask("DELE keep"), 450);
	end();
	c = first;
	(void)close(fd);
	assert_int_equal(reply(), 226);
	assert_string_equal(file_content("keep"), "new");
	end();
}

/*
 * What the volume refuses: write(2) and splice(2) of the sessions under test,
 * which fail as `write_fails` says once they are asked to write to a file.
 */
static int write_fails;

static bool
refused(int fd)
{
	struct stat st;
	bool yes = write_fails != 0 && fstat(fd, &st) == 0
	    && S_ISREG(st.st_mode);

	errno = yes ? write_fails : 0;
	return yes;
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	return refused(fd) ? -1 : syscall(SYS_write, fd, bytes, n);
}

ssize_t
splice(int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags)
{
	return refused(out)
	    ? -1
	    : syscall(SYS_splice, in, in_at, out, out_at, n, flags);
}

static void
volumes_that_refuse(void **state)
{
	static const struct {
		int err;
		int code;
	} rows[] = { { ENOSPC, 452 }, { EDQUOT, 552 }, { EIO, 451 },
		{ EFBIG, 552 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		write_fails = 0;
		log_in();
		assert_int_equal(send_content("STOR keep", "old"), 226);
		end();
		write_fails = rows[i].err;
		log_in();
		assert_int_equal(send_content("STOR keep", "new"),
		    rows[i].code);
		assert_int_equal(send_content("APPE keep", "new"),
		    rows[i].code);
		/* By another way through the session. */
		assert_int_equal(ask("TYPE A"), 200);
		assert_int_equal(send_content("STOR keep", "new"),
		    rows[i].code);
		assert_string_equal(file_content("keep"), "old");
		/* Nothing of it stays, to take up room. */
		assert_int_equal(parts(), 0);
		assert_int_equal(ask("NOOP"), 200);
		end();
	}
	write_fails = 0;
}

/* Who gives up while the rest of what he sends is thrown away is answered. */
static void
abort_of_a_refused_upload(void **state)
{
	int fd;

	(void)state;
	write_fails = ENOSPC;
	log_in();
	fd = data_connection();
	assert_int_equal(ask("STOR keep"), 150);
	assert_int_equal(syscall(SYS_write, fd, "new", (size_t)3), 3);
	assert_int_equal(reply(), 452);
	assert_int_equal(ask("ABOR"), 226);
	(void)close(fd);
	assert_int_equal(ask("NOOP"), 200);
	end();
	write_fails = 0;
}

static void
unique_names(void **state)
{
	char line[PATH_SIZE], name[PATH_SIZE];

	(void)state;
	log_in();
	for (int i = 0; i < 2; i++) {
		int fd = data_connection();

		say(i == 0 ? "STOU" : "STOU /mine.txt");
		(void)snprintf(line, sizeof(line), "%s", read_line());
		assert_int_equal(sscanf(line, "150 FILE: /%4000s", name), 1);
		assert_int_equal(write(fd, "unique", 6), 6);
		(void)close(fd);
		assert_int_equal(reply(), 226);
		assert_string_equal(file_content(name), "unique");
		assert_int_equal(strncmp(name, i == 0 ? "upload." : "mine.txt.",
				     7),
		    0);
	}
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_login),
		cmocka_unit_test(after_login),
		cmocka_unit_test(three_wrong_ones_end_it),
		cmocka_unit_test(tls_required),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(beginning_anew),
		cmocka_unit_test(lines_too_long),
		cmocka_unit_test(passive_ports),
		cmocka_unit_test(uploads),
		cmocka_unit_test(downloads_and_listings),
		cmocka_unit_test(renames_and_removes),
		cmocka_unit_test(links),
		cmocka_unit_test(hard_links),
		cmocka_unit_test(links_that_come_and_go),
		cmocka_unit_test(aborts),
		cmocka_unit_test(broken_uploads),
		cmocka_unit_test(resumed_uploads),
		cmocka_unit_test(killed_uploads),
		cmocka_unit_test(one_writer_at_a_time),
		cmocka_unit_test(volumes_that_refuse),
		cmocka_unit_test(abort_of_a_refused_upload),
		cmocka_unit_test(unique_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

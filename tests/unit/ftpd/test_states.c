/*
 * The protocol as a state machine: each command in each state, and the replies
 * that it gets.  The table is the reference; the command layer is the real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "certificate.h"
#include "ftpd/tls.h"
#include "run/log.h"
#include "tls/few.h"
#include "wire.h"

static char root_path[] = "/tmp/states-XXXXXX";
static struct stats *stats;
static int stats_fd;
static struct fsroot root;
static int root_fd;
static struct stage stage;
static SSL_CTX *server_tls, *client_tls;

/* --- set-up --------------------------------------------------------------- */

static int
set_up(void **state)
{
	struct buf why;

	(void)state;
	assert_non_null(mkdtemp(root_path));
	assert_int_equal(chdir(root_path), 0);
	stats = stats_new(&stats_fd);
	assert_non_null(stats);
	/* First of all that OpenSSL has to do. */
	assert_int_equal(few_init(), 0);
	make_certificate();
	buf_init(&why, 1000);
	assert_int_equal(tls_load("cert", "key", &why, &server_tls), 0);
	buf_done(&why);
	assert_int_equal(tls_own_tickets(server_tls), 0);
	client_tls = SSL_CTX_new(TLS_client_method());
	assert_non_null(client_tls);
	assert_int_equal(mkdir("root", 0700), 0);
	assert_int_equal(chdir("root"), 0);
	assert_int_equal(fsroot_open(&root, "."), 0);
	root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
	assert_int_equal(stage_open(&stage, &root, SETTINGS_STAGE), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("test", LOG_ERROR);
	return 0;
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	SSL_CTX_free(server_tls);
	SSL_CTX_free(client_tls);
	(void)close(stage.dir);
	fsroot_close(&root);
	(void)close(root_fd);
	assert_int_equal(chdir("/"), 0);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root_path);
	return system(command);
}

/* --- states --------------------------------------------------------------- */

#define IN "USER bob\r\n", "PASS sesame\r\n"
#define TLS "AUTH TLS\r\n"
#define PROTECTED TLS, IN, "PBSZ 0\r\n", "PROT P\r\n"

/* What is said to get there, one line at a time. */
static const struct state {
	const char *name;
	const char *lines[8];
	bool required; /* FTPD_TLS=required */
	bool hold; /* a transfer goes on... */
	bool absent; /* ...or its connection has not come yet */
} states[] = {
	{ .name = "new" },
	{ .name = "USER given", .lines = { "USER bob\r\n" } },
	{ .name = "logged in", .lines = { IN } },
	{ .name = "RNFR given", .lines = { IN, "RNFR f\r\n" } },
	{ .name = "REST given", .lines = { IN, "REST 3\r\n" } },
	{ .name = "TYPE A", .lines = { IN, "TYPE A\r\n" } },
	{ .name = "EPSV given", .lines = { IN, "EPSV\r\n" } },
	{ .name = "EPSV ALL given", .lines = { IN, "EPSV ALL\r\n" } },
	{ .name = "TLS required", .required = true },
	{ .name = "TLS", .lines = { TLS }, .required = true },
	{ .name = "PBSZ given",
	    .lines = { TLS, "PBSZ 0\r\n" },
	    .required = true },
	{ .name = "unprotected",
	    .lines = { TLS, IN, "EPSV\r\n" },
	    .required = true },
	{ .name = "protected",
	    .lines = { PROTECTED, "EPSV\r\n" },
	    .required = true },
	{ .name = "uploading",
	    .lines = { IN, "EPSV\r\n", "STOR up\r\n" },
	    .hold = true },
	{ .name = "waiting for data",
	    .lines = { IN, "EPSV\r\n", "STOR up\r\n" },
	    .absent = true },
};

#define STATES ARRAY_LEN(states)
#define STATE_LOGGED_IN 2

/*
 * In the order of the states: the codes of all replies that the command leads
 * to, a `.` where the server ends the session.  `~`: the command waits for the
 * end of the transfer (226), and then gets what it gets when one has just
 * logged in.
 */
struct row {
	const char *line;
	const char *codes;
};

static const struct row rows[] = {
	{ "USER bob",
	    "331 331 530 530 530 530 530 530 530 331 331 530 530 ~ ~" },
	{ "USER", "501 501 501 501 501 501 501 501 501 501 501 501 501 ~ ~" },
	{ "PASS sesame",
	    "503 230 503 503 503 503 503 503 503 503 503 503 503 ~ ~" },
	{ "PASS wrong",
	    "503 530 503 503 503 503 503 503 503 503 503 503 503 ~ ~" },
	{ "AUTH TLS",
	    "234 234 503 503 503 503 503 503 234 503 503 503 503 ~ ~" },
	{ "AUTH SSL",
	    "504 504 504 504 504 504 504 504 504 504 504 504 504 ~ ~" },
	{ "PBSZ 0", "503 503 503 503 503 503 503 503 503 200 200 200 200 ~ ~" },
	{ "PBSZ x", "503 503 503 503 503 503 503 503 503 501 501 501 501 ~ ~" },
	{ "PROT P", "503 503 503 503 503 503 503 503 503 503 200 503 200 ~ ~" },
	{ "PROT C", "503 503 503 503 503 503 503 503 503 503 534 503 534 ~ ~" },
	{ "PROT E", "503 503 503 503 503 503 503 503 503 503 536 503 536 ~ ~" },
	{ "PROT X", "503 503 503 503 503 503 503 503 503 503 504 503 504 ~ ~" },
	{ "CCC", "533 533 533 533 533 533 533 533 533 534 534 534 534 ~ ~" },
	{ "REIN",
	    "220 220 421. 421. 421. 421. 421. 421. 220 421. 421. 421. 421. ~ "
	    "~" },
	{ "QUIT",
	    "221. 221. 221. 221. 221. 221. 221. 221. 221. 221. 221. 221. 221. "
	    "~ ~" },
	{ "NOOP", "200 200 200 200 200 200 200 200 200 200 200 200 200 ~ ~" },
	{ "SYST", "215 215 215 215 215 215 215 215 215 215 215 215 215 ~ ~" },
	{ "FEAT", "211 211 211 211 211 211 211 211 211 211 211 211 211 ~ ~" },
	{ "HELP", "214 214 214 214 214 214 214 214 214 214 214 214 214 ~ ~" },
	{ "OPTS UTF8 ON",
	    "200 200 200 200 200 200 200 200 200 200 200 200 200 ~ ~" },
	{ "OPTS MLST size;",
	    "200 200 200 200 200 200 200 200 200 200 200 200 200 ~ ~" },
	{ "OPTS X", "501 501 501 501 501 501 501 501 501 501 501 501 501 ~ ~" },
	{ "CLNT x", "200 200 200 200 200 200 200 200 200 200 200 200 200 ~ ~" },
	{ "HOST me",
	    "220 503 503 503 503 503 503 503 220 220 220 503 503 ~ ~" },
	{ "STAT",
	    "530 530 211 211 211 211 211 211 530 530 530 211 211 211+226 "
	    "211+226" },
	{ "STAT d", "530 530 212 212 212 212 212 212 530 530 530 212 212 ~ ~" },
	{ "STAT f", "530 530 213 213 213 213 213 213 530 530 530 213 213 ~ ~" },
	{ "PWD", "530 530 257 257 257 257 257 257 530 530 530 257 257 ~ ~" },
	{ "XPWD", "530 530 257 257 257 257 257 257 530 530 530 257 257 ~ ~" },
	{ "CWD d", "530 530 250 250 250 250 250 250 530 530 530 250 250 ~ ~" },
	{ "CWD f", "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "CWD", "501 501 501 501 501 501 501 501 501 501 501 501 501 ~ ~" },
	{ "XCWD d", "530 530 250 250 250 250 250 250 530 530 530 250 250 ~ ~" },
	{ "CDUP", "530 530 250 250 250 250 250 250 530 530 530 250 250 ~ ~" },
	{ "XCUP", "530 530 250 250 250 250 250 250 530 530 530 250 250 ~ ~" },
	{ "MKD new",
	    "530 530 257 257 257 257 257 257 530 530 530 257 257 ~ ~" },
	{ "MKD d", "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "XMKD new",
	    "530 530 257 257 257 257 257 257 530 530 530 257 257 ~ ~" },
	{ "RMD d", "530 530 250 250 250 250 250 250 530 530 530 250 250 ~ ~" },
	{ "RMD f", "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "XRMD d", "530 530 250 250 250 250 250 250 530 530 530 250 250 ~ ~" },
	{ "DELE f", "530 530 250 250 250 250 250 250 530 530 530 250 250 ~ ~" },
	{ "DELE d", "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "RNFR f", "530 530 350 350 350 350 350 350 530 530 530 350 350 ~ ~" },
	{ "RNFR no",
	    "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "RNTO g", "530 530 503 250 503 503 503 503 530 530 530 503 503 ~ ~" },
	{ "SIZE f", "530 530 213 213 213 550 213 213 530 530 530 213 213 ~ ~" },
	{ "SIZE d", "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "MDTM f", "530 530 213 213 213 213 213 213 530 530 530 213 213 ~ ~" },
	{ "MFMT 20260101000000 f",
	    "530 530 213 213 213 213 213 213 530 530 530 213 213 ~ ~" },
	{ "MFMT x f",
	    "530 530 501 501 501 501 501 501 530 530 530 501 501 ~ ~" },
	{ "TYPE A", "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "TYPE I", "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "TYPE L 8",
	    "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "TYPE E", "530 530 504 504 504 504 504 504 530 530 530 504 504 ~ ~" },
	{ "STRU F", "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "STRU R", "530 530 504 504 504 504 504 504 530 530 530 504 504 ~ ~" },
	{ "MODE S", "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "MODE Z", "530 530 504 504 504 504 504 504 530 530 530 504 504 ~ ~" },
	{ "ALLO 1", "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "ALLO x", "530 530 501 501 501 501 501 501 530 530 530 501 501 ~ ~" },
	{ "AVBL", "530 530 213 213 213 213 213 213 530 530 530 213 213 ~ ~" },
	{ "AVBL f", "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "REST 2", "530 530 350 350 350 501 350 350 530 530 530 350 350 ~ ~" },
	{ "REST x", "530 530 501 501 501 501 501 501 530 530 530 501 501 ~ ~" },
	{ "PORT 127,0,0,1,4,4",
	    "530 530 502 502 502 502 502 502 530 530 530 502 502 ~ ~" },
	{ "EPRT |1|127.0.0.1|1028|",
	    "530 530 502 502 502 502 502 502 530 530 530 502 502 ~ ~" },
	{ "PASV", "530 530 227 227 227 227 227 501 530 530 530 227 227 ~ ~" },
	{ "EPSV", "530 530 229 229 229 229 229 229 530 530 530 229 229 ~ ~" },
	{ "EPSV 3", "530 530 522 522 522 522 522 522 530 530 530 522 522 ~ ~" },
	{ "EPSV ALL",
	    "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "RETR f",
	    "530 530 425 425 425 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "RETR d", "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "RETR no",
	    "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "STOR g",
	    "530 530 425 425 554 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "STOR f",
	    "530 530 425 425 425 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "STOR d", "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "APPE f",
	    "530 530 425 425 554 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "STOU",
	    "530 530 425 425 425 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "LIST",
	    "530 530 425 425 425 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "LIST f",
	    "530 530 425 425 425 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "LIST no",
	    "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "NLST",
	    "530 530 425 425 425 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "MLSD",
	    "530 530 425 425 425 425 150+226 425 530 530 530 521 150+226 ~ ~" },
	{ "MLSD f", "530 530 501 501 501 501 501 501 530 530 530 501 501 ~ ~" },
	{ "MLST f", "530 530 250 250 250 250 250 250 530 530 530 250 250 ~ ~" },
	{ "MLST no",
	    "530 530 550 550 550 550 550 550 530 530 530 550 550 ~ ~" },
	{ "SITE CHMOD 600 f",
	    "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "SITE CHMOD 999 f",
	    "530 530 501 501 501 501 501 501 530 530 530 501 501 ~ ~" },
	{ "SITE UTIME 20260101000000 f",
	    "530 530 200 200 200 200 200 200 530 530 530 200 200 ~ ~" },
	{ "SITE HELP",
	    "530 530 214 214 214 214 214 214 530 530 530 214 214 ~ ~" },
	{ "SITE EXEC ls",
	    "530 530 500 500 500 500 500 500 530 530 530 500 500 ~ ~" },
	{ "ABOR",
	    "226 226 226 226 226 226 226 226 226 226 226 226 226 426+226 "
	    "426+226" },
	{ "ACCT x", "502 502 502 502 502 502 502 502 502 502 502 502 502 ~ ~" },
	{ "LANG en",
	    "502 502 502 502 502 502 502 502 502 502 502 502 502 ~ ~" },
	{ "XYZZY", "500 500 500 500 500 500 500 500 500 500 500 500 500 ~ ~" },
	{ "GET / HTTP/1.1",
	    "421. 421. 421. 421. 421. 421. 421. 421. 421. 421. 421. 421. 421. "
	    "~ ~" },
};

/* --- the test ------------------------------------------------------------- */

struct script {
	const struct state *state;
	const char *line;
	size_t at;
	size_t said_at; /* where what was heard of the line begins */
};

static void
next(struct wire *w, struct view *ret)
{
	struct script *c = w->ctx;
	const char *line = c->at < ARRAY_LEN(c->state->lines)
	    ? c->state->lines[c->at]
	    : NULL;

	if (line != NULL) {
		c->at++;
		*ret = view_str(line);
	} else if (c->line != NULL && c->said_at == 0) {
		*ret = view_str(c->line);
		c->said_at = buf_size(&w->heard) + 2 + ret->n;
	}
}

/* The codes in what was heard, "150+226". */
static void
codes_of(struct view heard, bool ended, struct buf *ret)
{
	while (heard.n > 0) {
		struct view line = view_cut(&heard, '\n');

		if (line.n > 3 && line.p[3] == ' ' && line.p[0] != ' ') {
			if (buf_size(ret) > 0) {
				buf_add_char(ret, '+');
			}
			buf_add(ret, line.p, 3);
		}
	}
	if (ended) {
		buf_add_char(ret, '.');
	}
}

/* Time made up that went by, in ms; `command` NULL: the client says no more. */
static int64_t
run_cell(const struct state *state, const char *command, struct buf *ret)
{
	char password[] = "sesame", user[] = "bob", mask[] = "022";
	char line[128];
	int f;
	struct settings settings = { .user = user,
		.password = password,
		.umask = mask,
		.tls = state->required ? TLS_REQUIRED : TLS_OPTIONAL,
		.pasv_min = 21100,
		.pasv_max = 21119,
		.login_seconds = 60,
		.idle_seconds = 300,
		.stall_seconds = 60 };
	struct script script = { .state = state,
		.line = command == NULL ? NULL : line };
	struct wire w = { .settings = &settings,
		.stats = stats,
		.root = root,
		.stage = stage,
		.server_tls = server_tls,
		.client_tls = client_tls,
		.content = VIEW("new"),
		.protect = state->required,
		.hold = state->hold,
		.absent = state->absent,
		.patient = command == NULL,
		.next = next,
		.ctx = &script };

	if (command != NULL) {
		(void)snprintf(line, sizeof(line), "%s\r\n", command);
	}
	wire_clear(root_fd);
	f = openat(root_fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(f, "12345", 5), 5);
	(void)close(f);
	assert_int_equal(mkdirat(root_fd, "d", 0700), 0);
	wire_run(&w);
	codes_of(view_drop(buf_view(&w.heard), script.said_at), w.ended, ret);
	buf_done(&w.heard);
	buf_done(&w.got);
	return w.passed_ms;
}

/* Tells a cell's fault; true when it has one. */
static bool
is_wrong(const struct row *row, size_t at, struct view want, struct view idle)
{
	struct buf got, expected;
	bool wrong;

	buf_init(&got, 1000);
	buf_init(&expected, 1000);
	if (view_eq(want, VIEW("~"))) {
		buf_add_str(&expected, "226+");
		want = idle;
	}
	buf_add_view(&expected, want);
	(void)run_cell(&states[at], row->line, &got);
	wrong = strcmp(buf_cstr(&got), buf_cstr(&expected)) != 0;
	if (wrong) {
		print_error("'%s', %s: %s, not %s\n", row->line,
		    states[at].name, buf_cstr(&got), buf_cstr(&expected));
	}
	buf_done(&got);
	buf_done(&expected);
	return wrong;
}

static void
each_command_in_each_state(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct view rest = view_str(rows[i].codes), idle = { NULL, 0 };

		for (size_t j = 0; j < STATES; j++) {
			struct view want = view_word(&rest);

			if (j == STATE_LOGGED_IN) {
				idle = want;
			}
			wrong += is_wrong(&rows[i], j, want, idle);
		}
		assert_int_equal(view_trim(rest).n, 0);
	}
	assert_int_equal(wrong, 0);
}

/* Nobody may stay for longer than the settings say, whatever they wait for. */
static void
silence_ends_each_state(void **state)
{
	static const struct {
		const char *codes;
		int seconds;
	} ends[STATES] = {
		{ "220+421.", 60 },
		{ "220+331+421.", 60 },
		{ "220+331+230+421.", 300 },
		{ "220+331+230+350+421.", 300 },
		{ "220+331+230+350+421.", 300 },
		{ "220+331+230+200+421.", 300 },
		{ "220+331+230+229+421.", 300 },
		{ "220+331+230+200+421.", 300 },
		{ "220+421.", 60 },
		{ "220+234+421.", 60 },
		{ "220+234+200+421.", 60 },
		{ "220+234+331+230+229+421.", 300 },
		{ "220+234+331+230+200+200+229+421.", 300 },
		/* The transfer stalls, or the connection does not come; then
		 * nothing is said for too long. */
		{ "220+331+230+229+150+426+421.", 60 + 300 },
		{ "220+331+230+229+150+425+421.", 30 + 300 },
	};

	(void)state;
	for (size_t i = 0; i < STATES; i++) {
		struct buf got;
		int64_t ms;

		buf_init(&got, 1000);
		ms = run_cell(&states[i], NULL, &got);
		assert_string_equal(buf_cstr(&got), ends[i].codes);
		assert_in_range(ms, ends[i].seconds * 1000 - 100,
		    ends[i].seconds * 1000 + 1000);
		buf_done(&got);
	}
}

static void
no_command_is_missing(void **state)
{
	(void)state;
	for (size_t i = 0; command_name(i) != NULL; i++) {
		struct view name = view_str(command_name(i));
		bool found = false;

		for (size_t j = 0; j < ARRAY_LEN(rows) && !found; j++) {
			struct view line = view_str(rows[j].line);

			found = view_eq(view_cut(&line, ' '), name);
		}
		if (!found) {
			fail_msg("%s is not in the table", command_name(i));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_command_is_missing),
		cmocka_unit_test(each_command_in_each_state),
		cmocka_unit_test(silence_ends_each_state),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

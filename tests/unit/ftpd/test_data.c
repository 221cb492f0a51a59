/*
 * Data connections and their clients at their worst, over a transport in
 * memory: strangers at the port, no port to be had, who sends nothing, who
 * reads nothing, who says everything at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>

#include "run/log.h"
#include "wire.h"

#define IN "USER bob\r\nPASS sesame\r\n"
#define BIG (2 * 1024 * 1024)

static char root_path[] = "/tmp/data-XXXXXX";
static char user[] = "bob", password[] = "sesame", mask[] = "022";
static struct settings settings = { .user = user,
	.password = password,
	.umask = mask,
	.tls = TLS_OPTIONAL,
	.pasv_min = 21100,
	.pasv_max = 21102,
	.login_seconds = 60,
	.idle_seconds = 300,
	.stall_seconds = 60 };
static struct stats *stats;
static int stats_fd;
static struct fsroot root;
static struct stage stage;
static int root_fd;

static int
set_up(void **state)
{
	int fd;

	(void)state;
	stats = stats_new(&stats_fd);
	assert_non_null(stats);
	assert_non_null(mkdtemp(root_path));
	assert_int_equal(fsroot_open(&root, root_path), 0);
	assert_int_equal(stage_open(&stage, &root, SETTINGS_STAGE), 0);
	root_fd = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(root_fd, "big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, BIG), 0);
	(void)close(fd);
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("test", LOG_ERROR);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	wire_clear(root_fd);
	(void)close(stage.dir);
	fsroot_close(&root);
	assert_int_equal(unlinkat(root_fd, SETTINGS_STAGE, AT_REMOVEDIR), 0);
	(void)close(root_fd);
	return rmdir(root_path);
}

/* Says all of ctx, a string, at once. */
static void
say_all(struct wire *w, struct view *ret)
{
	if (w->ctx != NULL) {
		*ret = view_str(w->ctx);
		w->ctx = NULL;
	}
}

/* Says ctx line by line. */
static void
say_lines(struct wire *w, struct view *ret)
{
	struct view rest = view_str(w->ctx);

	if (rest.n > 0) {
		size_t n = view_find(rest, '\n') + 1;

		*ret = (struct view){ rest.p, n };
		w->ctx = (char *)w->ctx + n;
	}
}

static struct wire
client(char *lines)
{
	return (struct wire){ .settings = &settings,
		.stats = stats,
		.root = root,
		.stage = stage,
		.content = VIEW("content"),
		.next = say_lines,
		.ctx = lines };
}

/* How often a reply of this code was heard. */
static unsigned
heard(const struct wire *w, const char *code)
{
	struct view rest = buf_view(&w->heard);
	unsigned n = 0;

	while (rest.n > 0) {
		struct view line = view_cut(&rest, '\n');

		n += line.n > 3 && line.p[3] == ' '
		    && view_starts(line, view_str(code));
	}
	return n;
}

static void
done(struct wire *w)
{
	buf_done(&w->heard);
	buf_done(&w->got);
}

static void
strangers_come_first(void **state)
{
	char lines[] = IN "EPSV\r\nRETR big\r\n";
	struct wire w = client(lines);

	(void)state;
	w.from = inet_addr("192.0.2.9");
	w.strangers = 3;
	wire_run(&w);
	assert_int_equal(heard(&w, "226"), 1);
	assert_int_equal(buf_size(&w.got), BIG);
	assert_int_equal(stats_get(&stats->data_refused[STATS_DATA_PEER]), 3);
	done(&w);
}

static void
too_many_strangers(void **state)
{
	char lines[] = IN "EPSV\r\nRETR big\r\nNOOP\r\n";
	struct wire w = client(lines);

	(void)state;
	w.from = inet_addr("192.0.2.9");
	w.strangers = 1000;
	wire_run(&w);
	assert_int_equal(heard(&w, "425"), 1);
	assert_int_equal(heard(&w, "200"), 1);
	assert_int_equal(buf_size(&w.got), 0);
	assert_true(w.passed_ms < 1000);
	done(&w);
}

static void
no_port_is_free(void **state)
{
	char lines[] = IN "EPSV\r\nPASV\r\nLIST\r\n";
	struct wire w = client(lines);

	(void)state;
	w.ports_taken = true;
	wire_run(&w);
	assert_int_equal(heard(&w, "425"), 3);
	assert_in_range(w.passed_ms, 3900, 4500);
	done(&w);
}

static void
who_reads_nothing(void **state)
{
	char lines[] = IN "EPSV\r\nRETR big\r\n";
	struct wire w = client(lines);

	(void)state;
	w.deaf = true;
	w.patient = true;
	wire_run(&w);
	assert_int_equal(heard(&w, "426"), 1);
	/* Then the session idles to its end. */
	assert_int_equal(heard(&w, "421"), 1);
	assert_in_range(w.passed_ms, 359000, 362000);
	done(&w);
}

static void
an_abort_ends_what_nobody_reads(void **state)
{
	char lines[] = IN "EPSV\r\nRETR big\r\nSTAT\r\nABOR\r\nNOOP\r\n";
	struct wire w = client(lines);

	(void)state;
	w.deaf = true;
	wire_run(&w);
	assert_int_equal(heard(&w, "211"), 1);
	assert_int_equal(heard(&w, "426"), 1);
	assert_int_equal(heard(&w, "226"), 1);
	assert_int_equal(heard(&w, "200"), 1);
	assert_int_equal(w.passed_ms, 0);
	done(&w);
}

/* The abort is seen though it came in one piece with its transfer. */
static void
all_in_one_piece(void **state)
{
	char lines[] = IN "EPSV\r\nSTOR x\r\nABOR\r\nSIZE x\r\nNOOP\r\n";
	struct wire w = client(lines);

	(void)state;
	w.next = say_all;
	wire_run(&w);
	assert_int_equal(heard(&w, "426"), 1);
	assert_int_equal(heard(&w, "226"), 1);
	assert_int_equal(heard(&w, "550"), 1);
	assert_int_equal(heard(&w, "200"), 1);
	done(&w);
}

static void
a_connection_that_comes_late(void **state)
{
	char lines[] = IN "EPSV\r\nSTOR late\r\n";
	struct wire w = client(lines);
	struct stat st;

	(void)state;
	w.absent = true;
	w.next = say_all;
	wire_run(&w);
	assert_int_equal(heard(&w, "226"), 1);
	assert_int_equal(fstatat(root_fd, "late", &st, 0), 0);
	assert_int_equal(st.st_size, 7);
	done(&w);
}

static void
names_that_look_like_more(void **state)
{
	char lines[] = IN "EPSV\r\nLIST\r\nEPSV\r\nMLSD\r\nEPSV\r\nNLST\r\n";
	struct wire w = client(lines);
	const char *bad[] = { "a -> b", "new\nline", "cr\rhere", "\x1b[2J",
		" lead", "trail ", "-rf", "\xff\xfe" };
	struct view rest;
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int fd = openat(root_fd, bad[i], O_WRONLY | O_CREAT | O_CLOEXEC,
		    0600);

		assert_true(fd >= 0);
		(void)close(fd);
	}
	wire_run(&w);
	rest = buf_view(&w.got);
	while (rest.n > 0) {
		struct view line = view_cut(&rest, '\n');

		assert_true(view_ends(line, VIEW("\r")));
		assert_true(view_find(line, '\r') == line.n - 1);
		assert_true(view_find(line, '\x1b') == line.n);
		found++;
	}
	/* Those, and `big` and `late`. */
	assert_int_equal(found, 3 * (ARRAY_LEN(bad) + 2));
	done(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_come_first),
		cmocka_unit_test(too_many_strangers),
		cmocka_unit_test(no_port_is_free),
		cmocka_unit_test(who_reads_nothing),
		cmocka_unit_test(an_abort_ends_what_nobody_reads),
		cmocka_unit_test(all_in_one_piece),
		cmocka_unit_test(a_connection_that_comes_late),
		cmocka_unit_test(names_that_look_like_more),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

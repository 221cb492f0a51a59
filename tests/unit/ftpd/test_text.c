/* What goes over the wire as text: replies, listings, times, line ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "ftpd/listing.h"
#include "ftpd/reply.h"
#include "login/users.h"

/* 2026-11-24 08:15:00 UTC */
#define NOW 1795508100

static void
replies(void **state)
{
	static const unsigned char four[4] = { 192, 0, 2, 1 };
	const char *text;
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	reply_first(&b, REPLY_FEATURES, "Features:");
	reply_line(&b, REPLY_FEATURES, "End");
	assert_string_equal(buf_cstr(&b), "211-Features:\r\n211 End\r\n");
	buf_clear(&b);
	reply_path(&b, VIEW("/a\"b\""), " created.");
	assert_string_equal(buf_cstr(&b), "\"/a\"\"b\"\"\" created.");
	buf_clear(&b);
	reply_passive(&b, four, 21119);
	assert_string_equal(buf_cstr(&b),
	    "Entering Passive Mode (192,0,2,1,82,127).");
	buf_done(&b);
	assert_int_equal(reply_for_error(-ENOENT, &text), 550);
	assert_int_equal(reply_for_error(-ENAMETOOLONG, &text), 553);
	assert_int_equal(reply_for_error(-EIO, &text), 451);
	assert_int_equal(reply_for_transfer(-ENOSPC, &text), 452);
	assert_int_equal(reply_for_transfer(-EDQUOT, &text), 552);
	assert_int_equal(reply_for_transfer(-EIO, &text), 451);
	assert_int_equal(reply_for_transfer(-ECONNABORTED, &text), 426);
	assert_int_equal(reply_for_transfer(-ECANCELED, &text), 426);
}

static void
expect_line(enum listing_format format, const struct listing_entry *e,
    const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	listing_line(&b, format, e, NOW);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void
nine_columns(void **state)
{
	struct listing_entry e = { .name = VIEW("index.php"),
		.st = { .st_mode = S_IFREG | 0644,
		    .st_nlink = 1,
		    .st_size = 405,
		    .st_mtime = NOW - 3600 } };

	(void)state;
	expect_line(LISTING_UNIX, &e,
	    "-rw-r--r--   1 ftp      ftp      "
	    "       405 Nov 24 07:15 index.php\r\n");
	e.st.st_mtime = NOW - 400L * 24 * 3600;
	e.st.st_mode = S_IFDIR | 0750;
	e.st.st_size = 5000000000;
	expect_line(LISTING_UNIX, &e,
	    "drwxr-x---   1 ftp      ftp      "
	    "5000000000 Oct 20  2025 index.php\r\n");
	e.name = VIEW("evil\r\ndrwx");
	e.st.st_mode = S_IFLNK | 0777;
	e.link = VIEW("to\nsomewhere");
	e.st.st_size = 3;
	expect_line(LISTING_UNIX, &e,
	    "lrwxrwxrwx   1 ftp      ftp      "
	    "         3 Oct 20  2025 evil??drwx -> to?somewhere\r\n");
}

static void
facts_and_names(void **state)
{
	struct listing_entry e = { .name = VIEW("a b"),
		.st = { .st_mode = S_IFREG | 0640,
		    .st_size = 7,
		    .st_mtime = NOW,
		    .st_dev = 0x10,
		    .st_ino = 0xab } };

	(void)state;
	expect_line(LISTING_FACTS, &e,
	    "type=file;size=7;"
	    "modify=20261124081500;perm=adfrw;unique=10gab;UNIX.mode=0640; "
	    "a b\r\n");
	expect_line(LISTING_NAMES, &e, "a b\r\n");
	e.resolved = true;
	e.target = e.st;
	e.target.st_mode = S_IFDIR | 0755;
	expect_line(LISTING_FACTS, &e,
	    "type=dir;modify=20261124081500;"
	    "perm=cdeflmp;unique=10gab;UNIX.mode=0755; a b\r\n");
	/* What the user may not, it does not say. */
	e.lacks = USERS_WRITE | USERS_DELETE;
	expect_line(LISTING_FACTS, &e,
	    "type=dir;modify=20261124081500;"
	    "perm=el;unique=10gab;UNIX.mode=0755; a b\r\n");
	e.resolved = false;
	expect_line(LISTING_FACTS, &e,
	    "type=file;size=7;modify=20261124081500;"
	    "perm=r;unique=10gab;UNIX.mode=0640; a b\r\n");
	e.lacks = USERS_DELETE;
	expect_line(LISTING_FACTS, &e,
	    "type=file;size=7;modify=20261124081500;"
	    "perm=afrw;unique=10gab;UNIX.mode=0640; a b\r\n");
}

static void
list_options(void **state)
{
	static const struct {
		const char *arg;
		bool all;
		const char *path;
	} rows[] = {
		{ "", false, "" },
		{ "-a", true, "" },
		{ "-la", true, "" },
		{ "-l", false, "" },
		{ "-a /x y", true, "/x y" },
		{ "-l -a  x", true, "x" },
		{ "x -a", false, "x -a" },
		{ "-", false, "-" },
		{ "./-a", false, "./-a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct listing_request r;

		listing_parse(view_str(rows[i].arg), &r);
		assert_int_equal(r.all, rows[i].all);
		assert_true(view_eq(r.path, view_str(rows[i].path)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),
		cmocka_unit_test(nine_columns),
		cmocka_unit_test(facts_and_names),
		cmocka_unit_test(list_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

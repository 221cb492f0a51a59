/* The users file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "login/users.h"

#define BCRYPT "$2b$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define BCRYPT_A "$2a$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define SHA512 \
	"$6$rounds=1000$saltsalt$5Oji4y.RQw4TBqlwXcGLBsxSL7.Pw5hdIpFnzMJTl." \
	"OaKsU3EiPTP5NseI3oKDT8iioErVqshwXGd40hlWBLx1"

static struct users users;
static struct buf faults;

static int
parse(const char *text)
{
	users_done(&users);
	buf_done(&faults);
	buf_init(&faults, 65536);
	return users_parse(view_str(text), VIEW("uploader"), &users, &faults);
}

static void
good_files(void **state)
{
	const struct user *u;

	(void)state;
	assert_int_equal(parse(""), 0);
	assert_int_equal(users.n, 0);
	assert_null(users_find(&users, VIEW("")));
	assert_int_equal(parse("# nothing here\n\n   \n#a:b:c:d\n"), 0);
	assert_int_equal(users.n, 0);
	assert_int_equal(parse("ann:" BCRYPT ":read,write,delete:/\r\n"
			       "  # two more\n"
			       "bob@example.org:" SHA512
			       ":read:/wp-content/my themes\n"
			       "c:" BCRYPT_A ":write:/in/box/"),
	    0);
	assert_int_equal(users.n, 3);
	u = users_find(&users, VIEW("ann"));
	assert_non_null(u);
	assert_string_equal(u->hash, BCRYPT);
	assert_string_equal(u->folder, "");
	assert_int_equal(u->rights, USERS_ALL);
	u = users_find(&users, VIEW("bob@example.org"));
	assert_non_null(u);
	assert_string_equal(u->folder, "wp-content/my themes");
	assert_int_equal(u->rights, USERS_READ);
	u = users_find(&users, VIEW("c"));
	assert_non_null(u);
	assert_string_equal(u->folder, "in/box");
	assert_int_equal(u->rights, USERS_WRITE);
	assert_null(users_find(&users, VIEW("Ann")));
	assert_null(users_find(&users, VIEW("an")));
	assert_null(users_find(&users, VIEW("anna")));
}

static void
one_fault(void **state)
{
	static const struct {
		const char *line;
		const char *fault;
	} bad[] = {
		{ "ann", "line 1: this is not name:hash:rights:folder" },
		{ "ann:" BCRYPT ":read", "is not name:hash" },
		{ "ann:" BCRYPT ":read:/a:b", "is not name:hash" },
		{ ":" BCRYPT ":read:/", "line 1: the name is missing" },
		{ "a b:" BCRYPT ":read:/", "may have letters" },
		{ "a\001:" BCRYPT ":read:/", "may have letters" },
		{ "\xc3\xa4:" BCRYPT ":read:/", "may have letters" },
		{ "ann::read:/", "the hash is missing" },
		{ "ann:x:read:/", "the hash is not of a form" },
		{ "ann:" BCRYPT "::/", "line 1: right is none of" },
		{ "ann:" BCRYPT ":reed:/", "right reed is none of" },
		{ "ann:" BCRYPT ":read,:/", "is none of" },
		{ "ann:" BCRYPT ":read write:/", "is none of" },
		{ "ann:" BCRYPT ":delete:/", "right delete needs write" },
		{ "ann:" BCRYPT ":read,delete:/", "right delete needs write" },
		{ "ann:" BCRYPT ":read:", "folder does not begin with /" },
		{ "ann:" BCRYPT ":read:a", "folder a does not begin with /" },
		{ "ann:" BCRYPT ":read:/../etc", "has empty names" },
		{ "ann:" BCRYPT ":read:/a/./b", "has empty names" },
		{ "ann:" BCRYPT ":read:/a//b", "has empty names" },
		{ "ann:" BCRYPT ":read:/a//", "has empty names" },
		{ "ann:" BCRYPT ":read:/a\tb", "has empty names" },
		{ "uploader:" BCRYPT ":read:/", "stands for another user" },
		{ "ann:" BCRYPT ":read:/\nann:" BCRYPT ":read:/",
		    "line 2: name ann stands for another user" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_true(parse(bad[i].line) < 0);
		assert_int_equal(users.n, 0);
		if (strstr(buf_cstr(&faults), bad[i].fault) == NULL) {
			fail_msg("%s gives %s", bad[i].line, buf_cstr(&faults));
		}
	}
}

static void
all_faults_at_once(void **state)
{
	struct view rest;
	size_t lines = 0;

	(void)state;
	assert_true(parse("a:" BCRYPT ":read:/\n"
			  "b:secret\n"
			  "\n"
			  "c d:$1$secret:reed:x\n"
			  "$6$secret:read:ann:/\n"
			  "ann:read:$6$secret:$6$secret\n")
	    < 0);
	rest = buf_view(&faults);
	while (rest.n > 0) {
		(void)view_cut(&rest, '\n');
		lines++;
	}
	assert_int_equal(lines, 11);
	assert_non_null(strstr(buf_cstr(&faults), "line 2: "));
	assert_non_null(strstr(buf_cstr(&faults), "line 4: name"));
	assert_non_null(strstr(buf_cstr(&faults), "line 4: the hash"));
	assert_non_null(strstr(buf_cstr(&faults), "line 4: right"));
	assert_non_null(strstr(buf_cstr(&faults), "line 4: folder"));
	/* No hash, or what was meant to be one, is ever shown. */
	assert_null(strstr(buf_cstr(&faults), "secret"));
}

static void
too_much(void **state)
{
	static char text[USERS_FILE_MAX * 2];
	char long_name[USERS_NAME_MAX + 2];
	size_t n = 0;

	(void)state;
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	(void)snprintf(text, sizeof(text), "%s:" BCRYPT ":read:/", long_name);
	assert_true(parse(text) < 0);
	assert_non_null(strstr(buf_cstr(&faults), "is too long"));
	for (int i = 0; i < USERS_MOST + 1; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "u%d:" BCRYPT ":read:/\n", i);
	}
	assert_true(parse(text) < 0);
	assert_non_null(
	    strstr(buf_cstr(&faults), "line 1025: this is one user"));
	text[n - strlen("u1024:" BCRYPT ":read:/\n")] = '\0';
	assert_int_equal(parse(text), 0);
	assert_int_equal(users.n, USERS_MOST);
}

static void
from_a_file(void **state)
{
	static char huge[USERS_FILE_MAX + 2];
	char path[32];
	int fd = file_with("ann:" BCRYPT ":read:/\n", path);

	(void)state;
	(void)parse("");
	users_done(&users);
	/* From its start, wherever it is. */
	assert_int_equal(users_read(fd, VIEW(""), &users, &faults), 0);
	assert_int_equal(users.n, 1);
	(void)close(fd);
	users_check("SETTING", path, VIEW(""), &faults);
	assert_int_equal(buf_size(&faults), 0);
	users_check("SETTING", path, VIEW("ann"), &faults);
	assert_non_null(
	    strstr(buf_cstr(&faults), "SETTING: line 1: name ann stands for"));
	(void)unlink(path);
	(void)parse("");
	users_check("SETTING", path, VIEW(""), &faults);
	assert_non_null(strstr(buf_cstr(&faults), "No such file"));
	memset(huge, '\n', sizeof(huge) - 1);
	fd = file_with(huge, path);
	(void)parse("");
	users_done(&users);
	assert_true(users_read(fd, VIEW(""), &users, &faults) < 0);
	assert_int_equal(users.n, 0);
	(void)close(fd);
	(void)unlink(path);
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(users_read(fd, VIEW(""), &users, &faults) < 0);
	(void)close(fd);
}

static int
tear_down(void **state)
{
	(void)state;
	users_done(&users);
	buf_done(&faults);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_files),
		cmocka_unit_test(one_fault),
		cmocka_unit_test(all_faults_at_once),
		cmocka_unit_test(too_much),
		cmocka_unit_test(from_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}

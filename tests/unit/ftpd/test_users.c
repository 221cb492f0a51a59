/* The users file, and the hashes in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu.h"
#include "ftpd/hasher.h"
#include "ftpd/users.h"
#include "login/hashpw.h"
#include "login/pwhash.h"

#define BCRYPT "$2b$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define BCRYPT_Y "$2y$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define BCRYPT_A "$2a$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define SHA512 \
	"$6$rounds=1000$saltsalt$5Oji4y.RQw4TBqlwXcGLBsxSL7.Pw5hdIpFnzMJTl." \
	"OaKsU3EiPTP5NseI3oKDT8iioErVqshwXGd40hlWBLx1"
#define YESCRYPT "$y$j75$saltsalt$GDiWx.N0C37GPHdpSsqZd3WwYyf3ltvHTfCRdUo/yG5"

/* --- hashes -----------------------------------------------------------------
 */

static void
known_schemes(void **state)
{
	static const char *const made[] = { BCRYPT, BCRYPT_Y, BCRYPT_A,
		SHA512 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		struct view hash = view_str(made[i]);

		assert_null(pwhash_fault(hash));
		assert_true(pwhash_check(hash, VIEW("sesame")));
		assert_false(pwhash_check(hash, VIEW("Sesame")));
		assert_false(pwhash_check(hash, VIEW("sesame\0")));
		assert_false(pwhash_check(hash, VIEW("")));
		assert_false(pwhash_check(hash, hash));
	}
}

/* In musl it is not: then the fault says so, and nothing is ever right. */
static void
yescrypt_where_it_is_known(void **state)
{
	const char *fault = pwhash_fault(VIEW(YESCRYPT));

	(void)state;
	assert_true(
	    (fault == NULL) == pwhash_check(VIEW(YESCRYPT), VIEW("sesame")));
	if (fault != NULL) {
		assert_non_null(strstr(fault, "C library"));
	}
}

static void
no_hashes(void **state)
{
	static const char *const bad[] = { "", "x", "*", "!", "$", "$6$", "$y$",
		"sesame", "abJnggxhB/yWI", /* DES */
		"$1$abcdefgh$0123456789012345678901",
		"$5$saltsalt$pjO8Wfs.U2RzmwRJYO1FbFRbUuXkGEGFLsMVJfkrQr/",
		"$argon2id$v=19$m=65536,t=4,p=1$a3VZb3dTdHdDaWNsWllFSg$Y37i",
		"$apr1$abcdefgh$0123456789012345678901", "{SHA}x",
		/* Work for seconds, or none. */
		"$2b$15$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW",
		"$2b$03$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW",
		"$2x$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW",
		"$2b$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85R",
		"$6$rounds=999$saltsalt$x", "$6$rounds=1000001$saltsalt$x",
		"$6$rounds=-1$saltsalt$x", "$6$rounds=$saltsalt$x",
		"$6$saltsalt$short", "$y$jFT$saltsalt$x", "$y$j9T$$x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct view hash = view_str(bad[i]);
		const char *fault = pwhash_fault(hash);

		assert_non_null(fault);
		assert_non_null(strstr(fault, "not of a form"));
		assert_false(pwhash_check(hash, VIEW("sesame")));
		assert_false(pwhash_check(hash, VIEW("")));
		assert_false(pwhash_check(hash, hash));
	}
}

/* Nobody has it, and it takes as long. */
static void
dummies(void **state)
{
	static const char *const likes[] = { BCRYPT_Y, SHA512, YESCRYPT, "",
		"x" };
	static const char slow[] =
	    "$2y$09$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW";
	char dummy[PWHASH_MAX + 1];
	int64_t began, known, unknown;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(likes); i++) {
		pwhash_dummy(view_str(likes[i]), dummy);
		assert_false(pwhash_check(view_str(dummy), VIEW("sesame")));
		assert_true(strcmp(dummy, likes[i]) != 0);
	}
	pwhash_dummy(VIEW(SHA512), dummy);
	assert_null(pwhash_fault(view_str(dummy)));
	pwhash_dummy(view_str(slow), dummy);
	began = cpu_us();
	(void)pwhash_check(view_str(slow), VIEW("wrong"));
	known = cpu_us() - began;
	began = cpu_us();
	(void)pwhash_check(view_str(dummy), VIEW("wrong"));
	unknown = cpu_us() - began;
	assert_true(unknown > known / 4 && known > unknown / 4);
}

static void
new_hashes(void **state)
{
	char one[PWHASH_MAX + 1], other[PWHASH_MAX + 1];

	(void)state;
	assert_int_equal(pwhash_make(VIEW("secret word"), one), 0);
	assert_int_equal(pwhash_make(VIEW("secret word"), other), 0);
	assert_string_not_equal(one, other);
	assert_null(pwhash_fault(view_str(one)));
	assert_true(pwhash_check(view_str(one), VIEW("secret word")));
	assert_false(pwhash_check(view_str(one), VIEW("secret")));
	assert_int_not_equal(pwhash_make(VIEW(""), one), 0);
	assert_int_not_equal(pwhash_make(VIEW("a\0b"), one), 0);
}

static struct hash_request
request(const char *hash, struct view password, bool wordpress)
{
	struct hash_request q = { .wordpress = wordpress,
		.hash_n = (uint8_t)strlen(hash),
		.password_n = (uint16_t)password.n };

	memcpy(q.hash, hash, q.hash_n);
	memcpy(q.password, password.p, password.n);
	return q;
}

static void
judged(void **state)
{
	struct hash_request q = request(SHA512, VIEW("sesame"), false);

	(void)state;
	assert_true(hasher_judge(&q));
	q = request(SHA512, VIEW("sesam"), false);
	assert_false(hasher_judge(&q));
	/* WordPress has bcrypt, but no crypt(3) at large. */
	q = request(SHA512, VIEW("sesame"), true);
	assert_false(hasher_judge(&q));
	q = request(BCRYPT_Y, VIEW("sesame"), true);
	assert_true(hasher_judge(&q));
	/* The hash of nothing. */
	q = request("$2y$04$"
		    "abcdefghijklmnopqrstuu39Pk5qXKTaV81bH4TKQyK8kTWvWOc.",
	    VIEW(""), true);
	assert_false(hasher_judge(&q));
	/* Sizes that are none. */
	q = request(SHA512, VIEW("sesame"), false);
	q.password_n = SETTINGS_PASSWORD_MAX + 1;
	assert_false(hasher_judge(&q));
	q.password_n = 6;
	q.hash_n = PWHASH_MAX + 1;
	assert_false(hasher_judge(&q));
}

/* --- the file ---------------------------------------------------------------
 */

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
	char long_name[SETTINGS_USER_MAX + 2];
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

static int
file_with(const char *text, char path[32])
{
	int fd;

	(void)snprintf(path, 32, "/tmp/users-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
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
	users_check(path, VIEW(""), &faults);
	assert_int_equal(buf_size(&faults), 0);
	users_check(path, VIEW("ann"), &faults);
	assert_non_null(strstr(buf_cstr(&faults),
	    "FTPD_USERS_FILE: line 1: name ann stands for"));
	(void)unlink(path);
	(void)parse("");
	users_check(path, VIEW(""), &faults);
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

/* --- ftpd --hash-password
 * ------------------------------------------------------ */

/* Its exit status with that input; what it prints is in `out`. */
static int
hash_password(const char *input, char *out, size_t size)
{
	char in_path[32], out_path[32];
	int in = file_with(input, in_path), made = file_with("", out_path);
	int in_was = dup(0), out_was = dup(1), status;
	ssize_t n;

	(void)lseek(in, 0, SEEK_SET);
	(void)fflush(stdout);
	(void)dup2(in, 0);
	(void)dup2(made, 1);
	status = hashpw_run();
	(void)dup2(in_was, 0);
	(void)dup2(out_was, 1);
	n = pread(made, out, size - 1, 0);
	out[n < 0 ? 0 : n] = '\0';
	(void)close(in);
	(void)close(made);
	(void)close(in_was);
	(void)close(out_was);
	(void)unlink(in_path);
	(void)unlink(out_path);
	return status;
}

static void
hash_for_the_file(void **state)
{
	static const char *const bad[] = { "", "\n", "a\tb\n", "\033x\n" };
	char out[256];

	(void)state;
	assert_int_equal(hash_password("sesame\r\n", out, sizeof(out)), 0);
	assert_int_equal(strlen(out), 61);
	assert_true(pwhash_check((struct view){ out, 60 }, VIEW("sesame")));
	assert_int_equal(hash_password("no newline", out, sizeof(out)), 0);
	assert_true(pwhash_check((struct view){ out, 60 }, VIEW("no newline")));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(hash_password(bad[i], out, sizeof(out)), 2);
		assert_string_equal(out, "");
	}
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
		cmocka_unit_test(known_schemes),
		cmocka_unit_test(yescrypt_where_it_is_known),
		cmocka_unit_test(no_hashes),
		cmocka_unit_test(dummies),
		cmocka_unit_test(new_hashes),
		cmocka_unit_test(judged),
		cmocka_unit_test(good_files),
		cmocka_unit_test(one_fault),
		cmocka_unit_test(all_faults_at_once),
		cmocka_unit_test(too_much),
		cmocka_unit_test(from_a_file),
		cmocka_unit_test(hash_for_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}

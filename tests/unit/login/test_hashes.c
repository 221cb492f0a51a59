/* Hashes of passwords, and who judges by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "cpu.h"
#include "file.h"
#include "login/hasher.h"
#include "login/hashpw.h"
#include "login/pwhash.h"

#define BCRYPT "$2b$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define BCRYPT_Y "$2y$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define BCRYPT_A "$2a$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define SHA512 \
	"$6$rounds=1000$saltsalt$5Oji4y.RQw4TBqlwXcGLBsxSL7.Pw5hdIpFnzMJTl." \
	"OaKsU3EiPTP5NseI3oKDT8iioErVqshwXGd40hlWBLx1"
#define YESCRYPT "$y$j75$saltsalt$GDiWx.N0C37GPHdpSsqZd3WwYyf3ltvHTfCRdUo/yG5"

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
	q.password_n = PWHASH_PASSWORD_MAX + 1;
	assert_false(hasher_judge(&q));
	q.password_n = 6;
	q.hash_n = PWHASH_MAX + 1;
	assert_false(hasher_judge(&q));
}

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
		cmocka_unit_test(hash_for_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

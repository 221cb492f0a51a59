/* Wiping and comparing secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"

static void
test_wipe(void **state)
{
	char text[8] = "secret!";
	char zero[8] = { 0 };

	(void)state;
	secret_wipe(text + 2, 3);
	assert_memory_equal(text, "se\0\0\0t!", 8);
	secret_wipe(text, sizeof(text));
	assert_memory_equal(text, zero, sizeof(text));
	secret_wipe(NULL, 0);
	secret_wipe(text, 0);
}

static void
test_release(void **state)
{
	char *text = strdup("secret");

	(void)state;
	assert_non_null(text);
	secret_free(text);
	secret_free(NULL);
	text = strdup("");
	assert_non_null(text);
	secret_free(text);
}

static void
test_eq(void **state)
{
	struct view none = { NULL, 0 };

	(void)state;
	assert_true(secret_eq(VIEW("abc"), VIEW("abc")));
	assert_true(secret_eq(VIEW("a\0c"), VIEW("a\0c")));
	assert_true(secret_eq(VIEW(""), VIEW("")));
	assert_true(secret_eq(none, none));
	assert_true(secret_eq(none, VIEW("")));
	assert_false(secret_eq(VIEW("abc"), VIEW("abd")));
	assert_false(secret_eq(VIEW("abc"), VIEW("Abc")));
	assert_false(secret_eq(VIEW("a\0c"), VIEW("a\0d")));
	/* Neither a beginning, nor an end, nor zeros that fill up. */
	assert_false(secret_eq(VIEW("ab"), VIEW("abc")));
	assert_false(secret_eq(VIEW("abc"), VIEW("ab")));
	assert_false(secret_eq(VIEW(""), VIEW("a")));
	assert_false(secret_eq(VIEW("a"), VIEW("")));
	assert_false(secret_eq(none, VIEW("a")));
	assert_false(secret_eq(VIEW("a"), none));
	assert_false(secret_eq(VIEW("ab"), VIEW("ab\0")));
	assert_false(secret_eq(VIEW("ab\0"), VIEW("ab")));
	/* A difference of 256 in length must not vanish in a byte. */
	{
		char a[300], b[44];

		memset(a, 0, sizeof(a));
		memset(b, 0, sizeof(b));
		assert_false(secret_eq((struct view){ a, sizeof(a) },
		    (struct view){ b, sizeof(b) }));
		assert_false(secret_eq((struct view){ b, sizeof(b) },
		    (struct view){ a, sizeof(a) }));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_eq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

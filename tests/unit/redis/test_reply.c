/* Answers of any shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redis/reply.h"

static char hello[] = "hello";

static void
test_reply(void **state)
{
	redisReply text = { .type = REDIS_REPLY_STRING,
		.str = hello,
		.len = 5 };
	redisReply status = { .type = REDIS_REPLY_STATUS,
		.str = hello,
		.len = 2 };
	redisReply number = { .type = REDIS_REPLY_INTEGER, .integer = -7 };
	redisReply nil = { .type = REDIS_REPLY_NIL };
	redisReply *elements[] = { &text, &number };
	redisReply array = { .type = REDIS_REPLY_ARRAY,
		.element = elements,
		.elements = 2 };
	int64_t value = 1;

	(void)state;
	assert_true(view_eq(reply_text(&text), VIEW("hello")));
	assert_true(view_eq(reply_text(&status), VIEW("he")));
	assert_null(reply_text(&number).p);
	assert_null(reply_text(&nil).p);
	assert_null(reply_text(NULL).p);
	assert_ptr_equal(reply_element(&array, 1), &number);
	assert_null(reply_element(&array, 2));
	assert_null(reply_element(&text, 0));
	assert_null(reply_element(NULL, 0));
	assert_false(reply_integer(&text, &value));
	assert_false(reply_integer(NULL, &value));
	assert_int_equal(value, 1);
	assert_true(reply_integer(&number, &value));
	assert_int_equal(value, -7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reply) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

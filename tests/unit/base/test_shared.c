/* Bytes with several holders, and the hash of bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/shared.h"

static void
test_holders(void **state)
{
	struct shared *one = shared_new_take(strdup("text"), 4);
	struct shared *two;

	(void)state;
	assert_non_null(one);
	two = shared_hold(one);
	shared_let_go(one);
	/* A holder is left. */
	assert_true(view_eq(shared_view(two), VIEW("text")));
	shared_let_go(two);
	assert_null(shared_hold(NULL));
	shared_let_go(NULL);
}

static void
test_from_buf(void **state)
{
	struct shared *shared;
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	assert_null(shared_from_buf(&b));
	buf_add_str(&b, "12345678");
	shared = shared_from_buf(&b);
	assert_non_null(shared);
	assert_int_equal(buf_size(&b), 0);
	assert_true(view_eq(shared_view(shared), VIEW("12345678")));
	shared_let_go(shared);
	buf_add_str(&b, "123456789");
	assert_int_equal(buf_error(&b), -ENOBUFS);
	assert_null(shared_from_buf(&b));
	buf_done(&b);
}

/* Values of FNV's authors. */
static void
test_hash(void **state)
{
	(void)state;
	assert_true(hash_of(VIEW("")) == HASH_START);
	assert_true(hash_of(VIEW("a")) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(hash_of(VIEW("foobar")) == UINT64_C(0x85944171f73967e8));
	assert_true(hash_more(hash_of(VIEW("foo")), VIEW("bar"))
	    == hash_of(VIEW("foobar")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holders),
		cmocka_unit_test(test_from_buf),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

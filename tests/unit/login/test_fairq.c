/* Whose turn it is, and who has to give way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "login/fairq.h"

static struct fairq q;
static struct fairq_item items[FAIRQ_MOST + 1];

static struct in6_addr
party(unsigned char number)
{
	return (struct in6_addr){ .s6_addr = { number } };
}

/* Item `i` is put in, as one of that party for that account. */
static struct fairq_item *
put(size_t i, unsigned char of, uint64_t account)
{
	items[i] = (struct fairq_item){ .party = party(of),
		.account = account,
		.state = FAIRQ_READY };
	fairq_add(&q, &items[i]);
	return &items[i];
}

/* The number of the next one, which is begun and done. */
static int
next(void)
{
	struct fairq_item *item = fairq_next(&q);

	if (item == NULL) {
		return -1;
	}
	fairq_begin(&q, item);
	fairq_remove(&q, item);
	return (int)(item - items);
}

static int
empty(void **state)
{
	(void)state;
	q = (struct fairq){ .n = 0 };
	return 0;
}

static void
parties_take_turns(void **state)
{
	static const int order[] = { 0, 4, 5, 1, 6, 2, 3 };

	(void)state;
	/* Four of one party, two of another that came later, one of a third. */
	for (size_t i = 0; i < 4; i++) {
		(void)put(i, 1, 7);
	}
	(void)put(4, 2, 7);
	(void)put(5, 3, 7);
	(void)put(6, 2, 7);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		assert_int_equal(next(), order[i]);
	}
	assert_int_equal(next(), -1);
	/* Who comes late does not get what others had meanwhile. */
	(void)put(0, 1, 7);
	(void)put(1, 1, 7);
	assert_int_equal(next(), 0);
	(void)put(2, 2, 7);
	(void)put(3, 2, 7);
	assert_int_equal(next(), 2);
	assert_int_equal(next(), 1);
}

/* Within a party, one account does not wait for another one's many. */
static void
accounts_take_turns(void **state)
{
	static const int order[] = { 0, 3, 1, 2 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		(void)put(i, 1, 7);
	}
	(void)put(3, 1, 8);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		assert_int_equal(next(), order[i]);
	}
}

static void
only_what_is_ready(void **state)
{
	(void)state;
	put(0, 1, 7)->state = FAIRQ_WAITS;
	put(1, 1, 7)->state = FAIRQ_BUSY;
	assert_null(fairq_next(&q));
	items[0].state = FAIRQ_READY;
	assert_ptr_equal(fairq_next(&q), &items[0]);
	/* Looking changes nothing. */
	assert_ptr_equal(fairq_next(&q), &items[0]);
	fairq_begin(&q, &items[0]);
	assert_int_equal(items[0].state, FAIRQ_BUSY);
	assert_null(fairq_next(&q));
	fairq_remove(&q, &items[FAIRQ_MOST]);
	assert_int_equal(q.n, 2);
}

static void
a_full_queue(void **state)
{
	struct in6_addr one = party(1), two = party(2);
	struct fairq_item *out;

	(void)state;
	for (size_t i = 0; i < FAIRQ_MOST; i++) {
		assert_true(fairq_room(&q, &one, 7, FAIRQ_MOST + 1, &out));
		assert_null(out);
		(void)put(i, 1, 7);
	}
	/* The newest of the greatest, but not one that is worked at. */
	items[FAIRQ_MOST - 1].state = FAIRQ_BUSY;
	assert_true(fairq_room(&q, &two, 7, FAIRQ_SHARE, &out));
	assert_ptr_equal(out, &items[FAIRQ_MOST - 2]);
	/* Its own kind does not. */
	assert_false(fairq_room(&q, &one, 7, FAIRQ_MOST + 1, &out));
	for (size_t i = 0; i < FAIRQ_MOST; i++) {
		items[i].state = FAIRQ_BUSY;
	}
	assert_false(fairq_room(&q, &two, 7, FAIRQ_SHARE, &out));
	assert_null(out);
}

/* Somebody who has all of his share gives way to himself, by accounts. */
static void
a_full_share(void **state)
{
	struct in6_addr one = party(1), two = party(2);
	struct fairq_item *out;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		(void)put(i, 1, i < 3 ? 7 : 8);
	}
	assert_false(fairq_room(&q, &one, 7, 4, &out));
	/* 7 has three, which is two more than the one of 8. */
	assert_true(fairq_room(&q, &one, 8, 4, &out));
	assert_ptr_equal(out, &items[2]);
	assert_true(fairq_room(&q, &one, 9, 4, &out));
	assert_ptr_equal(out, &items[2]);
	fairq_remove(&q, out);
	(void)put(2, 1, 8);
	assert_false(fairq_room(&q, &one, 8, 4, &out));
	assert_true(fairq_room(&q, &two, 7, 4, &out));
	assert_null(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(parties_take_turns, empty),
		cmocka_unit_test_setup(accounts_take_turns, empty),
		cmocka_unit_test_setup(only_what_is_ready, empty),
		cmocka_unit_test_setup(a_full_queue, empty),
		cmocka_unit_test_setup(a_full_share, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

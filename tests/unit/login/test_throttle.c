/* Who has guessed too often, and who is banned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "login/bans.h"
#include "login/throttle.h"

static struct in6_addr
six(const char *text)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

static void
miss(struct throttle *t, const struct in6_addr *party, int n, int64_t now)
{
	for (int i = 0; i < n; i++) {
		throttle_failed(t, party, 7, now);
	}
}

static void
guessing_gets_slow(void **state)
{
	static struct throttle t, mild = { .longest = 3000 };
	struct in6_addr a = six("2001:db8::1"), b = six("2001:db8::2");
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < THROTTLE_FREE; i++) {
		assert_true(throttle_allows(&t, &a, now));
		miss(&t, &a, 1, now);
	}
	assert_true(throttle_allows(&t, &a, now));
	miss(&t, &a, 1, now);
	assert_false(throttle_allows(&t, &a, now + 999));
	assert_true(throttle_allows(&t, &a, now + 1000));
	assert_true(throttle_allows(&t, &b, now));
	miss(&t, &a, 40, now);
	assert_false(throttle_allows(&t, &a, now + THROTTLE_LONGEST_MS - 1));
	assert_true(throttle_allows(&t, &a, now + THROTTLE_LONGEST_MS));
	/* Quiet for long: it begins anew. */
	now += THROTTLE_FORGET_MS;
	miss(&t, &a, 1, now);
	assert_true(throttle_allows(&t, &a, now));
	miss(&mild, &a, 40, now);
	assert_false(throttle_allows(&mild, &a, now + 2999));
	assert_true(throttle_allows(&mild, &a, now + 3000));
}

/* A success is worth something for its own account only. */
static void
success_takes_back_its_own(void **state)
{
	static struct throttle t;
	struct in6_addr a = six("2001:db8::1");

	(void)state;
	/* Somebody who mistypes, and then does not. */
	miss(&t, &a, 8, 1);
	throttle_succeeded(&t, &a, 7);
	assert_true(throttle_allows(&t, &a, 2));
	miss(&t, &a, 5, 2);
	assert_true(throttle_allows(&t, &a, 2));
	/* Somebody with an account, who guesses another one's. */
	throttle_succeeded(&t, &a, 8);
	miss(&t, &a, 1, 2);
	assert_false(throttle_allows(&t, &a, 3));
	for (int i = 0; i < 20; i++) {
		throttle_failed(&t, &a, 8, 2);
		throttle_succeeded(&t, &a, 8);
	}
	assert_false(throttle_allows(&t, &a, 3));
	/* Twice is once. */
	throttle_succeeded(&t, &a, 8);
	throttle_succeeded(&t, &a, 7);
	assert_false(throttle_allows(&t, &a, 3));
}

static void
strikes(void **state)
{
	static struct throttle t;
	struct in6_addr a = six("2001:db8::1"), b = six("2001:db8::2");

	(void)state;
	assert_false(throttle_struck_out(&t, &a, 3));
	miss(&t, &a, 2, 1);
	assert_false(throttle_struck_out(&t, &a, 3));
	throttle_refused(&t, &a);
	throttle_refused(&t, &b);
	assert_false(throttle_struck_out(&t, &a, 0));
	assert_false(throttle_struck_out(&t, &b, 1));
	assert_true(throttle_struck_out(&t, &a, 3));
	/* Counted anew. */
	assert_false(throttle_struck_out(&t, &a, 3));
	miss(&t, &a, 3, 1);
	assert_true(throttle_struck_out(&t, &a, 3));
}

static void
a_full_table_forgets_the_oldest(void **state)
{
	static struct throttle t;
	struct in6_addr first = six("2001:db8::1");

	(void)state;
	miss(&t, &first, 30, 1);
	for (unsigned i = 0; i < THROTTLE_SIZE; i++) {
		struct in6_addr a = six("2001:db8:1::");

		a.s6_addr[15] = (uint8_t)i;
		a.s6_addr[14] = (uint8_t)(i >> 8);
		miss(&t, &a, 1, 10 + i);
	}
	assert_true(throttle_allows(&t, &first, 2));
}

static void
bans(void **state)
{
	static struct bans b;
	struct in6_addr a = six("2001:db8::1"), other = six("2001:db8::2");

	(void)state;
	assert_false(bans_hold(&b, &a, 0));
	bans_add(&b, &a, 100);
	assert_true(bans_hold(&b, &a, 99));
	assert_false(bans_hold(&b, &a, 100));
	assert_false(bans_hold(&b, &other, 0));
	bans_add(&b, &a, 200);
	assert_int_equal(bans_count(&b, 100), 1);
	assert_int_equal(bans_count(&b, 200), 0);
	/* A full table gives up the one that ends first. */
	for (unsigned i = 0; i < BANS_SIZE; i++) {
		other.s6_addr[10] = (uint8_t)i;
		bans_add(&b, &other, 300 + i);
	}
	assert_int_equal(bans_count(&b, 150), BANS_SIZE);
	assert_false(bans_hold(&b, &a, 150));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guessing_gets_slow),
		cmocka_unit_test(success_takes_back_its_own),
		cmocka_unit_test(strikes),
		cmocka_unit_test(a_full_table_forgets_the_oldest),
		cmocka_unit_test(bans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Who may try: addresses, accounts, and those behind a shared address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "login/limits.h"

#define STRIKES 12

static struct limits l;

static int
begin(void **state)
{
	(void)state;
	l = (struct limits){ .strikes = 0 };
	return limits_init(&l, STRIKES);
}

static struct limits_try
from(unsigned char party, bool shared, const char *name)
{
	return (struct limits_try){ .party = { .s6_addr = { party } },
		.shared = shared,
		.exists = true,
		.account = limits_number(&l, view_str(name)) };
}

/* So many wrong ones; how often the address was to be banned. */
static unsigned
guess(struct limits_try t, int n, int64_t now)
{
	unsigned bans = 0;

	for (int i = 0; i < n; i++) {
		bans += limits_count(&l, &t, LIMITS_WRONG, now);
	}
	return bans;
}

static void
numbers_of_names(void **state)
{
	uint64_t before = limits_number(&l, VIEW("Ann@Example"));

	assert_int_equal(limits_number(&l, VIEW("ann@example")), before);
	assert_int_not_equal(limits_number(&l, VIEW("ann`example")), before);
	/* Nobody else can tell them. */
	assert_int_equal(begin(state), 0);
	assert_int_not_equal(limits_number(&l, VIEW("ann@example")), before);
}

static void
an_address_is_banned(void **state)
{
	struct limits_try t = from(1, false, "ann"), other = from(2, false, "");

	(void)state;
	assert_true(limits_allow_address(&l, &t, 1));
	assert_int_equal(guess(t, STRIKES - 2, 1), 0);
	assert_false(limits_allow_address(&l, &t, 2));
	assert_true(limits_allow_address(&l, &other, 2));
	/* What was refused, or not looked at. */
	assert_false(limits_count(&l, &t, LIMITS_REFUSED, 2));
	assert_false(limits_count(&l, &t, LIMITS_NOTHING, 2));
	assert_true(limits_count(&l, &t, LIMITS_REFUSED, 2));
}

/* Nobody can tell whose fault it is: the account is slow, nobody is banned. */
static void
a_shared_address(void **state)
{
	struct limits_try t = from(1, true, "ann"), bob = from(1, true, "bob");
	struct limits_try own = from(2, false, "ann");

	(void)state;
	assert_int_equal(guess(t, 50, 1), 0);
	assert_true(limits_allow_address(&l, &t, 1));
	assert_false(limits_allow_account(&l, &t, 2));
	assert_true(limits_allow_account(&l, &bob, 2));
	assert_true(limits_allow_account(&l, &own, 2));
	assert_true(limits_allow_account(&l, &t, 1 + LIMITS_LONGEST_MS));
	/* A name that does not exist has no limit to tell it by. */
	t.exists = false;
	assert_true(limits_allow_account(&l, &t, 2));
}

static void
an_account_from_everywhere(void **state)
{
	struct limits_try home = from(1, false, "ann");
	struct limits_try away = from(2, false, "ann");

	(void)state;
	assert_false(limits_count(&l, &home, LIMITS_RIGHT, 1));
	for (unsigned char i = 0; i <= LIMITS_FREE; i++) {
		(void)guess(from((unsigned char)(10 + i), false, "ann"), 1, 1);
	}
	assert_false(limits_allow_account(&l, &away, 2));
	/* Its owner gets in where he was before. */
	assert_true(limits_allow_account(&l, &home, 2));
	for (int i = 0; i < LIMITS_KNOWN; i++) {
		struct limits_try t = from((unsigned char)i, false, "bob");

		assert_false(limits_count(&l, &t, LIMITS_RIGHT, 2));
	}
	/* So many are remembered, and no more. */
	assert_false(limits_allow_account(&l, &home, 2));
}

static void
a_success_takes_back(void **state)
{
	struct limits_try t = from(1, true, "ann"), own = from(2, false, "ann");

	(void)state;
	(void)guess(t, THROTTLE_FREE + 2, 1);
	assert_false(limits_allow_account(&l, &t, 2));
	assert_false(limits_count(&l, &t, LIMITS_RIGHT, 2));
	assert_true(limits_allow_account(&l, &t, 2));
	(void)guess(own, THROTTLE_FREE + 1, 1);
	assert_false(limits_allow_address(&l, &own, 2));
	assert_false(limits_count(&l, &own, LIMITS_RIGHT, 2));
	assert_true(limits_allow_address(&l, &own, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(numbers_of_names, begin),
		cmocka_unit_test_setup(an_address_is_banned, begin),
		cmocka_unit_test_setup(a_shared_address, begin),
		cmocka_unit_test_setup(an_account_from_everywhere, begin),
		cmocka_unit_test_setup(a_success_takes_back, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

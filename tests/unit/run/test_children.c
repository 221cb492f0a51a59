/* For whom there is room, and who has to end for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/children.h"

static struct child
child_of(int number, unsigned char party, int64_t opened)
{
	struct child child = { .pid = 1000 + number,
		.number = (uint32_t)number,
		.opened = opened };

	child.party.s6_addr[0] = party;
	return child;
}

static struct children c8;

/* Puts one in that there is room for; its number, or minus the refusal. */
static int
come(unsigned char party, int64_t now)
{
	static int number;
	struct child child = child_of(++number, party, now), *old, gone;
	enum children_room room = children_room(&c8, &child.party, 4, now,
	    &old);

	if (room != CHILDREN_ROOM) {
		return -(int)room;
	}
	if (old != NULL) {
		old->evicted = true;
		assert_true(children_remove(&c8, old->pid, &gone));
	}
	children_add(&c8, &child);
	return number;
}

static bool
is_there(int number)
{
	for (size_t i = 0; i < c8.n; i++) {
		if (c8.each[i].number == (uint32_t)number) {
			return true;
		}
	}
	return false;
}

static void
room_for_sessions(void **state)
{
	int first[3], late;
	struct child gone;

	(void)state;
	assert_int_equal(children_init(&c8, 8), 0);
	/* One address may have four, and three quarters may wait. */
	for (int i = 0; i < 3; i++) {
		first[i] = come(1, i);
		assert_true(first[i] > 0);
	}
	assert_true(come(1, 5) > 0);
	assert_int_equal(come(1, 6), -CHILDREN_PER_PARTY);
	assert_true(come(2, 7) > 0);
	assert_true(come(2, 8) > 0);
	/* From here on the greatest has to give. */
	assert_true(come(3, 9) > 0);
	assert_false(is_there(first[0]));
	assert_true(is_there(first[1]));
	assert_true(come(3, 10) > 0);
	assert_false(is_there(first[1]));
	/* Two each: nobody has to, before its time. */
	assert_int_equal(come(3, 11), -CHILDREN_FULL);
	late = come(3, first[2] + CHILDREN_PATIENCE_MS);
	assert_true(late > 0);
	assert_false(is_there(first[2]));
	/* Who has logged in never has to, and two of eight are theirs. */
	for (size_t i = 0; i < c8.n; i++) {
		children_logged_in(&c8, c8.each[i].number);
	}
	assert_true(come(4, 20000) > 0);
	assert_true(come(6, 20000) > 0);
	assert_int_equal(come(5, 20001), -CHILDREN_FULL);
	assert_true(come(5, 40000) > 0);
	assert_int_equal(c8.n, 8);
	assert_null(children_late(&c8, 20000));
	assert_non_null(children_late(&c8, 20001));
	assert_false(children_remove(&c8, 1, &gone));
	assert_true(children_remove(&c8, 1000 + late, &gone));
	assert_int_equal(gone.number, late);
	assert_true(gone.logged_in);
	children_done(&c8);
}

/* An address that is full may get in by what it left lying about. */
static void
own_old_ones_end(void **state)
{
	int first;

	(void)state;
	assert_int_equal(children_init(&c8, 8), 0);
	first = come(1, 0);
	for (int i = 1; i < 4; i++) {
		assert_true(come(1, i) > 0);
	}
	assert_int_equal(come(1, CHILDREN_PATIENCE_MS - 1),
	    -CHILDREN_PER_PARTY);
	assert_true(come(1, CHILDREN_PATIENCE_MS) > 0);
	assert_false(is_there(first));
	children_done(&c8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_for_sessions),
		cmocka_unit_test(own_old_ones_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

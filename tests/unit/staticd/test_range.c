/*
 * staticd/range.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "staticd/range.h"

#include <stdio.h>

struct good {
	const char *field;
	uint64_t size;
	size_t n;
	struct range parts[4];
};

static void
resolved(void **state)
{
	static const struct good cases[] = {
		{ "bytes=0-0", 10, 1, { { 0, 0 } } },
		{ "bytes=0-9", 10, 1, { { 0, 9 } } },
		{ "bytes=0-99", 10, 1, { { 0, 9 } } },
		{ "bytes=3-", 10, 1, { { 3, 9 } } },
		{ "bytes=-3", 10, 1, { { 7, 9 } } },
		{ "bytes=-30", 10, 1, { { 0, 9 } } },
		{ "Bytes=0-0", 10, 1, { { 0, 0 } } },
		{ "bytes=0-1,3-4", 10, 2, { { 0, 1 }, { 3, 4 } } },
		{ "bytes= 0-1 ,,	3-4 , -1", 10, 3,
		    { { 0, 1 }, { 3, 4 }, { 9, 9 } } },
		{ "bytes=0-1,50-60", 10, 1, { { 0, 1 } } },
		{ "bytes=0-99999999999999999999999", 10, 1, { { 0, 9 } } },
		{ "bytes=-99999999999999999999999", 10, 1, { { 0, 9 } } },
		{ "bytes=4-4,1-1", 10, 2, { { 4, 4 }, { 1, 1 } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct range parts[RANGE_MAX];
		size_t n = 0;

		assert_int_equal(range_resolve(view_str(cases[i].field),
				     cases[i].size, parts, &n),
		    RANGE_PARTS);
		assert_int_equal(n, cases[i].n);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(parts[k].first,
			    cases[i].parts[k].first);
			assert_int_equal(parts[k].last, cases[i].parts[k].last);
		}
	}
}

static void
unsatisfiable(void **state)
{
	static const struct {
		const char *field;
		uint64_t size;
	} cases[] = { { "bytes=10-", 10 }, { "bytes=10-20", 10 },
		{ "bytes=-0", 10 }, { "bytes=0-", 0 }, { "bytes=-5", 0 },
		{ "bytes=99999999999999999999999-", 10 },
		{ "bytes=10-,11-", 10 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct range parts[RANGE_MAX];
		size_t n = 0;

		assert_int_equal(range_resolve(view_str(cases[i].field),
				     cases[i].size, parts, &n),
		    RANGE_NEVER);
	}
}

static void
ignored(void **state)
{
	static const char *const fields[] = { "", "bytes", "bytes=", "bytes=,",
		"bytes=-", "bytes=a-b", "bytes=1", "bytes=5-1", "bytes=1-2-3",
		"bytes=+1-2", "bytes=1-2x", "items=0-1", "bytes =0-1",
		"bytes=0x1-2", "bytes=0-1;2-3",
		"bytes=99999999999999999999999x-",
		/* more than the whole */
		"bytes=0-,0-", "bytes=0-5,3-9", "bytes=-10,-1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct range parts[RANGE_MAX];
		size_t n = 0;

		assert_int_equal(range_resolve(view_str(fields[i]), 10, parts,
				     &n),
		    RANGE_WHOLE);
	}
}

static void
too_many(void **state)
{
	char field[512] = "bytes=0-0";
	struct range parts[RANGE_MAX];
	size_t n = 0;
	size_t at = 9;

	(void)state;
	for (size_t i = 1; i < RANGE_MAX; i++) {
		at += (size_t)snprintf(field + at, sizeof(field) - at,
		    ",%zu-%zu", i, i);
	}
	assert_int_equal(range_resolve(view_str(field), 1000, parts, &n),
	    RANGE_PARTS);
	assert_int_equal(n, RANGE_MAX);
	(void)snprintf(field + at, sizeof(field) - at, ",500-500");
	assert_int_equal(range_resolve(view_str(field), 1000, parts, &n),
	    RANGE_WHOLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolved),
		cmocka_unit_test(unsatisfiable),
		cmocka_unit_test(ignored),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

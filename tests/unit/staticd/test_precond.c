/*
 * staticd/precond.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "staticd/precond.h"

#define ETAG VIEW("\"abc\"")
#define MODIFIED 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define SAME "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"
#define NOW 1795478400

struct request {
	const char *match;
	const char *unmodified;
	const char *none_match;
	const char *modified;
	enum precond_result result;
};

static void
in_order(void **state)
{
	static const struct request cases[] = {
		{ NULL, NULL, NULL, NULL, PRECOND_SEND },
		/* If-Match: strong comparison */
		{ "\"abc\"", NULL, NULL, NULL, PRECOND_SEND },
		{ "\"x\", \"abc\"", NULL, NULL, NULL, PRECOND_SEND },
		{ "*", NULL, NULL, NULL, PRECOND_SEND },
		{ "\"x\"", NULL, NULL, NULL, PRECOND_FAILED },
		{ "W/\"abc\"", NULL, NULL, NULL, PRECOND_FAILED },
		{ "", NULL, NULL, NULL, PRECOND_FAILED },
		{ "abc", NULL, NULL, NULL, PRECOND_FAILED },
		/* If-Unmodified-Since, only without If-Match */
		{ NULL, SAME, NULL, NULL, PRECOND_SEND },
		{ NULL, AFTER, NULL, NULL, PRECOND_SEND },
		{ NULL, BEFORE, NULL, NULL, PRECOND_FAILED },
		{ NULL, "nonsense", NULL, NULL, PRECOND_SEND },
		{ "\"abc\"", BEFORE, NULL, NULL, PRECOND_SEND },
		/* If-None-Match: weak comparison */
		{ NULL, NULL, "\"abc\"", NULL, PRECOND_NOT_MODIFIED },
		{ NULL, NULL, "W/\"abc\"", NULL, PRECOND_NOT_MODIFIED },
		{ NULL, NULL, "W/\"x\",\"abc\"", NULL, PRECOND_NOT_MODIFIED },
		{ NULL, NULL, " * ", NULL, PRECOND_NOT_MODIFIED },
		{ NULL, NULL, "\"x\"", NULL, PRECOND_SEND },
		{ NULL, NULL, "\"ab\"", NULL, PRECOND_SEND },
		{ NULL, NULL, "\"abc", NULL, PRECOND_SEND },
		{ NULL, NULL, "\"a,b\", \"abc\"", NULL, PRECOND_NOT_MODIFIED },
		{ NULL, NULL, "x, \"abc\"", NULL, PRECOND_SEND },
		/* If-Modified-Since, only without If-None-Match */
		{ NULL, NULL, NULL, SAME, PRECOND_NOT_MODIFIED },
		{ NULL, NULL, NULL, AFTER, PRECOND_NOT_MODIFIED },
		{ NULL, NULL, NULL, BEFORE, PRECOND_SEND },
		{ NULL, NULL, NULL, "nonsense", PRECOND_SEND },
		{ NULL, NULL, "\"x\"", AFTER, PRECOND_SEND },
		/* both halves */
		{ "\"abc\"", NULL, "\"abc\"", NULL, PRECOND_NOT_MODIFIED },
		{ "\"x\"", NULL, "\"abc\"", NULL, PRECOND_FAILED },
		{ NULL, SAME, NULL, SAME, PRECOND_NOT_MODIFIED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct precond p = {
			.if_match = view_str(cases[i].match),
			.if_unmodified_since = view_str(cases[i].unmodified),
			.if_none_match = view_str(cases[i].none_match),
			.if_modified_since = view_str(cases[i].modified),
		};

		/* A header that is there but empty has a p that is not NULL. */
		assert_int_equal(precond_check(&p, ETAG, MODIFIED, NOW),
		    cases[i].result);
	}
}

static void
if_range(void **state)
{
	static const struct {
		const char *field;
		int64_t now;
		bool counts;
	} cases[] = {
		{ NULL, NOW, true },
		{ "\"abc\"", NOW, true },
		{ " \"abc\" ", NOW, true },
		{ "W/\"abc\"", NOW, false },
		{ "\"x\"", NOW, false },
		{ SAME, NOW, true },
		{ BEFORE, NOW, false },
		{ AFTER, NOW, false },
		{ "nonsense", NOW, false },
		{ "", NOW, false },
		/* changed a moment ago: the date could stand for two states */
		{ SAME, MODIFIED, false },
		{ SAME, MODIFIED + 1, false },
		{ SAME, MODIFIED + 2, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct precond p = { .if_range = view_str(cases[i].field) };

		assert_int_equal(precond_range(&p, ETAG, MODIFIED,
				     cases[i].now),
		    cases[i].counts);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(if_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

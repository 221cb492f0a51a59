/*
 * staticd/accept.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "staticd/accept.h"

#define NONE UINT64_MAX

/* identity 100, gzip 40, br 30, no zstd */
static const uint64_t sizes[CODING_COUNT] = { 100, 40, 30, NONE };

static void
choice(void **state)
{
	static const struct {
		const char *field; /* NULL: absent */
		enum coding coding;
	} cases[] = {
		{ NULL, CODING_IDENTITY },
		{ "", CODING_IDENTITY },
		{ "gzip", CODING_GZIP },
		{ "x-gzip", CODING_GZIP },
		{ "GZIP", CODING_GZIP },
		{ "gzip, deflate, br, zstd", CODING_BR },
		{ "gzip, deflate", CODING_GZIP },
		{ "deflate", CODING_IDENTITY },
		{ "zstd", CODING_IDENTITY },
		{ "gzip;q=0", CODING_IDENTITY },
		{ "gzip;q=0.0", CODING_IDENTITY },
		{ "gzip;q=0.001", CODING_GZIP },
		{ "gzip;q=1.0, br;q=0.9", CODING_GZIP },
		{ "gzip; q=0.5 , br ;q=0.8", CODING_BR },
		{ "identity, gzip;q=0.5", CODING_IDENTITY },
		{ "identity;q=0.5, gzip;q=0.5", CODING_GZIP },
		{ "*", CODING_BR },
		{ "*;q=0.5, br;q=0", CODING_GZIP },
		{ "gzip;q=2", CODING_IDENTITY },
		{ "gzip;q=1.001", CODING_IDENTITY },
		{ "gzip;q=0.1234", CODING_IDENTITY },
		{ "gzip;q=", CODING_IDENTITY },
		{ "gzip;q=.5", CODING_IDENTITY },
		{ "gzip;q=-1", CODING_IDENTITY },
		{ "gzip;x=1", CODING_IDENTITY },
		{ ",,;q=1,gzip", CODING_GZIP },
		{ "gzip, gzip;q=0", CODING_IDENTITY },
		/* nothing that there is */
		{ "identity;q=0, zstd", CODING_COUNT },
		{ "*;q=0", CODING_COUNT },
		{ "*;q=0, gzip", CODING_GZIP },
		{ "*;q=0, identity;q=0.1", CODING_IDENTITY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct accept accept = accept_parse(view_str(cases[i].field));

		assert_int_equal(accept_pick(&accept, sizes), cases[i].coding);
	}
}

static void
smallest_among_equals(void **state)
{
	static const uint64_t odd[CODING_COUNT] = { 10, 40, 30, 20 };
	struct accept accept = accept_parse(VIEW("gzip, br, zstd"));

	(void)state;
	assert_int_equal(accept_pick(&accept, odd), CODING_ZSTD);
	accept = accept_parse(VIEW("gzip, br, zstd, identity"));
	assert_int_equal(accept_pick(&accept, odd), CODING_IDENTITY);
}

static void
names(void **state)
{
	(void)state;
	assert_true(view_eq(coding_name(CODING_ZSTD), VIEW("zstd")));
	assert_true(view_eq(coding_suffix(CODING_BR), VIEW(".br")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choice),
		cmocka_unit_test(smallest_among_equals),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What WordPress's roles may do here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "wordpress/wproles.h"

static enum wproles_access
rights_of(const char *text)
{
	enum wproles_access rights = WPROLES_NOTHING;

	assert_int_equal(wproles_rights(view_str(text), &rights), 0);
	return rights;
}

static void
roles(void **state)
{
	(void)state;
	assert_int_equal(rights_of("a:1:{s:13:\"administrator\";b:1;}"),
	    WPROLES_SITE);
	assert_int_equal(rights_of("a:1:{s:6:\"editor\";b:1;}"),
	    WPROLES_UPLOADS);
	assert_int_equal(rights_of("a:1:{s:6:\"author\";b:1;}"),
	    WPROLES_UPLOADS);
	assert_int_equal(rights_of("a:1:{s:11:\"contributor\";b:1;}"),
	    WPROLES_NOTHING);
	assert_int_equal(rights_of("a:1:{s:10:\"subscriber\";b:1;}"),
	    WPROLES_NOTHING);
	assert_int_equal(rights_of("a:0:{}"), WPROLES_NOTHING);
	assert_int_equal(rights_of("a:2:{s:6:\"editor\";b:1;"
				   "s:13:\"administrator\";b:1;}"),
	    WPROLES_SITE);
	/* Plugins write numbers; what is refused does not count. */
	assert_int_equal(rights_of("a:2:{s:13:\"administrator\";b:0;"
				   "s:6:\"author\";i:1;}"),
	    WPROLES_UPLOADS);
	/* Names with the signs of the format in them. */
	assert_int_equal(rights_of(
			     "a:2:{s:27:\"x\";s:13:\"administrator\";b:1\";"
			     "b:1;s:6:\"author\";b:0;}"),
	    WPROLES_NOTHING);
	assert_int_equal(rights_of("a:1:{s:13:\"Administrator\";b:1;}"),
	    WPROLES_NOTHING);
}

static void
roles_that_are_not_understood(void **state)
{
	static const char *const texts[] = { "", "a", "a:", "a:1",
		"a:1:", "a:1:{", "a:1:{}", "a:0:{", "a:0:{}x", "b:1;",
		"s:13:\"administrator\";", "administrator",
		"a:2:{s:13:\"administrator\";b:1;}",
		"a:0:{s:13:\"administrator\";b:1;}",
		"a:1:{s:12:\"administrator\";b:1;}",
		"a:1:{s:14:\"administrator\";b:1;}",
		"a:1:{s:99999999999999999999:\"administrator\";b:1;}",
		"a:1:{s:-1:\"administrator\";b:1;}",
		"a:1:{s:13:\"administrator\";b:2;}",
		"a:1:{s:13:\"administrator\";b:;}",
		"a:1:{s:13:\"administrator\";b:1}",
		"a:1:{s:13:\"administrator\";i:-1;}",
		"a:1:{s:13:\"administrator\";s:1:\"1\";}", "a:1:{i:13;b:1;}",
		"a:1:{s:13:\"administrator\";N;}",
		"a:18446744073709551615:{s:13:\"administrator\";b:1;}",
		" a:1:{s:13:\"administrator\";b:1;}",
		"O:1:\"A\":1:{s:13:\"administrator\";b:1;}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		enum wproles_access rights = WPROLES_UPLOADS;

		assert_int_not_equal(wproles_rights(view_str(texts[i]),
					 &rights),
		    0);
		assert_int_equal(rights, WPROLES_UPLOADS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles),
		cmocka_unit_test(roles_that_are_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* When files have changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/watch.h"

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
changed_files(void **state)
{
	char path[] = "/tmp/watch-XXXXXX", other[32];
	struct watch w = { .path = path }, none = { .path = "" };

	(void)state;
	assert_true(close(mkstemp(path)) == 0);
	(void)snprintf(other, sizeof(other), "%s.new", path);
	watch_reset(&w);
	watch_reset(&none);
	assert_false(watch_changed(&w));
	assert_false(watch_changed(&none));
	write_file(path, "longer");
	/* It may still be written. */
	assert_false(watch_changed(&w));
	write_file(path, "longer still");
	assert_false(watch_changed(&w));
	assert_true(watch_changed(&w));
	assert_false(watch_changed(&w));
	/* The same size and perhaps time: another file. */
	write_file(other, "longer still");
	assert_int_equal(rename(other, path), 0);
	assert_false(watch_changed(&w));
	assert_true(watch_changed(&w));
	/* Gone is no change, but coming back is. */
	assert_int_equal(unlink(path), 0);
	assert_false(watch_changed(&w));
	assert_false(watch_changed(&w));
	write_file(path, "back again");
	assert_false(watch_changed(&w));
	assert_true(watch_changed(&w));
	assert_int_equal(unlink(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

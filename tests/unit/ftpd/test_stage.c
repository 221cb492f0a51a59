/* Uploads in the making: each is found again by whoever has to remove it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ftpd/stage.h"

static char path[] = "/tmp/stage-XXXXXX";
static struct fsroot root;

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(path));
	return fsroot_open(&root, path);
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	fsroot_close(&root);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", path);
	return system(command);
}

static bool
exists(const char *folder, const char *name)
{
	char full[128];

	(void)snprintf(full, sizeof(full), "%s/%s/%s", path, folder, name);
	return access(full, F_OK) == 0;
}

static void
those_of_the_uploads_are_apart(void **state)
{
	struct stage all, narrow;
	struct upload one, two;

	(void)state;
	assert_int_equal(stage_open(&all, &root), 0);
	assert_int_equal(stage_open(&narrow, &root), 0);
	assert_int_equal(stage_enter_uploads(&narrow), 0);
	assert_int_equal(stage_begin(&all, &one), 0);
	assert_int_equal(stage_begin(&narrow, &two), 0);
	assert_true(exists(STAGE_FOLDER, one.name));
	assert_true(exists(STAGE_FOLDER "/uploads", two.name));
	(void)close(one.fd);
	(void)close(two.fd);
	/* Another process's are left alone; the listener finds both. */
	assert_int_equal(stage_sweep(&all, getpid() + 1), 0);
	assert_int_equal(stage_sweep(&all, getpid()), 2);
	assert_false(exists(STAGE_FOLDER, one.name));
	assert_false(exists(STAGE_FOLDER "/uploads", two.name));
	assert_int_equal(stage_sweep(&all, 0), 0);
	(void)close(narrow.dir);
	/* The second one finds it there. */
	assert_int_equal(stage_open(&narrow, &root), 0);
	assert_int_equal(stage_enter_uploads(&narrow), 0);
	(void)close(narrow.dir);
	(void)close(all.dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_of_the_uploads_are_apart),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* The dashboard's files: ours, and uPlot's from their folder. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cachemon/assets.h"

static const char *const files[ASSETS_FETCHED] = { "uPlot.iife.min.js",
	"uPlot.min.css", "LICENSE" };

static char folder[] = "/tmp/test-assets-XXXXXX";

static void
put(const char *name, size_t n)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(write(fd, "x", 1), 1);
	}
	assert_int_equal(close(fd), 0);
}

static void
drop(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void
test_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < ASSETS_COUNT; i++) {
		assert_true(asset_get(i).body.n > 100);
	}
	assert_string_equal(asset_get(0).path, "");
	assert_memory_equal(asset_get(0).body.p, "<!doctype html>", 15);
}

static void
test_fetched(void **state)
{
	(void)state;
	for (size_t i = 0; i < ASSETS_FETCHED; i++) {
		struct asset asset = { .path = "untouched" };
		struct buf body;

		buf_init(&body, ASSETS_FETCHED_MOST);
		assert_int_equal(asset_fetch(i, folder, &body, &asset),
		    -ENOENT);
		assert_string_equal(asset.path, "untouched");
		put(files[i], 40000 + i);
		assert_int_equal(asset_fetch(i, folder, &body, &asset), 0);
		assert_int_equal(asset.body.n, 40000 + i);
		assert_int_equal(asset.body.p[asset.body.n - 1], 'x');
		assert_string_equal(asset.path, asset_absent(i).path);
		buf_done(&body);
		drop(files[i]);
	}
}

static void
test_too_large(void **state)
{
	struct asset asset;
	struct buf body;

	(void)state;
	buf_init(&body, 65536);
	put(files[0], 70000);
	assert_true(asset_fetch(0, folder, &body, &asset) < 0);
	buf_done(&body);
	drop(files[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_fetched),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* What a path argument means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/path.h"

static void
joins(void **state)
{
	static const struct {
		const char *cwd;
		const char *arg;
		const char *path;
	} rows[] = {
		{ "/", "a", "/a" },
		{ "/", ".", "/" },
		{ "/", "/", "/" },
		{ "/", "..", "/" },
		{ "/a/b", "..", "/a" },
		{ "/a/b", "../..", "/" },
		{ "/a/b", "../../../../etc/passwd", "/etc/passwd" },
		{ "/a", "b/./c//d/", "/a/b/c/d" },
		{ "/a", "/x/../y", "/y" },
		{ "/a", "b c ", "/a/b c " },
		{ "/a", "...", "/a/..." },
		{ "/a", "..b", "/a/..b" },
		{ "/a", "~", "/a/~" },
		{ "/a", "\xc3\xa9\xff", "/a/\xc3\xa9\xff" },
		{ "/a", "//b", "/b" },
	};
	char path[PATH_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(path_join(view_str(rows[i].cwd),
				     view_str(rows[i].arg), path),
		    0);
		assert_string_equal(path, rows[i].path);
	}
}

static void
refuses(void **state)
{
	char path[PATH_SIZE] = "untouched";
	char text[PATH_SIZE + 10];

	(void)state;
	assert_int_equal(path_join(VIEW("/"), VIEW(""), path), -EINVAL);
	assert_int_equal(path_join(VIEW("/"), VIEW("a\0b"), path), -EILSEQ);
	assert_int_equal(path_join(VIEW("/"), VIEW("a\rb"), path), -EILSEQ);
	assert_int_equal(path_join(VIEW("/"), VIEW("a\nb"), path), -EILSEQ);
	assert_int_equal(path_join(VIEW("/"), VIEW("\x1b[2J"), path), -EILSEQ);
	assert_int_equal(path_join(VIEW("/"), VIEW("\x7f"), path), -EILSEQ);
	memset(text, 'n', sizeof(text));
	assert_int_equal(path_join(VIEW("/"), (struct view){ text, 255 }, path),
	    0);
	assert_int_equal(path_join(VIEW("/"), (struct view){ text, 256 }, path),
	    -ENAMETOOLONG);
	for (size_t i = 0; i < sizeof(text); i += 2) {
		text[i] = '/';
	}
	assert_int_equal(path_join(VIEW("/"),
			     (struct view){ text, 2 * PATH_DEPTH_MAX }, path),
	    0);
	assert_int_equal(path_join(VIEW("/"),
			     (struct view){ text, 2 * PATH_DEPTH_MAX + 2 },
			     path),
	    -ENAMETOOLONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

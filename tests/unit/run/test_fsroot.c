/* Paths stay beneath the root, whatever they are and wherever links lead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/fsroot.h"

/*
 *	TMP/secret
 *	TMP/root/file, dir/inner, hidden/part,
 *	and links, out -> ../secret, abs -> /etc, in -> dir/inner, up -> ..,
 *	dirlink -> dir, deep -> dir/../in, loop -> loop, spy -> hidden/part,
 *	spydir -> hidden
 */
static char top[] = "/tmp/fsroot-XXXXXX";
static char root_path[64];

static void
write_file(const char *name)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	(void)fputs(name, f);
	(void)fclose(f);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(top));
	(void)snprintf(root_path, sizeof(root_path), "%s/root", top);
	assert_int_equal(chdir(top), 0);
	write_file("secret");
	assert_int_equal(mkdir("root", 0755), 0);
	assert_int_equal(chdir("root"), 0);
	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(mkdir("hidden", 0700), 0);
	write_file("file");
	write_file("dir/inner");
	write_file("hidden/part");
	assert_int_equal(mkdir("hidden/sub", 0700), 0);
	write_file("hidden/sub/part");
	assert_int_equal(symlink("../secret", "out"), 0);
	assert_int_equal(symlink("/etc", "abs"), 0);
	assert_int_equal(symlink("dir/inner", "in"), 0);
	assert_int_equal(symlink("..", "up"), 0);
	assert_int_equal(symlink("dir", "dirlink"), 0);
	assert_int_equal(symlink("dir/../in", "deep"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(symlink("hidden/part", "spy"), 0);
	assert_int_equal(symlink("hidden", "spydir"), 0);
	assert_int_equal(symlink("hidden/sub/.", "spysub"), 0);
	assert_int_equal(mkfifo("fifo", 0644), 0);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	assert_int_equal(chdir("/"), 0);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command);
}

static void
open_root(struct fsroot *root)
{
	int fd;

	assert_int_equal(fsroot_open(root, root_path), 0);
	fd = open("hidden", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fsroot_hide(root, fd), 0);
	(void)close(fd);
}

/* The result of opening for reading. */
static int
try_open(const char *path, int flags)
{
	struct fsroot root;
	int fd = -1;
	int r;

	open_root(&root);
	r = fsroot_openat(&root, path, flags, 0, &fd);
	if (r == 0) {
		(void)close(fd);
	}
	fsroot_close(&root);
	return r;
}

static void
inside(void **state)
{
	static const char *const good[] = { "file", "/file", "//dir/inner",
		"in", "deep", "dirlink/inner", "dir", "", "/", "dirlink", "." };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(try_open(good[i], O_RDONLY), 0);
	}
	assert_int_equal(try_open("nothing", O_RDONLY), -ENOENT);
	assert_int_equal(try_open("file/x", O_RDONLY), -ENOTDIR);
	/* No writer there: a FIFO must not make us wait. */
	assert_int_equal(try_open("fifo", O_RDONLY), 0);
}

static void
outside(void **state)
{
	static const char *const bad[] = { "..", "../secret", "up", "up/secret",
		"out", "abs", "abs/passwd", "dir/../../secret",
		"dirlink/../../secret" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(try_open(bad[i], O_RDONLY), -EXDEV);
		assert_int_equal(try_open(bad[i], O_PATH), -EXDEV);
	}
	assert_int_equal(try_open("loop", O_RDONLY), -ELOOP);
	assert_int_equal(try_open("in", O_RDONLY | O_NOFOLLOW), -ELOOP);
}

static void
hidden(void **state)
{
	static const char *const bad[] = { "hidden", "hidden/part", "spy",
		"spydir", "spydir/part", "dir/../hidden/part", "hidden/.",
		"hidden/", "hidden/nothing", "hidden/sub", "hidden/sub/part",
		"hidden/sub/.", "hidden/sub/nothing", "spydir/sub/part",
		"spysub", "spysub/part" };
	struct fsroot root;
	const char *name;
	struct stat st;
	int dir;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(try_open(bad[i], O_RDONLY), -ENOENT);
		assert_int_equal(try_open(bad[i], O_PATH), -ENOENT);
	}
	open_root(&root);
	assert_int_equal(fsroot_parent(&root, "hidden", &dir, &name), -ENOENT);
	assert_int_equal(fsroot_parent(&root, "hidden/new", &dir, &name),
	    -ENOENT);
	assert_int_equal(fsroot_parent(&root, "spydir/new", &dir, &name),
	    -ENOENT);
	assert_int_equal(fsroot_parent(&root, "hidden/sub/new", &dir, &name),
	    -ENOENT);
	assert_int_equal(fsroot_lstat(&root, "hidden", &st), -ENOENT);
	assert_int_equal(fsroot_lstat(&root, "spydir", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	fsroot_close(&root);
}

static void
parents(void **state)
{
	char name_of_256[300] = "dir/";
	struct fsroot root;
	const char *name;
	int dir;

	(void)state;
	open_root(&root);
	assert_int_equal(fsroot_parent(&root, "/dir/new", &dir, &name), 0);
	assert_string_equal(name, "new");
	assert_int_equal(faccessat(dir, "inner", F_OK, 0), 0);
	(void)close(dir);
	assert_int_equal(fsroot_parent(&root, "/", &dir, &name), -EBUSY);
	assert_int_equal(fsroot_parent(&root, "", &dir, &name), -EBUSY);
	assert_int_equal(fsroot_parent(&root, "dir/..", &dir, &name), -EBUSY);
	assert_int_equal(fsroot_parent(&root, "up/secret", &dir, &name),
	    -EXDEV);
	assert_int_equal(fsroot_parent(&root, "../x", &dir, &name), -EXDEV);
	memset(name_of_256 + 4, 'n', 256);
	assert_int_equal(fsroot_parent(&root, name_of_256, &dir, &name),
	    -ENAMETOOLONG);
	fsroot_close(&root);
	assert_int_equal(fsroot_open(&root, "/nonexistent"), -ENOENT);
	assert_int_equal(fsroot_open(&root, "file"), -ENOTDIR);
}

static void
entering(void **state)
{
	struct fsroot r;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(fsroot_open(&r, root_path), 0);
	fd = open("hidden", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fsroot_hide(&r, fd), 0);
	(void)close(fd);
	assert_int_equal(fsroot_enter(&r, "nothing"), -ENOENT);
	assert_int_equal(fsroot_enter(&r, "file"), -ENOTDIR);
	assert_int_equal(fsroot_enter(&r, "hidden"), -ENOENT);
	assert_int_equal(fsroot_enter(&r, "up"), -EXDEV);
	assert_int_equal(fsroot_lstat(&r, "file", &st), 0);
	assert_int_equal(fsroot_enter(&r, "dir"), 0);
	assert_int_equal(fsroot_lstat(&r, "inner", &st), 0);
	assert_int_equal(fsroot_lstat(&r, "file", &st), -ENOENT);
	assert_int_equal(fsroot_openat(&r, "../file", O_RDONLY, 0, &fd),
	    -EXDEV);
	fsroot_close(&r);
}

/* No link is followed, and a folder keeps its set-group-id bit. */
static void
modes(void **state)
{
	struct fsroot r;
	struct stat st;
	int fd = open("hidden", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fsroot_open(&r, root_path), 0);
	assert_int_equal(fsroot_hide(&r, fd), 0);
	(void)close(fd);
	assert_int_equal(fsroot_chmod(&r, "/dir/inner", 0604), 0);
	assert_int_equal(stat("dir/inner", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	assert_int_equal(chmod("dir", 02755), 0);
	assert_int_equal(fsroot_chmod(&r, "dir", 0711), 0);
	assert_int_equal(stat("dir", &st), 0);
	assert_int_equal(st.st_mode & 07777, 02711);
	assert_int_equal(fsroot_chmod(&r, "dir", 0755), 0);
	assert_int_equal(fsroot_chmod(&r, "in", 0600), -ENXIO);
	assert_int_equal(fsroot_chmod(&r, "out", 0600), -ENXIO);
	assert_int_equal(fsroot_chmod(&r, "fifo", 0600), -ENXIO);
	assert_int_equal(fsroot_chmod(&r, "up/secret", 0600), -EXDEV);
	assert_int_equal(fsroot_chmod(&r, "hidden", 0755), -ENOENT);
	assert_int_equal(fsroot_chmod(&r, "hidden/part", 0644), -ENOENT);
	assert_int_equal(fsroot_chmod(&r, "/", 0700), -EBUSY);
	assert_int_equal(fsroot_chmod(&r, "absent", 0700), -ENOENT);
	assert_int_equal(stat("dir/inner", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	fsroot_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside),
		cmocka_unit_test(outside),
		cmocka_unit_test(hidden),
		cmocka_unit_test(parents),
		cmocka_unit_test(modes),
		cmocka_unit_test(entering),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

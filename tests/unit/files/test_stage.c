/* Uploads in the making: whose they are, who may write, when they go. */
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/stage.h"

#define FOLDER ".staging"

static char path[] = "/tmp/stage-XXXXXX";
static struct fsroot root;
static struct stage all; /* the listener's */

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(fsroot_open(&root, path), 0);
	return stage_open(&all, &root, FOLDER);
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	(void)close(all.dir);
	fsroot_close(&root);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", path);
	return system(command);
}

static struct stage
stage_from(unsigned source, const char *user)
{
	struct stage stage;

	assert_int_equal(stage_open(&stage, &root, FOLDER), 0);
	assert_int_equal(stage_enter(&stage, source, user, &root), 0);
	return stage;
}

static struct stage
stage_of(const char *user)
{
	return stage_from(0, user);
}

static void
leave(struct stage *stage)
{
	stage_leave(stage);
	(void)close(stage->dir);
}

/* Leaves `text` as the part of an upload to `target`. */
static void
interrupt(struct stage *stage, const char *target, const char *text)
{
	struct upload u;

	assert_int_equal(stage_begin(stage, target, &u), 0);
	assert_int_equal(stage_cut(&u, 0), 0);
	assert_int_equal(write(u.fd, text, strlen(text)), strlen(text));
	stage_release(stage, &u, true);
	assert_int_equal(u.fd, -1);
}

static int
size_of(struct stage *stage, const char *target)
{
	struct stat st;
	int r = stage_stat(stage, target, &st);

	return r < 0 ? r : (int)st.st_size;
}

static void
user_and_path_find_it(void **state)
{
	struct stage bob = stage_of("bob"), eve = stage_of("eve"), again;
	struct stage namesake = stage_from(1, "bob");
	int fd;

	(void)state;
	interrupt(&bob, "/x", "four");
	interrupt(&bob, "/d/x", "longer");
	interrupt(&bob, "/d/y", "");
	assert_int_equal(size_of(&bob, "/x"), 4);
	assert_int_equal(size_of(&bob, "/d/x"), 6);
	/* Nothing to go on with. */
	assert_int_equal(size_of(&bob, "/d/y"), -ENOENT);
	assert_int_equal(size_of(&bob, "/d"), -ENOENT);
	assert_int_equal(size_of(&eve, "/x"), -ENOENT);
	assert_int_equal(stage_list(&eve, "/", &fd), -ENOENT);
	assert_int_equal(stage_remove(&eve, "/x"), -ENOENT);
	assert_int_equal(size_of(&namesake, "/x"), -ENOENT);
	/* In another session, which may be in another process. */
	again = stage_of("bob");
	assert_int_equal(size_of(&again, "/x"), 4);
	assert_int_equal(stage_list(&again, "/d", &fd), 0);
	assert_int_equal(faccessat(fd, "x", F_OK, 0), 0);
	(void)close(fd);
	assert_int_equal(stage_remove(&again, "/d/x"), 0);
	assert_int_equal(size_of(&bob, "/d/x"), -ENOENT);
	assert_int_equal(stage_remove(&bob, "/x"), 0);
	leave(&bob);
	leave(&eve);
	leave(&namesake);
	leave(&again);
}

static void
one_writer(void **state)
{
	struct stage bob = stage_of("bob"), again = stage_of("bob");
	struct upload one, two;

	(void)state;
	assert_int_equal(stage_begin(&bob, "/x", &one), 0);
	assert_int_equal(one.size, 0);
	assert_int_equal(write(one.fd, "0123456789", 10), 10);
	assert_int_equal(stage_begin(&again, "/x", &two), -EAGAIN);
	assert_int_equal(stage_remove(&again, "/x"), -EAGAIN);
	assert_int_equal(stage_sweep(&all, -10), 0);
	stage_release(&bob, &one, true);
	/* Part of what is there is kept, and goes on. */
	assert_int_equal(stage_begin(&again, "/x", &two), 0);
	assert_int_equal(two.size, 10);
	assert_int_equal(stage_cut(&two, 4), 0);
	assert_int_equal(write(two.fd, "abc", 3), 3);
	stage_release(&again, &two, true);
	assert_int_equal(size_of(&bob, "/x"), 7);
	/* Given up. */
	assert_int_equal(stage_begin(&again, "/x", &two), 0);
	stage_release(&again, &two, false);
	assert_int_equal(size_of(&bob, "/x"), -ENOENT);
	leave(&bob);
	leave(&again);
}

/* What was put on the disk, and whether its file had its new name by then. */
static struct {
	unsigned files, folders;
	bool named[2];
} synced;

int
fsync(int fd)
{
	struct stat st, live;
	unsigned at = synced.files + synced.folders;

	assert_int_equal(fstat(fd, &st), 0);
	if (at < ARRAY_LEN(synced.named)) {
		synced.named[at] = fstatat(root.fd, "synced", &live, 0) == 0;
	}
	synced.files += S_ISREG(st.st_mode);
	synced.folders += S_ISDIR(st.st_mode);
	return (int)syscall(SYS_fsync, fd);
}

/* First the file, then its name, then the folder that holds the name. */
static void
on_the_disk_when_asked_for(void **state)
{
	struct stage bob = stage_of("bob");
	struct upload u;

	(void)state;
	for (int sync = 0; sync < 2; sync++) {
		assert_int_equal(stage_begin(&bob, "/synced", &u), 0);
		assert_int_equal(write(u.fd, "new", 3), 3);
		memset(&synced, 0, sizeof(synced));
		assert_int_equal(stage_commit(&bob, &u, root.fd, "synced", 0640,
				     sync != 0),
		    0);
		assert_int_equal(synced.files, sync);
		assert_int_equal(synced.folders, sync);
		(void)unlinkat(root.fd, sync == 0 ? "synced" : "none", 0);
	}
	assert_false(synced.named[0]);
	assert_true(synced.named[1]);
	leave(&bob);
}

static void
complete_ones_take_their_place(void **state)
{
	struct stage bob = stage_of("bob"), again = stage_of("bob");
	struct upload u, next;
	struct stat st;

	(void)state;
	for (int sync = 0; sync < 2; sync++) {
		assert_int_equal(stage_begin(&bob, "/live", &u), 0);
		assert_int_equal(write(u.fd, "new", 3), 3);
		assert_int_equal(stage_commit(&bob, &u, root.fd, "live", 0640,
				     sync != 0),
		    0);
		assert_int_equal(u.fd, -1);
		assert_int_equal(fstatat(root.fd, "live", &st, 0), 0);
		assert_int_equal(st.st_size, 3);
		assert_int_equal(st.st_mode & 07777, 0640);
		/* The next one does not write into the file that is live. */
		assert_int_equal(stage_begin(&again, "/live", &next), 0);
		assert_int_equal(next.size, 0);
		assert_int_equal(write(next.fd, "newer", 5), 5);
		stage_release(&again, &next, false);
		assert_int_equal(fstatat(root.fd, "live", &st, 0), 0);
		assert_int_equal(st.st_size, 3);
	}
	/* A target that cannot be replaced. */
	assert_int_equal(mkdirat(root.fd, "folder", 0700), 0);
	assert_int_equal(stage_begin(&bob, "/folder", &u), 0);
	assert_int_equal(write(u.fd, "new", 3), 3);
	assert_int_equal(stage_commit(&bob, &u, root.fd, "folder", 0640, false),
	    -EISDIR);
	assert_true(u.fd >= 0);
	stage_release(&bob, &u, false);
	leave(&bob);
	leave(&again);
}

/* Uploads one file after the other; 0, or which step failed. */
static int
upload_many(char name)
{
	struct stage bob;
	char target[] = "/crowd/x", live[] = "live-x";

	target[7] = live[5] = name;
	if (stage_open(&bob, &root, FOLDER) < 0
	    || stage_enter(&bob, 0, "bob", &root) < 0) {
		return 1;
	}
	for (int i = 0; i < 500; i++) {
		struct upload u;

		if (stage_begin(&bob, target, &u) < 0) {
			return 2;
		}
		if (stage_commit(&bob, &u, root.fd, live, 0600, false) < 0) {
			return 3;
		}
		/* So that the folder is removed again and again. */
		stage_leave(&bob);
	}
	return 0;
}

static void
many_sessions_share_a_folder(void **state)
{
	pid_t children[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			_exit(upload_many((char)('a' + i)));
		}
	}
	for (size_t i = 0; i < 4; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void
begins_with_the_old_file(void **state)
{
	struct stage bob = stage_of("bob");
	struct upload u;
	int fd = openat(root.fd, "old", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(stage_begin(&bob, "/old", &u), 0);
	assert_int_equal(stage_cut(&u, 0), 0);
	assert_int_equal(stage_copy(&u, fd, 7), 0);
	assert_int_equal(lseek(u.fd, 0, SEEK_CUR), 7);
	assert_int_equal(stage_copy(&u, fd, 11), -EIO);
	stage_release(&bob, &u, false);
	(void)close(fd);
	leave(&bob);
}

/* How many folders are beneath the hidden one. */
static int
folders(void)
{
	char command[128];
	FILE *f;
	int n = -1;

	(void)snprintf(command, sizeof(command),
	    "find '%s/" FOLDER "' -mindepth 2 -type d | wc -l", path);
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &n), 1);
	(void)pclose(f);
	return n;
}

static void
old_ones_are_swept(void **state)
{
	struct stage bob = stage_of("bob"), eve = stage_of("eve");
	const struct timespec then[2] = { { .tv_sec = 1000000000 },
		{ .tv_sec = 1000000000 } };
	struct upload u;

	(void)state;
	interrupt(&bob, "/a/old", "x");
	assert_int_equal(utimensat(bob.folder, "old", then, 0), 0);
	interrupt(&bob, "/a/new", "x");
	interrupt(&eve, "/b/old", "x");
	assert_int_equal(utimensat(eve.folder, "old", then, 0), 0);
	assert_int_equal(stage_sweep(&all, 3600), 2);
	assert_int_equal(size_of(&bob, "/a/old"), -ENOENT);
	assert_int_equal(size_of(&bob, "/a/new"), 1);
	assert_int_equal(stage_sweep(&all, 3600), 0);
	/* The folder was swept as well; whoever holds it makes it anew. */
	assert_int_equal(folders(), 1);
	interrupt(&eve, "/b/again", "x");
	assert_int_equal(size_of(&eve, "/b/again"), 1);
	assert_int_equal(stage_sweep(&all, -10), 2);
	/* An empty one goes with its session, too. */
	assert_int_equal(stage_begin(&bob, "/c/x", &u), 0);
	stage_release(&bob, &u, false);
	leave(&bob);
	leave(&eve);
	assert_int_equal(folders(), 0);
}

static void
no_names(void **state)
{
	struct stage bob = stage_of("bob");
	struct upload u;
	struct stat st;
	char name[300] = "/";

	(void)state;
	memset(name + 1, 'n', 256);
	assert_int_equal(stage_begin(&bob, "/", &u), -EINVAL);
	assert_int_equal(stage_begin(&bob, name, &u), -EINVAL);
	assert_int_equal(stage_stat(&bob, "", &st), -EINVAL);
	name[256] = '\0';
	assert_int_equal(stage_begin(&bob, name, &u), 0);
	stage_release(&bob, &u, false);
	/* Without room for a folder of his, one can still log in. */
	stage_leave(&bob);
	(void)close(bob.dir);
	bob.dir = -1;
	assert_int_equal(stage_begin(&bob, "/x", &u), -ENOSPC);
	assert_int_equal(stage_stat(&bob, "/x", &st), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_and_path_find_it),
		cmocka_unit_test(one_writer),
		cmocka_unit_test(complete_ones_take_their_place),
		cmocka_unit_test(on_the_disk_when_asked_for),
		cmocka_unit_test(many_sessions_share_a_folder),
		cmocka_unit_test(begins_with_the_old_file),
		cmocka_unit_test(old_ones_are_swept),
		cmocka_unit_test(no_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

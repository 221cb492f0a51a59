#include "run/fsroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A rename elsewhere makes the kernel give up (EAGAIN) and us try again. */
#define TRIES 32
/* Links at the end of a path, one leading to the next. */
#define LINKS_MAX 8

static int
open_beneath(int root, const char *path, int flags, mode_t mode, int *ret_fd)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)(flags
				    | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };

	if ((flags & O_PATH) == 0) {
		how.flags |= O_NOCTTY | O_NONBLOCK;
	}
	if ((flags & O_CREAT) != 0) {
		how.mode = mode;
	}
	for (int i = 0; i < TRIES; i++) {
		long fd = syscall(__NR_openat2, root, path, &how, sizeof(how));

		if (fd >= 0) {
			*ret_fd = (int)fd;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
	}
	return -EAGAIN;
}

/* Does this kernel keep us beneath?  0, or why not. */
static int
self_test(int root)
{
	int fd;
	int r = open_beneath(root, ".", O_PATH | O_DIRECTORY, 0, &fd);

	if (r < 0) {
		return r;
	}
	(void)close(fd);
	r = open_beneath(root, "..", O_PATH | O_DIRECTORY, 0, &fd);
	if (r == 0) {
		(void)close(fd);
		return -ENOSYS;
	}
	return r == -EXDEV ? 0 : r;
}

int
fsroot_open(struct fsroot *root, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0) {
		return -errno;
	}
	r = self_test(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*root = (struct fsroot){ .fd = fd };
	return 0;
}

void
fsroot_close(struct fsroot *root)
{
	(void)close(root->fd);
	root->fd = -1;
}

int
fsroot_enter(struct fsroot *root, const char *path)
{
	int fd;
	int r = fsroot_openat(root, path, O_PATH | O_DIRECTORY, 0, &fd);

	if (r == 0) {
		(void)close(root->fd);
		root->fd = fd;
	}
	return r;
}

int
fsroot_hide(struct fsroot *root, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	root->hides = true;
	root->hidden_dev = st.st_dev;
	root->hidden_ino = st.st_ino;
	return 0;
}

bool
fsroot_is_hidden(const struct fsroot *root, const struct stat *st)
{
	return root->hides && st->st_dev == root->hidden_dev
	    && st->st_ino == root->hidden_ino;
}

/* The path as the kernel wants it. */
static const char *
relative(const char *path)
{
	while (*path == '/') {
		path++;
	}
	return *path == '\0' ? "." : path;
}

/* Is the folder `fd` in the hidden one, or in a folder of that? */
static bool
in_hidden(const struct fsroot *root, int fd)
{
	struct stat st;

	return root->hides
	    && ((fstatat(fd, "..", &st, 0) == 0 && fsroot_is_hidden(root, &st))
		|| (fstatat(fd, "../..", &st, 0) == 0
		    && fsroot_is_hidden(root, &st)));
}

/* Takes `fd`: gives it out, or closes it if nobody may know it. */
static int
reveal_take(const struct fsroot *root, int fd, int *ret_fd)
{
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0) {
		r = -errno;
	} else if (fsroot_is_hidden(root, &st)
	    || (S_ISDIR(st.st_mode) && in_hidden(root, fd))) {
		r = -ENOENT;
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Where the last name of a relative path begins. */
static const char *
last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Does this name itself say which folder it means, whatever is there? */
static bool
is_folder_name(const char *name)
{
	return *name == '\0' || strcmp(name, ".") == 0
	    || strcmp(name, "..") == 0;
}

/* Opens the folder of the last name, which the caller looks at. */
static int
open_parent(const struct fsroot *root, const char *path, const char *name,
    int *ret_dir)
{
	char folder[PATH_MAX];
	size_t n = (size_t)(name - path);
	int dir = -1;
	int r;

	if (n >= sizeof(folder)) {
		return -ENAMETOOLONG;
	}
	memcpy(folder, path, n);
	folder[n] = '\0';
	r = open_beneath(root->fd, n == 0 ? "." : folder, O_PATH | O_DIRECTORY,
	    0, &dir);
	return r < 0 ? r : reveal_take(root, dir, ret_dir);
}

int
fsroot_parent(const struct fsroot *root, const char *path, int *ret_dir,
    const char **ret_name)
{
	const char *rel = relative(path);
	const char *name = last_name(rel);
	struct stat st;
	int dir;
	int r;

	if (is_folder_name(name)) {
		return -EBUSY;
	}
	if (strlen(name) > FSROOT_NAME_MAX) {
		return -ENAMETOOLONG;
	}
	r = open_parent(root, rel, name, &dir);
	if (r < 0) {
		return r;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0
	    && fsroot_is_hidden(root, &st)) {
		(void)close(dir);
		return -ENOENT;
	}
	*ret_dir = dir;
	*ret_name = name;
	return 0;
}

/* The path behind a link: its folder's path and its target. */
static int
follow(int dir, const char *path, const char *name, char ret[PATH_MAX])
{
	char joined[PATH_MAX];
	size_t n = (size_t)(name - path);
	ssize_t got;

	if (n >= sizeof(joined)) {
		return -ENAMETOOLONG;
	}
	memcpy(joined, path, n);
	got = readlinkat(dir, name, joined + n, sizeof(joined) - n);
	if (got < 0) {
		return -errno;
	}
	if (got > 0 && joined[n] == '/') {
		return -EXDEV;
	}
	n += (size_t)got;
	if (n >= sizeof(joined)) {
		return -ENAMETOOLONG;
	}
	joined[n] = '\0';
	memcpy(ret, joined, n + 1);
	return 0;
}

/*
 * Opens the last name in its folder.  A link is not opened but looked up:
 * *ret_follow says that ret_path has to be opened in its place.
 */
static int
open_last(const struct fsroot *root, const char *path, int flags, mode_t mode,
    int *ret_fd, char ret_path[PATH_MAX], bool *ret_follow)
{
	const char *name = last_name(path);
	struct stat st;
	int dir, r;

	*ret_follow = false;
	if (is_folder_name(name)) {
		return open_beneath(root->fd, path, flags, mode, ret_fd);
	}
	r = open_parent(root, path, name, &dir);
	if (r < 0) {
		return r;
	}
	if ((flags & O_NOFOLLOW) == 0
	    && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0
	    && S_ISLNK(st.st_mode)) {
		*ret_follow = true;
		r = follow(dir, path, name, ret_path);
	} else {
		r = open_beneath(dir, name, flags | O_NOFOLLOW, mode, ret_fd);
	}
	(void)close(dir);
	return r;
}

/*
 * Name by name at the end: a file in the hidden folder has no mark of its own,
 * so the folder of each name is looked at, also of the one that a link at the
 * end names.
 */
int
fsroot_openat(const struct fsroot *root, const char *path, int flags,
    mode_t mode, int *ret_fd)
{
	char now[PATH_MAX];
	bool more = true;
	int fd = -1, r = 0;

	path = relative(path);
	if (strlen(path) >= sizeof(now)) {
		return -ENAMETOOLONG;
	}
	memcpy(now, path, strlen(path) + 1);
	for (int links = 0; r == 0 && more; links++) {
		r = links > LINKS_MAX
		    ? -ELOOP
		    : open_last(root, now, flags, mode, &fd, now, &more);
	}
	return r < 0 ? r : reveal_take(root, fd, ret_fd);
}

int
fsroot_stat(const struct fsroot *root, const char *path, struct stat *ret)
{
	struct stat st;
	int fd;
	int r = fsroot_openat(root, path, O_PATH, 0, &fd);

	if (r < 0) {
		return r;
	}
	r = fstat(fd, &st) < 0 ? -errno : 0;
	(void)close(fd);
	if (r == 0) {
		*ret = st;
	}
	return r;
}

/* The result of a call on a name in the folder `dir`, which is taken. */
static int
result_take(int dir, int result)
{
	int r = result < 0 ? -errno : 0;

	(void)close(dir);
	return r;
}

int
fsroot_lstat(const struct fsroot *root, const char *path, struct stat *ret)
{
	const char *name;
	struct stat st;
	int dir;
	int r = fsroot_parent(root, path, &dir, &name);

	if (r == 0) {
		r = result_take(dir,
		    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW));
	}
	if (r == 0) {
		*ret = st;
	}
	return r;
}

int
fsroot_mkdir(const struct fsroot *root, const char *path, mode_t mode)
{
	const char *name;
	int dir;
	int r = fsroot_parent(root, path, &dir, &name);

	return r < 0 ? r : result_take(dir, mkdirat(dir, name, mode));
}

int
fsroot_unlink(const struct fsroot *root, const char *path, int flags)
{
	const char *name;
	int dir;
	int r = fsroot_parent(root, path, &dir, &name);

	return r < 0 ? r : result_take(dir, unlinkat(dir, name, flags));
}

int
fsroot_set_mtime(const struct fsroot *root, const char *path, time_t mtime)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = mtime } };
	const char *name;
	int dir;
	int r = fsroot_parent(root, path, &dir, &name);

	return r < 0 ? r
		     : result_take(dir,
			 utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW));
}

int
fsroot_rename(const struct fsroot *root, const char *from, const char *to)
{
	const char *from_name, *to_name;
	int from_dir, to_dir;
	int r = fsroot_parent(root, from, &from_dir, &from_name);

	if (r < 0) {
		return r;
	}
	r = fsroot_parent(root, to, &to_dir, &to_name);
	if (r == 0) {
		r = result_take(to_dir,
		    renameat(from_dir, from_name, to_dir, to_name));
	}
	(void)close(from_dir);
	return r;
}

/*
 * chmod(2) would follow a link, and a file that cannot be read cannot be
 * opened; so the file is opened by O_PATH, looked at, and changed by way of
 * its descriptor's name in /proc.
 */
static int
change_mode(int fd, mode_t mode)
{
	char self[32];
	struct stat st;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		return -ENXIO;
	}
	mode |= st.st_mode & S_ISGID;
	return fchmodat(AT_FDCWD, self, mode, 0) < 0 ? -errno : 0;
}

int
fsroot_chmod(const struct fsroot *root, const char *path, mode_t mode)
{
	int fd, r;

	if (is_folder_name(last_name(relative(path)))) {
		return -EBUSY;
	}
	r = fsroot_openat(root, path, O_PATH | O_NOFOLLOW, 0, &fd);
	if (r == 0) {
		r = change_mode(fd, mode);
		(void)close(fd);
	}
	return r;
}

#include "files/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#include <openssl/sha.h>

#define COPY_MOST (64 * 1024 * 1024)
/* How often others may move or remove a part before we have it. */
#define TRIES 100

/* --- folders -------------------------------------------------------------- */

static int
open_folder(int at, const char *name)
{
	int fd = openat(at, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Makes a folder of ours if it is not there, and opens it. */
static int
make_folder(int at, const char *name)
{
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST) {
		return -errno;
	}
	return open_folder(at, name);
}

static void
close_folder(struct stage *stage)
{
	if (stage->folder >= 0) {
		(void)close(stage->folder);
	}
	stage->folder = -1;
}

/* Ours, and closed to all others? */
static int
own_folder(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (st.st_uid != geteuid()) {
		return -EPERM;
	}
	return (st.st_mode & 077) != 0 && fchmod(fd, 0700) < 0 ? -errno : 0;
}

/* A folder's name that nobody can make fit another one's text. */
static void
make_key(const char *text, size_t n, char ret[STAGE_KEY])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	(void)SHA256((const unsigned char *)text, n, digest);
	for (size_t i = 0; i < STAGE_KEY / 2; i++) {
		(void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
	}
}

int
stage_open(struct stage *stage, struct fsroot *root, const char *name)
{
	int dir = make_folder(root->fd, name);
	int r = dir;

	if (r >= 0) {
		r = own_folder(dir);
	}
	if (r == 0) {
		r = fsroot_hide(root, dir);
	}
	if (r < 0) {
		if (dir >= 0) {
			(void)close(dir);
		}
		return r;
	}
	*stage = (struct stage){ .dir = dir, .folder = -1 };
	return 0;
}

int
stage_enter(struct stage *stage, unsigned source, const char *user,
    const struct fsroot *root)
{
	char text[512], key[STAGE_KEY];
	struct stat st;
	int dir, n;

	if (fstat(root->fd, &st) < 0) {
		return -errno;
	}
	n = snprintf(text, sizeof(text), "%llx %llx %u %s",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
	    source, user);
	if (n < 0 || (size_t)n >= sizeof(text)) {
		return -ENAMETOOLONG;
	}
	make_key(text, (size_t)n, key);
	dir = make_folder(stage->dir, key);
	if (dir < 0 && dir != -ENOSPC && dir != -EDQUOT && dir != -EROFS) {
		return dir;
	}
	stage_leave(stage);
	(void)close(stage->dir);
	stage->dir = dir < 0 ? -1 : dir;
	return 0;
}

void
stage_leave(struct stage *stage)
{
	if (stage->folder >= 0) {
		close_folder(stage);
		(void)unlinkat(stage->dir, stage->key, AT_REMOVEDIR);
	}
}

/*
 * Opens the parts' folder of the folder that the first `n` bytes of `path`
 * name, and keeps it open for those that come next.
 */
static int
enter_folder(struct stage *stage, const char *path, size_t n, bool make)
{
	char key[STAGE_KEY];
	int fd;

	if (stage->dir < 0) {
		return make ? -ENOSPC : -ENOENT;
	}
	make_key(path, n, key);
	if (stage->folder >= 0 && strcmp(key, stage->key) == 0) {
		return 0;
	}
	fd = make ? make_folder(stage->dir, key) : open_folder(stage->dir, key);
	if (fd < 0) {
		return fd;
	}
	stage_leave(stage);
	stage->folder = fd;
	memcpy(stage->key, key, sizeof(key));
	return 0;
}

/* The same for a part's path, whose last name is given in *ret. */
static int
enter_parent(struct stage *stage, const char *path, bool make, const char **ret)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash[1] == '\0'
	    || strlen(slash + 1) > FSROOT_NAME_MAX) {
		return -EINVAL;
	}
	*ret = slash + 1;
	/* "/" for the root, as it is called elsewhere. */
	return enter_folder(stage, path,
	    slash == path ? 1 : (size_t)(slash - path), make);
}

/* --- one part ------------------------------------------------------------- */

/*
 * Locks what is open as `fd`.  -EAGAIN: somebody else has locked it; -ESTALE:
 * it is not called `name` any more (the one before us was done with it).
 */
static int
lock_part(int folder, const char *name, int fd, struct stat *ret)
{
	struct stat named;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	if (fstat(fd, ret) < 0) {
		return -errno;
	}
	if (fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? -ESTALE : -errno;
	}
	return named.st_ino == ret->st_ino && named.st_dev == ret->st_dev
	    ? 0
	    : -ESTALE;
}

static int
try_begin(struct stage *stage, const char *path, struct upload *u)
{
	const char *name;
	struct stat st = { .st_size = 0 };
	int r = enter_parent(stage, path, true, &name);

	if (r < 0) {
		/* Another session was done with the folder just now. */
		return r == -ENOENT ? -ESTALE : r;
	}
	u->fd = openat(stage->folder, name,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (u->fd < 0 && errno == ENOENT) {
		/* The same, or it was swept. */
		close_folder(stage);
		return -ESTALE;
	}
	r = u->fd < 0 ? -errno : lock_part(stage->folder, name, u->fd, &st);
	if (r < 0) {
		if (u->fd >= 0) {
			(void)close(u->fd);
		}
		return r;
	}
	u->size = (uint64_t)st.st_size;
	u->written = st.st_mtim;
	(void)snprintf(u->name, sizeof(u->name), "%s", name);
	return 0;
}

int
stage_begin(struct stage *stage, const char *path, struct upload *ret)
{
	struct upload u = { .fd = -1 };
	int r = -ESTALE;

	for (int i = 0; i < TRIES && r == -ESTALE; i++) {
		r = try_begin(stage, path, &u);
	}
	if (r == 0) {
		*ret = u;
	}
	return r == -ESTALE ? -EAGAIN : r;
}

int
stage_cut(struct upload *u, uint64_t n)
{
	if (n == 0 && u->size == 0) {
		return 0;
	}
	if (ftruncate(u->fd, (off_t)n) < 0
	    || lseek(u->fd, (off_t)n, SEEK_SET) < 0) {
		return -errno;
	}
	return 0;
}

int
stage_copy(struct upload *u, int from, uint64_t n)
{
	off_t at = 0;

	while (n > 0) {
		size_t most = n > COPY_MOST ? COPY_MOST : (size_t)n;
		ssize_t moved = sendfile(u->fd, from, &at, most);

		if (moved < 0 && errno != EINTR) {
			return -errno;
		}
		if (moved == 0) {
			return -EIO;
		}
		n -= moved > 0 ? (uint64_t)moved : 0;
	}
	return 0;
}

/* File systems that write late tell their errors at each close(2). */
static int
late_error(int fd)
{
	/* Not F_DUPFD_CLOEXEC, which sessions may not use. */
	int copy = fcntl(fd, F_DUPFD, 0);

	return copy < 0 || close(copy) < 0 ? -errno : 0;
}

static int
sync_folder(int dir)
{
	int fd = open_folder(dir, ".");
	int r = fd;

	if (fd >= 0) {
		r = fsync(fd) < 0 ? -errno : 0;
		(void)close(fd);
	}
	return r;
}

int
stage_commit(struct stage *stage, struct upload *u, int dir, const char *name,
    mode_t mode, bool sync)
{
	int r = fchmod(u->fd, mode) < 0 ? -errno : 0;

	if (r == 0) {
		r = sync && fsync(u->fd) < 0 ? -errno : late_error(u->fd);
	}
	/* Unlocked only when it has its new name. */
	if (r == 0 && renameat(stage->folder, u->name, dir, name) < 0) {
		r = -errno;
	}
	if (r < 0) {
		return r;
	}
	(void)close(u->fd);
	u->fd = -1;
	return sync ? sync_folder(dir) : 0;
}

void
stage_release(struct stage *stage, struct upload *u, bool keep)
{
	struct stat st;

	if (u->fd < 0) {
		return;
	}
	if (!keep || fstat(u->fd, &st) < 0 || st.st_size == 0) {
		(void)unlinkat(stage->folder, u->name, 0);
	}
	(void)close(u->fd);
	u->fd = -1;
}

int
stage_stat(struct stage *stage, const char *path, struct stat *ret)
{
	const char *name;
	struct stat st;
	int r = enter_parent(stage, path, false, &name);

	if (r == 0
	    && fstatat(stage->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		r = -errno;
	}
	if (r == 0) {
		*ret = st;
	}
	return r;
}

/* Removes a part that nobody is writing and that was last written by then. */
static int
remove_part(int folder, const char *name, int64_t before)
{
	struct stat st = { .st_mtime = 0 };
	int fd = openat(folder, name,
	    O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : lock_part(folder, name, fd, &st);

	if (r == 0) {
		r = st.st_mtime > before            ? -EBUSY
		    : unlinkat(folder, name, 0) < 0 ? -errno
						    : 0;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return r == -ESTALE ? -ENOENT : r;
}

int
stage_remove(struct stage *stage, const char *path)
{
	const char *name;
	int r = enter_parent(stage, path, false, &name);

	return r < 0 ? r : remove_part(stage->folder, name, INT64_MAX);
}

int
stage_list(struct stage *stage, const char *path, int *ret_fd)
{
	int r = enter_folder(stage, path, strlen(path), false);

	if (r == 0) {
		r = open_folder(stage->folder, ".");
	}
	if (r < 0) {
		return r;
	}
	*ret_fd = r;
	return 0;
}

/* --- all of them ---------------------------------------------------------- */

/* Removes what is old in the folder `fd`, which is taken, and below it. */
static unsigned
sweep_take(int fd, int depth, int64_t before)
{
	DIR *d = fdopendir(fd);
	unsigned removed = 0;
	struct dirent *e;

	if (d == NULL) {
		(void)close(fd);
		return 0;
	}
	for (e = readdir(d); e != NULL; e = readdir(d)) {
		int below;

		if (strcmp(e->d_name, ".") == 0
		    || strcmp(e->d_name, "..") == 0) {
			continue;
		}
		below = open_folder(fd, e->d_name);
		if (below < 0) {
			removed += remove_part(fd, e->d_name, before) == 0;
		} else if (depth > 1) {
			(void)close(below);
		} else {
			removed += sweep_take(below, depth + 1, before);
		}
		/* Sessions hold their user's folder; others they make anew. */
		if (below >= 0 && depth > 0) {
			(void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
		}
	}
	(void)closedir(d);
	return removed;
}

unsigned
stage_sweep(const struct stage *stage, int64_t seconds)
{
	int fd = open_folder(stage->dir, ".");

	return fd < 0 ? 0 : sweep_take(fd, 0, (int64_t)time(NULL) - seconds);
}

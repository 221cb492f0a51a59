#include "ftpd/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define COPY_MOST (64 * 1024 * 1024)

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

int
stage_open(struct stage *stage, struct fsroot *root)
{
	int dir, r;

	if (mkdirat(root->fd, STAGE_FOLDER, 0700) < 0 && errno != EEXIST) {
		return -errno;
	}
	dir = openat(root->fd, STAGE_FOLDER,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0) {
		return -errno;
	}
	r = own_folder(dir);
	if (r == 0) {
		r = fsroot_hide(root, dir);
	}
	if (r < 0) {
		(void)close(dir);
		return r;
	}
	*stage = (struct stage){ .dir = dir };
	return 0;
}

/* Does the name of a staged file say that `pid` made it? */
static bool
made_by(const char *name, pid_t pid)
{
	char *end;
	long maker = strtol(name, &end, 10);

	return pid == 0 || (*end == '.' && maker == (long)pid);
}

/* The folder for users whose root is the uploads; the latter's own name. */
static int
open_uploads(const struct stage *stage)
{
	return openat(stage->dir, "uploads",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
stage_enter_uploads(struct stage *stage)
{
	int dir;

	if (mkdirat(stage->dir, "uploads", 0700) < 0 && errno != EEXIST) {
		return -errno;
	}
	dir = open_uploads(stage);
	if (dir < 0) {
		return -errno;
	}
	(void)close(stage->dir);
	stage->dir = dir;
	return 0;
}

/* Takes `copy`, another descriptor of the folder `dir`. */
static unsigned
sweep_take(int dir, int copy, pid_t pid)
{
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	unsigned removed = 0;

	if (d == NULL) {
		if (copy >= 0) {
			(void)close(copy);
		}
		return 0;
	}
	for (e = readdir(d); e != NULL; e = readdir(d)) {
		if (made_by(e->d_name, pid)
		    && unlinkat(dir, e->d_name, 0) == 0) {
			removed++;
		}
	}
	(void)closedir(d);
	return removed;
}

unsigned
stage_sweep(const struct stage *stage, pid_t pid)
{
	int uploads = open_uploads(stage);
	unsigned removed = sweep_take(stage->dir,
	    openat(stage->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pid);

	if (uploads >= 0) {
		removed += sweep_take(uploads, dup(uploads), pid);
		(void)close(uploads);
	}
	return removed;
}

int
stage_begin(struct stage *stage, struct upload *ret)
{
	struct upload u;

	(void)snprintf(u.name, sizeof(u.name), "%d.%u", (int)getpid(),
	    stage->made);
	u.fd = openat(stage->dir, u.name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (u.fd < 0) {
		return -errno;
	}
	stage->made++;
	*ret = u;
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

static int
close_upload(struct upload *u)
{
	int r = close(u->fd) < 0 ? -errno : 0;

	u->fd = -1;
	return r;
}

int
stage_commit(struct stage *stage, struct upload *u, int dir, const char *name,
    mode_t mode, bool sync)
{
	int r = fchmod(u->fd, mode) < 0 ? -errno : 0;

	if (r == 0 && sync && fsync(u->fd) < 0) {
		r = -errno;
	}
	if (r == 0) {
		/* A late write error is told here, before the rename. */
		r = close_upload(u);
	}
	if (r == 0 && renameat(stage->dir, u->name, dir, name) < 0) {
		r = -errno;
	}
	if (r < 0) {
		return r;
	}
	u->name[0] = '\0';
	if (sync) {
		int folder = openat(dir, ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = folder < 0 || fsync(folder) < 0 ? -errno : 0;
		(void)close(folder);
	}
	return r;
}

void
stage_discard(struct stage *stage, struct upload *u)
{
	if (u->fd >= 0) {
		(void)close_upload(u);
	}
	if (u->name[0] != '\0') {
		(void)unlinkat(stage->dir, u->name, 0);
		u->name[0] = '\0';
	}
}

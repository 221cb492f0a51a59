#include "staticd/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PATH_LIMIT 4096

struct state {
	struct walk *walk;
	struct buf *fault;
	struct buf path; /* of the folder, with a slash at its end */
};

static int walk_folder(struct state *s, int fd, unsigned depth);

static int
blame(struct state *s, int r)
{
	buf_addf(s->fault, "'%s': %s", buf_cstr(&s->path), strerror(-r));
	return r;
}

/* A name that is never served. */
static bool
is_hidden(const char *name, unsigned depth)
{
	if (name[0] == '.' || (depth == 0 && strcmp(name, "lost+found") == 0)) {
		return true;
	}
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name < ' ' || *name == '\x7f') {
			return true;
		}
	}
	return false;
}

/* Has the entry gone, or become a link, since it was read? */
static bool
is_gone(int err)
{
	return err == ENOENT || err == ELOOP || err == ENXIO || err == ENOTDIR;
}

static int
visit_file(struct state *s, int folder, const char *name)
{
	int fd = openat(folder, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		return is_gone(errno) ? 0 : blame(s, -errno);
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		s->walk->skipped++;
		return 0;
	}
	return s->walk->file(s->walk->ctx, fd, &st, buf_view(&s->path));
}

static int
visit_folder(struct state *s, int folder, const char *name, unsigned depth)
{
	int fd = openat(folder, name,
	    O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		return is_gone(errno) ? 0 : blame(s, -errno);
	}
	if (depth > s->walk->depth_max) {
		(void)close(fd);
		buf_addf(s->fault, "'%s': folders are nested deeper than %u",
		    buf_cstr(&s->path), s->walk->depth_max);
		return -E2BIG;
	}
	buf_add_char(&s->path, '/');
	return walk_folder(s, fd, depth);
}

/* One entry; the path has its name at the end for as long as this takes. */
static int
visit(struct state *s, int folder, const char *name, unsigned depth)
{
	size_t before = buf_size(&s->path);
	struct stat st;
	int r = 0;

	if (++s->walk->entries > s->walk->entries_max) {
		buf_addf(s->fault, "more than %llu files and folders",
		    (unsigned long long)s->walk->entries_max);
		return -E2BIG;
	}
	if (is_hidden(name, depth)) {
		s->walk->skipped++;
		return 0;
	}
	buf_add_str(&s->path, name);
	if (buf_error(&s->path) != 0) {
		buf_addf(s->fault, "'%s': the path is too long",
		    buf_cstr(&s->path));
		return -ENAMETOOLONG;
	}
	/* Look before opening: opening a device may do things. */
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		r = is_gone(errno) ? 0 : blame(s, -errno);
	} else if (S_ISDIR(st.st_mode)) {
		r = visit_folder(s, folder, name, depth + 1);
	} else if (S_ISREG(st.st_mode)) {
		r = visit_file(s, folder, name);
	} else {
		s->walk->skipped++;
	}
	buf_truncate(&s->path, before);
	return r;
}

/* Takes `fd`. */
static int
walk_folder(struct state *s, int fd, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	int r = 0;

	if (dir == NULL) {
		r = blame(s, -errno);
		(void)close(fd);
		return r;
	}
	if (s->walk->folder != NULL) {
		s->walk->folder(s->walk->ctx, fd);
	}
	while (r == 0) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (entry == NULL) {
			r = errno != 0 ? blame(s, -errno) : 0;
			break;
		}
		if (strcmp(entry->d_name, ".") != 0
		    && strcmp(entry->d_name, "..") != 0) {
			r = visit(s, fd, entry->d_name, depth);
		}
	}
	(void)closedir(dir);
	return r;
}

int
walk_run(struct walk *w, struct buf *fault)
{
	struct state s = { .walk = w, .fault = fault };
	int fd = open(w->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0) {
		r = -errno;
		buf_addf(fault, "'%s': %s", w->root, strerror(-r));
		return r;
	}
	w->entries = 0;
	w->skipped = 0;
	buf_init(&s.path, PATH_LIMIT);
	r = walk_folder(&s, fd, 0);
	buf_done(&s.path);
	return r;
}

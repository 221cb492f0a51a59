#include "run/watch.h"

#include <stddef.h>

/* What tells one content of a file from another; zero when there is none. */
static struct stat
look(const struct watch *w)
{
	struct stat st;

	if (w->path == NULL || w->path[0] == '\0' || stat(w->path, &st) < 0) {
		return (struct stat){ .st_size = 0 };
	}
	return st;
}

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino
	    && a->st_size == b->st_size
	    && a->st_mtim.tv_sec == b->st_mtim.tv_sec
	    && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void
watch_reset(struct watch *w)
{
	w->known = look(w);
	w->seen = w->known;
}

bool
watch_changed(struct watch *w)
{
	struct stat now = look(w);
	bool still = same(&now, &w->seen);

	w->seen = now;
	/* A file that is gone is no content to change to. */
	if (!still || same(&now, &w->known) || now.st_nlink == 0) {
		return false;
	}
	w->known = now;
	return true;
}

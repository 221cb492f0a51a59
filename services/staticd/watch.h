/*
 * Noticing that a folder tree changes (inotify).
 *
 * A watch is made anew for each load of the tree, and each folder is added
 * before it is read: so no change falls between the reading and the watching.
 */
#ifndef STATICD_WATCH_H
#define STATICD_WATCH_H

#include "base/macros.h"

struct watch {
	/* Private, but for error. */
	int fd;
	int error; /* the first -errno of adding a folder, or 0 */
};

/* 0, or -errno. */
NODISCARD int watch_init(struct watch *w);
void watch_done(struct watch *w);

/* Adds the folder that `fd` stands for.  Failure is kept in w->error. */
void watch_add(struct watch *w, int fd);

/* Readable (poll) when something changed; -1 when there is no watch. */
int watch_fd(const struct watch *w);
/* Takes all events that are there. */
void watch_drain(struct watch *w);

#endif

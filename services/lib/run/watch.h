/*
 * Has a file changed since it was read?  By stat(2) now and then: a container
 * sees changes of a mounted file also where inotify tells nothing.
 *
 * A change is told when the file looks the same twice in a row, so that who
 * writes it, or its brother (a key beside its certificate), has come to an end.
 */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include <stdbool.h>
#include <sys/stat.h>

struct watch {
	const char *path; /* NULL or "": nothing to watch */
	struct stat known; /* as it was when it was read */
	struct stat seen; /* as it was at the last look */
};

/* It is about to be read: from here on changes count. */
void watch_reset(struct watch *w);

/* True once for each change. */
bool watch_changed(struct watch *w);

#endif

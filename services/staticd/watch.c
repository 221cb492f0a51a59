#include "staticd/watch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#define CHANGES \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO \
	    | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

int
watch_init(struct watch *w)
{
	w->error = 0;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return w->fd < 0 ? -errno : 0;
}

void
watch_done(struct watch *w)
{
	if (w->fd >= 0) {
		(void)close(w->fd);
	}
	w->fd = -1;
}

void
watch_add(struct watch *w, int fd)
{
	char path[64];

	/* inotify wants a path; this one names the descriptor's folder. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (inotify_add_watch(w->fd, path, CHANGES) < 0 && w->error == 0) {
		w->error = -errno;
	}
}

int
watch_fd(const struct watch *w)
{
	return w->fd;
}

void
watch_drain(struct watch *w)
{
	char events[4096];

	while (read(w->fd, events, sizeof(events)) > 0) {
		continue;
	}
}

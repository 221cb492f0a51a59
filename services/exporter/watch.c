#include "exporter/watch.h"

#include <sys/socket.h>

void
watch_init(struct watch *watch)
{
	*watch = (struct watch){ .fd = -1 };
	(void)pthread_mutex_init(&watch->lock, NULL);
}

void
watch_done(struct watch *watch)
{
	(void)pthread_mutex_destroy(&watch->lock);
}

static void
set(struct watch *watch, int fd, bool cut)
{
	(void)pthread_mutex_lock(&watch->lock);
	watch->fd = fd;
	watch->cut = cut;
	(void)pthread_mutex_unlock(&watch->lock);
}

void
watch_reset(struct watch *watch)
{
	set(watch, -1, false);
}

void
watch_set(struct watch *watch, int fd)
{
	(void)pthread_mutex_lock(&watch->lock);
	watch->fd = fd;
	if (watch->cut) {
		(void)shutdown(fd, SHUT_RDWR);
	}
	(void)pthread_mutex_unlock(&watch->lock);
}

void
watch_clear(struct watch *watch)
{
	(void)pthread_mutex_lock(&watch->lock);
	watch->fd = -1;
	(void)pthread_mutex_unlock(&watch->lock);
}

void
watch_cut(struct watch *watch)
{
	(void)pthread_mutex_lock(&watch->lock);
	watch->cut = true;
	if (watch->fd >= 0) {
		(void)shutdown(watch->fd, SHUT_RDWR);
	}
	(void)pthread_mutex_unlock(&watch->lock);
}

#include "run/cutoff.h"

#include <sys/socket.h>

void
cutoff_init(struct cutoff *cutoff)
{
	*cutoff = (struct cutoff){ .fd = -1 };
	(void)pthread_mutex_init(&cutoff->lock, NULL);
}

void
cutoff_done(struct cutoff *cutoff)
{
	(void)pthread_mutex_destroy(&cutoff->lock);
}

void
cutoff_reset(struct cutoff *cutoff)
{
	(void)pthread_mutex_lock(&cutoff->lock);
	cutoff->fd = -1;
	cutoff->cut = false;
	(void)pthread_mutex_unlock(&cutoff->lock);
}

/* Locked. */
static void
shut(const struct cutoff *cutoff)
{
	if (cutoff->cut && cutoff->fd >= 0) {
		(void)shutdown(cutoff->fd, SHUT_RDWR);
	}
}

void
cutoff_set(struct cutoff *cutoff, int fd)
{
	(void)pthread_mutex_lock(&cutoff->lock);
	cutoff->fd = fd;
	shut(cutoff);
	(void)pthread_mutex_unlock(&cutoff->lock);
}

void
cutoff_clear(struct cutoff *cutoff)
{
	cutoff_set(cutoff, -1);
}

void
cutoff_now(struct cutoff *cutoff)
{
	(void)pthread_mutex_lock(&cutoff->lock);
	cutoff->cut = true;
	shut(cutoff);
	(void)pthread_mutex_unlock(&cutoff->lock);
}

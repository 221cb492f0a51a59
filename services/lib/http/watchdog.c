#include "http/watchdog.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "run/clock.h"
#include "run/thread.h"

#define LOOK_MS 1000
#define STACK (64 * 1024)

/* A member of the ring of all connections. */
struct watched {
	struct watched *next;
	struct watched *previous;
	atomic_int_fast64_t deadline;
	int fd;
	int file; /* -1: none */
	uint64_t file_end;
};

struct watchdog {
	pthread_t thread;
	pthread_mutex_t lock; /* of all but deadlines, and of shutting down */
	pthread_cond_t wake;
	struct watched ring; /* no connection itself */
	bool stopping;
};

/*
 * The socket cannot be closed, nor its number be somebody else's, as its owner
 * removes it before that, which the lock makes wait.
 */
static void
cut_off(struct watched *w)
{
	const struct linger drop = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &drop, sizeof(drop));
	(void)shutdown(w->fd, SHUT_RDWR);
	atomic_store_explicit(&w->deadline, WATCHDOG_NEVER,
	    memory_order_relaxed);
}

static bool
is_cut_short(const struct watched *w)
{
	struct stat st;

	return w->file >= 0 && fstat(w->file, &st) == 0
	    && (uint64_t)st.st_size < w->file_end;
}

static void
look(struct watchdog *dog)
{
	int64_t now = clock_ms();

	for (struct watched *w = dog->ring.next; w != &dog->ring; w = w->next) {
		if (atomic_load_explicit(&w->deadline, memory_order_relaxed)
			<= now
		    || is_cut_short(w)) {
			cut_off(w);
		}
	}
}

static void *
watch(void *arg)
{
	struct watchdog *dog = arg;

	(void)pthread_mutex_lock(&dog->lock);
	while (!dog->stopping) {
		if (dog->ring.next == &dog->ring) {
			(void)pthread_cond_wait(&dog->wake, &dog->lock);
		} else {
			(void)thread_cond_wait(&dog->wake, &dog->lock,
			    clock_ms() + LOOK_MS);
		}
		look(dog);
	}
	(void)pthread_mutex_unlock(&dog->lock);
	return NULL;
}

int
watchdog_start(struct watchdog **ret)
{
	struct watchdog *dog = calloc(1, sizeof(*dog));
	int r;

	if (dog == NULL) {
		return -ENOMEM;
	}
	dog->ring.next = &dog->ring;
	dog->ring.previous = &dog->ring;
	(void)pthread_mutex_init(&dog->lock, NULL);
	thread_cond_init(&dog->wake);
	r = thread_start(&dog->thread, STACK, watch, dog);
	if (r < 0) {
		free(dog);
		return r;
	}
	*ret = dog;
	return 0;
}

void
watchdog_stop(struct watchdog *dog)
{
	if (dog == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&dog->lock);
	dog->stopping = true;
	(void)pthread_cond_signal(&dog->wake);
	(void)pthread_mutex_unlock(&dog->lock);
	(void)pthread_join(dog->thread, NULL);
	(void)pthread_cond_destroy(&dog->wake);
	(void)pthread_mutex_destroy(&dog->lock);
	free(dog);
}

struct watched *
watchdog_add(struct watchdog *dog, int fd, int64_t deadline)
{
	struct watched *w = calloc(1, sizeof(*w));
	bool first;

	if (w == NULL) {
		return NULL;
	}
	w->fd = fd;
	w->file = -1;
	atomic_init(&w->deadline, deadline);
	(void)pthread_mutex_lock(&dog->lock);
	first = dog->ring.next == &dog->ring;
	w->next = dog->ring.next;
	w->previous = &dog->ring;
	w->next->previous = w;
	dog->ring.next = w;
	if (first) {
		(void)pthread_cond_signal(&dog->wake);
	}
	(void)pthread_mutex_unlock(&dog->lock);
	return w;
}

void
watchdog_remove(struct watchdog *dog, struct watched *w)
{
	if (w == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&dog->lock);
	w->next->previous = w->previous;
	w->previous->next = w->next;
	(void)pthread_mutex_unlock(&dog->lock);
	free(w);
}

void
watched_file(struct watchdog *dog, struct watched *w, int fd, uint64_t end)
{
	if (w == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&dog->lock);
	w->file = fd;
	w->file_end = end;
	(void)pthread_mutex_unlock(&dog->lock);
}

void
watched_until(struct watched *w, int64_t deadline)
{
	if (w != NULL) {
		atomic_store_explicit(&w->deadline, deadline,
		    memory_order_relaxed);
	}
}

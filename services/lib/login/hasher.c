#include "login/hasher.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "login/wphash.h"
#include "run/log.h"
#include "run/thread.h"

#define THREADS_MOST 4
#define STACK (256 * 1024)
#define NICE 5

unsigned
hasher_threads(void)
{
	static unsigned known;

	if (known == 0) {
		long n = sysconf(_SC_NPROCESSORS_ONLN);

		known = n < 1          ? 1
		    : n > THREADS_MOST ? THREADS_MOST
				       : (unsigned)n;
	}
	return known;
}

bool
hasher_judge(const struct hash_request *q)
{
	struct view hash = { q->hash, q->hash_n };
	struct view password = { q->password, q->password_n };
	bool right;

	if (q->hash_n > sizeof(q->hash)
	    || q->password_n > sizeof(q->password)) {
		return false;
	}
	right = q->wordpress != 0 ? wphash_check(hash, password)
				  : pwhash_check(hash, password);
	/* An empty password is never right, whatever its hash. */
	return right && password.n > 0;
}

/* Until the authenticator ends.  All threads read one socket. */
static void
serve(int fd)
{
	struct hash_request q;
	ssize_t n = recv(fd, &q, sizeof(q), 0);

	while (n == (ssize_t)sizeof(q)) {
		struct hash_answer a = { .id = q.id };

		a.right = hasher_judge(&q);
		secret_wipe(&q, sizeof(q));
		if (send(fd, &a, sizeof(a), MSG_NOSIGNAL) < 0) {
			break;
		}
		n = recv(fd, &q, sizeof(q), 0);
	}
}

/* What a thread needs. */
struct worker {
	int fd;
	int (*confine)(void);
};

static void *
work(void *arg)
{
	const struct worker *w = arg;

	if (w->confine() < 0) {
		log_say(LOG_ERROR, "role_failed", "hasher: no confinement");
	} else {
		serve(w->fd);
	}
	_exit(0);
}

_Noreturn void
hasher_run(int fd, int (*confine)(void))
{
	struct worker w = { .fd = fd, .confine = confine };
	pthread_t thread;

	(void)setpriority(PRIO_PROCESS, 0, NICE);
	for (unsigned i = 1; i < hasher_threads(); i++) {
		if (thread_start(&thread, STACK, work, &w) < 0) {
			log_say(LOG_ERROR, "role_failed", "hasher: no thread");
			_exit(1);
		}
	}
	(void)work(&w);
	_exit(0);
}

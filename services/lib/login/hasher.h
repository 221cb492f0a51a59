/*
 * The hasher: a process of few threads that compare passwords with hashes, and
 * do nothing else: no file, no network, no memory of what they saw.  It runs at
 * a lower priority, so that guessing does not slow transfers down.
 */
#ifndef LOGIN_HASHER_H
#define LOGIN_HASHER_H

#include <stdbool.h>
#include <stdint.h>

#include "login/pwhash.h"

struct hash_request {
	uint32_t id; /* comes back with the answer */
	uint16_t password_n;
	uint8_t hash_n;
	uint8_t wordpress; /* a hash of wphash.h; else of pwhash.h */
	char hash[PWHASH_MAX];
	char password[PWHASH_PASSWORD_MAX];
};

struct hash_answer {
	uint32_t id;
	uint8_t right;
};

/*
 * How many requests it works at: one for each processor, four at most.  To be
 * asked first before anything is confined: confined processes are not told.
 */
unsigned hasher_threads(void);

/*
 * The process's life: answers what comes by the socket `fd` until that is
 * closed.  Each thread is confined by `confine` (0, or -errno) before it takes
 * its first request.
 */
_Noreturn void hasher_run(int fd, int (*confine)(void));

/* Is it right?  What the threads do. */
bool hasher_judge(const struct hash_request *q);

#endif

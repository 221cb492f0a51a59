/*
 * The hasher: a process of few threads that compare passwords with hashes, and
 * do nothing else: no file, no network, no memory of what they saw.  It runs at
 * a lower priority, so that guessing does not slow transfers down.
 */
#ifndef FTPD_HASHER_H
#define FTPD_HASHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "ftpd/settings.h"
#include "login/pwhash.h"

struct hash_request {
	uint32_t id; /* comes back with the answer */
	uint16_t password_n;
	uint8_t hash_n;
	uint8_t wordpress; /* a hash of wphash.h; else of pwhash.h */
	char hash[PWHASH_MAX];
	char password[SETTINGS_PASSWORD_MAX];
};

struct hash_answer {
	uint32_t id;
	uint8_t right;
};

/* How many requests it works at: one for each processor, four at most. */
unsigned hasher_threads(void);

/*
 * Starts the process, from the authenticator, before that is confined.
 * *ret_fd is the socket to it; it ends when that is closed.  `foreign_fd` is
 * closed in it, and the password of the settings wiped.  0, or -errno.
 */
NODISCARD int hasher_start(const struct settings *settings, int foreign_fd,
    int *ret_fd);

/* Is it right?  What the threads do. */
bool hasher_judge(const struct hash_request *q);

#endif

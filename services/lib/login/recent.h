/*
 * Logins that were right a short while ago, so that a client which opens
 * several connections at once pays for one hash only.  Kept is a MAC, by a key
 * of this process, over name, password and stored hash: neither can be read
 * back, and a password that was changed in WordPress is right no more at once.
 * Pure: the time is given.
 */
#ifndef LOGIN_RECENT_H
#define LOGIN_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"

#define RECENT_SIZE 512
#define RECENT_MS (5 * 60 * 1000)
#define RECENT_MAC 32
/* A longer name is not remembered. */
#define RECENT_NAME_MAX 64

struct recent_entry {
	uint8_t mac[RECENT_MAC];
	int64_t until; /* 0: free */
};

struct recent {
	uint8_t key[RECENT_MAC];
	struct recent_entry entries[RECENT_SIZE];
};

/* Makes the key.  0, or -EIO when there is no randomness. */
NODISCARD int recent_init(struct recent *recent);

/* Was this right within the last RECENT_MS? */
bool recent_knows(const struct recent *recent, struct view name,
    struct view password, struct view hash, int64_t now);

/* It is right; the oldest entry is given up for it. */
void recent_add(struct recent *recent, struct view name, struct view password,
    struct view hash, int64_t now);

#endif

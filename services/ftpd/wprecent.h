/*
 * Logins that were right a short while ago, so that a client which opens
 * several connections at once pays for one hash only.  Kept is a MAC, by a key
 * of this process, over name, password and stored hash: neither can be read
 * back, and a password that was changed in WordPress is right no more at once.
 * Pure: the time is given.
 */
#ifndef FTPD_WPRECENT_H
#define FTPD_WPRECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"

#define WPRECENT_SIZE 64
#define WPRECENT_MS (5 * 60 * 1000)
#define WPRECENT_MAC 32

struct wprecent_entry {
	uint8_t mac[WPRECENT_MAC];
	int64_t until; /* 0: free */
};

struct wprecent {
	uint8_t key[WPRECENT_MAC];
	struct wprecent_entry entries[WPRECENT_SIZE];
};

/* Makes the key.  0, or -EIO when there is no randomness. */
NODISCARD int wprecent_init(struct wprecent *recent);

/* Was this right within the last WPRECENT_MS? */
bool wprecent_knows(const struct wprecent *recent, struct view name,
    struct view password, struct view hash, int64_t now);

/* It is right; the oldest entry is given up for it. */
void wprecent_add(struct wprecent *recent, struct view name,
    struct view password, struct view hash, int64_t now);

#endif

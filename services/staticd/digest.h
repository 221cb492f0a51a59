/*
 * A fingerprint of content, for entity tags: FNV-1a with 128 bits.
 *
 * A tag has to differ when the content does; nobody gains by making two files
 * of the site collide, as whoever can write them can change them anyway.  So a
 * cryptographic hash would buy nothing, and 128 bits make chance collisions
 * (one in 10^38) no matter.  Pure.
 */
#ifndef STATICD_DIGEST_H
#define STATICD_DIGEST_H

#include <stddef.h>

__extension__ typedef unsigned __int128 digest_word;

#define DIGEST_HEX 33 /* 32 digits and a NUL */

struct digest {
	digest_word state; /* private */
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *bytes, size_t n);
void digest_hex(const struct digest *d, char out[DIGEST_HEX]);

#endif

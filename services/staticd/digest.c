#include "staticd/digest.h"

#include <stdint.h>
#include <stdio.h>

/* The offset basis and prime of FNV's definition for 128 bits. */
#define BASIS_HIGH UINT64_C(0x6c62272e07bb0142)
#define BASIS_LOW UINT64_C(0x62b821756295c58d)
#define PRIME_HIGH UINT64_C(0x0000000001000000)
#define PRIME_LOW UINT64_C(0x000000000000013b)

static digest_word
word(uint64_t high, uint64_t low)
{
	return (digest_word)high << 64 | low;
}

void
digest_init(struct digest *d)
{
	d->state = word(BASIS_HIGH, BASIS_LOW);
}

void
digest_add(struct digest *d, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	digest_word prime = word(PRIME_HIGH, PRIME_LOW);
	digest_word state = d->state;

	for (size_t i = 0; i < n; i++) {
		state = (state ^ p[i]) * prime;
	}
	d->state = state;
}

void
digest_hex(const struct digest *d, char out[DIGEST_HEX])
{
	(void)snprintf(out, DIGEST_HEX, "%016llx%016llx",
	    (unsigned long long)(d->state >> 64),
	    (unsigned long long)(uint64_t)d->state);
}

/* Accept-Encoding: the choice is one that was offered and is acceptable. */

#include <stddef.h>
#include <stdint.h>

#include "staticd/accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t sizes[CODING_COUNT];
	struct accept accept;
	enum coding best;
	unsigned there;

	if (size == 0) {
		return 0;
	}
	/* The first byte says which codings there are. */
	there = data[0];
	for (unsigned c = 0; c < CODING_COUNT; c++) {
		sizes[c] = (there >> c & 1) != 0 ? 100 + (there >> 4) * c
						 : UINT64_MAX;
	}
	accept = accept_parse(
	    (struct view){ (const char *)data + 1, size - 1 });
	best = accept_pick(&accept, sizes);
	for (unsigned c = 0; c < CODING_COUNT; c++) {
		if (accept.q[c] > 1000) {
			__builtin_trap();
		}
		if (accept.q[c] == 0 || sizes[c] == UINT64_MAX) {
			if (best == c) {
				__builtin_trap();
			}
		} else if (best == CODING_COUNT || accept.q[c] > accept.q[best]
		    || (accept.q[c] == accept.q[best]
			&& sizes[c] < sizes[best])) {
			__builtin_trap();
		}
	}
	return 0;
}

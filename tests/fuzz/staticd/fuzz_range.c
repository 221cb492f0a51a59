/* Range: every part lies inside, and together they are no more than the whole.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "staticd/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct range ranges[RANGE_MAX];
	uint64_t total = 0;
	uint64_t whole;
	size_t n = 0;
	enum range_result result;

	if (size < sizeof(whole)) {
		return 0;
	}
	/* The first bytes are the size of the representation. */
	memcpy(&whole, data, sizeof(whole));
	result =
	    range_resolve((struct view){ (const char *)data + sizeof(whole),
			      size - sizeof(whole) },
		whole, ranges, &n);
	if (result != RANGE_PARTS) {
		return 0;
	}
	if (n == 0 || n > RANGE_MAX) {
		__builtin_trap();
	}
	for (size_t i = 0; i < n; i++) {
		if (ranges[i].first > ranges[i].last
		    || ranges[i].last >= whole) {
			__builtin_trap();
		}
		total += ranges[i].last - ranges[i].first + 1;
		if (total > whole) {
			__builtin_trap();
		}
	}
	return 0;
}

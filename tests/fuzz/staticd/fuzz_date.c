/* Dates: what is understood is written back to the same second. */

#include <stddef.h>
#include <stdint.h>

#include "staticd/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now = 1790000000;
	struct view text = { (const char *)data, size };
	char written[DATE_TEXT];
	int64_t first;
	int64_t second;

	if (date_parse(text, now, &first) < 0) {
		return 0;
	}
	if (first < 0) {
		__builtin_trap();
	}
	date_format(first, written);
	/* The leap second at the end of the year 9999 has no other name. */
	if (date_parse(view_str(written), now, &second) < 0
	    || (second != first && first <= 253402300799)) {
		__builtin_trap();
	}
	return 0;
}

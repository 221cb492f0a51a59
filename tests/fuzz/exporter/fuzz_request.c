/* What a client's headers say about the page that it wants. */
#include <stddef.h>
#include <stdint.h>

#include "exporter/accept.h"
#include "exporter/budget.h"
#include "exporter/gzip.h"
#include "exporter/page_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = { (const char *)data, size }, rest = v, name;
	size_t choices = 0;
	double weight;
	int ms = budget_ms(v);

	while (accept_next(&rest, &name, &weight)) {
		choices++;
		if (name.n > size) {
			__builtin_trap();
		}
	}
	if (choices > size + 1 || ms < 500 || ms > 59500
	    || page_negotiate(v) >= PAGE_FORMATS) {
		__builtin_trap();
	}
	(void)gzip_accepted(v);
	return 0;
}

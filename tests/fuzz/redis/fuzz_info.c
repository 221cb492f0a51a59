/* Redis' INFO, as whoever answers on its port may send it. */

#include <stddef.h>
#include <stdint.h>

#include "base/view.h"
#include "redis/info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view info = { .p = (const char *)data, .n = size };
	struct view rest = info;
	struct info_field field = { 0 };
	size_t fields = 0;

	while (info_next(&rest, &field)) {
		struct view part = info_part(field.value, "keys");

		fields++;
		if (field.name.n > size || field.value.n > size
		    || part.n > field.value.n) {
			__builtin_trap();
		}
	}
	if (fields > size) {
		__builtin_trap();
	}
	(void)info_find(info, "used_memory");
	return 0;
}

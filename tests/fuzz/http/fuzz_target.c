/*
 * Request targets: a valid one is printable, has a path, and the prefix rules
 * agree with it.
 */

#include <stddef.h>
#include <stdint.h>

#include "http/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view target = { (const char *)data, size };
	struct view path = http_target_path(target);

	if (path.n > size + 1) {
		__builtin_trap();
	}
	if (http_target_valid(target)) {
		if (!view_eq(target, VIEW("*")) && path.p[0] != '/') {
			__builtin_trap();
		}
		for (size_t i = 0; i < size; i++) {
			if (data[i] <= ' ' || data[i] > '~') {
				__builtin_trap();
			}
		}
	}
	/* A prefix is a path that does not climb. */
	if (http_prefix_valid(target)
	    && (!http_target_valid(target) || http_path_climbs(target))) {
		__builtin_trap();
	}
	return 0;
}

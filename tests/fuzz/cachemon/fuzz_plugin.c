/* The PHP-serialized metrics of the Redis Object Cache plugin. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "cachemon/plugin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A number that is given back is none that JSON cannot say. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plugin_request r = { .hits = -1 };
	struct plugin plugin = { .kept = 1 };
	struct buf out;

	if (plugin_parse((struct view){ (const char *)data, size }, &r) < 0) {
		if (r.hits != -1) {
			__builtin_trap();
		}
		return 0;
	}
	if (!(r.hits >= 0) || !(r.misses >= 0) || !(r.bytes >= 0)
	    || !(r.seconds >= 0) || !(r.calls >= 0) || !(r.timestamp >= 0)) {
		__builtin_trap();
	}
	plugin_add(&plugin, &r);
	buf_init(&out, 65536);
	plugin_json(&plugin, &out);
	if (buf_error(&out) != 0) {
		__builtin_trap();
	}
	buf_done(&out);
	return 0;
}

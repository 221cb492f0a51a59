/* MONITOR's lines, whose arguments are whatever a client sent to Redis. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cachemon/json.h"
#include "cachemon/monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lengths within bounds; the JSON of a burst within its limit. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct monitor_line line;
	struct burst_of_commands *burst;
	struct buf out;

	if (monitor_parse((struct view){ (const char *)data, size }, &line)
	    < 0) {
		return 0;
	}
	if (line.command_n > MONITOR_NAME || line.key_n > MONITOR_KEY
	    || line.client_n > MONITOR_CLIENT || line.hidden > size) {
		__builtin_trap();
	}
	burst = calloc(1, sizeof(*burst));
	if (burst == NULL) {
		return 0;
	}
	for (int i = 0; i < MONITOR_LINES + 2; i++) {
		monitor_add(burst, &line);
	}
	buf_init(&out, 512 * 1024);
	json_open(&out, NULL, '{');
	monitor_json(burst, &out);
	if (buf_error(&out) != 0 || burst->lines_n != MONITOR_LINES) {
		__builtin_trap();
	}
	buf_done(&out);
	free(burst);
	return 0;
}

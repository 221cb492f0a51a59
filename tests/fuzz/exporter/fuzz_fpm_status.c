/* php-fpm's status page in JSON, or what somebody gives for it. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "exporter/fpm_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fpm_status status;

	if (fpm_status_parse((struct view){ (const char *)data, size }, &status)
	    < 0) {
		return 0;
	}
	if (strlen(status.pool) > FPM_POOL_NAME_MAX
	    || status.process_count > FPM_PROCESSES_MAX
	    || (status.process_count > 0) != (status.processes != NULL)) {
		__builtin_trap();
	}
	for (size_t i = 0; i < status.process_count; i++) {
		if (strlen(status.processes[i].state) > FPM_STATE_MAX) {
			__builtin_trap();
		}
	}
	fpm_status_done(&status);
	return 0;
}

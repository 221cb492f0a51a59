/* What anybody who may publish can say in the drop-in's name. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cachemon/activity.h"
#include "cachemon/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The names are of the message; the table stays within its bounds. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct activity activity;
	static int64_t now = 1700000000;
	struct view message = { (const char *)data, size };
	struct view rest = message;
	struct report_page page;
	struct report_group g;
	size_t groups = 0;

	if (report_begin(&rest, &page) == 0) {
		while (report_next(&rest, &g)) {
			groups++;
			if (g.name.n == 0 || g.name.p < message.p
			    || g.name.p + g.name.n > message.p + message.n) {
				__builtin_trap();
			}
		}
	}
	if (groups > size / 11) {
		__builtin_trap();
	}
	now += size > 0 ? data[0] : 0;
	activity_report(&activity, message, now);
	activity_key(&activity, (enum key_event)(size % 4), message, now);
	if (activity.n > ACTIVITY_MAX + 2) {
		__builtin_trap();
	}
	return 0;
}

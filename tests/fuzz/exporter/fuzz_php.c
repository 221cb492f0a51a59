/*
 * WordPress's options as PHP serializes them, from a database that anybody may
 * have written to.
 */
#include <stddef.h>
#include <stdint.h>

#include "exporter/php_value.h"
#include "exporter/wp_option.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
within(struct view piece, struct view whole)
{
	return piece.n == 0
	    || (piece.p >= whole.p && piece.n <= whole.n
		&& piece.p + piece.n <= whole.p + whole.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view option = { (const char *)data, size }, rest = option;
	struct php_value v;
	struct wp_cron cron;
	struct wp_updates updates;
	uint64_t count;

	if (php_next(&rest, &v) == 0) {
		size_t opened = rest.n;

		if (opened >= size || !within(rest, option)
		    || (v.type == PHP_STRING && !within(v.text, option))) {
			__builtin_trap();
		}
		if (php_skip(&rest, &v) == 0 && rest.n > opened) {
			__builtin_trap();
		}
	}
	if (wp_cron_parse(option, 1700000000, &cron) == 0
	    && (cron.overdue > cron.events || cron.events > size)) {
		__builtin_trap();
	}
	/* A pair has six bytes at least: i:0;N; and so on. */
	if (wp_array_count(option, &count) == 0 && count > size / 6) {
		__builtin_trap();
	}
	if (wp_updates_parse(option, &updates) == 0
	    && !within(updates.version, option) && updates.version.n > 0) {
		__builtin_trap();
	}
	return 0;
}

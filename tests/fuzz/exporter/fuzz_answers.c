/*
 * The short answers: nginx's stub_status page, an FTP greeting, names and
 * values of MariaDB's variables.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "exporter/ftp_greeting.h"
#include "exporter/mysql_names.h"
#include "exporter/stub_status.h"
#include "metrics/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_mysql(struct view v)
{
	char name[MYSQL_NAME_MAX + 1], value[MYSQL_VALUE_MAX + 1];
	char state[MYSQL_NAME_MAX + 1];
	struct view label;
	double number;

	if (mysql_name(v, name)) {
		struct view rest = view_str(name);

		if (!view_only(rest, "abcdefghijklmnopqrstuvwxyz0123456789_")
		    || mysql_status_group(name, &label) > MYSQL_LEFT_OUT) {
			__builtin_trap();
		}
	}
	if (mysql_value(v, value)
	    && view_double(view_str(value), &number) < 0) {
		__builtin_trap();
	}
	mysql_thread_state(v, state);
	if (strlen(state) == 0 || strlen(state) > MYSQL_NAME_MAX) {
		__builtin_trap();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = { (const char *)data, size };
	struct stub_status status;
	int code = ftp_reply_code(v);

	if (code > 999 || (code > 0 && size < 5)) {
		__builtin_trap();
	}
	/* Seven numbers and the words between them. */
	if (stub_status_parse(v, &status) == 0 && size < 60) {
		__builtin_trap();
	}
	try_mysql(v);
	return 0;
}

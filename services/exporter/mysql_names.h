/*
 * How mysqld_exporter names and reads what MariaDB shows.  Pure.
 */
#ifndef EXPORTER_MYSQL_NAMES_H
#define EXPORTER_MYSQL_NAMES_H

#include <stdbool.h>

#include "base/view.h"

#define MYSQL_NAME_MAX 96
#define MYSQL_VALUE_MAX 80

/* The families of SHOW GLOBAL STATUS that have a label, and the others. */
enum mysql_group {
	MYSQL_COMMANDS, /* com_* */
	MYSQL_HANDLERS, /* handler_* */
	MYSQL_CONNECTION_ERRORS, /* connection_errors_* */
	MYSQL_POOL_PAGES, /* innodb_buffer_pool_pages_{data,free,misc,old} */
	MYSQL_POOL_DIRTY, /* innodb_buffer_pool_pages_dirty */
	MYSQL_POOL_CHANGES, /* other innodb_buffer_pool_pages_* */
	MYSQL_ROW_OPS, /* innodb_rows_* */
	MYSQL_LOST, /* performance_schema_* */
	MYSQL_GROUPS, /* how many groups there are */
	MYSQL_PLAIN = MYSQL_GROUPS, /* a family of its own */
	MYSQL_LEFT_OUT, /* a sum of others */
};

/*
 * Writes the name as a metric's name can be: lower case, anything but letters,
 * digits and _ becomes _.  False when it is empty or too long.
 */
NODISCARD bool mysql_name(struct view name, char out[MYSQL_NAME_MAX + 1]);

/*
 * The group of a cleaned name of SHOW GLOBAL STATUS; *ret_label is what its
 * label says.
 */
enum mysql_group mysql_status_group(const char *name, struct view *ret_label);

/*
 * Reads a value: a number; yes, on, primary as 1; no, off, disabled,
 * connecting, non-primary, disconnected as 0; a date as Unix time.  False for
 * any other text.  `out` is the number as text.
 */
NODISCARD bool mysql_value(struct view text, char out[MYSQL_VALUE_MAX + 1]);

/* "Waiting for table; now" -> "waiting_for_table_now", "" -> "unknown". */
void mysql_thread_state(struct view state, char out[MYSQL_NAME_MAX + 1]);

#endif

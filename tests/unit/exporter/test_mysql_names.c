/* Names and values of SHOW GLOBAL STATUS, VARIABLES and PROCESSLIST. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "exporter/mysql_names.h"

static void
names(void **state)
{
	static char longest[MYSQL_NAME_MAX + 2];
	char out[MYSQL_NAME_MAX + 1];

	(void)state;
	assert_true(mysql_name(VIEW("Innodb_Rows-read.x"), out));
	assert_string_equal(out, "innodb_rows_read_x");
	assert_true(mysql_name(VIEW("a\xff\0b"), out));
	assert_string_equal(out, "a__b");
	assert_false(mysql_name(VIEW(""), out));
	memset(longest, 'a', sizeof(longest) - 1);
	assert_true(mysql_name((struct view){ longest, MYSQL_NAME_MAX }, out));
	assert_false(
	    mysql_name((struct view){ longest, MYSQL_NAME_MAX + 1 }, out));
}

static void
status_groups(void **state)
{
	static const struct {
		const char *name;
		enum mysql_group group;
		const char *label;
	} rows[] = {
		{ "com_select", MYSQL_COMMANDS, "select" },
		{ "com_", MYSQL_COMMANDS, "" },
		{ "compression", MYSQL_PLAIN, "" },
		{ "handler_read_rnd_next", MYSQL_HANDLERS, "read_rnd_next" },
		{ "connection_errors_tcpwrap", MYSQL_CONNECTION_ERRORS,
		    "tcpwrap" },
		{ "connections", MYSQL_PLAIN, "" },
		{ "innodb_buffer_pool_pages_data", MYSQL_POOL_PAGES, "data" },
		{ "innodb_buffer_pool_pages_free", MYSQL_POOL_PAGES, "free" },
		{ "innodb_buffer_pool_pages_misc", MYSQL_POOL_PAGES, "misc" },
		{ "innodb_buffer_pool_pages_old", MYSQL_POOL_PAGES, "old" },
		{ "innodb_buffer_pool_pages_dirty", MYSQL_POOL_DIRTY, "dirty" },
		{ "innodb_buffer_pool_pages_total", MYSQL_LEFT_OUT, "total" },
		{ "innodb_buffer_pool_pages_lru_flushed", MYSQL_POOL_CHANGES,
		    "lru_flushed" },
		{ "innodb_buffer_pool_bytes_data", MYSQL_PLAIN, "" },
		{ "innodb_rows_inserted", MYSQL_ROW_OPS, "inserted" },
		{ "performance_schema_users_lost", MYSQL_LOST, "users_lost" },
		{ "uptime", MYSQL_PLAIN, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct view label;

		assert_int_equal(mysql_status_group(rows[i].name, &label),
		    rows[i].group);
		assert_true(view_eq(label, view_str(rows[i].label)));
	}
}

static void
values(void **state)
{
	static const struct {
		const char *text;
		const char *value; /* NULL: none */
	} rows[] = {
		{ "17", "17" },
		{ "-1", "-1" },
		{ "0.500000", "0.500000" },
		{ "18446744073709551615", "18446744073709551615" },
		{ "ON", "1" },
		{ "Yes", "1" },
		{ "primary", "1" },
		{ "OFF", "0" },
		{ "No", "0" },
		{ "DISABLED", "0" },
		{ "Connecting", "0" },
		{ "non-Primary", "0" },
		{ "Disconnected", "0" },
		{ "Nov 24 08:35:51 2027 GMT", "1827045351" },
		{ "Nov  4 08:35:51 2027 GMT", "1825317351" },
		{ "2027-11-24 08:35:51", "1827045351" },
		{ "", NULL },
		{ "NULL", NULL },
		{ "ONLINE", NULL },
		{ "127.0.0.1", NULL },
		{ "mysql-bin.000123", NULL },
		{ "10.11.19-MariaDB", NULL },
		{ "0x10", NULL },
		{ "nan", NULL },
		{ "inf", NULL },
		{ "Xxx 24 08:35:51 2027 GMT", NULL },
		{ "Nov 24 08:35:51 2027 CET", NULL },
		{ "Nov 32 08:35:51 2027 GMT", NULL },
		{ "No 24 08:35:51 2027 GMT", NULL },
		{ "2027-13-24 08:35:51", NULL },
		{ "2027-11-24 25:35:51", NULL },
		{ "2027-11-24 08:35:51 more", NULL },
		{ "2027-11-24", NULL },
	};
	static char text[200];
	char out[MYSQL_VALUE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool is = mysql_value(view_str(rows[i].text), out);

		assert_int_equal(is, rows[i].value != NULL);
		if (is) {
			assert_string_equal(out, rows[i].value);
		}
	}
	memset(text, '1', sizeof(text));
	assert_false(mysql_value((struct view){ text, sizeof(text) }, out));
	assert_false(mysql_value(VIEW("1\0002"), out));
	assert_false(mysql_value((struct view){ NULL, 0 }, out));
}

static void
thread_states(void **state)
{
	static char longest[300];
	char out[MYSQL_NAME_MAX + 1];

	(void)state;
	mysql_thread_state(VIEW("Waiting for table; (now), a-b."), out);
	assert_string_equal(out, "waiting_for_table_now_a_b");
	mysql_thread_state(VIEW(""), out);
	assert_string_equal(out, "unknown");
	mysql_thread_state(VIEW(";,:"), out);
	assert_string_equal(out, "unknown");
	memset(longest, 'x', sizeof(longest));
	mysql_thread_state((struct view){ longest, sizeof(longest) }, out);
	assert_int_equal(strlen(out), MYSQL_NAME_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(status_groups),
		cmocka_unit_test(values),
		cmocka_unit_test(thread_states),
	};

	return cmocka_run_group_tests_name("mysql_names", tests, NULL, NULL);
}

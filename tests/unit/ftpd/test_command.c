/* Command lines: verbs, arguments, what is no FTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ftpd/command.h"

static void
verbs_and_arguments(void **state)
{
	static const struct {
		const char *line;
		enum verb verb;
		const char *arg;
	} rows[] = {
		{ "NOOP", VERB_NOOP, "" },
		{ "user bob", VERB_USER, "bob" },
		{ "STOR a b ", VERB_STOR, "a b " },
		{ "RETR  leading", VERB_RETR, " leading" },
		{ "xmkd d", VERB_MKD, "d" },
		{ "XPWD", VERB_PWD, "" },
		{ "XCUP", VERB_CDUP, "" },
		{ "XCWD /", VERB_CWD, "/" },
		{ "XRMD d", VERB_RMD, "d" },
		{ "LIST -a /x", VERB_LIST, "-a /x" },
		{ "EPSV ALL", VERB_EPSV, "ALL" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command c;

		assert_int_equal(command_parse(view_str(rows[i].line), &c),
		    COMMAND_OK);
		assert_int_equal(c.verb, rows[i].verb);
		assert_true(view_eq(c.arg, view_str(rows[i].arg)));
	}
}

static void
every_verb_has_a_name_that_parses(void **state)
{
	(void)state;
	for (int v = 0; v < VERB_COUNT; v++) {
		const char *name = command_name((enum verb)v);
		char line[16] = "";
		struct command c;

		strncat(line, name, 8);
		strcat(line, " x");
		assert_int_equal(command_parse(view_str(line), &c),
		    COMMAND_OK);
		assert_int_equal(c.verb, v);
	}
}

static void
what_is_not_a_command(void **state)
{
	static const struct {
		const char *line;
		enum command_status status;
	} rows[] = {
		{ "", COMMAND_EMPTY },
		{ "   ", COMMAND_EMPTY },
		{ "FOO", COMMAND_UNKNOWN },
		{ " NOOP", COMMAND_UNKNOWN },
		{ "NOOPS", COMMAND_UNKNOWN },
		{ "NOO\xff", COMMAND_UNKNOWN },
		{ "STOU", COMMAND_ABSENT },
		{ "REIN", COMMAND_ABSENT },
		{ "USER", COMMAND_NO_ARG },
		{ "STOR ", COMMAND_NO_ARG },
		{ "GET / HTTP/1.1", COMMAND_FOREIGN },
		{ "post / HTTP/1.0", COMMAND_FOREIGN },
		{ "SSH-2.0-OpenSSH_9.2", COMMAND_FOREIGN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command c;

		assert_int_equal(command_parse(view_str(rows[i].line), &c),
		    rows[i].status);
	}
	assert_true(command_foreign_start(VIEW("\x16\x03\x01\x02")));
	assert_false(command_foreign_start(VIEW("USER x\r\n")));
	assert_false(command_foreign_start((struct view){ NULL, 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_and_arguments),
		cmocka_unit_test(every_verb_has_a_name_that_parses),
		cmocka_unit_test(what_is_not_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

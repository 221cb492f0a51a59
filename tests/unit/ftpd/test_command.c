/* Command lines: verbs, arguments, what is no FTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ftpd/session.h"

static void
verbs_and_arguments(void **state)
{
	static const struct {
		const char *line;
		command_handler *run;
		const char *arg;
	} rows[] = {
		{ "NOOP", NULL, "" },
		{ "user bob", session_user, "bob" },
		{ "STOR a b ", session_stor, "a b " },
		{ "RETR  leading", session_retr, " leading" },
		{ "xmkd d", session_mkd, "d" },
		{ "XPWD", session_pwd, "" },
		{ "XCUP", session_cdup, "" },
		{ "XCWD /", session_cwd, "/" },
		{ "XRMD d", session_rmd, "d" },
		{ "LIST -a /x", session_list, "-a /x" },
		{ "EPSV ALL", session_epsv, "ALL" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct command *c;
		struct view arg;

		assert_int_equal(command_parse(view_str(rows[i].line), &c,
				     &arg),
		    COMMAND_OK);
		assert_ptr_equal(c->run, rows[i].run);
		assert_true(view_eq(arg, view_str(rows[i].arg)));
	}
}

static void
every_name_parses(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; command_name(i) != NULL; i++) {
		const char *name = command_name(i);
		char line[16] = "";
		const struct command *c;
		struct view arg;

		strncat(line, name, 8);
		strcat(line, " x");
		assert_int_equal(command_parse(view_str(line), &c, &arg),
		    COMMAND_OK);
		assert_string_equal(c->name, name);
		/* Either a function or a fixed reply. */
		assert_true((c->run == NULL) == (c->text != NULL));
	}
	assert_int_equal(i, 52);
}

static void
what_is_not_a_command(void **state)
{
	static const struct {
		const char *line;
		enum command_status status;
	} rows[] = {
		{ "", COMMAND_UNKNOWN },
		{ "   ", COMMAND_UNKNOWN },
		{ "FOO", COMMAND_UNKNOWN },
		{ " NOOP", COMMAND_UNKNOWN },
		{ "NOOPS", COMMAND_UNKNOWN },
		{ "NOO\xff", COMMAND_UNKNOWN },
		{ "ACCT", COMMAND_ABSENT },
		{ "SMNT", COMMAND_ABSENT },
		{ "USER", COMMAND_NO_ARG },
		{ "STOR ", COMMAND_NO_ARG },
		{ "GET / HTTP/1.1", COMMAND_FOREIGN },
		{ "post / HTTP/1.0", COMMAND_FOREIGN },
		{ "SSH-2.0-OpenSSH_9.2", COMMAND_FOREIGN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct command *c;
		struct view arg;

		assert_int_equal(command_parse(view_str(rows[i].line), &c,
				     &arg),
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
		cmocka_unit_test(every_name_parses),
		cmocka_unit_test(what_is_not_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

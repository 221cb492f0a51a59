/* Settings from the environment and from files, and every way to get one wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/conf.h"

struct settings {
	char *text;
	char *optional;
	char *secret;
	uint64_t number;
	bool flag;
	int choice;
};

static const char *const choices[] = { "plain", "strict", NULL };

static const struct conf_item items[] = {
	{ .name = "T_TEXT",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, text),
	    .help = "a text" },
	{ .name = "T_OPTIONAL",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, optional),
	    .fallback = "",
	    .help = "perhaps a text" },
	{ .name = "T_SECRET",
	    .type = CONF_SECRET,
	    .offset = offsetof(struct settings, secret),
	    .help = "a secret" },
	{ .name = "T_NUMBER",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, number),
	    .fallback = "7",
	    .min = 1,
	    .max = 100,
	    .help = "a number" },
	{ .name = "T_FLAG",
	    .type = CONF_BOOL,
	    .offset = offsetof(struct settings, flag),
	    .fallback = "no",
	    .help = "a flag" },
	{ .name = "T_CHOICE",
	    .type = CONF_CHOICE,
	    .offset = offsetof(struct settings, choice),
	    .fallback = "strict",
	    .choices = choices,
	    .help = "a choice" },
};

static char path[64];

static void
write_file(const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	assert_int_equal(close(fd), 0);
}

static int
setup(void **state)
{
	char name[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		(void)snprintf(name, sizeof(name), "%s_FILE", items[i].name);
		assert_int_equal(unsetenv(items[i].name), 0);
		assert_int_equal(unsetenv(name), 0);
	}
	(void)snprintf(path, sizeof(path), "/tmp/test_conf.%d", (int)getpid());
	write_file("s3cret\n", 7);
	assert_int_equal(setenv("T_TEXT", "hello", 1), 0);
	assert_int_equal(setenv("T_SECRET_FILE", path, 1), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

/* Loads; the number of faults, and with one of them its line in `fault`. */
static size_t
load(struct settings *s, struct buf *fault)
{
	*s = (struct settings){ .text = NULL };
	buf_clear(fault);
	return conf_load(items, ARRAY_LEN(items), s, fault);
}

static void
done(struct settings *s)
{
	conf_done(items, ARRAY_LEN(items), s);
	assert_null(s->text);
	assert_null(s->optional);
	assert_null(s->secret);
}

/* Exactly one fault, and it names what is wrong. */
static void
one_fault(const char *words)
{
	struct settings s;
	struct buf fault;

	buf_init(&fault, 1 << 20);
	assert_int_equal(load(&s, &fault), 1);
	assert_non_null(strstr(buf_cstr(&fault), words));
	done(&s);
	buf_done(&fault);
}

static void
defaults_and_values(void **state)
{
	struct settings s;
	struct buf fault;

	(void)state;
	buf_init(&fault, 1 << 20);
	assert_int_equal(load(&s, &fault), 0);
	assert_string_equal(s.text, "hello");
	assert_string_equal(s.optional, "");
	assert_string_equal(s.secret, "s3cret");
	assert_int_equal(s.number, 7);
	assert_false(s.flag);
	assert_int_equal(s.choice, 1);
	done(&s);
	done(&s);

	assert_int_equal(setenv("T_NUMBER", "100", 1), 0);
	assert_int_equal(setenv("T_FLAG", "on", 1), 0);
	assert_int_equal(setenv("T_CHOICE", "plain", 1), 0);
	assert_int_equal(setenv("T_OPTIONAL", " kept ", 1), 0);
	assert_int_equal(load(&s, &fault), 0);
	assert_int_equal(s.number, 100);
	assert_true(s.flag);
	assert_int_equal(s.choice, 0);
	assert_string_equal(s.optional, " kept ");
	done(&s);
	assert_int_equal(buf_size(&fault), 0);
	buf_done(&fault);
}

static void
values_from_files(void **state)
{
	struct settings s;
	struct buf fault;

	(void)state;
	buf_init(&fault, 1 << 20);
	assert_int_equal(unsetenv("T_TEXT"), 0);
	assert_int_equal(setenv("T_TEXT_FILE", path, 1), 0);
	/* One newline goes, and only one. */
	write_file("a\n\n", 3);
	assert_int_equal(load(&s, &fault), 0);
	assert_string_equal(s.text, "a\n");
	done(&s);
	write_file("b", 1);
	assert_int_equal(load(&s, &fault), 0);
	assert_string_equal(s.text, "b");
	done(&s);
	buf_done(&fault);
	assert_int_equal(setenv("T_TEXT", "both", 1), 0);
	one_fault("T_TEXT and T_TEXT_FILE");
}

static void
every_word_for_yes_and_no(void **state)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false",
		"true", "0", "1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct settings s;
		struct buf fault;

		buf_init(&fault, 1 << 20);
		assert_int_equal(setenv("T_FLAG", words[i], 1), 0);
		assert_int_equal(load(&s, &fault), 0);
		assert_int_equal(s.flag, i % 2 == 1);
		done(&s);
		buf_done(&fault);
	}
	assert_int_equal(setenv("T_FLAG", "ON", 1), 0);
	one_fault("T_FLAG: ON");
}

static void
wrong_numbers(void **state)
{
	static const char *const wrong[] = { "", "0", "101", "-1", "+1", "1 ",
		" 1", "0x10", "1.5", "99999999999999999999", "seven" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(setenv("T_NUMBER", wrong[i], 1), 0);
		one_fault("from 1 to 100");
	}
}

static void
wrong_texts(void **state)
{
	(void)state;
	assert_int_equal(setenv("T_TEXT", "", 1), 0);
	one_fault("T_TEXT is empty");
	assert_int_equal(unsetenv("T_TEXT"), 0);
	one_fault("T_TEXT is not set");
	assert_int_equal(setenv("T_TEXT", "x", 1), 0);
	assert_int_equal(setenv("T_CHOICE", "odd\n\"one", 1), 0);
	one_fault("T_CHOICE: \"odd\\n\\\"one\" is none of: plain, strict");
}

static void
wrong_secrets(void **state)
{
	static char large[CONF_VALUE_MAX + 1];

	(void)state;
	write_file("", 0);
	one_fault("T_SECRET is empty");
	write_file("\n", 1);
	one_fault("T_SECRET is empty");
	write_file("a\0b", 3);
	one_fault("NUL byte");
	memset(large, 'x', sizeof(large));
	write_file(large, sizeof(large));
	one_fault("longer than 65536 bytes");
	assert_int_equal(setenv("T_SECRET_FILE", "/nonexistent/x", 1), 0);
	one_fault("cannot read '/nonexistent/x'");
	assert_int_equal(setenv("T_SECRET_FILE", "/", 1), 0);
	one_fault("cannot read '/'");
	assert_int_equal(unsetenv("T_SECRET_FILE"), 0);
	one_fault("T_SECRET_FILE is not set");
	/* The value itself must not stand in the message. */
	assert_int_equal(setenv("T_SECRET", "hunter2", 1), 0);
	one_fault("T_SECRET: a secret is read from a file only");
}

static void
the_largest_value(void **state)
{
	static char large[CONF_VALUE_MAX];
	struct settings s;
	struct buf fault;

	(void)state;
	memset(large, 'x', sizeof(large));
	write_file(large, sizeof(large));
	buf_init(&fault, 1 << 20);
	assert_int_equal(load(&s, &fault), 0);
	assert_int_equal(strlen(s.secret), sizeof(large));
	done(&s);
	buf_done(&fault);
}

static void
all_faults_at_once(void **state)
{
	struct settings s;
	struct buf fault;

	(void)state;
	buf_init(&fault, 1 << 20);
	assert_int_equal(unsetenv("T_TEXT"), 0);
	assert_int_equal(unsetenv("T_SECRET_FILE"), 0);
	assert_int_equal(setenv("T_NUMBER", "x", 1), 0);
	assert_int_equal(setenv("T_FLAG", "x", 1), 0);
	assert_int_equal(setenv("T_CHOICE", "x", 1), 0);
	assert_int_equal(load(&s, &fault), 5);
	done(&s);
	buf_done(&fault);

	/* A report that does not fit is a fault, too. */
	buf_init(&fault, 4);
	assert_true(load(&s, &fault) > 0);
	done(&s);
	buf_done(&fault);
}

static void
help_names_everything(void **state)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	assert_non_null(out);
	conf_help(items, ARRAY_LEN(items), out);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "T_TEXT\n      a text (required)\n"));
	assert_non_null(strstr(text, "T_SECRET_FILE\n"));
	assert_non_null(strstr(text, "(default: empty)\n"));
	assert_non_null(strstr(text, "a number, 1 to 100 (default: 7)\n"));
	assert_non_null(
	    strstr(text, "a choice: plain, strict (default: strict)\n"));
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_and_values),
		TEST(values_from_files),
		TEST(every_word_for_yes_and_no),
		TEST(wrong_numbers),
		TEST(wrong_texts),
		TEST(wrong_secrets),
		TEST(the_largest_value),
		TEST(all_faults_at_once),
		TEST(help_names_everything),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}

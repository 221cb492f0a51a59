/* The status pages of nginx and php-fpm, and FTP's replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "exporter/fpm_status.h"
#include "exporter/ftp_greeting.h"
#include "exporter/stub_status.h"

static void
stub_status_good(void **state)
{
	struct stub_status s;

	(void)state;
	assert_int_equal(
	    stub_status_parse(VIEW("Active connections: 291 \n"
				   "server accepts handled requests\n"
				   " 16630948 16630947 31070465 \n"
				   "Reading: 6 Writing: 179 Waiting: 106 \n"),
		&s),
	    0);
	assert_int_equal(s.active, 291);
	assert_int_equal(s.accepted, 16630948);
	assert_int_equal(s.handled, 16630947);
	assert_int_equal(s.requests, 31070465);
	assert_int_equal(s.reading, 6);
	assert_int_equal(s.writing, 179);
	assert_int_equal(s.waiting, 106);
}

static void
stub_status_bad(void **state)
{
	static const char *const pages[] = {
		"",
		"<html>404</html>",
		"Active connections: x",
		"Active connections: 1 \nserver accepts handled requests\n 1 2",
		"Active connections: 1 \nserver accepts handled requests\n"
		" 1 1 99999999999999999999999 \n"
		"Reading: 0 Writing: 1 Waiting: 0 \n",
		"Active connections: -1 \nserver accepts handled requests\n"
		" 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n",
		"Active connections: 1 \nserver accepts handled requests\n"
		" 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 more\n",
	};
	static const char whole[] =
	    "Active connections: 1 \nserver accepts handled requests\n"
	    " 1 1 1 \nReading: 0 Writing: 1 Waiting: 0";
	struct stub_status s = { .active = 77 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		assert_int_equal(stub_status_parse(view_str(pages[i]), &s),
		    -EINVAL);
	}
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		assert_int_equal(stub_status_parse((struct view){ whole, n },
				     &s),
		    -EINVAL);
	}
	assert_int_equal(s.active, 77);
	assert_int_equal(stub_status_parse(view_str(whole), &s), 0);
}

#define PROCESS(state) \
	"{\"pid\":7,\"state\":\"" state \
	"\",\"start time\":1,\"start since\":2," \
	"\"requests\":3,\"request duration\":4567,\"request method\":\"GET\"," \
	"\"request uri\":\"/?a=\\\"[[[[[[[[[[\",\"content length\":0," \
	"\"user\":\"-\",\"script\":\"-\",\"last request cpu\":12.50," \
	"\"last request memory\":2097152}"
#define POOL \
	"{\"pool\":\"www\",\"process manager\":\"dynamic\"," \
	"\"start time\":1795509373,\"start since\":3,\"accepted conn\":11," \
	"\"listen queue\":1,\"max listen queue\":2,\"listen queue len\":4096," \
	"\"idle processes\":5,\"active processes\":6,\"total processes\":7," \
	"\"max active processes\":8,\"max children reached\":9," \
	"\"slow requests\":10"

static void
fpm_good(void **state)
{
	struct fpm_status s;

	(void)state;
	assert_int_equal(
	    fpm_status_parse(VIEW(POOL ", \"processes\":[" PROCESS(
				 "Idle") "," PROCESS("Running") "]}"),
		&s),
	    0);
	assert_string_equal(s.pool, "www");
	assert_int_equal(s.start_since, 3);
	assert_int_equal(s.accepted, 11);
	assert_int_equal(s.listen_queue, 1);
	assert_int_equal(s.max_listen_queue, 2);
	assert_int_equal(s.listen_queue_length, 4096);
	assert_int_equal(s.idle, 5);
	assert_int_equal(s.active, 6);
	assert_int_equal(s.total, 7);
	assert_int_equal(s.max_active, 8);
	assert_int_equal(s.max_children_reached, 9);
	assert_int_equal(s.slow_requests, 10);
	assert_int_equal(s.process_count, 2);
	assert_string_equal(s.processes[1].state, "Running");
	assert_int_equal(s.processes[0].requests, 3);
	assert_true(s.processes[0].request_duration == 4567);
	assert_true(s.processes[0].last_request_cpu == 12.5);
	assert_true(s.processes[0].last_request_memory == 2097152);
	fpm_status_done(&s);

	assert_int_equal(fpm_status_parse(VIEW(POOL "}"), &s), 0);
	assert_int_equal(s.process_count, 0);
	fpm_status_done(&s);
	/* Wrong types are read as nothing. */
	assert_int_equal(
	    fpm_status_parse(VIEW("{\"pool\":\"p\",\"accepted "
				  "conn\":-5,\"listen queue\":\"x\","
				  "\"processes\":[1,null,{\"state\":7,"
				  "\"requests\":\"q\"}]}"),
		&s),
	    0);
	assert_int_equal(s.accepted, 0);
	assert_int_equal(s.listen_queue, 0);
	assert_int_equal(s.process_count, 3);
	assert_string_equal(s.processes[2].state, "");
	fpm_status_done(&s);
}

static void
fpm_bad(void **state)
{
	static const char *const pages[] = {
		"",
		"null",
		"[]",
		"{}",
		"\"pool\"",
		"pool:                 www\n",
		"{\"pool\":\"www\"}",
		"{\"pool\":7,\"accepted conn\":1}",
		"{\"pool\":\"www\",\"accepted conn\":\"1\"}",
		POOL,
		POOL "} more",
		POOL ",}",
		POOL ",\"x\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
		"{\"pool\":\"\xff\xfe\",\"accepted conn\":1}",
	};
	struct fpm_status s;
	struct buf deep;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		assert_int_equal(fpm_status_parse(view_str(pages[i]), &s),
		    -EINVAL);
	}
	buf_init(&deep, 1 << 20);
	for (int i = 0; i < 500000; i++) {
		buf_add_char(&deep, '[');
	}
	assert_int_equal(fpm_status_parse(buf_view(&deep), &s), -EINVAL);
	buf_done(&deep);
}

static void
fpm_many_processes(void **state)
{
	struct fpm_status s;
	struct buf json;

	(void)state;
	buf_init(&json, 1 << 20);
	buf_add_str(&json, POOL ",\"processes\":[");
	for (int i = 0; i < FPM_PROCESSES_MAX + 50; i++) {
		buf_addf(&json, "%s{\"state\":\"Idle\",\"requests\":%d}",
		    i > 0 ? "," : "", i);
	}
	buf_add_str(&json, "]}");
	assert_int_equal(fpm_status_parse(buf_view(&json), &s), 0);
	assert_int_equal(s.process_count, FPM_PROCESSES_MAX);
	fpm_status_done(&s);
	fpm_status_done(&s);
	buf_done(&json);
}

/* A short text is not to become much memory. */
static void
fpm_many_values(void **state)
{
	static const char *const values[] = { "{}", "[]", "1", "\"\"" };
	struct fpm_status s;
	struct buf json;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		buf_init(&json, 1 << 20);
		buf_add_str(&json, POOL ",\"x\":[0");
		for (int n = 0; n < 40000; n++) {
			buf_addf(&json, ",%s", values[i]);
		}
		buf_add_str(&json, "]}");
		assert_int_equal(buf_error(&json), 0);
		assert_int_equal(fpm_status_parse(buf_view(&json), &s),
		    -EINVAL);
		buf_done(&json);
	}
}

static void
ftp_replies(void **state)
{
	static const struct {
		const char *bytes;
		int code;
	} rows[] = {
		{ "", 0 },
		{ "220", 0 },
		{ "220 hello", 0 },
		{ "220 hello\r\n", 220 },
		{ "220 hello\n234 more\r\n", 220 },
		{ "220-first\r\n", 0 },
		{ "220-first\r\n 220 not yet\r\nany\r\n221 no\r\n", 0 },
		{ "220-first\r\nany\r\n220 last\r\n", 220 },
		{ "220-first\r\n220-second\r\n220 last\r\n", 220 },
		{ "220\r\n", -EPROTO },
		{ "22x a\r\n", -EPROTO },
		{ "099 a\r\n", -EPROTO },
		{ "600 a\r\n", -EPROTO },
		{ "SSH-2.0-x\r\n", -EPROTO },
		{ "\r\n", -EPROTO },
	};
	static char line[FTP_REPLY_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(ftp_reply_code(view_str(rows[i].bytes)),
		    rows[i].code);
	}
	memset(line, '2', sizeof(line));
	assert_int_equal(ftp_reply_code((struct view){ line, FTP_REPLY_MAX }),
	    0);
	assert_int_equal(ftp_reply_code(
			     (struct view){ line, FTP_REPLY_MAX + 1 }),
	    -EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stub_status_good),
		cmocka_unit_test(stub_status_bad),
		cmocka_unit_test(fpm_good),
		cmocka_unit_test(fpm_bad),
		cmocka_unit_test(fpm_many_processes),
		cmocka_unit_test(fpm_many_values),
		cmocka_unit_test(ftp_replies),
	};

	return cmocka_run_group_tests_name("status_pages", tests, NULL, NULL);
}

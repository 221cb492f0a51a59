/*
 * http/check.h: every line that refuses a request, and that sound ones pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "http/check.h"

/* A sound request that the tests then spoil. */
static struct http_shape
sound(void)
{
	struct http_shape shape = { .version = VIEW("HTTP/1.1") };

	http_shape_add(&shape, VIEW("Host"), VIEW("example.org"));
	http_shape_add(&shape, VIEW("Accept"), VIEW("*/*"));
	return shape;
}

static void
add(struct http_shape *shape, const char *name, const char *value)
{
	http_shape_add(shape, view_str(name), view_str(value));
}

static void
sound_requests_pass(void **state)
{
	struct http_shape shape = sound();
	struct http_shape old = { .version = VIEW("HTTP/1.0") };

	(void)state;
	assert_int_equal(http_shape_refusal(&shape), 0);
	assert_int_equal(http_shape_refusal(&old), 0);
	add(&shape, "Content-Length", "0");
	assert_int_equal(http_shape_refusal(&shape), 0);
	shape = sound();
	shape.body_method = true;
	add(&shape, "content-length", "18446744073709551615");
	assert_int_equal(http_shape_refusal(&shape), 0);
	shape = sound();
	shape.body_method = true;
	add(&shape, "Transfer-Encoding", "Chunked");
	assert_int_equal(http_shape_refusal(&shape), 0);
}

static void
versions(void **state)
{
	static const char *const bad[] = { "HTTP/2.0", "HTTP/1.2", "HTTP/0.9",
		"http/1.1", "HTTP/1.1 ", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct http_shape shape = sound();

		shape.version = view_str(bad[i]);
		assert_int_equal(http_shape_refusal(&shape), 505);
	}
}

static void
hosts_are_counted(void **state)
{
	struct http_shape none = { .version = VIEW("HTTP/1.1") };
	struct http_shape two = sound();
	struct http_shape bad = { .version = VIEW("HTTP/1.1") };
	struct http_shape old = { .version = VIEW("HTTP/1.0") };

	(void)state;
	assert_int_equal(http_shape_refusal(&none), 400);
	add(&two, "hOST", "example.org");
	assert_int_equal(http_shape_refusal(&two), 400);
	add(&bad, "Host", "a b");
	assert_int_equal(http_shape_refusal(&bad), 400);
	add(&old, "Host", "a/b");
	assert_int_equal(http_shape_refusal(&old), 400);
}

static void
host_values(void **state)
{
	static const char *const good[] = { "example.org", "example.org:443",
		"example.org:", "192.0.2.1:8080", "[::1]", "[::1]:80",
		"[2001:db8::1]", "a-b.c_d", "localhost" };
	static const char *const bad[] = { "", ":80", "a b", "a/b", "a@b",
		"a:b", "a:65536", "a:-1", "a:+1", "a:080000", "[::1", "[]",
		"[::g]x", "[::1]x", "[::1]:x", "a,b", "a\tb", "a\\b" };
	char longest[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(http_host_valid(view_str(good[i])));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(http_host_valid(view_str(bad[i])));
	}
	for (size_t i = 0; i < sizeof(longest); i++) {
		longest[i] = 'a';
	}
	assert_false(
	    http_host_valid((struct view){ longest, sizeof(longest) }));
}

static void
names_and_values(void **state)
{
	static const char *const names[] = { "", "a b", "a:", "a(b)", "a\t",
		"\x80", "a\"", "transfer-encodingchunked", "Content-Length5" };
	static const struct view values[] = { { "a\rb", 3 }, { "a\nb", 3 },
		{ "a\0b", 3 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct http_shape shape = sound();

		add(&shape, names[i], "x");
		assert_int_equal(http_shape_refusal(&shape), 400);
	}
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct http_shape shape = sound();

		http_shape_add(&shape, VIEW("X"), values[i]);
		assert_int_equal(http_shape_refusal(&shape), 400);
	}
}

struct framing {
	const char *version;
	bool body_method;
	const char *length[2];
	const char *encoding[2];
	unsigned status;
};

static void
framing(void **state)
{
	static const struct framing cases[] = {
		{ "HTTP/1.1", true, { "5", "5" }, { NULL }, 400 },
		{ "HTTP/1.1", true, { "5", "6" }, { NULL }, 400 },
		{ "HTTP/1.1", true, { "5" }, { "chunked" }, 400 },
		{ "HTTP/1.1", true, { NULL }, { "chunked", "chunked" }, 400 },
		{ "HTTP/1.0", true, { NULL }, { "chunked" }, 400 },
		{ "HTTP/1.1", true, { "5, 5" }, { NULL }, 400 },
		{ "HTTP/1.1", true, { "+5" }, { NULL }, 400 },
		{ "HTTP/1.1", true, { "-5" }, { NULL }, 400 },
		{ "HTTP/1.1", true, { "0x5" }, { NULL }, 400 },
		{ "HTTP/1.1", true, { "5 " }, { NULL }, 400 },
		{ "HTTP/1.1", true, { "" }, { NULL }, 400 },
		{ "HTTP/1.1", true, { "18446744073709551616" }, { NULL }, 400 },
		{ "HTTP/1.1", true, { NULL }, { "gzip" }, 501 },
		{ "HTTP/1.1", true, { NULL }, { "chunked, gzip" }, 501 },
		{ "HTTP/1.1", true, { NULL }, { "gzip, chunked" }, 501 },
		{ "HTTP/1.1", true, { NULL }, { "xchunked" }, 501 },
		{ "HTTP/1.1", true, { NULL }, { "" }, 501 },
		{ "HTTP/1.1", false, { "1" }, { NULL }, 400 },
		{ "HTTP/1.1", false, { NULL }, { "chunked" }, 400 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_shape shape = sound();

		shape.version = view_str(cases[i].version);
		shape.body_method = cases[i].body_method;
		for (size_t k = 0; k < 2; k++) {
			if (cases[i].length[k] != NULL) {
				add(&shape, "Content-Length",
				    cases[i].length[k]);
			}
			if (cases[i].encoding[k] != NULL) {
				add(&shape, "Transfer-Encoding",
				    cases[i].encoding[k]);
			}
		}
		assert_int_equal(http_shape_refusal(&shape), cases[i].status);
	}
}

static void
targets(void **state)
{
	static const char *const good[] = { "/", "/site/a%20b?x=%41", "*",
		"/a%2fb", "http://x/y", "HTTPS://x", "/~a|b" };
	static const char *const bad[] = { "", "site", "x:80", "/a b", "/a#b",
		"/a%", "/a%4", "/a%4g", "/%00", "/?%00", "/\x01", "/\x7f",
		"/\xc3\xa4", "http://", "ftp://x/", "**" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(http_target_valid(view_str(good[i])));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(http_target_valid(view_str(bad[i])));
	}
}

static void
target_paths(void **state)
{
	static const struct {
		const char *target;
		const char *path;
	} cases[] = { { "/a/b", "/a/b" }, { "http://x/a", "/a" },
		{ "http://x", "/" }, { "HTTPS://x:1/", "/" }, { "*", "*" },
		{ "//x/a", "//x/a" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(view_eq(http_target_path(view_str(cases[i].target)),
		    view_str(cases[i].path)));
	}
}

static void
climbing(void **state)
{
	static const char *const bad[] = { "/..", "/../a", "/a/../b", "/a/..",
		"/.", "/./a", "/a/.", "..", "." };
	static const char *const good[] = { "/", "/...", "/..a", "/a..",
		"/.well-known/x", "//", "/a.b/c" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_true(http_path_climbs(view_str(bad[i])));
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_false(http_path_climbs(view_str(good[i])));
	}
}

static void
prefixes(void **state)
{
	static const char *const good[] = { "/", "/site/", "/a-b/c_d/~e/" };
	static const char *const bad[] = { "", "site/", "/site", "//", "/a//b/",
		"/a b/", "/a.b/", "/../", "/%41/", "/a\"/", "/\xc3\xa4/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(http_prefix_valid(view_str(good[i])));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(http_prefix_valid(view_str(bad[i])));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_requests_pass),
		cmocka_unit_test(versions),
		cmocka_unit_test(hosts_are_counted),
		cmocka_unit_test(host_values),
		cmocka_unit_test(names_and_values),
		cmocka_unit_test(framing),
		cmocka_unit_test(targets),
		cmocka_unit_test(target_paths),
		cmocka_unit_test(climbing),
		cmocka_unit_test(prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

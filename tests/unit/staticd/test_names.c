/*
 * staticd/mime.h, digest.h and fields.h: what is decided by names and bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "staticd/digest.h"
#include "staticd/fields.h"
#include "staticd/mime.h"

#include <string.h>

static void
types(void **state)
{
	static const struct {
		const char *path;
		const char *type;
	} cases[] = {
		{ "index.html", "text/html; charset=utf-8" },
		{ "A/B.HTML", "text/html; charset=utf-8" },
		{ "a.b.css", "text/css; charset=utf-8" },
		{ "x.js", "text/javascript; charset=utf-8" },
		{ "x.svg", "image/svg+xml; charset=utf-8" },
		{ "x.webmanifest", "application/manifest+json" },
		{ "x.woff2", "font/woff2" },
		{ "x", "application/octet-stream" },
		{ "html", "application/octet-stream" },
		{ "a.html/x", "application/octet-stream" },
		{ "x.", "application/octet-stream" },
		{ "x.unknown", "application/octet-stream" },
		{ "", "application/octet-stream" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_string_equal(mime_of(view_str(cases[i].path))->type,
		    cases[i].type);
	}
	assert_true(mime_is_page(mime_of(VIEW("a.htm"))));
	assert_false(mime_is_page(mime_of(VIEW("a.css"))));
	assert_true(mime_of(VIEW("a.css"))->compressible);
	assert_false(mime_of(VIEW("a.png"))->compressible);
}

static void
fingerprints(void **state)
{
	static const char *const yes[] = { "app.3f9c2b1a.js",
		"a/b/app-0123456789abcdef.css", "x.00000000.png" };
	static const char *const no[] = { "app.js", "app.3f9c2b1.js",
		"app.3F9C2B1A.js", "app.deadbeef.js", "3f9c2b1a.js",
		"app.3f9c2b1a", "app.3f9c2b1g.js", "3f9c2b1a/app.js", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		assert_true(mime_fingerprinted(view_str(yes[i])));
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		assert_false(mime_fingerprinted(view_str(no[i])));
	}
}

static void
digest_of(const char *text, char out[DIGEST_HEX])
{
	struct digest d;

	digest_init(&d);
	digest_add(&d, text, strlen(text));
	digest_hex(&d, out);
}

static void
digests(void **state)
{
	char hex[DIGEST_HEX];
	struct digest d;

	(void)state;
	/* The published values for FNV-1a with 128 bits. */
	digest_of("", hex);
	assert_string_equal(hex, "6c62272e07bb014262b821756295c58d");
	digest_of("a", hex);
	assert_string_equal(hex, "d228cb696f1a8caf78912b704e4a8964");
	digest_of("foobar", hex);
	assert_string_equal(hex, "343e1662793c64bf6f0d3597ba446f18");
	digest_init(&d);
	digest_add(&d, "foo", 3);
	digest_add(&d, "bar", 3);
	digest_hex(&d, hex);
	assert_string_equal(hex, "343e1662793c64bf6f0d3597ba446f18");
}

static const char *
value_of(const struct fields *f, const char *name)
{
	for (size_t i = 0; f->list[i].name != NULL; i++) {
		if (strcmp(f->list[i].name, name) == 0) {
			return f->list[i].value;
		}
	}
	return NULL;
}

static void
fields_change(void **state)
{
	struct fields f;
	struct buf faults;

	(void)state;
	buf_init(&faults, 4096);
	fields_load(&f, "H",
	    "\n  Referrer-Policy: same-origin\r\n"
	    "x-frame-options:\nX-Mine:  a b \n\nX-Content-Type-Options:",
	    &faults);
	assert_int_equal(buf_size(&faults), 0);
	assert_string_equal(value_of(&f, "Referrer-Policy"), "same-origin");
	assert_string_equal(value_of(&f, "X-Mine"), "a b");
	assert_null(value_of(&f, "X-Frame-Options"));
	assert_null(value_of(&f, "X-Content-Type-Options"));
	assert_non_null(strstr(value_of(&f, "Content-Security-Policy"),
	    "default-src 'none'"));
	fields_done(&f);
	buf_done(&faults);
}

static void
fields_refuse(void **state)
{
	static const char *const bad[] = { "nonsense", ": x", "a b: c",
		"ETag: x", "content-length: 1", "X: \x01", "X: \xc3\xa4",
		"Transfer-Encoding: chunked", "Set Cookie: x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fields f;
		struct buf faults;

		buf_init(&faults, 4096);
		fields_load(&f, "STATICD_HEADERS", bad[i], &faults);
		assert_true(view_starts(buf_view(&faults),
		    VIEW("STATICD_HEADERS: line ")));
		assert_true(view_ends(buf_view(&faults), VIEW("\n")));
		fields_done(&f);
		buf_done(&faults);
	}
}

static void
fields_are_bounded(void **state)
{
	struct fields f;
	struct buf faults;
	struct buf text;

	(void)state;
	buf_init(&faults, 4096);
	buf_init(&text, 4096);
	for (int i = 0; i < FIELDS_MAX; i++) {
		buf_addf(&text, "X-%d: y\n", i);
	}
	fields_load(&f, "H", buf_cstr(&text), &faults);
	assert_non_null(strstr(buf_cstr(&faults), "one header too many"));
	fields_done(&f);
	buf_done(&faults);
	buf_done(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),
		cmocka_unit_test(fingerprints),
		cmocka_unit_test(digests),
		cmocka_unit_test(fields_change),
		cmocka_unit_test(fields_refuse),
		cmocka_unit_test(fields_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/escape.h"

#include <stdbool.h>
#include <string.h>

#define REPLACEMENT VIEW("\xef\xbf\xbd")

/* No overlong forms, no surrogates, at most U+10FFFF: the second byte tells. */
static bool
second_valid(unsigned char first, unsigned char second)
{
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

size_t
utf8_length(struct view v)
{
	const unsigned char *s = (const unsigned char *)v.p;
	size_t n;

	if (v.n == 0) {
		return 0;
	}
	if (s[0] < 0x80) {
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4) {
		return 0;
	}
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (v.n < n) {
		return 0;
	}
	if (!second_valid(s[0], s[1])) {
		return 0;
	}
	for (size_t i = 2; i < n; i++) {
		if (s[i] < 0x80 || s[i] > 0xbf) {
			return 0;
		}
	}
	return n;
}

/* Appends the next character of `*v`, or U+FFFD for a byte that is none. */
static void
add_utf8(struct buf *b, struct view *v)
{
	size_t n = utf8_length(*v);

	if (n == 0) {
		buf_add_view(b, REPLACEMENT);
		n = 1;
	} else {
		buf_add(b, v->p, n);
	}
	*v = view_drop(*v, n);
}

static bool
is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
	    || (c >= 'A' && c <= 'Z')
	    || (c != '\0' && strchr("-_./:@+,%", c) != NULL);
}

static void
escape_log_char(struct buf *b, char c)
{
	if (c == '"' || c == '\\') {
		buf_add_char(b, '\\');
		buf_add_char(b, c);
	} else if (c == '\n') {
		buf_add_str(b, "\\n");
	} else if (c == '\r') {
		buf_add_str(b, "\\r");
	} else if (c == '\t') {
		buf_add_str(b, "\\t");
	} else {
		buf_addf(b, "\\x%02x", (unsigned)(unsigned char)c);
	}
}

void
escape_log(struct buf *b, struct view v)
{
	size_t plain = 0;

	while (plain < v.n && is_plain(v.p[plain])) {
		plain++;
	}
	if (v.n > 0 && plain == v.n) {
		buf_add_view(b, v);
		return;
	}
	buf_add_char(b, '"');
	while (v.n > 0) {
		unsigned char c = (unsigned char)v.p[0];

		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\'
		    || utf8_length(v) == 0) {
			escape_log_char(b, v.p[0]);
			v = view_drop(v, 1);
		} else if (c == 0xc2 && (unsigned char)v.p[1] < 0xa0) {
			/* C1 control characters move terminals, too. */
			escape_log_char(b, v.p[0]);
			escape_log_char(b, v.p[1]);
			v = view_drop(v, 2);
		} else {
			add_utf8(b, &v);
		}
	}
	buf_add_char(b, '"');
}

void
escape_json(struct buf *b, struct view v)
{
	buf_add_char(b, '"');
	while (v.n > 0) {
		unsigned char c = (unsigned char)v.p[0];

		if (c == '"' || c == '\\') {
			buf_add_char(b, '\\');
			buf_add_char(b, v.p[0]);
			v = view_drop(v, 1);
		} else if (c < 0x20 || c == 0x7f
		    || strchr("<>&'", v.p[0]) != NULL) {
			buf_addf(b, "\\u%04x", (unsigned)c);
			v = view_drop(v, 1);
		} else {
			add_utf8(b, &v);
		}
	}
	buf_add_char(b, '"');
}

void
escape_html(struct buf *b, struct view v)
{
	while (v.n > 0) {
		const char *entity = NULL;

		switch (v.p[0]) {
		case '<':
			entity = "&lt;";
			break;
		case '>':
			entity = "&gt;";
			break;
		case '&':
			entity = "&amp;";
			break;
		case '"':
			entity = "&quot;";
			break;
		case '\'':
			entity = "&#39;";
			break;
		case '\0':
			entity = "\xef\xbf\xbd";
			break;
		default:
			break;
		}
		if (entity != NULL) {
			buf_add_str(b, entity);
			v = view_drop(v, 1);
		} else {
			add_utf8(b, &v);
		}
	}
}

void
escape_label(struct buf *b, struct view v)
{
	while (v.n > 0) {
		size_t plain = 0;

		/* ASCII by far the most often, and then in one piece. */
		while (plain < v.n && v.p[plain] > 0 && v.p[plain] != '\\'
		    && v.p[plain] != '"' && v.p[plain] != '\n') {
			plain++;
		}
		if (plain > 0) {
			buf_add(b, v.p, plain);
			v = view_drop(v, plain);
		} else if (v.p[0] == '\\' || v.p[0] == '"') {
			buf_add_char(b, '\\');
			buf_add_char(b, v.p[0]);
			v = view_drop(v, 1);
		} else if (v.p[0] == '\n') {
			buf_add_str(b, "\\n");
			v = view_drop(v, 1);
		} else if (v.p[0] == '\0') {
			/* Not every scraper takes it. */
			buf_add_view(b, REPLACEMENT);
			v = view_drop(v, 1);
		} else {
			add_utf8(b, &v);
		}
	}
}

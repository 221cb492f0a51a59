#include "cachemon/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

/* Comma and key, as the place asks for. */
static void
begin(struct buf *b, const char *key)
{
	struct view v = buf_view(b);

	if (v.n > 0 && strchr("{[:", v.p[v.n - 1]) == NULL) {
		buf_add_char(b, ',');
	}
	if (key != NULL) {
		buf_add_char(b, '"');
		buf_add_str(b, key);
		buf_add_str(b, "\":");
	}
}

void
json_open(struct buf *b, const char *key, char bracket)
{
	begin(b, key);
	buf_add_char(b, bracket);
}

void
json_close(struct buf *b, char bracket)
{
	buf_add_char(b, bracket);
}

void
json_null(struct buf *b, const char *key)
{
	begin(b, key);
	buf_add_str(b, "null");
}

void
json_bool(struct buf *b, const char *key, bool value)
{
	begin(b, key);
	buf_add_str(b, value ? "true" : "false");
}

void
json_u64(struct buf *b, const char *key, uint64_t value)
{
	begin(b, key);
	buf_add_u64(b, value);
}

void
json_i64(struct buf *b, const char *key, int64_t value)
{
	begin(b, key);
	buf_add_i64(b, value);
}

void
json_str(struct buf *b, const char *key, struct view value)
{
	begin(b, key);
	escape_json(b, value);
}

void
json_num(struct buf *b, const char *key, double value, int decimals)
{
	char text[400];
	int n;

	if (!isfinite(value)) {
		json_null(b, key);
		return;
	}
	n = snprintf(text, sizeof(text), "%.*f", decimals, value);
	if (n < 0 || (size_t)n >= sizeof(text)) {
		json_null(b, key);
		return;
	}
	if (strchr(text, '.') != NULL) {
		while (text[n - 1] == '0') {
			n--;
		}
		if (text[n - 1] == '.') {
			n--;
		}
	}
	begin(b, key);
	buf_add(b, text, (size_t)n);
}

void
json_raw(struct buf *b, const char *key, struct view json)
{
	begin(b, key);
	buf_add_view(b, json);
}

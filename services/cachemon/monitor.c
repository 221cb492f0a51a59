#include "cachemon/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cachemon/json.h"
#include "cachemon/slowlog.h"

/* The value of a hexadecimal digit as Redis writes it; 16 for none. */
static size_t
hex_digit(char c)
{
	return view_find(VIEW("0123456789abcdef"), c);
}

/* The character that a backslash and what follows stand for. */
static char
take_escape(struct view *rest)
{
	static const char chars[] = "\n\r\t\a\b";
	char c = '\\';
	size_t code;

	if (rest->n == 0) {
		return c;
	}
	c = rest->p[0];
	if (c == 'x' && rest->n >= 3) {
		size_t high = hex_digit(rest->p[1]);
		size_t low = hex_digit(rest->p[2]);

		if (high < 16 && low < 16) {
			*rest = view_drop(*rest, 3);
			return (char)(unsigned char)(high * 16 + low);
		}
	}
	*rest = view_drop(*rest, 1);
	code = view_find(VIEW("nrtab"), c);
	if (code < sizeof(chars) - 1) {
		c = chars[code];
	}
	return c;
}

/*
 * Takes a quoted argument; its first `most` bytes go to `out`, which may be
 * NULL.  False when there is none.
 */
static bool
take_argument(struct view *rest, char *out, size_t most, uint8_t *ret_n)
{
	size_t n = 0;

	(void)view_take(rest, VIEW(" "));
	if (!view_take(rest, VIEW("\""))) {
		return false;
	}
	while (rest->n > 0 && rest->p[0] != '"') {
		char c = rest->p[0];

		*rest = view_drop(*rest, 1);
		if (c == '\\') {
			c = take_escape(rest);
		}
		if (out != NULL && n < most) {
			out[n++] = c;
		}
	}
	if (out != NULL) {
		out[n] = '\0';
		*ret_n = (uint8_t)n;
	}
	return view_take(rest, VIEW("\""));
}

/*
 * Takes what stands before "] ": an address with its port, in brackets of its
 * own when it is of IPv6, or "lua".
 */
static struct view
take_client(struct view *rest)
{
	for (size_t i = 0; i + 1 < rest->n; i++) {
		if (rest->p[i] == ']' && rest->p[i + 1] == ' ') {
			struct view client = { rest->p, i };

			*rest = view_drop(*rest, i + 1);
			return client;
		}
	}
	return (struct view){ NULL, 0 };
}

/* "1700000000.123456 [0 192.0.2.1:40000] " */
static int
take_head(struct view *rest, struct monitor_line *ret)
{
	struct view seconds = view_cut(rest, '.');
	struct view micros = view_cut(rest, ' ');
	struct view client;
	uint64_t s, us;

	if (view_u64(seconds, &s) < 0 || view_u64(micros, &us) < 0
	    || s > INT32_MAX * UINT64_C(16) || us > 999999
	    || !view_take(rest, VIEW("["))) {
		return -EPROTO;
	}
	(void)view_cut(rest, ' '); /* the database */
	client = take_client(rest);
	if (client.n > MONITOR_CLIENT || client.p == NULL) {
		return -EPROTO;
	}
	ret->us = (int64_t)(s * 1000000 + us);
	ret->client_n = (uint8_t)client.n;
	if (client.n > 0) {
		memcpy(ret->client, client.p, client.n);
	}
	ret->client[client.n] = '\0';
	return 0;
}

int
monitor_parse(struct view line, struct monitor_line *ret)
{
	struct monitor_line l = { .us = 0 };

	if (take_head(&line, &l) < 0
	    || !take_argument(&line, l.command, MONITOR_NAME, &l.command_n)) {
		return -EPROTO;
	}
	for (size_t i = 0; i < l.command_n; i++) {
		if (l.command[i] >= 'a' && l.command[i] <= 'z') {
			l.command[i] = (char)(l.command[i] - 'a' + 'A');
		}
	}
	if (line.n > 0
	    && command_names_key((struct view){ l.command, l.command_n })) {
		if (!take_argument(&line, l.key, MONITOR_KEY, &l.key_n)) {
			return -EPROTO;
		}
	}
	while (line.n > 0) {
		if (!take_argument(&line, NULL, 0, NULL)) {
			return -EPROTO;
		}
		l.hidden++;
	}
	*ret = l;
	return 0;
}

static void
count_name(struct monitor_name *names, size_t *n, struct view name)
{
	name = group_name_head(name);
	for (size_t i = 0; i < *n; i++) {
		if (view_eq((struct view){ names[i].name, names[i].n }, name)) {
			names[i].count++;
			return;
		}
	}
	if (*n < MONITOR_NAMES) {
		struct monitor_name *row = &names[(*n)++];

		row->n = (uint8_t)name.n;
		if (name.n > 0) {
			memcpy(row->name, name.p, name.n);
		}
		row->count = 1;
	}
}

void
monitor_add(struct burst_of_commands *b, const struct monitor_line *line)
{
	enum group_kind kind;
	struct view group =
	    group_of_key((struct view){ line->key, line->key_n }, &kind);

	b->commands++;
	count_name(b->by_command, &b->by_command_n,
	    (struct view){ line->command, line->command_n });
	if (kind == GROUP_NAMED) {
		count_name(b->by_group, &b->by_group_n, group);
	}
	if (b->lines_n < MONITOR_LINES) {
		b->lines[b->lines_n++] = *line;
	}
}

static int
by_count(const void *a, const void *b)
{
	const struct monitor_name *x = a;
	const struct monitor_name *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

static void
names_json(const char *key, const struct monitor_name *names, size_t n,
    struct buf *out)
{
	struct monitor_name sorted[MONITOR_NAMES];

	memcpy(sorted, names, sizeof(sorted));
	qsort(sorted, n, sizeof(sorted[0]), by_count);
	json_open(out, key, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(out, NULL, '{');
		json_str(out, "name",
		    (struct view){ sorted[i].name, sorted[i].n });
		json_u64(out, "count", sorted[i].count);
		json_close(out, '}');
	}
	json_close(out, ']');
}

void
monitor_json(const struct burst_of_commands *b, struct buf *out)
{
	json_u64(out, "commands", b->commands);
	names_json("by_command", b->by_command, b->by_command_n, out);
	names_json("by_group", b->by_group, b->by_group_n, out);
	json_open(out, "lines", '[');
	for (size_t i = 0; i < b->lines_n; i++) {
		const struct monitor_line *l = &b->lines[i];

		json_open(out, NULL, '{');
		json_i64(out, "us", l->us - b->lines[0].us);
		json_str(out, "command",
		    (struct view){ l->command, l->command_n });
		json_str(out, "key", (struct view){ l->key, l->key_n });
		json_u64(out, "hidden", l->hidden);
		json_str(out, "client",
		    (struct view){ l->client, l->client_n });
		json_close(out, '}');
	}
	json_close(out, ']');
}

#include "exporter/mysql_names.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

bool
mysql_name(struct view name, char out[MYSQL_NAME_MAX + 1])
{
	if (name.n == 0 || name.n > MYSQL_NAME_MAX) {
		return false;
	}
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c >= 'A' && c <= 'Z') {
			c = (char)(c - 'A' + 'a');
		} else if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
			c = '_';
		}
		out[i] = c;
	}
	out[name.n] = '\0';
	return true;
}

/* innodb_buffer_pool_pages_* by what stands for the star. */
static enum mysql_group
pool_group(struct view rest)
{
	static const char *const states[] = { "data", "free", "misc", "old" };

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (view_eq(rest, view_str(states[i]))) {
			return MYSQL_POOL_PAGES;
		}
	}
	if (view_eq(rest, VIEW("dirty"))) {
		return MYSQL_POOL_DIRTY;
	}
	return view_eq(rest, VIEW("total")) ? MYSQL_LEFT_OUT
					    : MYSQL_POOL_CHANGES;
}

enum mysql_group
mysql_status_group(const char *name, struct view *ret_label)
{
	static const struct {
		const char *prefix;
		enum mysql_group group;
	} prefixes[] = {
		{ "com_", MYSQL_COMMANDS },
		{ "handler_", MYSQL_HANDLERS },
		{ "connection_errors_", MYSQL_CONNECTION_ERRORS },
		{ "innodb_buffer_pool_pages_", MYSQL_POOL_PAGES },
		{ "innodb_rows_", MYSQL_ROW_OPS },
		{ "performance_schema_", MYSQL_LOST },
	};
	struct view v = view_str(name);

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (view_take(&v, view_str(prefixes[i].prefix))) {
			*ret_label = v;
			return prefixes[i].group == MYSQL_POOL_PAGES
			    ? pool_group(*ret_label)
			    : prefixes[i].group;
		}
	}
	*ret_label = (struct view){ NULL, 0 };
	return MYSQL_PLAIN;
}

/* Words that mean 0 or 1. */
static bool
read_word(struct view text, const char **ret)
{
	static const struct {
		const char *word;
		const char *value;
	} words[] = { { "yes", "1" }, { "on", "1" }, { "primary", "1" },
		{ "no", "0" }, { "off", "0" }, { "disabled", "0" },
		{ "connecting", "0" }, { "non-primary", "0" },
		{ "disconnected", "0" } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (view_eq_nocase(text, view_str(words[i].word))) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

/* "Nov" is 11; 0 for what is no month. */
static uint64_t
month_number(struct view name)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	for (size_t i = 0; i < ARRAY_LEN(months); i++) {
		if (view_eq(name, view_str(months[i]))) {
			return i + 1;
		}
	}
	return 0;
}

/* Takes a number and the separator behind it; false when there is none. */
static bool
take_number(struct view *text, char sep, uint64_t *ret)
{
	struct view piece;

	/* A day below 10 has a second blank before it. */
	*text = view_trim(*text);
	piece = view_cut(text, sep);
	return piece.n <= 4 && view_u64(piece, ret) == 0;
}

/* year, month, day, hour, minute, second */
enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, PARTS };

/* "2027-11-24 08:35:51" */
static bool
split_iso(struct view text, uint64_t parts[PARTS])
{
	return take_number(&text, '-', &parts[YEAR])
	    && take_number(&text, '-', &parts[MONTH])
	    && take_number(&text, ' ', &parts[DAY])
	    && take_number(&text, ':', &parts[HOUR])
	    && take_number(&text, ':', &parts[MINUTE])
	    && take_number(&text, '\0', &parts[SECOND]) && text.p == NULL;
}

/* "Nov 24 08:35:51 2027 GMT" */
static bool
split_gmt(struct view text, uint64_t parts[PARTS])
{
	parts[MONTH] = month_number(view_cut(&text, ' '));
	return take_number(&text, ' ', &parts[DAY])
	    && take_number(&text, ':', &parts[HOUR])
	    && take_number(&text, ':', &parts[MINUTE])
	    && take_number(&text, ' ', &parts[SECOND])
	    && take_number(&text, ' ', &parts[YEAR])
	    && view_eq(text, VIEW("GMT"));
}

static bool
read_date(struct view text, long long *ret)
{
	uint64_t parts[PARTS] = { 0 };
	struct tm tm = { .tm_isdst = 0 };

	if (!split_iso(text, parts) && !split_gmt(text, parts)) {
		return false;
	}
	if (parts[YEAR] < 1970 || parts[MONTH] < 1 || parts[MONTH] > 12
	    || parts[DAY] < 1 || parts[DAY] > 31 || parts[HOUR] > 23
	    || parts[MINUTE] > 59 || parts[SECOND] > 60) {
		return false;
	}
	tm.tm_year = (int)parts[YEAR] - 1900;
	tm.tm_mon = (int)parts[MONTH] - 1;
	tm.tm_mday = (int)parts[DAY];
	tm.tm_hour = (int)parts[HOUR];
	tm.tm_min = (int)parts[MINUTE];
	tm.tm_sec = (int)parts[SECOND];
	*ret = (long long)timegm(&tm);
	return true;
}

bool
mysql_value(struct view text, char out[MYSQL_VALUE_MAX + 1])
{
	char copy[MYSQL_VALUE_MAX + 1];
	const char *word;
	long long date;
	double number;

	if (view_to_cstr(text, copy, sizeof(copy)) < 0) {
		return false;
	}
	if (view_double(text, &number) == 0) {
		memcpy(out, copy, sizeof(copy));
		return true;
	}
	if (read_word(text, &word)) {
		(void)snprintf(out, MYSQL_VALUE_MAX + 1, "%s", word);
		return true;
	}
	if (read_date(text, &date)) {
		(void)snprintf(out, MYSQL_VALUE_MAX + 1, "%lld", date);
		return true;
	}
	return false;
}

void
mysql_thread_state(struct view state, char out[MYSQL_NAME_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < state.n && n < MYSQL_NAME_MAX; i++) {
		char c = state.p[i];

		if (c >= 'A' && c <= 'Z') {
			c = (char)(c - 'A' + 'a');
		}
		if (c == '\0' || strchr(";,:.()", c) != NULL) {
			continue;
		}
		if (c == ' ' || c == '-') {
			c = '_';
		}
		out[n++] = c;
	}
	out[n] = '\0';
	if (n == 0) {
		(void)snprintf(out, MYSQL_NAME_MAX + 1, "unknown");
	}
}

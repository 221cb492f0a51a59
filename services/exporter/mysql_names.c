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
		struct view prefix = view_str(prefixes[i].prefix);

		if (view_starts(v, prefix)) {
			*ret_label = view_drop(v, prefix.n);
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

/* 1 to 12, or 0. */
static int
month_number(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++) {
		if (memcmp(months + (size_t)i * 3, name, 3) == 0) {
			return i + 1;
		}
	}
	return 0;
}

/* "Nov 24 08:35:51 2027 GMT" or "2027-11-24 08:35:51". */
static bool
read_date(const char *text, long long *ret)
{
	int year, month, day, hour, minute, second, end = -1;
	char name[4], rest[8];
	struct tm tm = { .tm_isdst = 0 };

	if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d%n", &year, &month, &day,
		&hour, &minute, &second, &end)
		!= 6
	    || text[end] != '\0') {
		if (sscanf(text, "%3s %2d %2d:%2d:%2d %4d %3s%n", name, &day,
			&hour, &minute, &second, &year, rest, &end)
			!= 7
		    || text[end] != '\0' || strcmp(rest, "GMT") != 0
		    || strlen(name) != 3) {
			return false;
		}
		month = month_number(name);
	}
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31
	    || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0
	    || second > 60) {
		return false;
	}
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
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
	if (read_date(copy, &date)) {
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
		out[n++] = c == ' ' || c == '-' ? '_' : c;
	}
	out[n] = '\0';
	if (n == 0) {
		(void)snprintf(out, MYSQL_NAME_MAX + 1, "unknown");
	}
}

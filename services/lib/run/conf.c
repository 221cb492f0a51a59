#include "run/conf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/secret.h"

/* A pointer to the member that `item` describes. */
static void *
member(const struct conf_item *item, void *conf)
{
	return (char *)conf + item->offset;
}

/* The value of NAME_FILE's environment variable, or NULL. */
static const char *
env_of_file(const struct conf_item *item)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s_FILE", item->name);
	return getenv(name);
}

/*
 * The content of a file without one newline at its end, to be freed with
 * secret_free(); NULL with a line in `faults`.
 */
static char *
read_file(const char *name, const char *path, struct buf *faults)
{
	char *text = calloc(1, CONF_VALUE_MAX + 1);
	FILE *f = fopen(path, "re");
	char *smaller;
	size_t n;

	if (text == NULL || f == NULL) {
		buf_addf(faults, "%s_FILE: cannot read '%s': %s\n", name, path,
		    strerror(errno));
		goto fail;
	}
	/* No copy of a secret in a buffer that nobody wipes. */
	(void)setvbuf(f, NULL, _IONBF, 0);
	n = fread(text, 1, CONF_VALUE_MAX + 1, f);
	if (ferror(f) != 0) {
		buf_addf(faults, "%s_FILE: cannot read '%s': %s\n", name, path,
		    strerror(errno));
		goto fail;
	}
	if (n > CONF_VALUE_MAX || memchr(text, '\0', n) != NULL) {
		buf_addf(faults,
		    "%s_FILE: '%s' is longer than %d bytes or "
		    "holds a NUL byte\n",
		    name, path, CONF_VALUE_MAX);
		goto fail;
	}
	if (n > 0 && text[n - 1] == '\n') {
		text[n - 1] = '\0';
	}
	(void)fclose(f);
	/* The rest of it has been nothing but zeros. */
	smaller = realloc(text, n + 1);
	return smaller == NULL ? text : smaller;
fail:
	if (f != NULL) {
		(void)fclose(f);
	}
	if (text != NULL) {
		secret_wipe(text, CONF_VALUE_MAX);
	}
	free(text);
	return NULL;
}

/*
 * The text of an item wherever it comes from, to be freed with secret_free();
 * NULL with a line in `faults`.
 */
static char *
fetch(const struct conf_item *item, struct buf *faults)
{
	const char *direct = getenv(item->name);
	const char *path = env_of_file(item);
	const char *text = direct != NULL ? direct : item->fallback;
	char *copy;

	if (direct != NULL && path != NULL) {
		buf_addf(faults, "%s and %s_FILE are both set: give one\n",
		    item->name, item->name);
		return NULL;
	}
	if (path != NULL) {
		return read_file(item->name, path, faults);
	}
	if (item->type == CONF_SECRET && direct != NULL) {
		buf_addf(faults,
		    "%s: a secret is read from a file only: "
		    "set %s_FILE\n",
		    item->name, item->name);
		return NULL;
	}
	if (text == NULL) {
		buf_addf(faults, "%s%s is not set\n", item->name,
		    item->type == CONF_SECRET ? "_FILE" : "");
		return NULL;
	}
	copy = strdup(text);
	if (copy == NULL) {
		buf_addf(faults, "%s: out of memory\n", item->name);
	}
	return copy;
}

static bool
parse_bool(const char *text, bool *ret)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false",
		"true", "0", "1" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = i % 2 == 1;
			return true;
		}
	}
	return false;
}

static bool
parse_choice(const struct conf_item *item, const char *text, int *ret)
{
	for (int i = 0; item->choices[i] != NULL; i++) {
		if (strcmp(text, item->choices[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void
add_choices(struct buf *b, const struct conf_item *item)
{
	for (int i = 0; item->choices[i] != NULL; i++) {
		buf_addf(b, "%s%s", i == 0 ? "" : ", ", item->choices[i]);
	}
}

/* Begins a fault line that shows the value. */
static void
fault_value(struct buf *faults, const struct conf_item *item, const char *text)
{
	buf_addf(faults, "%s: ", item->name);
	escape_log(faults, view_str(text));
}

static void
store_number(const struct conf_item *item, const char *text, void *conf,
    struct buf *faults)
{
	uint64_t value;

	if (view_u64(view_str(text), &value) < 0 || value < item->min
	    || value > item->max) {
		fault_value(faults, item, text);
		buf_addf(faults, " is not a whole number from %llu to %llu\n",
		    (unsigned long long)item->min,
		    (unsigned long long)item->max);
		return;
	}
	*(uint64_t *)member(item, conf) = value;
}

/* Checks `text` and stores it; takes the text. */
static void
store_take(const struct conf_item *item, char *text, void *conf,
    struct buf *faults)
{
	bool optional = item->fallback != NULL && item->fallback[0] == '\0';

	switch (item->type) {
	case CONF_TEXT:
	case CONF_SECRET:
		if (text[0] == '\0' && !optional) {
			buf_addf(faults, "%s is empty\n", item->name);
			break;
		}
		*(char **)member(item, conf) = text;
		return;
	case CONF_NUMBER:
		store_number(item, text, conf, faults);
		break;
	case CONF_BOOL:
		if (!parse_bool(text, member(item, conf))) {
			fault_value(faults, item, text);
			buf_add_str(faults, " is neither on nor off\n");
		}
		break;
	case CONF_CHOICE:
		if (!parse_choice(item, text, member(item, conf))) {
			fault_value(faults, item, text);
			buf_add_str(faults, " is none of: ");
			add_choices(faults, item);
			buf_add_char(faults, '\n');
		}
		break;
	}
	secret_free(text);
}

static size_t
count_lines(struct view v)
{
	size_t lines = 0;

	for (size_t i = 0; i < v.n; i++) {
		lines += v.p[i] == '\n';
	}
	return lines;
}

size_t
conf_load(const struct conf_item *items, size_t n, void *conf,
    struct buf *faults)
{
	size_t before = count_lines(buf_view(faults));

	for (size_t i = 0; i < n; i++) {
		char *text = fetch(&items[i], faults);

		if (text != NULL) {
			store_take(&items[i], text, conf, faults);
		}
	}
	return count_lines(buf_view(faults)) - before
	    + (buf_error(faults) != 0 ? 1 : 0);
}

void
conf_done(const struct conf_item *items, size_t n, void *conf)
{
	for (size_t i = 0; i < n; i++) {
		if (items[i].type == CONF_TEXT
		    || items[i].type == CONF_SECRET) {
			char **text = member(&items[i], conf);

			secret_free(*text);
			*text = NULL;
		}
	}
}

void
conf_help(const struct conf_item *items, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf_item *item = &items[i];

		(void)fprintf(out, "  %s%s\n      %s", item->name,
		    item->type == CONF_SECRET ? "_FILE" : "", item->help);
		if (item->type == CONF_NUMBER) {
			(void)fprintf(out, ", %llu to %llu",
			    (unsigned long long)item->min,
			    (unsigned long long)item->max);
		} else if (item->type == CONF_CHOICE) {
			struct buf names;

			buf_init(&names, 1024);
			add_choices(&names, item);
			(void)fprintf(out, ": %s", buf_cstr(&names));
			buf_done(&names);
		}
		if (item->fallback == NULL) {
			(void)fputs(" (required)\n", out);
		} else {
			(void)fprintf(out, " (default: %s)\n",
			    item->fallback[0] == '\0' ? "empty"
						      : item->fallback);
		}
	}
}

#include "metrics/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

const char *
metrics_type_name(enum metrics_type type)
{
	static const char *const names[] = { "counter", "gauge", "untyped",
		"summary", "histogram" };

	return names[type];
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9')
	    || (c >= 'A' && c <= 'Z') || c == ':';
}

bool
metrics_name_valid(struct view name)
{
	if (name.n == 0 || name.n > METRICS_NAME_MAX
	    || (name.p[0] >= '0' && name.p[0] <= '9')) {
		return false;
	}
	for (size_t i = 0; i < name.n; i++) {
		if (!is_name_char(name.p[i])) {
			return false;
		}
	}
	return true;
}

void
metrics_init(struct metrics *m, struct buf *out)
{
	*m = (struct metrics){ .out = out, .suffix = "" };
}

/* HELP escapes backslash and newline only. */
static void
add_help(struct buf *b, const char *help)
{
	while (*help != '\0') {
		size_t plain = strcspn(help, "\\\n");

		buf_add(b, help, plain);
		help += plain;
		if (*help != '\0') {
			buf_add_str(b, *help == '\n' ? "\\n" : "\\\\");
			help++;
		}
	}
}

void
metrics_family(struct metrics *m, const char *name, enum metrics_type type,
    const char *help)
{
	struct view v = view_str(name);

	m->labels = false;
	m->suffix = "";
	m->usable = metrics_name_valid(v)
	    && view_to_cstr(v, m->family, sizeof(m->family)) == 0;
	if (!m->usable) {
		return;
	}
	buf_add_str(m->out, "# HELP ");
	buf_add_view(m->out, v);
	buf_add_char(m->out, ' ');
	add_help(m->out, help);
	buf_add_str(m->out, "\n# TYPE ");
	buf_add_view(m->out, v);
	buf_add_char(m->out, ' ');
	buf_add_str(m->out, metrics_type_name(type));
	buf_add_char(m->out, '\n');
}

void
metrics_suffix(struct metrics *m, const char *suffix)
{
	m->suffix = suffix;
}

static void
add_name(struct metrics *m)
{
	buf_add_str(m->out, m->family);
	buf_add_str(m->out, m->suffix);
}

void
metrics_label(struct metrics *m, const char *key, struct view value)
{
	if (!m->usable) {
		return;
	}
	if (m->labels) {
		buf_add_char(m->out, ',');
	} else {
		add_name(m);
		buf_add_char(m->out, '{');
		m->labels = true;
	}
	buf_add_str(m->out, key);
	buf_add_str(m->out, "=\"");
	escape_label(m->out, value);
	buf_add_char(m->out, '"');
}

/* What stands before the value; false when the family is silent. */
static bool
open_value(struct metrics *m)
{
	if (!m->usable) {
		return false;
	}
	if (m->labels) {
		buf_add_char(m->out, '}');
	} else {
		add_name(m);
	}
	buf_add_char(m->out, ' ');
	return true;
}

static void
close_value(struct metrics *m)
{
	buf_add_char(m->out, '\n');
	m->labels = false;
	m->suffix = "";
}

void
metrics_text(struct metrics *m, struct view number)
{
	if (open_value(m)) {
		buf_add_view(m->out, number);
		close_value(m);
	}
}

void
metrics_u64(struct metrics *m, uint64_t value)
{
	if (open_value(m)) {
		buf_add_u64(m->out, value);
		close_value(m);
	}
}

void
metrics_i64(struct metrics *m, int64_t value)
{
	if (open_value(m)) {
		buf_add_i64(m->out, value);
		close_value(m);
	}
}

void
metrics_double(struct metrics *m, double value)
{
	char text[40];

	if (fabs(value) < 1e15 && floor(value) == value
	    && (value != 0 || !signbit(value))) {
		metrics_i64(m, (int64_t)value);
		return;
	}
	if (isnan(value)) {
		(void)snprintf(text, sizeof(text), "NaN");
	} else if (isinf(value)) {
		(void)snprintf(text, sizeof(text), "%s",
		    value > 0 ? "+Inf" : "-Inf");
	} else {
		(void)snprintf(text, sizeof(text), "%.17g", value);
		/* The shortest form that reads back as the same number. */
		for (int digits = 1; digits < 17; digits++) {
			char shorter[40];
			double back;

			(void)snprintf(shorter, sizeof(shorter), "%.*g", digits,
			    value);
			if (view_double(view_str(shorter), &back) == 0
			    && back == value) {
				memcpy(text, shorter, sizeof(text));
				break;
			}
		}
	}
	metrics_text(m, view_str(text));
}

void
metrics_one(struct metrics *m, const char *name, enum metrics_type type,
    const char *help, double value)
{
	metrics_family(m, name, type, help);
	metrics_double(m, value);
}

void
metrics_one_u64(struct metrics *m, const char *name, enum metrics_type type,
    const char *help, uint64_t value)
{
	metrics_family(m, name, type, help);
	metrics_u64(m, value);
}

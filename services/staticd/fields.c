#include "staticd/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/view.h"

/*
 * Nothing from elsewhere, nothing inline, no frame around us, no powerful
 * feature of the browser.
 */
static const struct http_header defaults[] = {
	{ "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; "
	    "img-src 'self' data:; font-src 'self'; media-src 'self'; "
	    "connect-src 'self'; manifest-src 'self'; base-uri 'self'; "
	    "form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Permissions-Policy",
	    "camera=(), geolocation=(), microphone=(), payment=(), usb=()" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
};

static const char *const reserved[] = { "Accept-Ranges", "Allow",
	"Cache-Control", "Connection", "Content-Encoding", "Content-Length",
	"Content-Range", "Content-Type", "Date", "ETag", "Keep-Alive",
	"Last-Modified", "Location", "Trailer", "Transfer-Encoding", "Upgrade",
	"Vary" };

static bool
is_name(struct view v)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
			|| (c >= 'A' && c <= 'Z'))
		    && (c == '\0' || strchr(marks, c) == NULL)) {
			return false;
		}
	}
	return v.n > 0;
}

static bool
is_value(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < ' ' || v.p[i] > '~') {
			return false;
		}
	}
	return true;
}

static bool
is_reserved(struct view name)
{
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
		if (view_eq_nocase(name, view_str(reserved[i]))) {
			return true;
		}
	}
	return false;
}

static size_t
position_of(const struct fields *f, struct view name)
{
	for (size_t i = 0; i < f->n; i++) {
		if (view_eq_nocase(name, view_str(f->list[i].name))) {
			return i;
		}
	}
	return f->n;
}

/* Sets, adds or removes one header; false when there is no room. */
static bool
put(struct fields *f, const char *name, const char *value)
{
	size_t at = position_of(f, view_str(name));

	if (value[0] == '\0') {
		if (at < f->n) {
			f->n--;
			memmove(&f->list[at], &f->list[at + 1],
			    (f->n - at) * sizeof(f->list[0]));
		}
	} else {
		if (at == FIELDS_MAX) {
			return false;
		}
		f->n += at == f->n;
		f->list[at] = (struct http_header){ name, value };
	}
	f->list[f->n] = (struct http_header){ NULL, NULL };
	return true;
}

/* What is wrong with the line, or NULL. */
static const char *
fault_of(struct view name, struct view value, bool colon)
{
	if (!colon || !is_name(name)) {
		return "is not of the form 'Name: value'";
	}
	if (!is_value(value)) {
		return "has a value that is not plain ASCII";
	}
	if (is_reserved(name)) {
		return "is made by staticd itself and cannot be set";
	}
	return NULL;
}

/*
 * The pieces end inside f->text, at a separator or the end; putting a NUL there
 * makes them strings of their own.
 */
static char *
terminate(const struct fields *f, struct view piece)
{
	char *start = f->text + (piece.p - f->text);

	start[piece.n] = '\0';
	return start;
}

static void
load_line(struct fields *f, struct view line, const char *setting,
    struct buf *faults)
{
	struct view value = line;
	struct view name = view_cut(&value, ':');
	bool colon = value.p != NULL;
	const char *fault;

	value = view_trim(value);
	fault = fault_of(name, value, colon);
	if (fault == NULL) {
		/* Trimmed to nothing, a view may end at the next line. */
		const char *text = value.n == 0 ? "" : terminate(f, value);

		if (put(f, terminate(f, name), text)) {
			return;
		}
		fault = "is one header too many";
	}
	buf_addf(faults, "%s: line ", setting);
	escape_log(faults, line);
	buf_addf(faults, " %s\n", fault);
}

void
fields_load(struct fields *f, const char *name, const char *settings,
    struct buf *faults)
{
	struct view rest;

	*f = (struct fields){ .n = 0 };
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
		(void)put(f, defaults[i].name, defaults[i].value);
	}
	f->text = strdup(settings);
	if (f->text == NULL) {
		buf_addf(faults, "%s: out of memory\n", name);
		return;
	}
	rest = view_str(f->text);
	while (rest.p != NULL) {
		struct view line = view_trim(view_cut(&rest, '\n'));

		if (line.n > 0) {
			load_line(f, line, name, faults);
		}
	}
}

void
fields_done(struct fields *f)
{
	free(f->text);
	*f = (struct fields){ .n = 0 };
}

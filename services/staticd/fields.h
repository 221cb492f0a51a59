/*
 * The headers that every answer carries: strict defaults, changed by settings.
 *
 * A setting is a list of lines `Name: value`.  A line replaces the default of
 * that name or adds a header; a line without a value removes it.  Headers that
 * say what the content is belong to the server and cannot be set.
 */
#ifndef STATICD_FIELDS_H
#define STATICD_FIELDS_H

#include "base/buf.h"
#include "http/http.h"

#define FIELDS_MAX 32

struct fields {
	/* Ends with {NULL}; valid until fields_done(). */
	struct http_header list[FIELDS_MAX + 1];
	/* Private. */
	size_t n;
	char *text;
};

/*
 * Makes the list from the defaults and `settings`.  Each fault is a line in
 * `faults` that begins with `name`.  To be given to fields_done() in any case.
 */
void fields_load(struct fields *f, const char *name, const char *settings,
    struct buf *faults);
void fields_done(struct fields *f);

#endif

/*
 * Media types by file name, and what follows from the name.  Pure.
 */
#ifndef STATICD_MIME_H
#define STATICD_MIME_H

#include <stdbool.h>

#include "base/view.h"

struct mime {
	const char *suffix; /* without the dot, in small letters */
	const char *type; /* with charset for text */
	bool compressible;
};

/* The type for a path; application/octet-stream for what is not known. */
const struct mime *mime_of(struct view path);

/* Is it a page that people open (HTML)? */
bool mime_is_page(const struct mime *mime);

/*
 * Does the file's name carry a fingerprint of its content: at least eight hex
 * digits, one of them a decimal one, between a dot or dash and the suffix, as
 * in app.3f9c2b1a.js?  Then the content behind the name never changes.
 */
bool mime_fingerprinted(struct view path);

#endif

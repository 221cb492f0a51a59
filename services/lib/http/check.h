/*
 * Refusing requests that two HTTP parsers could read in two ways (RFC 9112
 * sections 3.2, 6.1, 6.3; RFC 9110 section 7.2), as far as the library lets
 * them through to us.  Pure: a summary of the request in, a status out.
 */
#ifndef HTTP_CHECK_H
#define HTTP_CHECK_H

#include <stdbool.h>

#include "base/view.h"

/* What the check looks at; filled while walking the headers. */
struct http_shape {
	struct view version; /* "HTTP/1.1" */
	bool body_method; /* the method may have a body */
	unsigned hosts; /* number of Host fields */
	struct view host; /* the last one */
	unsigned lengths; /* number of Content-Length fields */
	struct view length;
	unsigned encodings; /* number of Transfer-Encoding fields */
	struct view encoding;
	bool bad_name; /* a field name that is no token, or hides another */
	bool bad_value; /* a field value with CR, LF or NUL */
};

/* Counts one header field in. */
void http_shape_add(struct http_shape *shape, struct view name,
    struct view value);

/* 0 when the request is sound, else the status to refuse it with. */
unsigned http_shape_refusal(const struct http_shape *shape);

/*
 * Is this a request target as it may stand in a request line (RFC 9112 section
 * 3.2): origin-form, absolute-form with http or https, or `*`; printable ASCII
 * without a fragment; each % followed by two hex digits, and not %00?
 */
bool http_target_valid(struct view target);

/*
 * The path of a target whose percent-encoding and query are gone: that of an
 * absolute-form without scheme and authority, else itself.
 */
struct view http_target_path(struct view target);

/* Has the (decoded) path a segment `.` or `..`? */
bool http_path_climbs(struct view path);

/*
 * Is this a prefix of paths as a setting may give it: names of letters, digits
 * and - _ ~ with a slash before, between and behind them, or a slash alone?
 */
bool http_prefix_valid(struct view prefix);

/* Is this a valid Host value: name, IPv4 or [IPv6], with an optional port? */
bool http_host_valid(struct view host);

#endif

#include "http/check.h"

#include <string.h>

#define BAD_REQUEST 400
#define NOT_IMPLEMENTED 501
#define BAD_VERSION 505

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
	    || (c >= 'A' && c <= 'Z');
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* RFC 9110 section 5.6.2. */
static bool
is_token(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		if (!is_alnum(v.p[i])
		    && !is_one_of(v.p[i], "!#$%&'*+-.^_`|~")) {
			return false;
		}
	}
	return v.n > 0;
}

static bool
has_control(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\0' || v.p[i] == '\r' || v.p[i] == '\n') {
			return true;
		}
	}
	return false;
}

/*
 * libmicrohttpd before 1.0 appends a folded line to the field's name: so may
 * this one be a framing field that another parser would see.
 */
static bool
hides(struct view name, struct view framing)
{
	return name.n > framing.n
	    && view_eq_nocase((struct view){ name.p, framing.n }, framing);
}

void
http_shape_add(struct http_shape *shape, struct view name, struct view value)
{
	shape->bad_name |= !is_token(name)
	    || hides(name, VIEW("Content-Length"))
	    || hides(name, VIEW("Transfer-Encoding"));
	shape->bad_value |= has_control(value);
	if (view_eq_nocase(name, VIEW("Host"))) {
		shape->hosts++;
		shape->host = value;
	} else if (view_eq_nocase(name, VIEW("Content-Length"))) {
		shape->lengths++;
		shape->length = value;
	} else if (view_eq_nocase(name, VIEW("Transfer-Encoding"))) {
		shape->encodings++;
		shape->encoding = value;
	}
}

static bool
port_valid(struct view port)
{
	uint64_t number;

	return port.n == 0
	    || (port.n <= 5 && view_u64(port, &number) == 0 && number <= 65535);
}

/* [IPv6] with what may follow; the brackets' content is checked by shape. */
static bool
literal_valid(struct view host)
{
	size_t end = view_find(host, ']');
	struct view behind = view_drop(host, end + 1);

	if (end < 3 || end == host.n) {
		return false;
	}
	for (size_t i = 1; i < end; i++) {
		if (!is_alnum(host.p[i]) && !is_one_of(host.p[i], ":.")) {
			return false;
		}
	}
	return behind.n == 0
	    || (behind.p[0] == ':' && port_valid(view_drop(behind, 1)));
}

bool
http_host_valid(struct view host)
{
	size_t colon = view_find(host, ':');

	if (host.n > 0 && host.p[0] == '[') {
		return literal_valid(host);
	}
	if (colon == 0 || host.n == 0 || host.n > 260) {
		return false;
	}
	for (size_t i = 0; i < colon; i++) {
		if (!is_alnum(host.p[i]) && !is_one_of(host.p[i], "-._~")) {
			return false;
		}
	}
	return colon == host.n || port_valid(view_drop(host, colon + 1));
}

/* Content-Length and Transfer-Encoding, RFC 9112 section 6. */
static unsigned
framing_refusal(const struct http_shape *shape)
{
	bool old = view_eq(shape->version, VIEW("HTTP/1.0"));
	uint64_t length = 0;

	if (shape->lengths > 1 || shape->encodings > 1
	    || (shape->lengths > 0 && shape->encodings > 0)
	    || (shape->encodings > 0 && old)) {
		return BAD_REQUEST;
	}
	if (shape->lengths == 1 && view_u64(shape->length, &length) < 0) {
		return BAD_REQUEST;
	}
	if (shape->encodings == 1
	    && !view_eq_nocase(shape->encoding, VIEW("chunked"))) {
		return NOT_IMPLEMENTED;
	}
	if (!shape->body_method && (length > 0 || shape->encodings > 0)) {
		return BAD_REQUEST;
	}
	return 0;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
	    || (c >= 'A' && c <= 'F');
}

/* Length of "http://" or "https://" at the start, else 0. */
static size_t
scheme_length(struct view target)
{
	static const struct view schemes[] = { { "http://", 7 },
		{ "https://", 8 } };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = schemes[i].n;

		if (target.n >= n
		    && view_eq_nocase((struct view){ target.p, n },
			schemes[i])) {
			return n;
		}
	}
	return 0;
}

bool
http_target_valid(struct view target)
{
	size_t scheme = scheme_length(target);

	if (view_eq(target, VIEW("*"))) {
		return true;
	}
	if (scheme == 0 ? !view_starts(target, VIEW("/"))
			: scheme == target.n) {
		return false;
	}
	for (size_t i = 0; i < target.n; i++) {
		char c = target.p[i];

		if (c <= ' ' || c > '~' || c == '#') {
			return false;
		}
		if (c == '%'
		    && (target.n - i < 3 || !is_hex(target.p[i + 1])
			|| !is_hex(target.p[i + 2])
			|| (target.p[i + 1] == '0'
			    && target.p[i + 2] == '0'))) {
			return false;
		}
	}
	return true;
}

struct view
http_target_path(struct view target)
{
	size_t scheme = scheme_length(target);
	struct view rest = view_drop(target, scheme);

	if (scheme == 0) {
		return target;
	}
	rest = view_drop(rest, view_find(rest, '/'));
	return rest.n == 0 ? VIEW("/") : rest;
}

bool
http_path_climbs(struct view path)
{
	while (path.p != NULL) {
		struct view segment = view_cut(&path, '/');

		if (view_eq(segment, VIEW("."))
		    || view_eq(segment, VIEW(".."))) {
			return true;
		}
	}
	return false;
}

bool
http_prefix_valid(struct view prefix)
{
	for (size_t i = 1; i < prefix.n; i++) {
		if (prefix.p[i] == '/' && prefix.p[i - 1] == '/') {
			return false;
		}
	}
	return view_starts(prefix, VIEW("/")) && view_ends(prefix, VIEW("/"))
	    && view_only(prefix,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_~/");
}

unsigned
http_shape_refusal(const struct http_shape *shape)
{
	bool old = view_eq(shape->version, VIEW("HTTP/1.0"));

	if (!old && !view_eq(shape->version, VIEW("HTTP/1.1"))) {
		return BAD_VERSION;
	}
	if (shape->bad_name || shape->bad_value || shape->hosts > 1
	    || (shape->hosts == 0 && !old)) {
		return BAD_REQUEST;
	}
	if (shape->hosts == 1 && !http_host_valid(shape->host)) {
		return BAD_REQUEST;
	}
	return framing_refusal(shape);
}

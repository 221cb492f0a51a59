#include "exporter/target.h"

#include <errno.h>
#include <stdio.h>

static const struct {
	const char *prefix;
	enum target_scheme scheme;
} schemes[] = {
	{ "http://", TARGET_HTTP },
	{ "https://", TARGET_HTTPS },
	{ "ftp://", TARGET_FTP },
};

static enum target_scheme
take_scheme(struct view *text)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (view_take(text, view_str(schemes[i].prefix))) {
			return schemes[i].scheme;
		}
	}
	return view_starts(*text, VIEW("ftp")) ? TARGET_FTP : TARGET_HTTPS;
}

static bool
host_valid(struct view host)
{
	return host.n > 0
	    && view_only(host,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-._");
}

/* Visible ASCII only: it goes into a request line. */
static bool
path_valid(struct view path)
{
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] <= ' ' || path.p[i] > '~') {
			return false;
		}
	}
	return true;
}

int
target_parse(struct view text, struct target *ret)
{
	struct target target = { .scheme = take_scheme(&text) };
	size_t slash = view_find(text, '/');
	struct view path = view_drop(text, slash);
	struct view port = { text.p, slash };
	struct view host = view_cut(&port, ':');
	uint64_t number;

	if (!host_valid(host) || view_u64(port, &number) < 0 || number == 0
	    || number > UINT16_MAX || !path_valid(path)
	    || view_to_cstr(host, target.host, sizeof(target.host)) < 0) {
		return -EINVAL;
	}
	if (view_to_cstr(path.n > 0 ? path : VIEW("/"), target.path,
		sizeof(target.path))
	    < 0) {
		return -EINVAL;
	}
	target.port = (uint16_t)number;
	(void)snprintf(target.name, sizeof(target.name), "%s:%u", target.host,
	    (unsigned)target.port);
	*ret = target;
	return 0;
}

bool
target_next(struct view *rest, struct view *ret)
{
	while (rest->p != NULL) {
		struct view word = view_trim(view_cut(rest, ' '));

		if (word.n > 0) {
			*ret = word;
			return true;
		}
	}
	return false;
}

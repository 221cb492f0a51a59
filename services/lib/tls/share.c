#include "tls/share.h"

#include <stddef.h>

static size_t
number(struct view v)
{
	return (size_t)((unsigned char)v.p[0] << 8 | (unsigned char)v.p[1]);
}

bool
share_is_in(struct view extension, uint16_t group)
{
	struct view rest;

	if (extension.n < 2 || number(extension) != extension.n - 2) {
		return false;
	}
	rest = view_drop(extension, 2);
	/* Each: the group, the length of its key, the key. */
	while (rest.n >= 4) {
		size_t n = number(view_drop(rest, 2));

		if (n == 0 || n > rest.n - 4) {
			return false;
		}
		if (number(rest) == group) {
			return true;
		}
		rest = view_drop(rest, 4 + n);
	}
	return false;
}

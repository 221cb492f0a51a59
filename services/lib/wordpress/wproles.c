#include "wordpress/wproles.h"

#include <errno.h>

static enum wproles_access
rights_of(struct view role)
{
	if (view_eq(role, VIEW("administrator"))) {
		return WPROLES_SITE;
	}
	return view_eq(role, VIEW("editor")) || view_eq(role, VIEW("author"))
	    ? WPROLES_UPLOADS
	    : WPROLES_NOTHING;
}

/* Takes `s:LENGTH:"TEXT";` off the front. */
static bool
take_text(struct view *rest, struct view *ret)
{
	uint64_t n;

	if (!view_take(rest, VIEW("s:"))
	    || view_u64(view_cut(rest, ':'), &n) < 0
	    || !view_take(rest, VIEW("\"")) || n > rest->n) {
		return false;
	}
	*ret = (struct view){ rest->p, (size_t)n };
	*rest = view_drop(*rest, (size_t)n);
	return view_take(rest, VIEW("\";"));
}

/* Takes `b:0;` or `b:1;`, or the same with an integer, as plugins write. */
static bool
take_yes(struct view *rest, bool *ret)
{
	uint64_t n;
	bool integer = view_take(rest, VIEW("i:"));

	if (!integer && !view_take(rest, VIEW("b:"))) {
		return false;
	}
	if (view_u64(view_cut(rest, ';'), &n) < 0 || (!integer && n > 1)) {
		return false;
	}
	*ret = n != 0;
	return true;
}

int
wproles_rights(struct view capabilities, enum wproles_access *ret)
{
	enum wproles_access most = WPROLES_NOTHING;
	struct view rest = capabilities, name;
	uint64_t n;
	bool yes;

	if (!view_take(&rest, VIEW("a:"))
	    || view_u64(view_cut(&rest, ':'), &n) < 0
	    || !view_take(&rest, VIEW("{"))) {
		return -EINVAL;
	}
	for (; n > 0; n--) {
		if (!take_text(&rest, &name) || !take_yes(&rest, &yes)) {
			return -EINVAL;
		}
		if (yes && rights_of(name) > most) {
			most = rights_of(name);
		}
	}
	if (!view_eq(rest, VIEW("}"))) {
		return -EINVAL;
	}
	*ret = most;
	return 0;
}

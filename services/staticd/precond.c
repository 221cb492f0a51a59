#include "staticd/precond.h"

#include "staticd/date.h"

/*
 * Is `etag` in the list (or the list "*")?  Strong comparison passes over weak
 * tags; weak comparison looks at the opaque part only.  A malformed rest ends
 * the search.
 */
static bool
tag_listed(struct view list, struct view etag, bool strong)
{
	list = view_trim(list);
	if (view_eq(list, VIEW("*"))) {
		return true;
	}
	while (list.n > 0) {
		bool weak = view_starts(list, VIEW("W/"));
		struct view tag = view_drop(list, weak ? 2 : 0);
		size_t end;

		if (list.p[0] == ',' || list.p[0] == ' ' || list.p[0] == '\t') {
			list = view_drop(list, 1);
			continue;
		}
		if (tag.n < 2 || tag.p[0] != '"') {
			return false;
		}
		end = view_find(view_drop(tag, 1), '"') + 2;
		if (end > tag.n) {
			return false;
		}
		if (!(weak && strong)
		    && view_eq((struct view){ tag.p, end }, etag)) {
			return true;
		}
		list = view_drop(tag, end);
	}
	return false;
}

/* Not changed since the field's date?  An invalid date gives `invalid`. */
static bool
unchanged_since(struct view field, int64_t modified, int64_t now, bool invalid)
{
	int64_t date;

	if (date_parse(view_trim(field), now, &date) < 0) {
		return invalid;
	}
	return modified <= date;
}

enum precond_result
precond_check(const struct precond *precond, struct view etag, int64_t modified,
    int64_t now)
{
	if (precond->if_match.p != NULL) {
		if (!tag_listed(precond->if_match, etag, true)) {
			return PRECOND_FAILED;
		}
	} else if (precond->if_unmodified_since.p != NULL
	    && !unchanged_since(precond->if_unmodified_since, modified, now,
		true)) {
		return PRECOND_FAILED;
	}
	if (precond->if_none_match.p != NULL) {
		return tag_listed(precond->if_none_match, etag, false)
		    ? PRECOND_NOT_MODIFIED
		    : PRECOND_SEND;
	}
	if (precond->if_modified_since.p != NULL
	    && unchanged_since(precond->if_modified_since, modified, now,
		false)) {
		return PRECOND_NOT_MODIFIED;
	}
	return PRECOND_SEND;
}

bool
precond_range(const struct precond *precond, struct view etag, int64_t modified,
    int64_t now)
{
	struct view field = view_trim(precond->if_range);
	int64_t date;

	if (precond->if_range.p == NULL) {
		return true;
	}
	if (view_starts(field, VIEW("\"")) || view_starts(field, VIEW("W/"))) {
		return view_eq(field, etag);
	}
	/* Section 8.8.2.2: strong if at least a second older than now. */
	return date_parse(field, now, &date) == 0 && date == modified
	    && modified < now - 1;
}

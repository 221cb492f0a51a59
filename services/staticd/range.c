#include "staticd/range.h"

#include <errno.h>

/*
 * A position.  One too large for 64 bits is behind the end of anything, so it
 * becomes the largest.
 */
static bool
position(struct view v, uint64_t *ret)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9') {
			return false;
		}
	}
	if (view_u64(v, ret) == -ERANGE) {
		*ret = UINT64_MAX;
	}
	return v.n > 0;
}

enum spec { SPEC_BAD, SPEC_OUTSIDE, SPEC_INSIDE };

/* first-last, first- or -suffix */
static enum spec
resolve_spec(struct view spec, uint64_t size, struct range *ret)
{
	size_t dash = view_find(spec, '-');
	struct view left = { spec.p, dash };
	struct view right = view_drop(spec, dash + 1);
	uint64_t first = 0;
	uint64_t last = UINT64_MAX;

	if (dash == spec.n) {
		return SPEC_BAD;
	}
	if (left.n == 0) {
		if (!position(right, &last)) {
			return SPEC_BAD;
		}
		if (last == 0 || size == 0) {
			return SPEC_OUTSIDE;
		}
		ret->first = last < size ? size - last : 0;
		ret->last = size - 1;
		return SPEC_INSIDE;
	}
	if (!position(left, &first) || (right.n > 0 && !position(right, &last))
	    || last < first) {
		return SPEC_BAD;
	}
	if (first >= size) {
		return SPEC_OUTSIDE;
	}
	ret->first = first;
	ret->last = last < size ? last : size - 1;
	return SPEC_INSIDE;
}

enum range_result
range_resolve(struct view field, uint64_t size, struct range out[RANGE_MAX],
    size_t *ret_n)
{
	struct view unit = VIEW("bytes=");
	struct view rest = view_drop(field, unit.n);
	uint64_t total = 0;
	size_t n = 0;
	size_t specs = 0;

	if (field.n < unit.n
	    || !view_eq_nocase((struct view){ field.p, unit.n }, unit)) {
		return RANGE_WHOLE;
	}
	while (rest.p != NULL) {
		struct view spec = view_trim(view_cut(&rest, ','));
		struct range range;
		enum spec kind;

		if (spec.n == 0) {
			continue; /* a list may have empty elements */
		}
		kind = resolve_spec(spec, size, &range);
		if (kind == SPEC_BAD || ++specs > RANGE_MAX) {
			return RANGE_WHOLE;
		}
		if (kind == SPEC_INSIDE) {
			total += range.last - range.first + 1;
			out[n++] = range;
		}
		if (total > size) {
			return RANGE_WHOLE;
		}
	}
	if (specs == 0) {
		return RANGE_WHOLE;
	}
	*ret_n = n;
	return n > 0 ? RANGE_PARTS : RANGE_NEVER;
}

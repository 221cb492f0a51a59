#include "cachemon/report.h"

#include <errno.h>

/* Numbers beyond this are no measurement of one request. */
#define NUMBER_MOST (UINT64_C(1) << 40)

/* The next word as a number of a sane size. */
static bool
take_number(struct view *rest, uint64_t *ret)
{
	uint64_t number;

	if (view_u64(view_cut(rest, ' '), &number) < 0
	    || number > NUMBER_MOST) {
		return false;
	}
	*ret = number;
	return true;
}

int
report_begin(struct view *rest, struct report_page *ret)
{
	struct report_page page;
	struct view line;

	if (rest->n > REPORT_MOST || !view_take(rest, VIEW("stack1 "))) {
		return -EPROTO;
	}
	line = view_cut(rest, '\n');
	if (!take_number(&line, &page.page_us)
	    || !take_number(&line, &page.redis_us)
	    || !take_number(&line, &page.round_trips)) {
		return -EPROTO;
	}
	*ret = page;
	return 0;
}

bool
report_next(struct view *rest, struct report_group *ret)
{
	while (rest->p != NULL) {
		struct view line = view_cut(rest, '\n');
		struct report_group group;

		if (take_number(&line, &group.memory_hits)
		    && take_number(&line, &group.hits)
		    && take_number(&line, &group.misses)
		    && take_number(&line, &group.writes)
		    && take_number(&line, &group.us) && line.n > 0) {
			group.name = line;
			*ret = group;
			return true;
		}
	}
	return false;
}

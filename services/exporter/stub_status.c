#include "exporter/stub_status.h"

#include <errno.h>

/* Takes a literal off the front, after blanks. */
static int
take(struct view *page, struct view literal)
{
	*page = view_trim(*page);
	return view_take(page, literal) ? 0 : -EINVAL;
}

/* Takes a number off the front, after blanks. */
static int
take_number(struct view *page, uint64_t *ret)
{
	size_t n = 0;
	int r;

	*page = view_trim(*page);
	while (n < page->n && page->p[n] >= '0' && page->p[n] <= '9') {
		n++;
	}
	r = view_u64((struct view){ page->p, n }, ret);
	*page = view_drop(*page, n);
	return r;
}

int
stub_status_parse(struct view page, struct stub_status *ret)
{
	struct stub_status s;

	if (take(&page, VIEW("Active connections:")) < 0
	    || take_number(&page, &s.active) < 0
	    || take(&page, VIEW("server accepts handled requests")) < 0
	    || take_number(&page, &s.accepted) < 0
	    || take_number(&page, &s.handled) < 0
	    || take_number(&page, &s.requests) < 0
	    || take(&page, VIEW("Reading:")) < 0
	    || take_number(&page, &s.reading) < 0
	    || take(&page, VIEW("Writing:")) < 0
	    || take_number(&page, &s.writing) < 0
	    || take(&page, VIEW("Waiting:")) < 0
	    || take_number(&page, &s.waiting) < 0 || view_trim(page).n > 0) {
		return -EINVAL;
	}
	*ret = s;
	return 0;
}

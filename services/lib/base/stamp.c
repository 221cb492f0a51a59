#include "base/stamp.h"

#include <errno.h>

void
stamp_add(struct buf *b, time_t t)
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year > 9999 - 1900
	    || tm.tm_year < -1900) {
		buf_add_str(b, "19700101000000");
		return;
	}
	buf_addf(b, "%04d%02d%02d%02d%02d%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* `n` digits at the front of *v; -1 when they are not all digits. */
static int
cut_digits(struct view *v, size_t n)
{
	uint64_t value;

	if (v->n < n || view_u64((struct view){ v->p, n }, &value) < 0) {
		return -1;
	}
	*v = view_drop(*v, n);
	return (int)value;
}

int
stamp_parse(struct view v, time_t *ret)
{
	struct view whole = view_cut(&v, '.');
	struct tm tm = { .tm_isdst = 0 }, again;
	uint64_t fraction;
	time_t t;

	if (whole.n != 14
	    || (v.p != NULL && (v.n > 9 || view_u64(v, &fraction) < 0))) {
		return -EINVAL;
	}
	tm.tm_year = cut_digits(&whole, 4) - 1900;
	tm.tm_mon = cut_digits(&whole, 2) - 1;
	tm.tm_mday = cut_digits(&whole, 2);
	tm.tm_hour = cut_digits(&whole, 2);
	tm.tm_min = cut_digits(&whole, 2);
	tm.tm_sec = cut_digits(&whole, 2);
	again = tm;
	t = timegm(&again);
	/* timegm() bends what does not exist into what does. */
	if (tm.tm_year < 70 || again.tm_year != tm.tm_year
	    || again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday
	    || again.tm_hour != tm.tm_hour || again.tm_min != tm.tm_min
	    || again.tm_sec != tm.tm_sec) {
		return -EINVAL;
	}
	*ret = t;
	return 0;
}

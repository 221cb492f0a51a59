#include "staticd/date.h"

#include <errno.h>
#include <stdio.h>

#define DAY 86400
#define LAST_SECOND 253402300799 /* 9999-12-31 23:59:59 */

static const char *const day_names[] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct fields {
	unsigned year, month, day, hour, minute, second; /* month from 1 */
};

/* Days since 1970-01-01 in the Gregorian calendar. */
static int64_t
days_of(unsigned year, unsigned month, unsigned day)
{
	/* Years begin in March, so that the leap day is the last one. */
	int64_t y = (int64_t)year - (month <= 2);
	int64_t m = month <= 2 ? month + 9 : month - 3;
	int64_t era = y / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * m + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4
	    - year_of_era / 100 + day_of_year - 719468;
}

static void
fields_of(int64_t seconds, struct fields *f)
{
	int64_t days = seconds / DAY + 719468;
	unsigned rest = (unsigned)(seconds % DAY);
	int64_t era = days / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t m = (5 * doy + 2) / 153;

	f->day = (unsigned)(doy - (153 * m + 2) / 5 + 1);
	f->month = (unsigned)(m < 10 ? m + 3 : m - 9);
	f->year = (unsigned)(yoe + era * 400 + (f->month <= 2));
	f->hour = rest / 3600;
	f->minute = rest / 60 % 60;
	f->second = rest % 60;
}

void
date_format(int64_t seconds, char out[DATE_TEXT])
{
	struct fields f;

	if (seconds < 0) {
		seconds = 0;
	} else if (seconds > LAST_SECOND) {
		seconds = LAST_SECOND;
	}
	fields_of(seconds, &f);
	(void)snprintf(out, DATE_TEXT,
	    "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
	    day_names[(seconds / DAY + 4) % 7], f.day % 100,
	    month_names + 3 * (f.month - 1), f.year % 10000, f.hour % 100,
	    f.minute % 100, f.second % 100);
}

/* Takes exactly `n` digits. */
static bool
take_number(struct view *v, size_t n, unsigned *ret)
{
	uint64_t number;

	if (v->n < n || view_u64((struct view){ v->p, n }, &number) < 0) {
		return false;
	}
	*ret = (unsigned)number;
	*v = view_drop(*v, n);
	return true;
}

static bool
take_text(struct view *v, struct view text)
{
	if (!view_starts(*v, text)) {
		return false;
	}
	*v = view_drop(*v, text.n);
	return true;
}

static bool
take_month(struct view *v, unsigned *ret)
{
	for (unsigned i = 0; i < 12; i++) {
		if (take_text(v, (struct view){ month_names + 3 * i, 3 })) {
			*ret = i + 1;
			return true;
		}
	}
	return false;
}

static bool
take_time(struct view *v, struct fields *f)
{
	return take_number(v, 2, &f->hour) && take_text(v, VIEW(":"))
	    && take_number(v, 2, &f->minute) && take_text(v, VIEW(":"))
	    && take_number(v, 2, &f->second);
}

/* The name of a day, its first three letters or in full. */
static bool
take_day_name(struct view *v, bool full)
{
	for (size_t i = 0; i < ARRAY_LEN(day_names); i++) {
		struct view name = view_str(day_names[i]);

		if (!full) {
			name.n = 3;
		}
		if (take_text(v, name)) {
			return true;
		}
	}
	return false;
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool
parse_fixdate(struct view v, struct fields *f)
{
	return take_day_name(&v, false) && take_text(&v, VIEW(", "))
	    && take_number(&v, 2, &f->day) && take_text(&v, VIEW(" "))
	    && take_month(&v, &f->month) && take_text(&v, VIEW(" "))
	    && take_number(&v, 4, &f->year) && take_text(&v, VIEW(" "))
	    && take_time(&v, f) && view_eq(v, VIEW(" GMT"));
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool
parse_rfc850(struct view v, int64_t now, struct fields *f)
{
	struct fields today;
	unsigned year;

	if (!(take_day_name(&v, true) && take_text(&v, VIEW(", "))
		&& take_number(&v, 2, &f->day) && take_text(&v, VIEW("-"))
		&& take_month(&v, &f->month) && take_text(&v, VIEW("-"))
		&& take_number(&v, 2, &year) && take_text(&v, VIEW(" "))
		&& take_time(&v, f) && view_eq(v, VIEW(" GMT")))) {
		return false;
	}
	fields_of(now < 0 ? 0 : now, &today);
	f->year = today.year / 100 * 100 + year;
	if (f->year > today.year + 50) {
		f->year -= 100;
	}
	return true;
}

/* Sun Nov  6 08:49:37 1994 */
static bool
parse_asctime(struct view v, struct fields *f)
{
	return take_day_name(&v, false) && take_text(&v, VIEW(" "))
	    && take_month(&v, &f->month) && take_text(&v, VIEW(" "))
	    && (take_text(&v, VIEW(" ")) ? take_number(&v, 1, &f->day)
					 : take_number(&v, 2, &f->day))
	    && take_text(&v, VIEW(" ")) && take_time(&v, f)
	    && take_text(&v, VIEW(" ")) && take_number(&v, 4, &f->year)
	    && v.n == 0;
}

/* A day that exists; 60 is a leap second. */
static bool
in_calendar(const struct fields *f)
{
	unsigned last;

	if (f->year < 1970 || f->day == 0 || f->hour > 23 || f->minute > 59
	    || f->second > 60) {
		return false;
	}
	last = f->month == 12 ? 31
			      : (unsigned)(days_of(f->year, f->month + 1, 1)
				  - days_of(f->year, f->month, 1));
	return f->day <= last;
}

int
date_parse(struct view text, int64_t now, int64_t *ret)
{
	struct fields f = { 0 };

	if (!parse_fixdate(text, &f) && !parse_asctime(text, &f)
	    && !parse_rfc850(text, now, &f)) {
		return -EINVAL;
	}
	if (!in_calendar(&f)) {
		return -EINVAL;
	}
	*ret = days_of(f.year, f.month, f.day) * DAY + f.hour * 3600
	    + f.minute * 60 + f.second;
	return 0;
}

/*
 * HTTP dates (RFC 9110 section 5.6.7).  Pure.
 */
#ifndef STATICD_DATE_H
#define STATICD_DATE_H

#include <stdint.h>

#include "base/view.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL. */
#define DATE_TEXT 30

/*
 * Reads any of the three forms that a recipient has to accept: IMF-fixdate,
 * RFC 850 and asctime.  `now` places the two-digit year of RFC 850 (no more
 * than 50 years ahead).  0 with seconds since 1970, or -EINVAL.
 */
NODISCARD int date_parse(struct view text, int64_t now, int64_t *ret);

/* Writes IMF-fixdate; years outside 1970 to 9999 are brought inside. */
void date_format(int64_t seconds, char out[DATE_TEXT]);

#endif

/*
 * Choosing a content coding (RFC 9110 section 12.5.3).  Pure.
 */
#ifndef STATICD_ACCEPT_H
#define STATICD_ACCEPT_H

#include <stdint.h>

#include "base/view.h"

enum coding {
	CODING_IDENTITY,
	CODING_GZIP,
	CODING_BR,
	CODING_ZSTD,
	CODING_COUNT,
};

/* The coding's name in Accept-Encoding and Content-Encoding. */
struct view coding_name(enum coding coding);
/* What a precompressed file's name ends with; "" for identity. */
struct view coding_suffix(enum coding coding);

/* Weights in thousandths; 0: not wanted. */
struct accept {
	uint16_t q[CODING_COUNT];
};

/*
 * Reads the field; p == NULL stands for its absence, which leaves identity
 * only.  A malformed element counts as not there.  Identity that is not named
 * stays acceptable, behind everything that is, unless "*;q=0" excludes it.
 */
struct accept accept_parse(struct view field);

/*
 * The acceptable coding of the highest weight, the smallest one among equals.
 * `sizes` has a size for each coding that there is and UINT64_MAX for the
 * others.  CODING_COUNT when nothing is acceptable.
 */
enum coding accept_pick(const struct accept *accept,
    const uint64_t sizes[CODING_COUNT]);

#endif

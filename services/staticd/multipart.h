/*
 * multipart/byteranges: several parts of one content in one answer (RFC 9110
 * section 14.6).
 */
#ifndef STATICD_MULTIPART_H
#define STATICD_MULTIPART_H

#include <microhttpd.h>

#include "staticd/range.h"
#include "staticd/resource.h"

/* Room for the content type with its boundary. */
#define MULTIPART_TYPE 96

/*
 * A response with the `n` (at most RANGE_MAX) ranges of the variant's content,
 * each with the content type `part_type`; its own type is written to `type`.
 * It holds what it needs by itself.  NULL when out of memory or descriptors.
 */
struct MHD_Response *multipart_response(const struct variant *v,
    const char *part_type, const struct range *ranges, size_t n,
    char type[MULTIPART_TYPE]);

#endif

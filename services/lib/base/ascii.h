/*
 * TYPE A: line ends are CR LF on the wire and LF in files.  Pure; both
 * directions go on correctly wherever the bytes are cut.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed at the start of a transfer. */
struct ascii {
	bool cr; /* the last byte was a CR */
};

/*
 * To the wire: each LF without a CR before it gets one.  Writes at most 2 * n
 * bytes to `out`; returns how many.
 */
size_t ascii_encode(struct ascii *a, const char *in, size_t n, char *out);

/*
 * From the wire: CR LF becomes LF, other CRs stay.  Writes at most n + 1 bytes
 * to `out`, which is not `in`; returns how many.
 */
size_t ascii_decode(struct ascii *a, const char *in, size_t n, char *out);

/* What decoding held back at the end of the stream: 1 for a last CR, or 0. */
size_t ascii_decode_end(struct ascii *a, char *out);

#endif

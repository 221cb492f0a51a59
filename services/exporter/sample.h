/*
 * Reading one line of the Prometheus text format 0.0.4 that somebody else
 * wrote.  Pure: bytes in, views of the same bytes out; nothing is believed.
 */
#ifndef EXPORTER_SAMPLE_H
#define EXPORTER_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

/* More labels on one sample, or a longer line, make it invalid. */
#define SAMPLE_LABELS_MAX 32
#define SAMPLE_LINE_MAX 8192

struct sample {
	struct view name;
	struct view labels; /* what stands between the braces; may be empty */
	struct view value;
};

/*
 * Reads `name{label="value",...} value [timestamp]`.  0, or -EINVAL for
 * anything a strict scraper would refuse: bad names, unknown escapes, bytes
 * that are not UTF-8, a label given twice, a value that is no number.  The
 * timestamp is checked and left out.
 */
NODISCARD int sample_parse(struct view line, struct sample *ret);

/* The label's value, escaped as it came; p == NULL when there is none. */
struct view sample_label(const struct sample *sample, struct view key);

/*
 * A number that is the same for the same name and labels in any order, and
 * different for others but by chance.
 */
uint64_t sample_series(const struct sample *sample);

#endif

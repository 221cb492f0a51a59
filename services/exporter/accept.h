/*
 * Walking through a header of choices with weights: Accept, Accept-Encoding
 * (RFC 9110, 12.4.2).  Pure.
 */
#ifndef EXPORTER_ACCEPT_H
#define EXPORTER_ACCEPT_H

#include <stdbool.h>

#include "base/view.h"

/*
 * Takes the next choice off the front of `*rest`: its name and its weight (1
 * when it has none, 0 when that is no number).  False at the end.
 */
bool accept_next(struct view *rest, struct view *ret_name, double *ret_weight);

#endif

/*
 * Reading the answer of Redis' INFO command (Redis documentation, INFO).
 * Pure: bytes in, views of the same bytes out.
 */
#ifndef REDIS_INFO_H
#define REDIS_INFO_H

#include <stdbool.h>

#include "base/view.h"

struct info_field {
	struct view section; /* "Memory" */
	struct view name; /* "used_memory" */
	struct view value; /* "1048576" */
};

/*
 * Takes the next field off the front of `*rest`.  `field->section` carries over
 * from call to call, so pass the same struct, zeroed at the start.  False at
 * the end.  Lines that are neither section nor field are passed over.
 */
bool info_next(struct view *rest, struct info_field *field);

/* The value of the first field with this name; p == NULL when absent. */
struct view info_find(struct view info, const char *name);

/*
 * The value of `name` in "keys=12,expires=3,avg_ttl=0"; p == NULL when absent.
 */
struct view info_part(struct view value, const char *name);

#endif

/*
 * The dashboard's files, part of the program (assets/ beside this file).
 */
#ifndef CACHEMON_ASSETS_H
#define CACHEMON_ASSETS_H

#include <stddef.h>

#include "base/view.h"

struct asset {
	const char *path; /* below the prefix; "" for the page itself */
	const char *type;
	struct view body;
};

#define ASSETS_COUNT 9

/* Asset number `i` of ASSETS_COUNT. */
struct asset asset_get(size_t i);

#endif

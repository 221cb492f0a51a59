/*
 * Who may give which family.  By the name alone, so that a series keeps its
 * identity when others come and go.  Pure.
 */
#ifndef EXPORTER_PAGE_OWNER_H
#define EXPORTER_PAGE_OWNER_H

#include <stdbool.h>

#include "base/view.h"
#include "exporter/page.h"

/* Does the name begin as those do that only one side may give? */
bool owner_only_one(struct view name);

/* Is it a name that `source` must not give? */
bool owner_reserved(const struct page_source *source, struct view name);

/* Do samples of this name get a label that tells who gave them? */
bool owner_to_be_told(const struct page_source *source, struct view name);

#endif

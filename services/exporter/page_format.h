/*
 * The formats of a page, and which one a scraper wants.  Pure.
 */
#ifndef EXPORTER_PAGE_FORMAT_H
#define EXPORTER_PAGE_FORMAT_H

#include "base/view.h"

/* PAGE_FORMATS is their number. */
enum page_format { PAGE_TEXT, PAGE_OPENMETRICS, PAGE_FORMATS };

/*
 * Which format an Accept header asks for: OpenMetrics 1.0 when it is named
 * with a weight above zero and not below text/plain's.
 */
enum page_format page_negotiate(struct view accept);
const char *page_content_type(enum page_format format);

#endif

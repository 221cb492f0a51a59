#include "exporter/page_format.h"

#include "exporter/accept.h"
#include "metrics/metrics.h"

enum page_format
page_negotiate(struct view accept)
{
	double open = 0, text = 0, q;
	struct view type;

	while (accept_next(&accept, &type, &q)) {
		if (view_eq_nocase(type,
			VIEW("application/openmetrics-text"))) {
			open = q > open ? q : open;
		} else if (view_eq_nocase(type, VIEW("text/plain"))) {
			text = q > text ? q : text;
		}
	}
	return open > 0 && open >= text ? PAGE_OPENMETRICS : PAGE_TEXT;
}

const char *
page_content_type(enum page_format format)
{
	return format == PAGE_TEXT ? METRICS_CONTENT_TYPE
				   : "application/openmetrics-text; "
				     "version=1.0.0; charset=utf-8";
}

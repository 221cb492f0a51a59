#include "exporter/page_format.h"

#include "metrics/metrics.h"

/* The weight of one element of an Accept header. */
static double
weight(struct view parameters)
{
	double q = 1;

	while (parameters.p != NULL) {
		struct view parameter = view_trim(view_cut(&parameters, ';'));
		struct view key = view_trim(view_cut(&parameter, '='));

		if (view_eq_nocase(key, VIEW("q"))
		    && view_double(view_trim(parameter), &q) < 0) {
			q = 0;
		}
	}
	return q;
}

enum page_format
page_negotiate(struct view accept)
{
	double open = 0, text = 0;

	while (accept.p != NULL) {
		struct view element = view_cut(&accept, ',');
		struct view type = view_trim(view_cut(&element, ';'));
		double q = weight(element);

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

/*
 * Answering requests from the current site.
 */
#ifndef STATICD_SERVE_H
#define STATICD_SERVE_H

#include <stdbool.h>

#include "http/http.h"
#include "staticd/counters.h"
#include "staticd/fields.h"
#include "staticd/store.h"

/* What the handlers work on; outlives the HTTP server. */
struct serve {
	struct store store; /* with a site in it */
	struct fields fields;
	struct counters counters;
	bool access_log;
};

/* http_handlers; their context is a struct serve. */
enum MHD_Result serve_site(struct http_request *rq, void *ctx);
enum MHD_Result serve_metrics(struct http_request *rq, void *ctx);

#endif

/*
 * Answering requests from the current site.
 */
#ifndef STATICD_SERVE_H
#define STATICD_SERVE_H

#include "http/http.h"
#include "staticd/access.h"
#include "staticd/counters.h"
#include "staticd/fields.h"
#include "staticd/store.h"

/* What the handlers work on; outlives the HTTP server. */
struct serve {
	struct store store; /* with a site in it */
	struct fields fields;
	struct counters counters;
	const char *root; /* the site's folder; borrowed */
	enum access_format access_format;
};

/* http_handlers; their context is a struct serve. */
enum MHD_Result serve_site(struct http_request *rq, void *ctx);
enum MHD_Result serve_metrics(struct http_request *rq, void *ctx);

/* Counts and logs; http_conf.answered. */
void serve_answered(void *ctx, const struct http_request *rq, unsigned status,
    uint64_t bytes);

#endif

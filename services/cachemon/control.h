/*
 * The requests that change something (POST), and what the page needs for them.
 *
 * Such a request has to come from this page: it carries the token, which only
 * the same origin can read, in a header that no form and no foreign page can
 * send.  Who asks is what the proxy says, and the proxy alone is believed.
 */
#ifndef CACHEMON_CONTROL_H
#define CACHEMON_CONTROL_H

#include "cachemon/jobs.h"
#include "cachemon/settings.h"
#include "http/http.h"

#define CONTROL_TOKEN 32

struct control {
	const struct settings *settings;
	struct jobs *jobs;
	char token[CONTROL_TOKEN + 1]; /* of this run of cachemon */
};

/* Draws the token.  0, or -errno. */
NODISCARD int control_init(struct control *control,
    const struct settings *settings, struct jobs *jobs);

/* GET: {"api", "actions", "monitor", "user", "prefix", "token"}. */
enum MHD_Result control_serve(struct control *control, struct http_request *rq);

/*
 * POST: orders a job of this kind.  202 with {"ordered": true}; 400 for a
 * target that is not meant; 403 for a request that is none of this page's, or
 * what is switched off; 409 while another job runs.
 */
enum MHD_Result control_order(struct control *control, struct http_request *rq,
    enum job_kind kind);

/* Is `origin` (RFC 6454) the one that `host` is served at?  Pure. */
bool control_same_origin(struct view origin, struct view host);

#endif

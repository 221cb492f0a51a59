#include "cachemon/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/secret.h"
#include "cachemon/json.h"
#include "run/log.h"

#define BODY_MOST 4096
#define JSON_TYPE "application/json"
#define MONITOR_SECONDS 3

static const struct http_header no_store[] = { { "Cache-Control", "no-store" },
	{ NULL, NULL } };

int
control_init(struct control *control, const struct settings *settings,
    struct jobs *jobs)
{
	unsigned char bytes[CONTROL_TOKEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return -EIO;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		(void)snprintf(control->token + 2 * i, 3, "%02x", bytes[i]);
	}
	control->settings = settings;
	control->jobs = jobs;
	return 0;
}

bool
control_same_origin(struct view origin, struct view host)
{
	return (view_take(&origin, VIEW("https://"))
		   || view_take(&origin, VIEW("http://")))
	    && host.n > 0 && view_eq_nocase(origin, host);
}

static enum MHD_Result
reply_error(struct http_request *rq, unsigned status, const char *why)
{
	struct buf body;

	buf_init(&body, BODY_MOST);
	json_open(&body, NULL, '{');
	json_str(&body, "error", view_str(why));
	json_close(&body, '}');
	return http_reply_take(rq, status, JSON_TYPE, &body, no_store);
}

/* Who asks, as the proxy says; empty when it is not the proxy that says so. */
static struct view
user_of(const struct control *control, const struct http_request *rq)
{
	char from[NET_ADDR_TEXT];

	http_client_addr(rq, from, sizeof(from));
	if (!jobs_trusts(control->jobs, view_str(from))) {
		return VIEW("");
	}
	return view_str(http_header_value(rq, "X-Forwarded-User").p);
}

enum MHD_Result
control_serve(struct control *control, struct http_request *rq)
{
	struct view user = user_of(control, rq);
	struct buf body;

	buf_init(&body, BODY_MOST);
	json_open(&body, NULL, '{');
	json_u64(&body, "api", 1);
	json_bool(&body, "actions", control->settings->actions && user.n > 0);
	json_bool(&body, "monitor", control->settings->monitor && user.n > 0);
	json_str(&body, "user", user);
	json_str(&body, "prefix", view_str(control->settings->actions_prefix));
	/* Nobody else has a use for it. */
	if (user.n > 0) {
		json_str(&body, "token", view_str(control->token));
	} else {
		json_null(&body, "token");
	}
	json_close(&body, '}');
	return http_reply_take(rq, MHD_HTTP_OK, JSON_TYPE, &body, no_store);
}

/* NULL, or why this is no request of the page's. */
static const char *
refusal(const struct control *control, const struct http_request *rq,
    struct view user)
{
	struct view token = http_header_value(rq, "X-Cachemon-Token");
	struct view site = http_header_value(rq, "Sec-Fetch-Site");
	struct view origin = http_header_value(rq, "Origin");

	if (user.n == 0 || user.n > JOB_WHO) {
		return "It is not known who asks; come through the proxy.";
	}
	if (site.p != NULL && !view_eq(site, VIEW("same-origin"))) {
		return "The request comes from another site.";
	}
	if (origin.p != NULL
	    && !control_same_origin(origin, http_header_value(rq, "Host"))) {
		return "The request comes from another origin.";
	}
	if (!secret_eq(token, view_str(control->token))) {
		return "The token is missing or old; load the page again.";
	}
	return NULL;
}

/* What the query says is to be done.  0, or -EINVAL. */
static int
read_order(const struct http_request *rq, struct job_order *order)
{
	static const char *const names[] = { "group", NULL, "key", NULL };
	const char *name = names[order->kind];
	struct view target = name == NULL ? VIEW("")
					  : http_query_value(rq, name);
	struct view seconds = http_query_value(rq, "seconds");
	uint64_t number = MONITOR_SECONDS;

	if (target.p == NULL || target.n > JOB_TARGET) {
		return -EINVAL;
	}
	if (seconds.p != NULL
	    && (view_u64(seconds, &number) < 0 || number < 1
		|| number > MONITOR_SECONDS_MOST)) {
		return -EINVAL;
	}
	order->seconds = (unsigned)number;
	order->target_n = target.n;
	memcpy(order->target, target.p, target.n);
	order->target[target.n] = '\0';
	return 0;
}

enum MHD_Result
control_order(struct control *control, struct http_request *rq,
    enum job_kind kind)
{
	struct job_order order = { .kind = kind };
	struct view user = user_of(control, rq);
	const char *why = refusal(control, rq, user);
	int r;

	http_client_addr(rq, order.from, sizeof(order.from));
	if (why != NULL) {
		struct log_line l;

		log_open(&l, LOG_WARN, "action_refused");
		log_view(&l, "user", user);
		log_str(&l, "addr", order.from);
		log_str(&l, "message", why);
		log_close(&l);
		return reply_error(rq, MHD_HTTP_FORBIDDEN, why);
	}
	memcpy(order.who, user.p, user.n);
	r = read_order(rq, &order);
	if (r == 0) {
		r = jobs_order(control->jobs, &order);
	}
	switch (r) {
	case 0:
		return http_reply_copy(rq, MHD_HTTP_ACCEPTED, JSON_TYPE,
		    VIEW("{\"ordered\":true}"), no_store);
	case -EPERM:
		return reply_error(rq, MHD_HTTP_FORBIDDEN,
		    "That is switched off; see CACHEMON_ACTIONS and "
		    "CACHEMON_MONITOR.");
	case -EBUSY:
		return reply_error(rq, MHD_HTTP_CONFLICT,
		    "Another job is running; wait for its end.");
	default:
		return reply_error(rq, MHD_HTTP_BAD_REQUEST,
		    "That may not be removed, or a parameter is missing.");
	}
}

#include "staticd/serve.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "run/net.h"
#include "staticd/accept.h"
#include "staticd/multipart.h"
#include "staticd/precond.h"
#include "staticd/range.h"

/* The fields of a request that decide about the answer. */
struct wanted {
	struct view accept_encoding;
	struct view range;
	struct precond precond;
	unsigned seen; /* one bit per field */
};

static const struct {
	struct view name;
	size_t offset; /* of the view in struct wanted */
} wanted_fields[] = {
	{ { "Accept-Encoding", 15 }, offsetof(struct wanted, accept_encoding) },
	{ { "Range", 5 }, offsetof(struct wanted, range) },
	{ { "If-Range", 8 }, offsetof(struct wanted, precond.if_range) },
	{ { "If-Match", 8 }, offsetof(struct wanted, precond.if_match) },
	{ { "If-None-Match", 13 },
	    offsetof(struct wanted, precond.if_none_match) },
	{ { "If-Modified-Since", 17 },
	    offsetof(struct wanted, precond.if_modified_since) },
	{ { "If-Unmodified-Since", 19 },
	    offsetof(struct wanted, precond.if_unmodified_since) },
};

/*
 * Keeps a field.  One that comes twice is treated as if it had not come: then
 * the whole representation is sent, which is never wrong.
 */
static enum MHD_Result
keep_field(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct wanted *wanted = cls;
	struct view key = view_str(name);

	(void)kind;
	for (size_t i = 0; i < ARRAY_LEN(wanted_fields); i++) {
		struct view *place;

		if (!view_eq_nocase(key, wanted_fields[i].name)) {
			continue;
		}
		place = (struct view *)(void *)((char *)wanted
		    + wanted_fields[i].offset);
		*place = (wanted->seen & 1U << i) != 0
		    ? (struct view){ NULL, 0 }
		    : view_str(value == NULL ? "" : value);
		wanted->seen |= 1U << i;
		break;
	}
	return MHD_YES;
}

static enum MHD_Result
send_unsatisfiable(struct http_request *rq, const struct variant *v)
{
	char range[48];
	const struct http_header extra[] = { { "Content-Range", range },
		{ NULL, NULL } };

	(void)snprintf(range, sizeof(range), "bytes */%llu",
	    (unsigned long long)v->content.size);
	return http_reply_copy(rq, MHD_HTTP_RANGE_NOT_SATISFIABLE, HTTP_TEXT,
	    VIEW("416 no such range\n"), extra);
}

static struct MHD_Response *
make_single(struct http_request *rq, const struct serve *serve,
    const struct resource *r, const struct variant *v, struct range range)
{
	uint64_t n = range.last - range.first + 1;
	int fd;
	struct MHD_Response *response = content_response(&v->content,
	    range.first, n, &fd);
	char text[96];
	const struct http_header extra[] = { { "Content-Range", text },
		{ NULL, NULL } };

	(void)snprintf(text, sizeof(text), "bytes %llu-%llu/%llu",
	    (unsigned long long)range.first, (unsigned long long)range.last,
	    (unsigned long long)v->content.size);
	if (response != NULL
	    && (resource_describe(r, v, r->type, serve->fields.list, response)
		    < 0
		|| http_add_headers(response, extra) < 0)) {
		MHD_destroy_response(response);
		return NULL;
	}
	if (fd >= 0 && response != NULL) {
		http_expect_file(rq, fd, range.last + 1);
	}
	return response;
}

static struct MHD_Response *
make_multipart(const struct serve *serve, const struct resource *r,
    const struct variant *v, const struct range *ranges, size_t n)
{
	char type[MULTIPART_TYPE];
	struct MHD_Response *response = multipart_response(v, r->type, ranges,
	    n, type);

	if (response != NULL
	    && resource_describe(r, v, type, serve->fields.list, response)
		< 0) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

static enum MHD_Result
send_parts(struct http_request *rq, const struct serve *serve,
    const struct resource *r, const struct variant *v,
    const struct range *ranges, size_t n)
{
	struct MHD_Response *response;
	uint64_t bytes = 0;
	enum MHD_Result result;

	if (content_is_cut(&v->content)) {
		return MHD_NO;
	}
	response = n == 1 ? make_single(rq, serve, r, v, ranges[0])
			  : make_multipart(serve, r, v, ranges, n);
	if (response == NULL) {
		return http_reply_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR);
	}
	for (size_t i = 0; i < n; i++) {
		bytes += ranges[i].last - ranges[i].first + 1;
	}
	http_expect_bytes(rq, bytes);
	result = http_reply_response(rq, MHD_HTTP_PARTIAL_CONTENT, response);
	MHD_destroy_response(response);
	return result;
}

static const struct variant *
choose(const struct resource *r, struct view accept_encoding)
{
	struct accept accept;
	enum coding coding;

	if (!r->negotiated) {
		return r->variants[CODING_IDENTITY];
	}
	accept = accept_parse(accept_encoding);
	coding = accept_pick(&accept, r->sizes);
	/* A client that wants nothing we have gets the plain bytes. */
	return r->variants[coding == CODING_COUNT ? CODING_IDENTITY : coding];
}

static enum MHD_Result
send_whole(struct http_request *rq, unsigned status, const struct variant *v)
{
	const struct lane *lane = resource_full(v);

	if (content_is_cut(&v->content)) {
		return MHD_NO;
	}
	http_expect_bytes(rq, v->content.size);
	if (lane->fd >= 0 && !http_is_head(rq)) {
		http_expect_file(rq, lane->fd, v->content.size);
	}
	return http_reply_response(rq, status, lane->response);
}

static enum MHD_Result
send_resource(struct http_request *rq, const struct serve *serve,
    const struct resource *r, const struct wanted *wanted)
{
	const struct variant *v = choose(r, wanted->accept_encoding);
	struct view etag = view_str(v->etag);
	struct range ranges[RANGE_MAX];
	int64_t now = (int64_t)time(NULL);
	size_t n = 0;

	switch (precond_check(&wanted->precond, etag, r->modified, now)) {
	case PRECOND_NOT_MODIFIED:
		return http_reply_response(rq, MHD_HTTP_NOT_MODIFIED,
		    v->not_modified);
	case PRECOND_FAILED:
		return http_reply_error(rq, MHD_HTTP_PRECONDITION_FAILED);
	case PRECOND_SEND:
		break;
	}
	if (wanted->range.p != NULL && !http_is_head(rq)
	    && precond_range(&wanted->precond, etag, r->modified, now)) {
		switch (
		    range_resolve(wanted->range, v->content.size, ranges, &n)) {
		case RANGE_PARTS:
			return send_parts(rq, serve, r, v, ranges, n);
		case RANGE_NEVER:
			return send_unsatisfiable(rq, v);
		case RANGE_WHOLE:
			break;
		}
	}
	return send_whole(rq, MHD_HTTP_OK, v);
}

static enum MHD_Result
send_not_found(struct http_request *rq, const struct resource *page,
    const struct wanted *wanted)
{
	if (page == NULL) {
		return http_reply_error(rq, MHD_HTTP_NOT_FOUND);
	}
	return send_whole(rq, MHD_HTTP_NOT_FOUND,
	    choose(page, wanted->accept_encoding));
}

void
serve_answered(void *ctx, const struct http_request *rq, unsigned status,
    uint64_t bytes)
{
	struct serve *serve = ctx;
	char addr[NET_ADDR_TEXT];

	counters_answer(&serve->counters, http_method(rq), status, bytes);
	if (serve->access_format != ACCESS_OFF) {
		http_client_addr(rq, addr, sizeof(addr));
		access_log(serve->access_format,
		    &(struct access){ .addr = addr,
			.method = http_method(rq),
			.path = http_path(rq),
			.version = http_version(rq),
			.status = status,
			.bytes = bytes });
	}
}

enum MHD_Result
serve_site(struct http_request *rq, void *ctx)
{
	const struct serve *serve = ctx;
	struct wanted wanted = { .seen = 0 };
	struct site *site = store_hold(&((struct serve *)ctx)->store);
	const struct site_entry *entry = site_find(site, http_path(rq));
	const struct resource *page;
	enum MHD_Result result;

	(void)MHD_get_connection_values(http_connection(rq), MHD_HEADER_KIND,
	    keep_field, &wanted);
	page = entry != NULL ? entry->resource
			     : site_fallback(site, http_path(rq));
	if (page != NULL) {
		result = send_resource(rq, serve, page, &wanted);
	} else if (entry != NULL) {
		result = http_reply_response(rq, MHD_HTTP_MOVED_PERMANENTLY,
		    entry->redirect);
	} else {
		result = send_not_found(rq, site_not_found(site), &wanted);
	}
	site_let_go(site);
	return result;
}

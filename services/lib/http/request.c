/* What a handler asks about its request. */
#include <stdio.h>

#include "http/inner.h"
#include "run/net.h"

struct view
http_path(const struct http_request *rq)
{
	return rq->path;
}

bool
http_is_head(const struct http_request *rq)
{
	return rq->head;
}

struct view
http_method(const struct http_request *rq)
{
	return view_str(rq->method);
}

struct view
http_version(const struct http_request *rq)
{
	return view_str(rq->version);
}

const struct http_server *
http_server_of(const struct http_request *rq)
{
	return rq->server;
}

struct MHD_Connection *
http_connection(const struct http_request *rq)
{
	return rq->connection;
}

struct view
http_header_value(const struct http_request *rq, const char *name)
{
	return view_str(
	    MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, name));
}

struct view
http_query_value(const struct http_request *rq, const char *name)
{
	return view_str(MHD_lookup_connection_value(rq->connection,
	    MHD_GET_ARGUMENT_KIND, name));
}

/* What the library's own callback needs of ours. */
struct query_walk {
	http_query_fn fn;
	void *ctx;
};

static enum MHD_Result
query_pair(void *data, enum MHD_ValueKind kind, const char *name, size_t name_n,
    const char *value, size_t value_n)
{
	const struct query_walk *walk = data;

	(void)kind;
	walk->fn(walk->ctx, (struct view){ name, name_n },
	    (struct view){ value, value == NULL ? 0 : value_n });
	return MHD_YES;
}

void
http_query_each(const struct http_request *rq, http_query_fn fn, void *ctx)
{
	struct query_walk walk = { .fn = fn, .ctx = ctx };

	(void)MHD_get_connection_values_n(rq->connection, MHD_GET_ARGUMENT_KIND,
	    query_pair, &walk);
}

void
http_client_addr(const struct http_request *rq, char *out, size_t n)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(rq->connection,
		MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char text[NET_ADDR_TEXT] = "?";

	if (info != NULL && info->client_addr != NULL) {
		net_addr_text(info->client_addr, text);
	}
	(void)snprintf(out, n, "%s", text);
}

void **
http_state(struct http_request *rq)
{
	return &rq->state;
}

struct MHD_Connection *
http_suspend(struct http_request *rq)
{
	MHD_suspend_connection(rq->connection);
	return rq->connection;
}

void
http_resume(struct MHD_Connection *connection)
{
	MHD_resume_connection(connection);
}

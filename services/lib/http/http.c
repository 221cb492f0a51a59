#include "http/http.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "http/check.h"
#include "http/watchdog.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/net.h"

#define DEFAULT_CONNECTIONS 256
#define DEFAULT_IDLE_SECONDS 30
#define DEFAULT_HEAD_SECONDS 20
#define DEFAULT_CONNECTION_MEMORY (16 * 1024)
/* musl's default of 128 KiB is small for vsnprintf and the like. */
#define THREAD_STACK (256 * 1024)
#define BACKLOG 1024
/* The library renamed its own constant. */
#define CONTENT_TOO_LARGE 413
#define DRAIN_STEP_MS 20

struct http_server {
	struct http_conf conf;
	/* Handlers may run before the start has returned it. */
	_Atomic(struct MHD_Daemon *) daemon;
	struct watchdog *watchdog;
	int listen_fd;
	atomic_uint_fast64_t requests[HTTP_CLASSES];
	atomic_uint_fast64_t refused;
	atomic_uint_fast64_t durations[HTTP_DURATIONS];
	atomic_uint_fast64_t duration_us; /* all together */
	atomic_int running; /* requests between handler and last byte */
};

/* One connection; served by one thread from first to last. */
struct http_peer {
	struct watched *watched;
	int64_t began_us; /* the request whose head came last */
};

struct http_request {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_peer *peer; /* NULL: out of memory when it came */
	struct view path;
	const char *method;
	const char *version;
	uint64_t bytes; /* of the body that will be sent */
	bool head;
	bool post;
	bool close; /* the connection ends with this answer */
	void *state; /* the handler's own, see http_state() */
};

/*
 * The library keeps one pointer per request for us.  NULL: it was not seen
 * yet; one of these two; or else the handler's own state.
 */
static char target_bad; /* the request line's target is not valid */
static char sound; /* it was checked and may be answered */

/* The URL is logged by nobody here: libmicrohttpd's own messages may. */
static void PRINTF_LIKE(2, 0)
    library_log(void *ctx, const char *fmt, va_list args)
{
	struct buf text;
	struct log_line l;

	(void)ctx;
	buf_init(&text, 512);
	buf_vaddf(&text, fmt, args);
	log_open(&l, LOG_DEBUG, "libmicrohttpd");
	log_view(&l, "message", view_trim(buf_view(&text)));
	log_close(&l);
	buf_done(&text);
}

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

int
http_add_headers(struct MHD_Response *response,
    const struct http_header *headers)
{
	for (; headers != NULL && headers->name != NULL; headers++) {
		if (MHD_add_response_header(response, headers->name,
			headers->value)
		    != MHD_YES) {
			return -ENOMEM;
		}
	}
	return 0;
}

void
http_expect_bytes(struct http_request *rq, uint64_t n)
{
	unsigned seconds = rq->server->conf.answer_seconds;

	rq->bytes = n;
	if (seconds != 0 && n > HTTP_SLOWEST && rq->peer != NULL) {
		watched_until(rq->peer->watched,
		    rq->peer->began_us / 1000 + seconds * 1000LL
			+ (int64_t)(n / HTTP_SLOWEST) * 1000);
	}
}

enum MHD_Result
http_reply_response(struct http_request *rq, unsigned status,
    struct MHD_Response *response)
{
	struct http_server *server = rq->server;
	unsigned digit = status / 100;

	atomic_fetch_add_explicit(&server->requests[digit < HTTP_CLASSES ? digit
									 : 0],
	    1, memory_order_relaxed);
	if (server->conf.answered != NULL) {
		server->conf.answered(server->conf.ctx, rq, status,
		    rq->head ? 0 : rq->bytes);
	}
	return MHD_queue_response(rq->connection, status, response);
}

enum MHD_Result
http_reply_response_take(struct http_request *rq, unsigned status,
    const char *type, struct MHD_Response *response,
    const struct http_header *extra)
{
	const struct http_header own[] = {
		{ type == NULL ? NULL : "Content-Type", type },
		{ NULL, NULL },
	};
	const struct http_header ending[] = {
		{ rq->close ? "Connection" : NULL, "close" },
		{ NULL, NULL },
	};
	enum MHD_Result result = MHD_NO;

	if (response == NULL) {
		return MHD_NO;
	}
	if (http_add_headers(response, own) == 0
	    && http_add_headers(response, ending) == 0
	    && http_add_headers(response, rq->server->conf.headers) == 0
	    && http_add_headers(response, extra) == 0) {
		result = http_reply_response(rq, status, response);
	}
	MHD_destroy_response(response);
	return result;
}

struct MHD_Response *
http_response_shared(struct shared *bytes, size_t offset, size_t n)
{
	/* The library does not write, but takes a plain pointer. */
	void *p = (void *)(uintptr_t)(shared_view(bytes).p + offset);
	struct MHD_Response *response =
	    MHD_create_response_from_buffer_with_free_callback_cls(n, p,
		shared_let_go, shared_hold(bytes));

	if (response == NULL) {
		shared_let_go(bytes);
	}
	return response;
}

enum MHD_Result
http_reply_copy(struct http_request *rq, unsigned status, const char *type,
    struct view body, const struct http_header *extra)
{
	/* The library copies and does not write, but takes a plain pointer. */
	struct MHD_Response *response = MHD_create_response_from_buffer(body.n,
	    (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);

	http_expect_bytes(rq, body.n);
	return http_reply_response_take(rq, status, type, response, extra);
}

enum MHD_Result
http_reply_take(struct http_request *rq, unsigned status, const char *type,
    struct buf *body, const struct http_header *extra)
{
	struct MHD_Response *response;
	size_t n = 0;
	char *memory = buf_take(body, &n);

	if (memory == NULL) {
		return http_reply_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR);
	}
	response = MHD_create_response_from_buffer(n, memory,
	    MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(memory);
	}
	http_expect_bytes(rq, n);
	return http_reply_response_take(rq, status, type, response, extra);
}

static const struct http_header allow[] = {
	{ "Allow", HTTP_METHODS },
	{ NULL, NULL },
};

/* An answer in plain words; refusals of bad requests end the connection. */
enum MHD_Result
http_reply_error(struct http_request *rq, unsigned status)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "%u %s\n", status,
	    MHD_get_reason_phrase_for(status));

	rq->close |= status == MHD_HTTP_BAD_REQUEST
	    || status == MHD_HTTP_NOT_IMPLEMENTED
	    || status == MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED;
	return http_reply_copy(rq, status, HTTP_TEXT,
	    (struct view){ text, (size_t)n },
	    status == MHD_HTTP_METHOD_NOT_ALLOWED ? allow : NULL);
}

enum MHD_Result
http_serve_ok(struct http_request *rq, void *ctx)
{
	(void)ctx;
	return http_reply_copy(rq, MHD_HTTP_OK, HTTP_TEXT, VIEW("ok\n"), NULL);
}

static enum MHD_Result
count_field(void *shape, enum MHD_ValueKind kind, const char *name,
    size_t name_n, const char *value, size_t value_n)
{
	(void)kind;
	http_shape_add(shape, (struct view){ name, name_n },
	    (struct view){ value, value_n });
	return MHD_YES;
}

static unsigned
refusal(struct http_request *rq)
{
	struct http_shape shape = { .version = view_str(rq->version),
		.body_method = strcmp(rq->method, "POST") == 0
		    || strcmp(rq->method, "PUT") == 0
		    || strcmp(rq->method, "PATCH") == 0
		    || strcmp(rq->method, "DELETE") == 0 };
	unsigned status;

	(void)MHD_get_connection_values_n(rq->connection, MHD_HEADER_KIND,
	    count_field, &shape);
	/* No body is ever read: what follows is not the next request. */
	rq->close = shape.lengths > 0 || shape.encodings > 0;
	if (http_path_climbs(rq->path)) {
		return MHD_HTTP_BAD_REQUEST;
	}
	status = http_shape_refusal(&shape);
	if (status == 0 && rq->post
	    && (shape.encodings > 0
		|| (shape.lengths > 0 && !view_only(shape.length, "0")))) {
		return CONTENT_TOO_LARGE;
	}
	return status;
}

static bool
route_matches(const struct http_route *route, struct view path)
{
	struct view pattern = view_str(route->path);

	if (pattern.n > 0 && pattern.p[pattern.n - 1] == '*') {
		pattern.n--;
		return view_starts(path, pattern);
	}
	return view_eq(path, pattern);
}

/* The route of the request, NULL without one. */
static const struct http_route *
find_route(const struct http_request *rq)
{
	const struct http_conf *conf = &rq->server->conf;
	const struct http_route *routes = rq->post ? conf->posts : conf->routes;
	size_t n = rq->post ? conf->post_count : conf->route_count;

	for (size_t i = 0; i < n; i++) {
		if (route_matches(&routes[i], rq->path)) {
			return &routes[i];
		}
	}
	return NULL;
}

static enum MHD_Result
dispatch(struct http_request *rq)
{
	const struct http_route *route = find_route(rq);

	return route == NULL ? http_reply_error(rq, MHD_HTTP_NOT_FOUND)
			     : route->handle(rq, rq->server->conf.ctx);
}

/* Called with the request line's target as it came, before all else. */
static void *
see_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
	(void)ctx;
	(void)connection;
	return http_target_valid(view_str(target)) ? NULL : &target_bad;
}

static bool
is_answered(const struct http_request *rq)
{
	return strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0
	    || strcmp(rq->method, "OPTIONS") == 0
	    || (rq->post && find_route(rq) != NULL);
}

static enum MHD_Result
reply_options(struct http_request *rq)
{
	return http_reply_response_take(rq, MHD_HTTP_NO_CONTENT, NULL,
	    MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT),
	    allow);
}

static bool
is_handlers_state(const void *state)
{
	return state != NULL && state != &target_bad && state != &sound;
}

/* The head is there: from now on it is about the answer. */
static void
begin_answer(struct http_request *rq)
{
	unsigned seconds = rq->server->conf.answer_seconds;

	atomic_fetch_add_explicit(&rq->server->running, 1,
	    memory_order_relaxed);
	if (rq->peer == NULL) {
		return;
	}
	rq->peer->began_us = clock_us();
	watched_until(rq->peer->watched,
	    seconds == 0 ? WATCHDOG_NEVER
			 : rq->peer->began_us / 1000 + seconds * 1000LL);
}

/*
 * The first call for a request, before its body.  What is refused is answered
 * here and now: for the library an answer before the body was read means that
 * the connection ends with it, so a body can never pass for a request.
 */
static enum MHD_Result
check(struct http_request *rq, void **state)
{
	unsigned status = MHD_HTTP_BAD_REQUEST;

	begin_answer(rq);
	if (*state != &target_bad) {
		status = refusal(rq);
	}
	*state = &sound;
	if (status != 0) {
		atomic_fetch_add_explicit(&rq->server->refused, 1,
		    memory_order_relaxed);
		return http_reply_error(rq, status);
	}
	return is_answered(rq)
	    ? MHD_YES
	    : http_reply_error(rq, MHD_HTTP_METHOD_NOT_ALLOWED);
}

static struct http_peer *
peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection,
		MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/*
 * Called for each request: first to check it, then to answer it, and once more
 * after each suspension.  One connection is served by one thread, so nobody
 * else looks at *state.
 */
static enum MHD_Result
answer(void *ctx, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **state)
{
	struct http_server *server = ctx;
	struct http_request rq = { .server = server,
		.connection = connection,
		.peer = peer_of(connection),
		.path = http_target_path(view_str(url)),
		.method = method,
		.version = version,
		.head = strcmp(method, "HEAD") == 0,
		.post = strcmp(method, "POST") == 0,
		.state = is_handlers_state(*state) ? *state : NULL };
	enum MHD_Result result;

	(void)upload;
	(void)upload_size;
	if (*state == NULL || *state == &target_bad) {
		return check(&rq, state);
	}
	result = strcmp(method, "OPTIONS") == 0 ? reply_options(&rq)
						: dispatch(&rq);
	*state = rq.state != NULL ? rq.state : &sound;
	return result;
}

static void
count_duration(struct http_server *server, int64_t us)
{
	size_t i = 0;

	while (i < HTTP_DURATIONS - 1 && us > (int64_t)http_duration_us(i)) {
		i++;
	}
	atomic_fetch_add_explicit(&server->durations[i], 1,
	    memory_order_relaxed);
	atomic_fetch_add_explicit(&server->duration_us, (uint64_t)us,
	    memory_order_relaxed);
}

/* The next request's head may come after the idle time at the earliest. */
static void
end_answer(struct http_server *server, struct http_peer *peer)
{
	int64_t now = clock_us();
	int64_t wait = server->conf.idle_seconds + server->conf.head_seconds;

	atomic_fetch_sub_explicit(&server->running, 1, memory_order_relaxed);
	if (peer != NULL) {
		count_duration(server, now - peer->began_us);
		watched_until(peer->watched, now / 1000 + wait * 1000);
	}
}

/* Called when a request is over, whether its answer was sent or not. */
static void
completed(void *ctx, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct http_server *server = ctx;

	(void)code;
	if (is_handlers_state(*state) && server->conf.finished != NULL) {
		server->conf.finished(server->conf.ctx, *state);
	}
	if (*state != NULL && *state != &target_bad) {
		end_answer(server, peer_of(connection));
	}
	*state = NULL;
}

static void
connection_begins(struct http_server *server, struct MHD_Connection *connection,
    void **context)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection,
		MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_peer *peer = calloc(1, sizeof(*peer));

	if (peer != NULL && info != NULL) {
		peer->watched = watchdog_add(server->watchdog, info->connect_fd,
		    clock_ms() + server->conf.head_seconds * 1000LL);
	}
	*context = peer;
}

/* Called when a connection is there, and before its socket is closed. */
static void
connection_changes(void *ctx, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = ctx;
	struct http_peer *peer = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_begins(server, connection, context);
	} else if (peer != NULL) {
		watchdog_remove(server->watchdog, peer->watched);
		free(peer);
		*context = NULL;
	}
}

static struct MHD_Daemon *
start_library(struct http_server *server)
{
	const struct http_conf *conf = &server->conf;
	struct MHD_OptionItem pool[] = { { MHD_OPTION_THREAD_POOL_SIZE,
					     (intptr_t)conf->threads, NULL },
		{ MHD_OPTION_END, 0, NULL } };
	/* A pool of one makes the library complain. */
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC
	    | MHD_USE_ERROR_LOG
	    | (conf->suspending ? MHD_ALLOW_SUSPEND_RESUME : 0);

	return MHD_start_daemon(flags, conf->port, NULL, NULL, answer, server,
	    MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL,
	    MHD_OPTION_URI_LOG_CALLBACK, see_target, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, server,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_changes, server,
	    MHD_OPTION_LISTEN_SOCKET, server->listen_fd,
	    MHD_OPTION_CONNECTION_LIMIT, conf->connections,
	    MHD_OPTION_CONNECTION_TIMEOUT, conf->idle_seconds,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, conf->per_address,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, conf->connection_memory,
	    MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
	    conf->threads > 1 ? pool : none, MHD_OPTION_END);
}

static void
set_defaults(struct http_conf *conf)
{
	if (conf->connections == 0) {
		conf->connections = DEFAULT_CONNECTIONS;
	}
	if (conf->idle_seconds == 0) {
		conf->idle_seconds = DEFAULT_IDLE_SECONDS;
	}
	if (conf->head_seconds == 0) {
		conf->head_seconds = DEFAULT_HEAD_SECONDS;
	}
	if (conf->connection_memory == 0) {
		conf->connection_memory = DEFAULT_CONNECTION_MEMORY;
	}
}

static int
start_all(struct http_server *server)
{
	struct MHD_Daemon *daemon;
	int r = net_listen(server->conf.port, BACKLOG, &server->listen_fd);

	if (r < 0) {
		return r;
	}
	r = watchdog_start(&server->watchdog);
	if (r < 0) {
		(void)close(server->listen_fd);
		return r;
	}
	errno = 0;
	daemon = start_library(server);
	if (daemon == NULL) {
		r = errno != 0 ? -errno : -EIO;
		watchdog_stop(server->watchdog);
		(void)close(server->listen_fd);
		return r;
	}
	server->daemon = daemon;
	return 0;
}

int
http_start(const struct http_conf *conf, struct http_server **ret)
{
	struct http_server *server = calloc(1, sizeof(*server));
	int r;

	if (server == NULL) {
		return -ENOMEM;
	}
	server->conf = *conf;
	set_defaults(&server->conf);
	r = start_all(server);
	if (r < 0) {
		free(server);
		return r;
	}
	*ret = server;
	return 0;
}

const char *
http_class_name(size_t i)
{
	static const char *const names[HTTP_CLASSES] = { "other", "1xx", "2xx",
		"3xx", "4xx", "5xx" };

	return names[i];
}

uint64_t
http_duration_us(size_t i)
{
	static const uint64_t bounds[HTTP_DURATIONS] = { 50, 100, 250, 500,
		1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
		5000000, UINT64_MAX };

	return bounds[i];
}

unsigned
http_worker(void)
{
	static atomic_uint seen;
	static _Thread_local unsigned number; /* plus one; 0: not seen yet */

	if (number == 0) {
		number = atomic_fetch_add(&seen, 1) + 1;
	}
	return number - 1;
}

static unsigned
open_connections(const struct http_server *server)
{
	struct MHD_Daemon *daemon = server->daemon;
	const union MHD_DaemonInfo *info = daemon == NULL
	    ? NULL
	    : MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info == NULL ? 0 : info->num_connections;
}

void
http_stop(struct http_server *server, int drain_ms)
{
	struct timespec step = { .tv_nsec = DRAIN_STEP_MS * 1000000L };
	int64_t deadline = clock_ms() + drain_ms;
	int fd;

	if (server == NULL) {
		return;
	}
	fd = MHD_quiesce_daemon(server->daemon);
	if (server->conf.stopping != NULL) {
		server->conf.stopping(server->conf.ctx);
	}
	while (atomic_load(&server->running) > 0 && clock_left(deadline) > 0) {
		(void)nanosleep(&step, NULL);
	}
	MHD_stop_daemon(server->daemon);
	watchdog_stop(server->watchdog);
	if (fd >= 0) {
		(void)close(fd);
	}
	free(server);
}

void
http_stats(const struct http_server *server, struct http_stats *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(ret->requests); i++) {
		ret->requests[i] = atomic_load_explicit(&server->requests[i],
		    memory_order_relaxed);
	}
	for (size_t i = 0; i < ARRAY_LEN(ret->durations); i++) {
		ret->durations[i] = atomic_load_explicit(&server->durations[i],
		    memory_order_relaxed);
	}
	ret->duration_us = atomic_load_explicit(&server->duration_us,
	    memory_order_relaxed);
	ret->refused = atomic_load_explicit(&server->refused,
	    memory_order_relaxed);
	ret->connections = open_connections(server);
}

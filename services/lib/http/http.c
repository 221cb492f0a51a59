/* The life of server, connection and request; who answers what. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "http/check.h"
#include "http/inner.h"
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
/* What the library needs of a connection's memory for a field, an argument, */
#define FIELD_MEMORY 64
/* and for the head of an answer, but for the headers of every one. */
#define ANSWER_MEMORY 768

/*
 * The library keeps one pointer per request for us.  NULL: it was not seen
 * yet; one of these three; or else the handler's own state.
 */
static char target_bad; /* the request line's target is not valid */
static char target_long; /* it was too long, and is answered already */
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

static enum MHD_Result
count_field(void *shape, enum MHD_ValueKind kind, const char *name,
    size_t name_n, const char *value, size_t value_n)
{
	(void)kind;
	http_shape_add(shape, (struct view){ name, name_n },
	    (struct view){ value, value_n });
	return MHD_YES;
}

static enum MHD_Result
add_argument(void *ctx, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	(void)kind;
	(void)name;
	(void)value;
	++*(size_t *)ctx;
	return MHD_YES;
}

/* Is there memory left in the connection for the head of an answer? */
static bool
has_room(const struct http_request *rq, size_t fields)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(rq->connection,
		MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	size_t head = info == NULL ? 0 : info->header_size;

	(void)MHD_get_connection_values(rq->connection, MHD_GET_ARGUMENT_KIND,
	    add_argument, &fields);
	return head + fields * FIELD_MEMORY + rq->server->answer_memory
	    <= rq->server->conf.connection_memory;
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
	int fields = MHD_get_connection_values_n(rq->connection,
	    MHD_HEADER_KIND, count_field, &shape);

	if (!has_room(rq, (size_t)fields)) {
		return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
	}
	/* No body is ever read: what follows is not the next request. */
	rq->close = shape.lengths > 0 || shape.encodings > 0;
	if (http_path_climbs(rq->path)
	    /* RFC 9112 section 3.2.4 */
	    || (view_eq(rq->path, VIEW("*"))
		&& strcmp(rq->method, "OPTIONS") != 0)) {
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
	    http_allow);
}

/* Was the request never seen but for its target? */
static bool
is_unseen(const void *state)
{
	return state == NULL || state == &target_bad || state == &target_long;
}

static bool
is_handlers_state(const void *state)
{
	return !is_unseen(state) && state != &sound;
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

	if (*state == &target_long) {
		return MHD_NO;
	}
	begin_answer(rq);
	if (*state != &target_bad) {
		status = refusal(rq);
	}
	*state = &sound;
	if (status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE) {
		return http_refuse_by_hand(rq, status);
	}
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

/* Would its arguments fill half of the connection's memory? */
static bool
is_long(const struct http_server *server, struct view target)
{
	size_t arguments = 0;

	for (size_t i = 0; i < target.n; i++) {
		arguments += target.p[i] == '&';
	}
	return target.n + arguments * FIELD_MEMORY
	    > server->conf.connection_memory / 2;
}

/*
 * Called with the request line's target as it came, before all else.  The
 * library closes the connection when its memory ends within the arguments.
 */
static void *
see_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct http_request rq = { .server = ctx,
		.connection = connection,
		.method = "-",
		.version = "-" };

	if (strchr(target, '?') != NULL && is_long(ctx, view_str(target))) {
		(void)http_refuse_by_hand(&rq, MHD_HTTP_URI_TOO_LONG);
		return &target_long;
	}
	return http_target_valid(view_str(target)) ? NULL : &target_bad;
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
	if (is_unseen(*state)) {
		return check(&rq, state);
	}
	result = strcmp(method, "OPTIONS") == 0 ? reply_options(&rq)
						: dispatch(&rq);
	*state = rq.state != NULL ? rq.state : &sound;
	return result;
}

/* The next request's head may come after the idle time at the earliest. */
static void
end_answer(struct http_server *server, struct http_peer *peer)
{
	int64_t now = clock_us();
	int64_t wait = server->conf.idle_seconds + server->conf.head_seconds;

	atomic_fetch_sub_explicit(&server->running, 1, memory_order_relaxed);
	if (peer != NULL) {
		http_count_duration(server, now - peer->began_us);
		if (peer->file) {
			watched_file(server->watchdog, peer->watched, -1, 0);
			peer->file = false;
		}
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
	if (!is_unseen(*state)) {
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
	    MHD_OPTION_URI_LOG_CALLBACK, see_target, server,
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
	server->answer_memory = ANSWER_MEMORY;
	for (const struct http_header *h = conf->headers;
	     h != NULL && h->name != NULL; h++) {
		server->answer_memory += strlen(h->name) + strlen(h->value) + 4;
	}
	r = start_all(server);
	if (r < 0) {
		free(server);
		return r;
	}
	*ret = server;
	return 0;
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

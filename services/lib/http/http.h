/*
 * A small HTTP server over libmicrohttpd (0.9.75 to 1.0.x).
 *
 * Handlers run on a pool of epoll threads, so they never block: they read
 * prepared snapshots and answer.  What is the same for all daemons is here:
 * routes, limits, refusing requests that are malformed or ambiguous, security
 * headers, counting, a stop that drains.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <microhttpd.h>

#include "base/buf.h"
#include "base/shared.h"
#include "base/view.h"

struct http_server;
struct http_request;

/* Answers one request by exactly one http_reply*() and returns its result. */
typedef enum MHD_Result (*http_handler)(struct http_request *rq, void *ctx);

struct http_route {
	/* A path, or with a `*` at its end the beginning of one. */
	const char *path;
	http_handler handle;
};

struct http_header {
	const char *name;
	const char *value;
};

struct http_conf {
	uint16_t port;
	unsigned threads; /* 0 means 1 */
	unsigned connections; /* most at one time; 0 means 256 */
	/* Most of one address; 0: no limit but the one above. */
	unsigned per_address;
	unsigned idle_seconds; /* of silence; 0 means 30 */
	/*
	 * Most seconds for a whole head to come, from the connection's begin or
	 * from when it would have been idle for too long; 0 means 20.
	 */
	unsigned head_seconds;
	/*
	 * Most seconds for an answer to be made and taken, to which comes a
	 * second for each HTTP_SLOWEST bytes; 0: no limit.
	 */
	unsigned answer_seconds;
	/*
	 * Bytes for each connection, in which a request's head and that of its
	 * answer have to have room; 0 means 16384.
	 */
	size_t connection_memory;
	/* First match counts; the array has to live as long as the server. */
	const struct http_route *routes;
	size_t route_count;
	/*
	 * What POST may be sent to; all other paths answer 405.  No body is
	 * ever read, and a request that has one is refused: what is to be done
	 * stands in the query and in headers.
	 */
	const struct http_route *posts;
	size_t post_count;
	/* Headers of every reply that this module builds; ends with {NULL}. */
	const struct http_header *headers;
	void *ctx; /* given to the handlers */
	/*
	 * For handlers that wait for somebody else's work: they keep what they
	 * need in *http_state(), call http_suspend() and return MHD_YES.  After
	 * http_resume() the handler runs again with the same state.
	 */
	bool suspending;
	/*
	 * Called for each answer, refusals among them, in the moment when it is
	 * known, with the bytes that its body will have (0 for HEAD).
	 */
	void (*answered)(void *ctx, const struct http_request *rq,
	    unsigned status, uint64_t bytes);
	/* Called once for each request that has a state, when it has ended. */
	void (*finished)(void *ctx, void *state);
	/*
	 * Called by http_stop() when no new connection comes in any more: has
	 * to resume every suspended request, and keep doing so for requests
	 * that suspend later.
	 */
	void (*stopping)(void *ctx);
};

/* A content type: words for people, and for --healthcheck. */
#define HTTP_TEXT "text/plain; charset=utf-8"

/* What is answered; all other methods are refused. */
#define HTTP_METHODS "GET, HEAD, OPTIONS"

/* Who takes an answer at fewer bytes a second is cut off. */
#define HTTP_SLOWEST 4096

#define HTTP_CLASSES 6
#define HTTP_DURATIONS 15

struct http_stats {
	/* By first digit of the status; 0: others. */
	uint64_t requests[HTTP_CLASSES];
	uint64_t refused; /* malformed or ambiguous requests among these */
	/*
	 * Ended requests, from the end of their head to the last byte of the
	 * answer handed to the kernel: [i] took at most http_duration_us(i) and
	 * more than the bound before.
	 */
	uint64_t durations[HTTP_DURATIONS];
	uint64_t duration_us; /* all together */
	unsigned connections; /* open now */
};

/* Starts to serve.  0 with *ret, or -errno. */
NODISCARD int http_start(const struct http_conf *conf,
    struct http_server **ret);

/*
 * Takes no new connection, lets running requests end for at most `drain_ms`,
 * then closes what is left, idle connections among it, and frees the server.
 * NULL is fine.
 */
void http_stop(struct http_server *server, int drain_ms);

void http_stats(const struct http_server *server, struct http_stats *ret);
/* What http_stats.requests[i] counts: "other", "1xx" and so on. */
const char *http_class_name(size_t i);
/* In microseconds; UINT64_MAX for the last one. */
uint64_t http_duration_us(size_t i);

/*
 * A number for the thread that calls, the same each time: 0, 1 and so on, in
 * the order of the first calls in this process.
 */
unsigned http_worker(void);

/*
 * The path of the request, percent-decoded, without the query.  It has no
 * segment `.` or `..` and no NUL.
 */
struct view http_path(const struct http_request *rq);
/* As they stand in the request line: any bytes but blanks. */
struct view http_method(const struct http_request *rq);
struct view http_version(const struct http_request *rq);
/* HEAD is answered like GET; libmicrohttpd leaves the body out. */
bool http_is_head(const struct http_request *rq);
/* The value of a header or a query argument; p == NULL when absent. */
struct view http_header_value(const struct http_request *rq, const char *name);
struct view http_query_value(const struct http_request *rq, const char *name);
/* Calls `fn` for each query argument; one without `=` has value.p == NULL. */
typedef void (*http_query_fn)(void *ctx, struct view name, struct view value);
void http_query_each(const struct http_request *rq, http_query_fn fn,
    void *ctx);
/* The server that got the request; for http_stats(). */
const struct http_server *http_server_of(const struct http_request *rq);
/* For what has no function here (suspending, raw responses). */
struct MHD_Connection *http_connection(const struct http_request *rq);
void http_client_addr(const struct http_request *rq, char *out, size_t n);

/*
 * A pointer that stays with this request over suspensions; NULL at first.
 * What it points to is given to conf.finished().
 */
void **http_state(struct http_request *rq);
/*
 * Puts the request to sleep.  The connection stays valid until it was resumed;
 * http_resume() may be called from any thread, exactly once per suspension,
 * and may run before the handler has returned.
 */
struct MHD_Connection *http_suspend(struct http_request *rq);
void http_resume(struct MHD_Connection *connection);

/*
 * How many bytes the body of the coming answer has; for those answers whose
 * body this module does not see.
 */
void http_expect_bytes(struct http_request *rq, uint64_t n);

/*
 * The body of the coming answer is sent from `fd`, which ends with the answer
 * at the earliest.  When the file gets fewer than `end` bytes meanwhile, the
 * connection is cut off within seconds: the library would go on trying.
 */
void http_expect_file(struct http_request *rq, int fd, uint64_t end);

/*
 * Replies.  `type` is the content type.  `extra` are further headers of this
 * reply, ending with {NULL}, or NULL.  _copy copies the body; _take takes the
 * buffer's memory and answers 500 when the buffer has an error; _error sends
 * the status' name as plain text.
 */
enum MHD_Result http_reply_copy(struct http_request *rq, unsigned status,
    const char *type, struct view body, const struct http_header *extra);
enum MHD_Result http_reply_take(struct http_request *rq, unsigned status,
    const char *type, struct buf *body, const struct http_header *extra);
enum MHD_Result http_reply_error(struct http_request *rq, unsigned status);
/*
 * Sends a response of the caller's own making once and destroys it.  NULL, for
 * want of memory, closes the connection.  `type` may be NULL.
 */
enum MHD_Result http_reply_response_take(struct http_request *rq,
    unsigned status, const char *type, struct MHD_Response *response,
    const struct http_header *extra);
/*
 * A response of `n` bytes from `offset` on, which it holds and does not copy.
 * NULL when memory is short.
 */
struct MHD_Response *http_response_shared(struct shared *bytes, size_t offset,
    size_t n);
/*
 * Queues a response that the caller owns and may share between requests; the
 * server's common headers are not added (see http_add_headers).
 */
enum MHD_Result http_reply_response(struct http_request *rq, unsigned status,
    struct MHD_Response *response);

/* A handler: 200.  For /healthz of a daemon that is well when it answers. */
enum MHD_Result http_serve_ok(struct http_request *rq, void *ctx);

/* Adds headers up to {NULL} to a response.  0, or -ENOMEM. */
NODISCARD int http_add_headers(struct MHD_Response *response,
    const struct http_header *headers);

#endif

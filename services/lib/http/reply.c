/* Answers: each counted, told to the daemon and queued in one place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "http/inner.h"

const struct http_header http_allow[] = {
	{ "Allow", HTTP_METHODS },
	{ NULL, NULL },
};

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

void
http_expect_file(struct http_request *rq, int fd, uint64_t end)
{
	if (rq->peer != NULL) {
		rq->peer->file = true;
		watched_file(rq->server->watchdog, rq->peer->watched, fd, end);
	}
}

/* The status of the answer is known, and so are its bytes. */
static void
note_answer(const struct http_request *rq, unsigned status)
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
}

enum MHD_Result
http_reply_response(struct http_request *rq, unsigned status,
    struct MHD_Response *response)
{
	note_answer(rq, status);
	return MHD_queue_response(rq->connection, status, response);
}

/*
 * What was sent before has gone to the kernel, so this is the next thing on
 * the connection, or is lost with it when there is no room.
 */
enum MHD_Result
http_refuse_by_hand(struct http_request *rq, unsigned status)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(rq->connection,
		MHD_CONNECTION_INFO_CONNECTION_FD);
	time_t now = time(NULL);
	struct tm tm;
	char date[40] = "";
	char text[200];
	int n;

	if (gmtime_r(&now, &tm) != NULL) {
		(void)strftime(date, sizeof(date),
		    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	}
	n = snprintf(text, sizeof(text),
	    "HTTP/1.1 %u %s\r\n%sContent-Length: 0\r\n"
	    "Connection: close\r\n\r\n",
	    status, MHD_get_reason_phrase_for(status), date);
	if (info != NULL) {
		(void)send(info->connect_fd, text, (size_t)n,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		/* It would not be the library's last word otherwise. */
		(void)shutdown(info->connect_fd, SHUT_RDWR);
	}
	atomic_fetch_add_explicit(&rq->server->refused, 1,
	    memory_order_relaxed);
	note_answer(rq, status);
	return MHD_NO;
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
	    status == MHD_HTTP_METHOD_NOT_ALLOWED ? http_allow : NULL);
}

enum MHD_Result
http_serve_ok(struct http_request *rq, void *ctx)
{
	(void)ctx;
	return http_reply_copy(rq, MHD_HTTP_OK, HTTP_TEXT, VIEW("ok\n"), NULL);
}

/*
 * Reading an HTTP/1.1 response (RFC 9112) to a GET with Connection: close.
 * Pure: bytes in as they come, status and body out.  Everything has a limit.
 */
#ifndef EXPORTER_HTTP_REPLY_H
#define EXPORTER_HTTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"

/* The status line and all header fields together. */
#define HTTP_REPLY_HEAD_MAX (16 * 1024)

struct http_reply {
	unsigned status;
	struct buf body;
	/* Private. */
	struct buf line;
	size_t head_size;
	enum {
		HTTP_REPLY_STATUS,
		HTTP_REPLY_FIELDS,
		HTTP_REPLY_LENGTH, /* `left` bytes of body */
		HTTP_REPLY_CHUNK_SIZE,
		HTTP_REPLY_CHUNK, /* `left` bytes of it */
		HTTP_REPLY_CHUNK_END,
		HTTP_REPLY_TRAILER,
		HTTP_REPLY_UNTIL_CLOSE,
		HTTP_REPLY_FINISHED,
	} state;
	bool chunked;
	bool has_length;
	uint64_t left;
};

/* A body of more than `body_max` bytes will be -EMSGSIZE. */
void http_reply_init(struct http_reply *reply, size_t body_max);
void http_reply_done(struct http_reply *reply);

/*
 * Takes the next bytes.  0, or -EPROTO for what is no HTTP response, -EMSGSIZE
 * for what is too large, -ENOMEM.  Bytes behind the end are ignored.
 */
NODISCARD int http_reply_feed(struct http_reply *reply, struct view bytes);

/* Is the response complete? */
bool http_reply_finished(const struct http_reply *reply);

/* The peer has closed.  0 when the response may end here, else -EPROTO. */
NODISCARD int http_reply_close(struct http_reply *reply);

#endif

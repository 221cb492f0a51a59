#include "exporter/http_reply.h"

#include <errno.h>

/* A chunk's size line with extensions, a trailer field. */
#define LINE_MAX_BYTES (8 * 1024)

void
http_reply_init(struct http_reply *reply, size_t body_max)
{
	*reply = (struct http_reply){ .state = HTTP_REPLY_STATUS };
	buf_init(&reply->body, body_max);
	buf_init(&reply->line, LINE_MAX_BYTES);
}

void
http_reply_done(struct http_reply *reply)
{
	buf_done(&reply->body);
	buf_done(&reply->line);
}

/* "HTTP/1.1 200 OK" */
static int
read_status(struct http_reply *reply, struct view line)
{
	uint64_t status;
	struct view version = view_cut(&line, ' ');
	struct view code = view_cut(&line, ' ');

	if ((!view_eq(version, VIEW("HTTP/1.1"))
		&& !view_eq(version, VIEW("HTTP/1.0")))
	    || code.n != 3 || view_u64(code, &status) < 0 || status < 200
	    || status > 599) {
		return -EPROTO;
	}
	reply->status = (unsigned)status;
	reply->state = HTTP_REPLY_FIELDS;
	return 0;
}

/* The end of the head: how does the body end? */
static int
begin_body(struct http_reply *reply)
{
	if (reply->chunked && reply->has_length) {
		return -EPROTO;
	}
	if (reply->status == 204 || reply->status == 304
	    || (reply->has_length && reply->left == 0)) {
		reply->state = HTTP_REPLY_FINISHED;
	} else if (reply->chunked) {
		reply->state = HTTP_REPLY_CHUNK_SIZE;
	} else if (!reply->has_length) {
		reply->state = HTTP_REPLY_UNTIL_CLOSE;
	} else if (reply->left > reply->body.max) {
		return -EMSGSIZE;
	} else {
		reply->state = HTTP_REPLY_LENGTH;
	}
	return 0;
}

static int
read_field(struct http_reply *reply, struct view line)
{
	struct view value = line;
	struct view name = view_cut(&value, ':');

	if (line.n == 0) {
		return begin_body(reply);
	}
	if (value.p == NULL || name.n == 0 || view_find(name, ' ') != name.n) {
		return -EPROTO;
	}
	value = view_trim(value);
	if (view_eq_nocase(name, VIEW("Content-Length"))) {
		if (reply->has_length || view_u64(value, &reply->left) < 0) {
			return -EPROTO;
		}
		reply->has_length = true;
	} else if (view_eq_nocase(name, VIEW("Transfer-Encoding"))) {
		if (reply->chunked || !view_eq_nocase(value, VIEW("chunked"))) {
			return -EPROTO;
		}
		reply->chunked = true;
	}
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "1a3f;extension" */
static int
read_chunk_size(struct http_reply *reply, struct view line)
{
	struct view digits = view_trim(view_cut(&line, ';'));
	uint64_t size = 0;

	if (digits.n == 0 || digits.n > 15) {
		return -EPROTO;
	}
	for (size_t i = 0; i < digits.n; i++) {
		int digit = hex_digit(digits.p[i]);

		if (digit < 0) {
			return -EPROTO;
		}
		size = size * 16 + (uint64_t)digit;
	}
	if (size > reply->body.max) {
		return -EMSGSIZE;
	}
	reply->left = size;
	reply->state = size == 0 ? HTTP_REPLY_TRAILER : HTTP_REPLY_CHUNK;
	return 0;
}

static int
read_line(struct http_reply *reply, struct view line)
{
	switch (reply->state) {
	case HTTP_REPLY_STATUS:
		return read_status(reply, line);
	case HTTP_REPLY_FIELDS:
		return read_field(reply, line);
	case HTTP_REPLY_CHUNK_SIZE:
		return read_chunk_size(reply, line);
	case HTTP_REPLY_CHUNK_END:
		reply->state = HTTP_REPLY_CHUNK_SIZE;
		return line.n == 0 ? 0 : -EPROTO;
	case HTTP_REPLY_TRAILER:
		if (line.n == 0) {
			reply->state = HTTP_REPLY_FINISHED;
		}
		return 0;
	default:
		return -EPROTO;
	}
}

/* Collects bytes up to a line's end and reads the line. */
static int
feed_line(struct http_reply *reply, struct view *bytes)
{
	size_t n = view_find(*bytes, '\n');
	bool whole = n < bytes->n;
	struct view line;
	int r;

	buf_add(&reply->line, bytes->p, n);
	*bytes = view_drop(*bytes, n + (whole ? 1 : 0));
	/* Chunks' lines count, too: no endless rows of empty trailers. */
	reply->head_size += n + 1;
	if (buf_error(&reply->line) != 0) {
		return buf_error(&reply->line) == -ENOMEM ? -ENOMEM : -EMSGSIZE;
	}
	if (!whole) {
		return 0;
	}
	if (reply->state <= HTTP_REPLY_FIELDS
	    || reply->state == HTTP_REPLY_TRAILER) {
		if (reply->head_size > HTTP_REPLY_HEAD_MAX) {
			return -EMSGSIZE;
		}
	} else {
		reply->head_size = 0;
	}
	line = buf_view(&reply->line);
	if (line.n > 0 && line.p[line.n - 1] == '\r') {
		line.n--;
	}
	r = view_find(line, '\0') == line.n ? read_line(reply, line) : -EPROTO;
	buf_clear(&reply->line);
	return r;
}

static int
feed_body(struct http_reply *reply, struct view *bytes)
{
	size_t n = bytes->n;

	if (reply->state != HTTP_REPLY_UNTIL_CLOSE) {
		n = reply->left < n ? (size_t)reply->left : n;
		reply->left -= n;
	}
	buf_add(&reply->body, bytes->p, n);
	*bytes = view_drop(*bytes, n);
	if (buf_error(&reply->body) != 0) {
		return buf_error(&reply->body) == -ENOMEM ? -ENOMEM : -EMSGSIZE;
	}
	if (reply->state == HTTP_REPLY_LENGTH && reply->left == 0) {
		reply->state = HTTP_REPLY_FINISHED;
	} else if (reply->state == HTTP_REPLY_CHUNK && reply->left == 0) {
		reply->state = HTTP_REPLY_CHUNK_END;
	}
	return 0;
}

int
http_reply_feed(struct http_reply *reply, struct view bytes)
{
	while (bytes.n > 0 && reply->state != HTTP_REPLY_FINISHED) {
		int r;

		if (reply->state == HTTP_REPLY_LENGTH
		    || reply->state == HTTP_REPLY_CHUNK
		    || reply->state == HTTP_REPLY_UNTIL_CLOSE) {
			r = feed_body(reply, &bytes);
		} else {
			r = feed_line(reply, &bytes);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

bool
http_reply_finished(const struct http_reply *reply)
{
	return reply->state == HTTP_REPLY_FINISHED;
}

int
http_reply_close(struct http_reply *reply)
{
	if (reply->state == HTTP_REPLY_UNTIL_CLOSE) {
		reply->state = HTTP_REPLY_FINISHED;
	}
	return http_reply_finished(reply) ? 0 : -EPROTO;
}

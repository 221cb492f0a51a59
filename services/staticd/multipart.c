#include "staticd/multipart.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define BLOCK (16 * 1024)
#define HEADS_MAX (RANGE_MAX * 512)

/*
 * The body is a row of pieces, text and content in turn: the head of a part,
 * its bytes, the next head, ..., the closing boundary.
 */
struct piece {
	uint64_t start; /* where it begins in the body */
	uint64_t n;
	uint64_t offset; /* where it begins in heads or content */
	bool is_text;
};

struct multipart {
	struct content content;
	struct buf heads;
	struct piece pieces[2 * RANGE_MAX + 1];
	size_t count;
	uint64_t size;
};

static void
add_piece(struct multipart *m, bool is_text, uint64_t offset, uint64_t n)
{
	m->pieces[m->count++] = (struct piece){ .start = m->size,
		.n = n,
		.offset = offset,
		.is_text = is_text };
	m->size += n;
}

static void
multipart_free(void *cls)
{
	struct multipart *m = cls;

	content_done(&m->content);
	buf_done(&m->heads);
	free(m);
}

/* The digits of the tag: no content has its own digest in it. */
static struct view
boundary_of(const struct variant *v)
{
	return (struct view){ v->etag + 1, strlen(v->etag) - 2 };
}

static void
add_parts(struct multipart *m, const struct variant *v, const char *part_type,
    const struct range *ranges, size_t n)
{
	struct view boundary = boundary_of(v);
	size_t before = 0;

	for (size_t i = 0; i < n; i++) {
		buf_addf(&m->heads,
		    "%s--%.*s\r\nContent-Type: %s\r\n"
		    "Content-Range: bytes %llu-%llu/%llu\r\n\r\n",
		    i == 0 ? "" : "\r\n", (int)boundary.n, boundary.p,
		    part_type, (unsigned long long)ranges[i].first,
		    (unsigned long long)ranges[i].last,
		    (unsigned long long)v->content.size);
		add_piece(m, true, before, buf_size(&m->heads) - before);
		add_piece(m, false, ranges[i].first,
		    ranges[i].last - ranges[i].first + 1);
		before = buf_size(&m->heads);
	}
	buf_addf(&m->heads, "\r\n--%.*s--\r\n", (int)boundary.n, boundary.p);
	add_piece(m, true, before, buf_size(&m->heads) - before);
}

static const struct piece *
piece_at(const struct multipart *m, uint64_t position)
{
	for (size_t i = 0; i < m->count; i++) {
		if (position - m->pieces[i].start < m->pieces[i].n) {
			return &m->pieces[i];
		}
	}
	return NULL;
}

/* The library asks for bytes of the body. */
static ssize_t
multipart_read(void *cls, uint64_t position, char *out, size_t max)
{
	const struct multipart *m = cls;
	const struct piece *piece = piece_at(m, position);
	uint64_t inside;
	ssize_t got;

	if (piece == NULL) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	inside = position - piece->start;
	if (max > piece->n - inside) {
		max = (size_t)(piece->n - inside);
	}
	if (piece->is_text) {
		memcpy(out, buf_view(&m->heads).p + piece->offset + inside,
		    max);
		return (ssize_t)max;
	}
	got = content_read(&m->content, piece->offset + inside, out, max);
	return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

struct MHD_Response *
multipart_response(const struct variant *v, const char *part_type,
    const struct range *ranges, size_t n, char type[MULTIPART_TYPE])
{
	struct multipart *m = calloc(1, sizeof(*m));
	struct view boundary = boundary_of(v);
	struct MHD_Response *response;

	if (m == NULL) {
		return NULL;
	}
	m->content = CONTENT_NONE;
	buf_init(&m->heads, HEADS_MAX);
	add_parts(m, v, part_type, ranges, n);
	if (buf_error(&m->heads) != 0
	    || content_dup(&v->content, &m->content) < 0) {
		multipart_free(m);
		return NULL;
	}
	(void)snprintf(type, MULTIPART_TYPE,
	    "multipart/byteranges; boundary=%.*s", (int)boundary.n, boundary.p);
	response = MHD_create_response_from_callback(m->size, BLOCK,
	    multipart_read, m, multipart_free);
	if (response == NULL) {
		multipart_free(m);
	}
	return response;
}

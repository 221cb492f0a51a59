#include "staticd/resource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resource *
resource_new(const char *type, const char *cache, int64_t modified)
{
	struct resource *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		return NULL;
	}
	r->type = type;
	r->cache = cache;
	r->modified = modified;
	date_format(modified, r->modified_text);
	for (unsigned c = 0; c < CODING_COUNT; c++) {
		r->sizes[c] = UINT64_MAX;
	}
	return r;
}

static void
variant_free(struct variant *v)
{
	if (v == NULL) {
		return;
	}
	for (unsigned i = 0; i < v->lanes; i++) {
		MHD_destroy_response(v->full[i].response);
	}
	if (v->not_modified != NULL) {
		MHD_destroy_response(v->not_modified);
	}
	content_done(&v->content);
	free(v);
}

void
resource_free(struct resource *r)
{
	if (r == NULL) {
		return;
	}
	for (unsigned c = 0; c < CODING_COUNT; c++) {
		variant_free(r->variants[c]);
	}
	free(r);
}

/* Takes the content. */
static int
put_variant(struct resource *r, enum coding coding, struct content *content,
    const char *etag)
{
	struct variant *v = calloc(1, sizeof(*v));
	unsigned n = 0;

	if (v == NULL) {
		content_done(content);
		return -ENOMEM;
	}
	v->coding = coding;
	v->content = *content;
	*content = CONTENT_NONE;
	(void)snprintf(v->etag, sizeof(v->etag), "%s", etag);
	variant_free(r->variants[coding]);
	r->variants[coding] = v;
	r->sizes[coding] = v->content.size;
	for (unsigned c = 0; c < CODING_COUNT; c++) {
		n += r->variants[c] != NULL;
	}
	r->negotiated = n > 1;
	return 0;
}

int
resource_set_take(struct resource *r, enum coding coding,
    struct content *content, const struct digest *digest)
{
	char hex[DIGEST_HEX];
	char etag[RESOURCE_ETAG];

	digest_hex(digest, hex);
	(void)snprintf(etag, sizeof(etag), "\"%s\"", hex);
	return put_variant(r, coding, content, etag);
}

int
resource_set_shared(struct resource *r, enum coding coding,
    const struct variant *from)
{
	struct content content;
	int e = content_dup(&from->content, &content);

	return e < 0 ? e : put_variant(r, coding, &content, from->etag);
}

int
resource_new_error(const struct resource *from, const char *cache,
    struct resource **ret)
{
	struct resource *r = resource_new(from->type, cache, from->modified);
	int e = 0;

	if (r == NULL) {
		return -ENOMEM;
	}
	r->is_error = true;
	for (unsigned c = 0; e == 0 && c < CODING_COUNT; c++) {
		if (from->variants[c] != NULL) {
			e = resource_set_shared(r, (enum coding)c,
			    from->variants[c]);
		}
	}
	if (e < 0) {
		resource_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

/* What a 304 has to repeat (RFC 9110 section 15.4.5). */
static int
describe_shortly(const struct resource *r, const struct variant *v,
    struct MHD_Response *response)
{
	const struct http_header headers[] = {
		{ "Cache-Control", r->cache },
		{ r->is_error ? NULL : "ETag", v->etag },
		{ NULL, NULL },
	};
	const struct http_header vary[] = {
		{ r->negotiated ? "Vary" : NULL, "Accept-Encoding" },
		{ NULL, NULL },
	};
	int e = http_add_headers(response, headers);

	return e < 0 ? e : http_add_headers(response, vary);
}

int
resource_describe(const struct resource *r, const struct variant *v,
    const char *type, const struct http_header *fields,
    struct MHD_Response *response)
{
	const struct http_header kind[] = {
		{ "Content-Type", type },
		{ v->coding == CODING_IDENTITY ? NULL : "Content-Encoding",
		    coding_name(v->coding).p },
		{ NULL, NULL },
	};
	const struct http_header validators[] = {
		{ r->is_error ? NULL : "Last-Modified", r->modified_text },
		{ "Accept-Ranges", "bytes" },
		{ NULL, NULL },
	};

	if (http_add_headers(response, kind) < 0
	    || describe_shortly(r, v, response) < 0
	    || http_add_headers(response, validators) < 0) {
		return -ENOMEM;
	}
	return http_add_headers(response, fields);
}

/* The body of a 304 is never asked for. */
static ssize_t
no_body(void *cls, uint64_t position, char *out, size_t max)
{
	(void)cls;
	(void)position;
	(void)out;
	(void)max;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

/*
 * Adds one more full answer.  What is in memory is sent without a lock: for
 * that, one is enough.
 */
static int
add_lane(const struct resource *r, struct variant *v,
    const struct http_header *fields)
{
	int fd;
	struct MHD_Response *response = content_response(&v->content, 0,
	    v->content.size, &fd);

	if (response == NULL) {
		return -ENOMEM;
	}
	if (resource_describe(r, v, r->type, fields, response) < 0) {
		MHD_destroy_response(response);
		return -ENOMEM;
	}
	v->full[v->lanes++] = (struct lane){ response, fd };
	return 0;
}

static int
finish_variant(const struct resource *r, struct variant *v,
    const struct http_header *fields, unsigned threads)
{
	unsigned lanes = content_bytes(&v->content).p != NULL ? 1
	    : threads < RESOURCE_LANES                        ? threads
							      : RESOURCE_LANES;

	for (unsigned i = 0; i < lanes || i == 0; i++) {
		if (add_lane(r, v, fields) < 0) {
			return -ENOMEM;
		}
	}
	/* Its Content-Length is the one of the 200 (RFC 9110 section 8.6). */
	v->not_modified = MHD_create_response_from_callback(v->content.size, 1,
	    no_body, NULL, NULL);
	if (v->not_modified == NULL) {
		return -ENOMEM;
	}
	return describe_shortly(r, v, v->not_modified);
}

int
resource_finish(struct resource *r, const struct http_header *fields,
    unsigned threads)
{
	for (unsigned c = 0; c < CODING_COUNT; c++) {
		if (r->variants[c] != NULL
		    && finish_variant(r, r->variants[c], fields, threads) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

const struct lane *
resource_full(const struct variant *v)
{
	return &v->full[http_worker() % v->lanes];
}

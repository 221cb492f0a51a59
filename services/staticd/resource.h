/*
 * A resource: one file of the site in its codings, each with the answers to
 * the common requests ready made.  After resource_finish() it never changes.
 */
#ifndef STATICD_RESOURCE_H
#define STATICD_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <microhttpd.h>

#include "base/macros.h"
#include "http/http.h"
#include "staticd/accept.h"
#include "staticd/content.h"
#include "staticd/date.h"
#include "staticd/digest.h"

/* Quotes around the digits. */
#define RESOURCE_ETAG (DIGEST_HEX + 2)

/*
 * The library locks a response with a file behind it while it sends, so two
 * threads that send the same one wait for each other.  Each thread up to this
 * number has its own.
 */
#define RESOURCE_LANES 8

struct lane {
	struct MHD_Response *response; /* the full answer */
	int fd; /* that it is sent from, or -1 */
};

struct variant {
	enum coding coding;
	struct content content;
	char etag[RESOURCE_ETAG]; /* of this very coding, with its quotes */
	/* Private: see resource_full(). */
	struct lane full[RESOURCE_LANES];
	unsigned lanes; /* at least one */
	struct MHD_Response *not_modified;
};

struct resource {
	/* To be read by anybody, written by this module only. */
	const char *type;
	const char *cache; /* value of Cache-Control */
	int64_t modified;
	char modified_text[DATE_TEXT];
	struct variant *variants[CODING_COUNT]; /* NULL: there is none */
	uint64_t sizes[CODING_COUNT]; /* UINT64_MAX: there is none */
	bool negotiated; /* more than one variant */
	bool is_error; /* the body of an error status: no validators */
};

/*
 * A resource without variants.  `type` and `cache` have to outlive it.  NULL
 * when out of memory.
 */
struct resource *resource_new(const char *type, const char *cache,
    int64_t modified);
/* NULL is fine, and so is a half-made resource. */
void resource_free(struct resource *r);

/*
 * Adds or replaces a variant; takes the content in any case.  0, or -ENOMEM.
 */
NODISCARD int resource_set_take(struct resource *r, enum coding coding,
    struct content *content, const struct digest *digest);

/* Adds another resource's content as a variant.  0, or -errno. */
NODISCARD int resource_set_shared(struct resource *r, enum coding coding,
    const struct variant *from);

/* A resource with the same variants for error answers.  0, or -errno. */
NODISCARD int resource_new_error(const struct resource *from, const char *cache,
    struct resource **ret);

/*
 * Makes the answers, for so many threads; `fields` end with {NULL}.  0, or
 * -ENOMEM, which is also want of descriptors.
 */
NODISCARD int resource_finish(struct resource *r,
    const struct http_header *fields, unsigned threads);

/* The full answer, for the thread that calls (a handler). */
const struct lane *resource_full(const struct variant *v);

/*
 * Adds all headers of a full answer to a response, whose type may be another
 * one (multipart).  0, or -ENOMEM.
 */
NODISCARD int resource_describe(const struct resource *r,
    const struct variant *v, const char *type, const struct http_header *fields,
    struct MHD_Response *response);

#endif

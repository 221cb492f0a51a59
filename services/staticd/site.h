/*
 * A site: one immutable table from request path to answer.
 *
 * It is filled once by one thread (see load.h) and then only read.  Whoever
 * looks something up holds the site meanwhile (see store.h); answers on their
 * way hold what they need by themselves.
 */
#ifndef STATICD_SITE_H
#define STATICD_SITE_H

#include <stdint.h>

#include <microhttpd.h>

#include "base/macros.h"
#include "base/view.h"
#include "staticd/resource.h"

struct site_entry {
	struct view path; /* decoded, with the prefix */
	/* Exactly one of the two. */
	struct resource *resource;
	struct MHD_Response *redirect; /* to be sent with 301 */
};

struct site_counts {
	uint64_t files;
	uint64_t paths;
	uint64_t skipped;
	uint64_t bytes; /* of the files */
	uint64_t memory_bytes; /* of content held in memory, all codings */
};

struct site;

/* An empty site with one holder.  NULL when out of memory. */
struct site *site_new(void);
void site_hold(struct site *site);
/* The last holder's call frees it.  NULL is fine. */
void site_let_go(struct site *site);

/* Takes the resource in any case.  0, or -ENOMEM. */
NODISCARD int site_own_take(struct site *site, struct resource *resource);
/* The owned resources, in the order of their coming. */
struct resource *const *site_resources(const struct site *site, size_t *ret_n);

/*
 * Adds an entry for `path` (copied) to an owned resource, or a redirection to
 * `location`.  0, also when the path is there already and stays as it is; or
 * -ENOMEM.
 */
NODISCARD int site_add(struct site *site, struct view path,
    struct resource *resource);
NODISCARD int site_add_redirect(struct site *site, struct view path,
    const char *location, const struct http_header *fields);

/*
 * The entries in the order of their coming; a pointer is good until the next
 * one comes, its path as long as the site.
 */
size_t site_entry_count(const struct site *site);
const struct site_entry *site_entry(const struct site *site, size_t i);

/* The entry for exactly this path, or NULL. */
const struct site_entry *site_find(const struct site *site, struct view path);

/* The body for status 404, NULL when there is none; has to be owned. */
const struct resource *site_not_found(const struct site *site);
void site_set_not_found(struct site *site, const struct resource *resource);

/*
 * What answers a path that has no entry: an owned resource if one was set, the
 * path begins with `prefix`, and its last name has no dot (what has one is a
 * file that is missing); else NULL.  `prefix` has to live as long as the site.
 */
const struct resource *site_fallback(const struct site *site, struct view path);
void site_set_fallback(struct site *site, const struct resource *resource,
    struct view prefix);

const struct site_counts *site_counts(const struct site *site);
void site_set_counts(struct site *site, const struct site_counts *counts);

#endif

/*
 * Making a site out of a folder.
 *
 * How a file's name becomes request paths, for prefix /site/:
 *
 *	css/main.css		/site/css/main.css
 *	docs/index.html		/site/docs/index.html, /site/docs/, and
 *				/site/docs redirects to /site/docs/
 *	about.html		/site/about.html and /site/about
 *	404.html		also the body of every "not found"
 *	app.js.br beside app.js	also app.js for clients that accept br, if it
 *				is not older than app.js
 *
 * An exact name goes before a clean one, that before a folder's redirection.
 *
 * 404.html is shown at any depth, so its links cannot be relative to where it
 * is: every @PREFIX@ in it becomes the prefix (as in <base href="@PREFIX@">).
 *
 * A file that is replaced by another one under the same name (rename) leaves
 * what was loaded untouched.  Large files (above CONTENT_SMALL) are sent from
 * the file itself: overwriting one in place changes what is sent under the old
 * tag, until the next load.
 */
#ifndef STATICD_LOAD_H
#define STATICD_LOAD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "http/http.h"
#include "staticd/site.h"

struct load {
	const char *root;
	struct view prefix; /* begins and ends with a slash */
	const char *cache_pages; /* values of Cache-Control */
	const char *cache_assets;
	const char *cache_immutable; /* fingerprinted names */
	/* File for paths that lead nowhere, relative to the root, or "". */
	const char *fallback;
	const struct http_header *fields; /* ends with {NULL} */
	uint64_t files_max; /* files, folders and what is passed over */
	uint64_t bytes_max; /* all files together */
	uint64_t memory_max; /* beyond it files stay on disk */
	unsigned depth_max;
	unsigned threads; /* that will answer */
	/* Called with each folder's descriptor before it is read, or NULL. */
	void (*folder)(void *ctx, int fd);
	void *ctx;
};

/*
 * Loads the site.  `prefix` and the strings have to outlive it.  0, or -errno
 * with one line in `fault` that says what is wrong; a folder without a single
 * file is such a fault, because it is what an update in the middle looks like.
 */
NODISCARD int load_site(const struct load *load, struct buf *fault,
    struct site **ret);

#endif

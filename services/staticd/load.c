#include "staticd/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "staticd/gzip.h"
#include "staticd/mime.h"
#include "staticd/reading.h"
#include "staticd/table.h"
#include "staticd/walk.h"

/* Larger files are not compressed, and are read in pieces. */
#define COMPRESS_MAX (4 * 1024 * 1024)
/* Below this the headers weigh more than what compression saves. */
#define COMPRESS_MIN 256
#define PATH_MAX_BYTES 8192

struct loader {
	const struct load *load;
	struct buf *fault;
	struct site *site;
	struct gzip gzip;
	int64_t now;
	struct site_counts counts;
};

static int
blame(struct loader *l, struct view path, const char *why, int r)
{
	buf_addf(l->fault, "'%.*s': %s", (int)path.n, path.p,
	    why != NULL ? why : strerror(-r));
	return r;
}

/* --- one file ------------------------------------------------------------ */

/* Is there room for `n` bytes more in memory?  Then counts them in. */
static bool
memory_granted(struct loader *l, uint64_t n)
{
	if (n > l->load->memory_max - l->counts.memory_bytes) {
		return false;
	}
	l->counts.memory_bytes += n;
	return true;
}

/* Adds the gzip form of `bytes` if that is worth it. */
static int
add_gzip(struct loader *l, struct resource *resource, struct view bytes)
{
	struct content content;
	struct digest digest;
	char *packed;
	size_t n;
	int r;

	if (bytes.n < COMPRESS_MIN) {
		return 0;
	}
	r = gzip_make(&l->gzip, bytes, &packed, &n);
	if (r < 0) {
		return r == -EFBIG ? 0 : r;
	}
	if (!memory_granted(l, n)) {
		free(packed);
		return 0;
	}
	digest_init(&digest);
	digest_add(&digest, packed, n);
	if (n <= CONTENT_SMALL) {
		r = content_from_memory_take(&content, packed, n);
	} else {
		r = content_from_copy(&content, (struct view){ packed, n });
		free(packed);
	}
	return r < 0
	    ? r
	    : resource_set_take(resource, CODING_GZIP, &content, &digest);
}

/*
 * Gives the resource what was read, from memory when it is little.  Takes `fd`
 * and the bytes.
 */
static int
set_identity(struct loader *l, struct resource *resource, int fd,
    const struct reading *reading)
{
	bool held = reading->bytes != NULL && reading->size <= CONTENT_SMALL
	    && memory_granted(l, reading->size);
	struct content content;

	if (held || reading->adapted) {
		(void)close(fd);
		if (content_from_memory_take(&content, reading->bytes,
			reading->size)
		    < 0) {
			return -ENOMEM;
		}
	} else {
		free(reading->bytes);
		content_from_fd_take(&content, fd, reading->size);
	}
	return resource_set_take(resource, CODING_IDENTITY, &content,
	    &reading->digest);
}

/* Fills the resource from the file; takes `fd`. */
static int
fill_resource(struct loader *l, struct resource *resource, int fd,
    const struct stat *st, struct view path)
{
	bool compressible = mime_of(path)->compressible;
	uint64_t size = (uint64_t)st->st_size;
	struct reading reading = { .bytes = NULL };
	int r = reading_of(fd, st,
	    size <= CONTENT_SMALL || (compressible && size <= COMPRESS_MAX),
	    &reading);

	/* That one is shown at any depth. */
	if (r == 0 && size > 0 && size <= CONTENT_SMALL
	    && view_eq(path, VIEW("404.html"))) {
		r = reading_adapt(&reading, l->load->prefix);
	}
	if (r == 0 && compressible && reading.bytes != NULL) {
		r = add_gzip(l, resource,
		    (struct view){ reading.bytes, reading.size });
	}
	if (r == 0) {
		r = set_identity(l, resource, fd, &reading);
	} else {
		free(reading.bytes);
		(void)close(fd);
	}
	return r == 0 ? 0
		      : blame(l, path,
			  r == -EAGAIN ? "changed while it was read" : NULL, r);
}

static const char *
cache_of(const struct load *load, struct view path)
{
	if (mime_is_page(mime_of(path))) {
		return load->cache_pages;
	}
	return mime_fingerprinted(path) ? load->cache_immutable
					: load->cache_assets;
}

/* Prefix and path lead to the resource; more paths will (see table.h). */
static int
add_path(struct loader *l, struct view path, struct resource *resource)
{
	struct buf full;
	int r;

	buf_init(&full, PATH_MAX_BYTES);
	buf_add_view(&full, l->load->prefix);
	buf_add_view(&full, path);
	r = buf_error(&full) != 0
	    ? buf_error(&full)
	    : site_add(l->site, buf_view(&full), resource);
	buf_done(&full);
	return r;
}

/* Called by the walk for each file; takes `fd`. */
static int
load_file(void *ctx, int fd, const struct stat *st, struct view path)
{
	struct loader *l = ctx;
	/* A date in the future is no validator (RFC 9110 section 8.8.2.1). */
	int64_t modified = st->st_mtim.tv_sec < l->now ? st->st_mtim.tv_sec
						       : l->now;
	struct resource *resource;

	if ((uint64_t)st->st_size > l->load->bytes_max - l->counts.bytes) {
		(void)close(fd);
		buf_addf(l->fault, "more than %llu bytes of files",
		    (unsigned long long)l->load->bytes_max);
		return -EFBIG;
	}
	l->counts.files++;
	l->counts.bytes += (uint64_t)st->st_size;
	resource = resource_new(mime_of(path)->type, cache_of(l->load, path),
	    modified);
	if (resource == NULL || site_own_take(l->site, resource) < 0
	    || add_path(l, path, resource) < 0) {
		(void)close(fd);
		return blame(l, path, NULL, -ENOMEM);
	}
	return fill_resource(l, resource, fd, st, path);
}

/* Called by the walk for each folder. */
static void
load_folder(void *ctx, int fd)
{
	const struct load *load = ((struct loader *)ctx)->load;

	if (load->folder != NULL) {
		load->folder(load->ctx, fd);
	}
}

static int
fill(struct loader *l)
{
	struct walk walk = { .root = l->load->root,
		.entries_max = l->load->files_max,
		.depth_max = l->load->depth_max,
		.folder = load_folder,
		.file = load_file,
		.ctx = l };
	int r = walk_run(&walk, l->fault);

	if (r < 0) {
		return r;
	}
	l->counts.skipped = walk.skipped;
	if (l->counts.files == 0) {
		buf_addf(l->fault, "'%s' has no file to serve", l->load->root);
		return -ENOENT;
	}
	r = table_complete(l->site, l->load, l->fault);
	site_set_counts(l->site, &l->counts);
	return r;
}

int
load_site(const struct load *load, struct buf *fault, struct site **ret)
{
	struct loader l = { .load = load,
		.fault = fault,
		.now = (int64_t)time(NULL) };
	int r;

	l.site = site_new();
	if (l.site == NULL || gzip_init(&l.gzip) < 0) {
		site_let_go(l.site);
		buf_add_str(fault, strerror(ENOMEM));
		return -ENOMEM;
	}
	r = fill(&l);
	gzip_done(&l.gzip);
	if (r < 0) {
		site_let_go(l.site);
		return r;
	}
	*ret = l.site;
	return 0;
}

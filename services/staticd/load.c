#include "staticd/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "staticd/gzip.h"
#include "staticd/mime.h"
#include "staticd/uri.h"
#include "staticd/walk.h"

/* Larger files are not compressed, and are read in pieces. */
#define COMPRESS_MAX (4 * 1024 * 1024)
/* Below this the headers weigh more than what compression saves. */
#define COMPRESS_MIN 256
#define PIECE (64 * 1024)
#define PATH_MAX_BYTES 8192

/* One file and where it is, relative to the root. */
struct found {
	char *path;
	struct resource *resource; /* the site's */
};

struct loader {
	const struct load *load;
	struct buf *fault;
	struct site *site;
	struct gzip gzip;
	int64_t now;
	struct found *found;
	size_t found_count;
	size_t found_room;
	struct site_counts counts;
};

static int
blame(struct loader *l, struct view path, const char *why, int r)
{
	buf_addf(l->fault, "'%.*s': %s", (int)path.n, path.p,
	    why != NULL ? why : strerror(-r));
	return r;
}

/* --- reading ------------------------------------------------------------- */

/* Was the file left alone since `before`? */
static bool
is_unchanged(int fd, const struct stat *before)
{
	struct stat now;

	return fstat(fd, &now) == 0 && now.st_size == before->st_size
	    && now.st_mtim.tv_sec == before->st_mtim.tv_sec
	    && now.st_mtim.tv_nsec == before->st_mtim.tv_nsec
	    && now.st_ctim.tv_sec == before->st_ctim.tv_sec
	    && now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

/* Exactly `n` bytes at `offset`.  0, or -errno; -EAGAIN when there are less. */
static int
read_exactly(int fd, char *out, size_t n, uint64_t offset)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, out + done, n - done,
		    (off_t)(offset + done));

		if (got < 0 && errno != EINTR) {
			return -errno;
		}
		if (got == 0) {
			return -EAGAIN;
		}
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* The whole file in memory that the caller frees. */
static int
read_whole(int fd, size_t size, char **ret)
{
	char *bytes = malloc(size + 1);
	int r;

	if (bytes == NULL) {
		return -ENOMEM;
	}
	r = read_exactly(fd, bytes, size, 0);
	if (r < 0) {
		free(bytes);
		return r;
	}
	*ret = bytes;
	return 0;
}

static int
digest_file(int fd, uint64_t size, struct digest *digest)
{
	char *piece = malloc(PIECE);
	int r = piece == NULL ? -ENOMEM : 0;

	digest_init(digest);
	for (uint64_t at = 0; r == 0 && at < size;) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

		r = read_exactly(fd, piece, n, at);
		if (r == 0) {
			digest_add(digest, piece, n);
			at += n;
		}
	}
	free(piece);
	return r;
}

/*
 * Puts the prefix in the place of each @PREFIX@.  Takes *bytes and gives other
 * memory back.
 */
static int
replace_prefix(struct view prefix, char **bytes, size_t *size)
{
	static const char mark[] = "@PREFIX@";
	struct buf out;
	const char *p = *bytes;
	const char *end = *bytes + *size;

	buf_init(&out, CONTENT_SMALL * 2);
	while (p < end) {
		const char *hit = memmem(p, (size_t)(end - p), mark,
		    sizeof(mark) - 1);

		buf_add(&out, p, (size_t)((hit == NULL ? end : hit) - p));
		if (hit == NULL) {
			break;
		}
		buf_add_view(&out, prefix);
		p = hit + sizeof(mark) - 1;
	}
	free(*bytes);
	*bytes = buf_take(&out, size);
	buf_done(&out);
	return *bytes == NULL ? -ENOMEM : 0;
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

/* What was read of a file. */
struct reading {
	char *bytes; /* the whole of it, or NULL when it was too much */
	size_t size;
	bool adapted; /* the bytes are not the file's any more */
	struct digest digest;
};

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

/* Reads a file that has to stay as it is meanwhile.  0, or -errno. */
static int
read_file(struct reading *reading, int fd, const struct stat *st,
    bool compressible)
{
	size_t size = (size_t)st->st_size;
	int r;

	*reading = (struct reading){ .bytes = NULL, .size = size };
	if (size <= CONTENT_SMALL || (compressible && size <= COMPRESS_MAX)) {
		r = read_whole(fd, size, &reading->bytes);
		if (r == 0) {
			digest_init(&reading->digest);
			digest_add(&reading->digest, reading->bytes, size);
		}
	} else {
		r = digest_file(fd, size, &reading->digest);
	}
	return r == 0 && !is_unchanged(fd, st) ? -EAGAIN : r;
}

/* Makes 404.html fit for being shown at any depth. */
static int
adapt_not_found(struct loader *l, struct reading *reading)
{
	int r;

	if (reading->size == 0 || reading->size > CONTENT_SMALL) {
		return 0;
	}
	r = replace_prefix(l->load->prefix, &reading->bytes, &reading->size);
	if (r == 0) {
		reading->adapted = true;
		digest_init(&reading->digest);
		digest_add(&reading->digest, reading->bytes, reading->size);
	}
	return r;
}

/* Fills the resource from the file; takes `fd`. */
static int
fill_resource(struct loader *l, struct resource *resource, int fd,
    const struct stat *st, struct view path)
{
	bool compressible = mime_of(path)->compressible;
	struct reading reading;
	int r = read_file(&reading, fd, st, compressible);

	if (r == 0 && view_eq(path, VIEW("404.html"))) {
		r = adapt_not_found(l, &reading);
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

static int
remember(struct loader *l, struct view path, struct resource *resource)
{
	char *copy;

	if (l->found_count == l->found_room) {
		size_t room = l->found_room == 0 ? 32 : l->found_room * 2;
		struct found *grown = reallocarray(l->found, room,
		    sizeof(*grown));

		if (grown == NULL) {
			return -ENOMEM;
		}
		l->found = grown;
		l->found_room = room;
	}
	copy = strndup(path.p, path.n);
	if (copy == NULL) {
		return -ENOMEM;
	}
	l->found[l->found_count++] = (struct found){ copy, resource };
	return 0;
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
	    || remember(l, path, resource) < 0) {
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

/* --- the table ----------------------------------------------------------- */

/* Prefix and `path` without its last `cut` bytes, in `out`. */
static struct view
request_path(const struct loader *l, struct buf *out, struct view path,
    size_t cut)
{
	buf_clear(out);
	buf_add_view(out, l->load->prefix);
	buf_add(out, path.p, path.n - cut);
	return buf_view(out);
}

static bool
is_index(struct view path)
{
	return view_eq(path, VIEW("index.html"))
	    || view_ends(path, VIEW("/index.html"));
}

typedef int (*add_path)(struct loader *l, struct buf *b, const struct found *f);

static int
add_exact(struct loader *l, struct buf *b, const struct found *f)
{
	return site_add(l->site, request_path(l, b, view_str(f->path), 0),
	    f->resource);
}

/* docs/index.html: docs/ */
static int
add_folder(struct loader *l, struct buf *b, const struct found *f)
{
	struct view path = view_str(f->path);

	if (!is_index(path)) {
		return 0;
	}
	return site_add(l->site,
	    request_path(l, b, path, sizeof("index.html") - 1), f->resource);
}

/* about.html: about */
static int
add_clean(struct loader *l, struct buf *b, const struct found *f)
{
	struct view path = view_str(f->path);

	if (!view_ends(path, VIEW(".html")) || is_index(path)) {
		return 0;
	}
	return site_add(l->site, request_path(l, b, path, sizeof(".html") - 1),
	    f->resource);
}

/* docs/index.html: docs redirects to docs/ */
static int
add_redirect(struct loader *l, struct buf *b, const struct found *f)
{
	struct view path = view_str(f->path);
	struct view from;
	struct buf to;
	int r;

	if (!is_index(path)) {
		return 0;
	}
	from = request_path(l, b, path, sizeof("index.html") - 1);
	if (from.n == 1) {
		return 0; /* the prefix is "/": nothing is above it */
	}
	buf_init(&to, PATH_MAX_BYTES * 3);
	uri_encode(&to, from);
	from.n--;
	r = buf_error(&to) != 0
	    ? buf_error(&to)
	    : site_add_redirect(l->site, from, buf_cstr(&to), l->load->fields);
	buf_done(&to);
	return r;
}

/* app.js.br: one more coding of app.js */
static int
add_coding(struct loader *l, struct buf *b, const struct found *f)
{
	struct view path = view_str(f->path);

	for (unsigned c = CODING_GZIP; c < CODING_COUNT; c++) {
		struct view suffix = coding_suffix((enum coding)c);
		const struct site_entry *base;

		if (!view_ends(path, suffix)) {
			continue;
		}
		base = site_find(l->site, request_path(l, b, path, suffix.n));
		/* That one is not sent as it is in its file. */
		if (view_starts(path, VIEW("404.html"))) {
			continue;
		}
		if (base != NULL
		    && base->resource->modified <= f->resource->modified) {
			return resource_set_shared(base->resource,
			    (enum coding)c,
			    f->resource->variants[CODING_IDENTITY]);
		}
	}
	return 0;
}

static int
for_all(struct loader *l, add_path add)
{
	struct buf b;
	int r = 0;

	buf_init(&b, PATH_MAX_BYTES);
	for (size_t i = 0; r == 0 && i < l->found_count; i++) {
		r = add(l, &b, &l->found[i]);
	}
	buf_done(&b);
	return r;
}

static int
add_not_found(struct loader *l)
{
	struct buf b;
	const struct site_entry *entry;
	struct resource *resource;
	int r;

	buf_init(&b, PATH_MAX_BYTES);
	entry = site_find(l->site, request_path(l, &b, VIEW("404.html"), 0));
	buf_done(&b);
	if (entry == NULL) {
		return 0;
	}
	r = resource_new_error(entry->resource, l->load->cache_pages,
	    &resource);
	if (r < 0) {
		return r;
	}
	r = site_own_take(l->site, resource);
	if (r == 0) {
		site_set_not_found(l->site, resource);
	}
	return r;
}

static int
add_fallback(struct loader *l)
{
	struct view path = view_str(l->load->fallback);
	const struct site_entry *entry;
	struct buf b;

	if (path.n == 0) {
		return 0;
	}
	buf_init(&b, PATH_MAX_BYTES);
	entry = site_find(l->site, request_path(l, &b, path, 0));
	buf_done(&b);
	if (entry == NULL || entry->resource == NULL) {
		buf_addf(l->fault, "the fallback '%.*s' is no file of the site",
		    (int)path.n, path.p);
		return -ENOENT;
	}
	site_set_fallback(l->site, entry->resource, l->load->prefix);
	return 0;
}

static int
finish_resources(struct loader *l)
{
	size_t n;
	struct resource *const *all = site_resources(l->site, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = resource_finish(all[i], l->load->fields, l->load->threads);
	}
	return r;
}

/* From the files found to a complete table. */
static int
make_table(struct loader *l)
{
	/* The order is the precedence: what is there already stays. */
	static const add_path steps[] = { add_exact, add_coding, add_folder,
		add_clean, add_redirect };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(steps); i++) {
		r = for_all(l, steps[i]);
	}
	if (r == 0) {
		r = add_not_found(l);
	}
	if (r == 0) {
		r = add_fallback(l);
	}
	if (r == 0) {
		r = finish_resources(l);
	}
	if (r < 0) {
		if (buf_size(l->fault) == 0) {
			buf_addf(l->fault, "cannot build the table: %s",
			    strerror(-r));
		}
	}
	return r;
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
	r = make_table(l);
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
	for (size_t i = 0; i < l.found_count; i++) {
		free(l.found[i].path);
	}
	free(l.found);
	if (r < 0) {
		site_let_go(l.site);
		return r;
	}
	*ret = l.site;
	return 0;
}

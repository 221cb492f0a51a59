#include "staticd/table.h"

#include <errno.h>
#include <string.h>

#include "staticd/uri.h"

#define LOCATION_MAX (24 * 1024)
#define INDEX VIEW("index.html")
#define PAGE VIEW(".html")
#define NOT_FOUND VIEW("404.html")

struct table {
	struct site *site;
	const struct load *load;
};

/* A step of the completion, for each file's entry. */
typedef int (*add_more)(const struct table *t, const struct site_entry *file);

static struct view
without(struct view path, struct view end)
{
	path.n -= end.n;
	return path;
}

/* Relative to the root. */
static struct view
name_of(const struct table *t, const struct site_entry *file)
{
	return view_drop(file->path, t->load->prefix.n);
}

static bool
is_index(const struct table *t, const struct site_entry *file)
{
	return view_eq(name_of(t, file), INDEX)
	    || view_ends(file->path, VIEW("/index.html"));
}

/* app.js.br: one more coding of app.js */
static int
add_coding(const struct table *t, const struct site_entry *file)
{
	/* That one is not sent as it is in its file. */
	if (view_starts(name_of(t, file), NOT_FOUND)) {
		return 0;
	}
	for (unsigned c = CODING_GZIP; c < CODING_COUNT; c++) {
		struct view suffix = coding_suffix((enum coding)c);
		const struct site_entry *base;

		if (!view_ends(file->path, suffix)) {
			continue;
		}
		base = site_find(t->site, without(file->path, suffix));
		if (base != NULL
		    && base->resource->modified <= file->resource->modified) {
			return resource_set_shared(base->resource,
			    (enum coding)c,
			    file->resource->variants[CODING_IDENTITY]);
		}
	}
	return 0;
}

/* docs/index.html: docs/ */
static int
add_folder(const struct table *t, const struct site_entry *file)
{
	return !is_index(t, file)
	    ? 0
	    : site_add(t->site, without(file->path, INDEX), file->resource);
}

/* about.html: about */
static int
add_clean(const struct table *t, const struct site_entry *file)
{
	return !view_ends(file->path, PAGE) || is_index(t, file)
	    ? 0
	    : site_add(t->site, without(file->path, PAGE), file->resource);
}

/* docs/index.html: docs redirects to docs/ */
static int
add_redirect(const struct table *t, const struct site_entry *file)
{
	struct view to = without(file->path, INDEX);
	struct buf location;
	int r;

	/* Nothing is above the prefix "/". */
	if (!is_index(t, file) || to.n == 1) {
		return 0;
	}
	buf_init(&location, LOCATION_MAX);
	uri_encode(&location, to);
	r = buf_error(&location) != 0
	    ? buf_error(&location)
	    : site_add_redirect(t->site, without(to, VIEW("/")),
		buf_cstr(&location), t->load->fields);
	buf_done(&location);
	return r;
}

/* The entry of a file, or NULL. */
static const struct site_entry *
find_file(const struct table *t, struct view name)
{
	const struct site_entry *entry;
	struct buf path;

	buf_init(&path, LOCATION_MAX);
	buf_add_view(&path, t->load->prefix);
	buf_add_view(&path, name);
	entry = site_find(t->site, buf_view(&path));
	buf_done(&path);
	return entry;
}

static int
add_not_found(const struct table *t)
{
	const struct site_entry *entry = find_file(t, NOT_FOUND);
	struct resource *resource;
	int r;

	if (entry == NULL) {
		return 0;
	}
	r = resource_new_error(entry->resource, t->load->cache_pages,
	    &resource);
	if (r < 0) {
		return r;
	}
	r = site_own_take(t->site, resource);
	if (r == 0) {
		site_set_not_found(t->site, resource);
	}
	return r;
}

static int
add_fallback(const struct table *t, struct buf *fault)
{
	struct view name = view_str(t->load->fallback);
	const struct site_entry *entry = find_file(t, name);

	if (name.n == 0) {
		return 0;
	}
	if (entry == NULL || entry->resource == NULL) {
		buf_addf(fault, "the fallback '%s' is no file of the site",
		    t->load->fallback);
		return -ENOENT;
	}
	site_set_fallback(t->site, entry->resource, t->load->prefix);
	return 0;
}

static int
finish_resources(const struct table *t)
{
	size_t n;
	struct resource *const *all = site_resources(t->site, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = resource_finish(all[i], t->load->fields, t->load->threads);
	}
	return r;
}

static int
complete(const struct table *t, struct buf *fault)
{
	/* The order is the precedence: what is there already stays. */
	static const add_more steps[] = { add_coding, add_folder, add_clean,
		add_redirect };
	size_t files = site_entry_count(t->site);
	int r = 0;

	for (size_t step = 0; step < ARRAY_LEN(steps); step++) {
		for (size_t i = 0; r == 0 && i < files; i++) {
			/* A copy: what is added may move the others. */
			struct site_entry file = *site_entry(t->site, i);

			r = steps[step](t, &file);
		}
	}
	if (r == 0) {
		r = add_not_found(t);
	}
	if (r == 0) {
		r = add_fallback(t, fault);
	}
	return r == 0 ? finish_resources(t) : r;
}

int
table_complete(struct site *site, const struct load *load, struct buf *fault)
{
	struct table t = { .site = site, .load = load };
	int r = complete(&t, fault);

	if (r < 0 && buf_size(fault) == 0) {
		buf_addf(fault, "cannot build the table: %s", strerror(-r));
	}
	return r;
}

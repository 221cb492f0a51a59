/*
 * staticd/load.h with walk, content, resource, site, multipart: real folders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "staticd/load.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include "staticd/store.h"

static const struct http_header fields[] = { { "X-Test", "1" },
	{ NULL, NULL } };

/* A folder that goes with the test. */
struct tree {
	char root[64];
};

static int
tree_make(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		return -1;
	}
	(void)snprintf(t->root, sizeof(t->root), "%s", "/tmp/staticd-XXXXXX");
	*state = t;
	return mkdtemp(t->root) == NULL ? -1 : 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int
tree_remove(void **state)
{
	struct tree *t = *state;
	int r = nftw(t->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(t);
	return r;
}

static char *
path_of(const struct tree *t, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", t->root, name);
	return out;
}

static void
make_folder(const struct tree *t, const char *name)
{
	char path[PATH_MAX];

	assert_int_equal(mkdir(path_of(t, name, path), 0755), 0);
}

/* A file with `text` `times` times over. */
static void
make_file(const struct tree *t, const char *name, const char *text,
    size_t times)
{
	char path[PATH_MAX];
	FILE *f = fopen(path_of(t, name, path), "we");

	assert_non_null(f);
	for (size_t i = 0; i < times; i++) {
		assert_true(fputs(text, f) >= 0);
	}
	assert_int_equal(fclose(f), 0);
}

static void
set_time(const struct tree *t, const char *name, time_t when)
{
	struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	char path[PATH_MAX];

	assert_int_equal(utimensat(AT_FDCWD, path_of(t, name, path), times, 0),
	    0);
}

static struct load
load_of(const struct tree *t)
{
	return (struct load){ .root = t->root,
		.prefix = VIEW("/site/"),
		.cache_pages = "no-cache",
		.cache_assets = "max-age=300",
		.cache_immutable = "immutable",
		.fields = fields,
		.files_max = 1000,
		.bytes_max = 10000000,
		.memory_max = 1000000,
		.depth_max = 3 };
}

static struct site *
load_good(const struct load *load)
{
	struct site *site = NULL;
	struct buf fault;

	buf_init(&fault, 4096);
	assert_int_equal(load_site(load, &fault, &site), 0);
	assert_int_equal(buf_size(&fault), 0);
	buf_done(&fault);
	return site;
}

static void
load_bad(const struct load *load, int error, const char *why)
{
	struct site *site = NULL;
	struct buf fault;

	buf_init(&fault, 4096);
	assert_int_equal(load_site(load, &fault, &site), error);
	assert_null(site);
	assert_non_null(strstr(buf_cstr(&fault), why));
	buf_done(&fault);
}

/* The resource there, never NULL: gcc is not told that an assertion ends it. */
static const struct resource *
resource_at(const struct site *site, const char *path)
{
	const struct site_entry *entry = site_find(site, view_str(path));

	if (entry == NULL || entry->resource == NULL) {
		fail_msg("nothing at %s", path);
		abort();
	}
	return entry->resource;
}

static const char *
location_at(const struct site *site, const char *path)
{
	const struct site_entry *entry = site_find(site, view_str(path));

	return entry == NULL || entry->redirect == NULL
	    ? NULL
	    : MHD_get_response_header(entry->redirect, "Location");
}

static const char *
header_of(const struct resource *r, enum coding coding, const char *name)
{
	return MHD_get_response_header(r->variants[coding]->full[0].response,
	    name);
}

static void
paths(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;
	const struct resource *page;

	make_file(t, "index.html", "home", 1);
	make_file(t, "about.html", "about", 1);
	make_folder(t, "docs");
	make_file(t, "docs/index.html", "docs", 1);
	make_file(t, "docs/a b.txt", "text", 1);
	make_folder(t, "about");
	make_file(t, "about/index.html", "folder", 1);
	make_folder(t, "sp ä");
	make_file(t, "sp ä/index.html", "space", 1);
	make_folder(t, "bare");
	make_file(t, "bare/x.css", "css", 1);
	site = load_good(&load);
	page = resource_at(site, "/site/");
	assert_non_null(page);
	assert_ptr_equal(page, resource_at(site, "/site/index.html"));
	assert_string_equal(location_at(site, "/site"), "/site/");
	assert_non_null(resource_at(site, "/site/docs/a b.txt"));
	assert_string_equal(location_at(site, "/site/docs"), "/site/docs/");
	assert_string_equal(location_at(site, "/site/sp ä"),
	    "/site/sp%20%C3%A4/");
	/* A clean name goes before a folder's redirection. */
	assert_ptr_equal(resource_at(site, "/site/about"),
	    resource_at(site, "/site/about.html"));
	assert_non_null(resource_at(site, "/site/about/"));
	assert_ptr_not_equal(resource_at(site, "/site/about/"),
	    resource_at(site, "/site/about"));
	assert_null(site_find(site, VIEW("/site/index")));
	assert_null(site_find(site, VIEW("/site/bare/")));
	assert_null(site_find(site, VIEW("/site/bare")));
	assert_null(site_find(site, VIEW("/")));
	assert_null(site_find(site, VIEW("/index.html")));
	assert_null(site_find(site, VIEW("/site/../site/")));
	assert_int_equal(site_counts(site)->files, 7);
	site_let_go(site);
}

static void
root_prefix(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;

	make_file(t, "index.html", "home", 1);
	load.prefix = VIEW("/");
	site = load_good(&load);
	assert_non_null(resource_at(site, "/"));
	assert_null(site_find(site, VIEW("")));
	site_let_go(site);
}

static void
never_served(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	struct site *site;
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	make_file(t, "index.html", "home", 1);
	make_file(t, ".hidden", "x", 1);
	make_folder(t, ".git");
	make_file(t, ".git/config", "x", 1);
	make_file(t, "con\x01trol", "x", 1);
	assert_int_equal(symlink("/etc/passwd", path_of(t, "link", path)), 0);
	assert_int_equal(symlink("index.html", path_of(t, "in", path)), 0);
	assert_int_equal(symlink("/etc", path_of(t, "etc", path)), 0);
	assert_int_equal(mkfifo(path_of(t, "fifo", path), 0644), 0);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock",
	    t->root);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	make_folder(t, "lost+found");
	make_file(t, "lost+found/x", "x", 1);
	site = load_good(&load);
	assert_int_equal(site_counts(site)->files, 1);
	assert_int_equal(site_counts(site)->skipped, 9);
	assert_null(site_find(site, VIEW("/site/.hidden")));
	assert_null(site_find(site, VIEW("/site/.git/config")));
	assert_null(site_find(site, VIEW("/site/link")));
	assert_null(site_find(site, VIEW("/site/in")));
	assert_null(site_find(site, VIEW("/site/etc/passwd")));
	assert_null(site_find(site, VIEW("/site/fifo")));
	assert_null(site_find(site, VIEW("/site/sock")));
	site_let_go(site);
	(void)close(sock);
}

static void
headers(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;
	const struct resource *r;

	make_file(t, "index.html", "home", 1);
	make_file(t, "app.0123456789.js", "x", 1);
	make_file(t, "a.css", "x", 1);
	set_time(t, "a.css", 784111777);
	set_time(t, "index.html", 4000000000);
	site = load_good(&load);
	r = resource_at(site, "/site/a.css");
	assert_string_equal(header_of(r, CODING_IDENTITY, "Content-Type"),
	    "text/css; charset=utf-8");
	assert_string_equal(header_of(r, CODING_IDENTITY, "Last-Modified"),
	    "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_string_equal(header_of(r, CODING_IDENTITY, "Cache-Control"),
	    "max-age=300");
	assert_string_equal(header_of(r, CODING_IDENTITY, "X-Test"), "1");
	assert_string_equal(header_of(r, CODING_IDENTITY, "ETag"),
	    r->variants[CODING_IDENTITY]->etag);
	assert_null(header_of(r, CODING_IDENTITY, "Vary"));
	r = resource_at(site, "/site/");
	assert_string_equal(header_of(r, CODING_IDENTITY, "Cache-Control"),
	    "no-cache");
	assert_true(r->modified < 4000000000);
	r = resource_at(site, "/site/app.0123456789.js");
	assert_string_equal(header_of(r, CODING_IDENTITY, "Cache-Control"),
	    "immutable");
	site_let_go(site);
}

/* Equal content gives an equal tag, other content another. */
static void
tags_follow_content(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;
	const struct resource *a;
	const struct resource *b;
	const struct resource *c;

	make_file(t, "a.txt", "same", 1);
	make_file(t, "b.txt", "same", 1);
	make_file(t, "c.txt", "sane", 1);
	set_time(t, "a.txt", 1);
	site = load_good(&load);
	a = resource_at(site, "/site/a.txt");
	b = resource_at(site, "/site/b.txt");
	c = resource_at(site, "/site/c.txt");
	assert_string_equal(a->variants[CODING_IDENTITY]->etag,
	    b->variants[CODING_IDENTITY]->etag);
	assert_string_not_equal(a->variants[CODING_IDENTITY]->etag,
	    c->variants[CODING_IDENTITY]->etag);
	site_let_go(site);
}

static void
unpacks_to(const struct content *packed, const char *text, size_t times)
{
	struct view bytes = content_bytes(packed);
	size_t n = strlen(text) * times;
	char *out = malloc(n + 1);
	z_stream z = { .next_in = (Bytef *)(uintptr_t)bytes.p,
		.avail_in = (uInt)bytes.n,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)n + 1 };

	assert_non_null(out);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, n);
	for (size_t i = 0; i < times; i++) {
		assert_memory_equal(out + i * strlen(text), text, strlen(text));
	}
	assert_int_equal(inflateEnd(&z), Z_OK);
	free(out);
}

static void
compressed(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;
	const struct resource *r;

	make_file(t, "long.txt", "hello world ", 1000);
	make_file(t, "large.txt", "hello world ", 10000);
	make_file(t, "short.txt", "hello", 1);
	make_file(t, "long.png", "hello world ", 1000);
	site = load_good(&load);
	r = resource_at(site, "/site/long.txt");
	assert_true(r->negotiated);
	assert_true(r->sizes[CODING_GZIP] < r->sizes[CODING_IDENTITY]);
	assert_string_equal(header_of(r, CODING_GZIP, "Content-Encoding"),
	    "gzip");
	assert_string_equal(header_of(r, CODING_GZIP, "Vary"),
	    "Accept-Encoding");
	assert_string_equal(header_of(r, CODING_IDENTITY, "Vary"),
	    "Accept-Encoding");
	assert_string_not_equal(header_of(r, CODING_GZIP, "ETag"),
	    header_of(r, CODING_IDENTITY, "ETag"));
	unpacks_to(&r->variants[CODING_GZIP]->content, "hello world ", 1000);
	/* Too long for memory, but its compressed form is not. */
	r = resource_at(site, "/site/large.txt");
	assert_null(content_bytes(&r->variants[CODING_IDENTITY]->content).p);
	unpacks_to(&r->variants[CODING_GZIP]->content, "hello world ", 10000);
	assert_false(resource_at(site, "/site/short.txt")->negotiated);
	assert_false(resource_at(site, "/site/long.png")->negotiated);
	site_let_go(site);
}

static void
precompressed(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;
	const struct resource *r;

	make_file(t, "a.js", "script", 1);
	make_file(t, "a.js.br", "brotli", 1);
	make_file(t, "a.js.zst", "stale", 1);
	make_file(t, "alone.tar.gz", "archive", 1);
	set_time(t, "a.js", 1000);
	set_time(t, "a.js.br", 1000);
	set_time(t, "a.js.zst", 999);
	site = load_good(&load);
	r = resource_at(site, "/site/a.js");
	assert_true(view_eq(content_bytes(&r->variants[CODING_BR]->content),
	    VIEW("brotli")));
	assert_null(r->variants[CODING_ZSTD]);
	assert_string_equal(header_of(r, CODING_BR, "Content-Encoding"), "br");
	assert_string_equal(header_of(r, CODING_BR, "Content-Type"),
	    "text/javascript; charset=utf-8");
	assert_non_null(resource_at(site, "/site/alone.tar.gz"));
	assert_null(site_find(site, VIEW("/site/alone.tar")));
	site_let_go(site);
}

static void
not_found_page(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;
	const struct resource *r;

	make_file(t, "index.html", "@PREFIX@", 1);
	site = load_good(&load);
	assert_null(site_not_found(site));
	site_let_go(site);
	make_file(t, "404.html", "<base href=\"@PREFIX@\">@PREFIX", 1);
	site = load_good(&load);
	r = site_not_found(site);
	assert_non_null(r);
	assert_true(
	    view_eq(content_bytes(&r->variants[CODING_IDENTITY]->content),
		VIEW("<base href=\"/site/\">@PREFIX")));
	assert_null(header_of(r, CODING_IDENTITY, "ETag"));
	assert_null(header_of(r, CODING_IDENTITY, "Last-Modified"));
	assert_null(header_of(r, CODING_IDENTITY, "Accept-Ranges"));
	assert_non_null(header_of(resource_at(site, "/site/404.html"),
	    CODING_IDENTITY, "ETag"));
	/* Only there. */
	r = resource_at(site, "/site/");
	assert_true(
	    view_eq(content_bytes(&r->variants[CODING_IDENTITY]->content),
		VIEW("@PREFIX@")));
	site_let_go(site);
	/* Nor does the file itself serve when there is no room in memory. */
	load.memory_max = 0;
	site = load_good(&load);
	r = resource_at(site, "/site/404.html");
	assert_true(
	    view_eq(content_bytes(&r->variants[CODING_IDENTITY]->content),
		VIEW("<base href=\"/site/\">@PREFIX")));
	assert_int_equal(r->sizes[CODING_IDENTITY],
	    sizeof("<base href=\"/site/\">@PREFIX") - 1);
	site_let_go(site);
}

static void
limits(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;

	load_bad(&load, -ENOENT, "no file to serve");
	make_file(t, "index.html", "home", 1);
	make_folder(t, "a");
	make_folder(t, "a/b");
	make_file(t, "a/b/x", "12345", 1);
	load.depth_max = 2;
	site = load_good(&load);
	site_let_go(site);
	load.depth_max = 1;
	load_bad(&load, -E2BIG, "nested deeper than 1");
	load.depth_max = 2;
	load.files_max = 3;
	load_bad(&load, -E2BIG, "more than 3 files");
	load.files_max = 4;
	load.bytes_max = 8;
	load_bad(&load, -EFBIG, "more than 8 bytes");
	load.bytes_max = 9;
	load.memory_max = 5;
	site = load_good(&load);
	assert_true(site_counts(site)->memory_bytes <= 5);
	site_let_go(site);
	load.root = "/nonexistent/folder";
	load_bad(&load, -ENOENT, "/nonexistent/folder");
}

static void
unreadable(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	char path[PATH_MAX];

	if (geteuid() == 0) {
		skip(); /* root reads everything */
	}
	make_file(t, "index.html", "home", 1);
	make_file(t, "secret.html", "x", 1);
	assert_int_equal(chmod(path_of(t, "secret.html", path), 0), 0);
	load_bad(&load, -EACCES, "secret.html");
}

static void
many_files(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;
	char name[32];

	for (int i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof(name), "f%d.html", i);
		make_file(t, name, name, 1);
	}
	site = load_good(&load);
	assert_int_equal(site_counts(site)->paths, 1000);
	for (int i = 0; i < 500; i++) {
		const struct resource *r;

		(void)snprintf(name, sizeof(name), "/site/f%d", i);
		r = resource_at(site, name);
		(void)snprintf(name, sizeof(name), "f%d.html", i);
		assert_true(view_eq(content_bytes(
					&r->variants[CODING_IDENTITY]->content),
		    view_str(name)));
	}
	assert_null(site_find(site, VIEW("/site/f500")));
	site_let_go(site);
}

/* A reader keeps the old site while the new one takes its place. */
static void
replaced(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct store store;
	struct site *old;
	struct site *new;

	make_file(t, "old.txt", "old", 1);
	assert_int_equal(store_init(&store), 0);
	store_replace_take(&store, load_good(&load));
	old = store_hold(&store);
	make_file(t, "new.txt", "new", 1);
	store_replace_take(&store, load_good(&load));
	new = store_hold(&store);
	assert_ptr_not_equal(old, new);
	assert_null(site_find(old, VIEW("/site/new.txt")));
	assert_non_null(resource_at(old, "/site/old.txt"));
	assert_non_null(resource_at(new, "/site/new.txt"));
	site_let_go(old);
	site_let_go(new);
	store_done(&store);
}

/* Content of both kinds reads the same, also when shared and let go. */
static void
contents(void **state)
{
	const struct tree *t = *state;
	struct content c = CONTENT_NONE;
	struct content twin = CONTENT_NONE;
	struct MHD_Response *response;
	char out[16];
	int fd;

	(void)t;
	for (int kind = 0; kind < 2; kind++) {
		assert_int_equal(kind == 0
			? content_from_memory_take(&c, strdup("0123456789"), 10)
			: content_from_copy(&c, VIEW("0123456789")),
		    0);
		assert_int_equal(content_dup(&c, &twin), 0);
		response = content_response(&c, 2, 5, &fd);
		assert_non_null(response);
		assert_int_equal(fd >= 0, kind == 1);
		content_done(&c);
		assert_int_equal(content_read(&twin, 8, out, sizeof(out)), 2);
		assert_memory_equal(out, "89", 2);
		assert_int_equal(content_read(&twin, 10, out, sizeof(out)), 0);
		assert_int_equal(content_read(&twin, 99, out, sizeof(out)), 0);
		content_done(&twin);
		MHD_destroy_response(response);
		content_done(&c);
	}
}

/* A response out of a mapping has its file too, for who watches its length. */
static void
mapped_and_cut(void **state)
{
	static char bytes[200000];
	struct content c = CONTENT_NONE;
	struct MHD_Response *response;
	int fd = -1;

	(void)state;
	assert_int_equal(content_from_copy(&c,
			     (struct view){ bytes, sizeof(bytes) }),
	    0);
	assert_false(content_is_cut(&c));
	response = content_response(&c, 0, sizeof(bytes), &fd);
	assert_non_null(response);
	assert_int_not_equal(fd, c.fd);
	assert_int_equal(ftruncate(fd, sizeof(bytes) - 1), 0);
	assert_true(content_is_cut(&c));
	MHD_destroy_response(response);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	content_done(&c);
}

static void
fallback(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;

	make_file(t, "index.html", "app", 1);
	make_file(t, "a.css", "x", 1);
	site = load_good(&load);
	assert_null(site_fallback(site, VIEW("/site/anything")));
	site_let_go(site);
	load.fallback = "index.html";
	site = load_good(&load);
	assert_ptr_equal(site_fallback(site, VIEW("/site/users/7")),
	    resource_at(site, "/site/"));
	assert_non_null(site_fallback(site, VIEW("/site/v1.2/users/")));
	assert_null(site_fallback(site, VIEW("/site/missing.js")));
	assert_null(site_fallback(site, VIEW("/site/.env")));
	assert_null(site_fallback(site, VIEW("/other/users")));
	assert_null(site_fallback(site, VIEW("")));
	site_let_go(site);
	load.fallback = "absent.html";
	load_bad(&load, -ENOENT, "the fallback 'absent.html' is no file");
}

/* One answer for each thread from a file, one for all from memory. */
static void
lanes(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;
	const struct variant *small;
	const struct variant *large;

	make_file(t, "small.bin", "x", 1);
	make_file(t, "large.bin", "0123456789abcdef", CONTENT_SMALL / 16 + 1);
	load.threads = 3;
	site = load_good(&load);
	small = resource_at(site, "/site/small.bin")->variants[CODING_IDENTITY];
	large = resource_at(site, "/site/large.bin")->variants[CODING_IDENTITY];
	assert_int_equal(small->lanes, 1);
	assert_int_equal(large->lanes, 3);
	assert_ptr_not_equal(large->full[0].response, large->full[1].response);
	assert_int_not_equal(large->full[0].fd, large->full[1].fd);
	assert_ptr_equal(resource_full(small), &small->full[0]);
	assert_int_equal(small->full[0].fd, -1);
	assert_non_null(resource_full(large)->response);
	site_let_go(site);
	load.threads = 1000;
	site = load_good(&load);
	assert_int_equal(resource_at(site, "/site/large.bin")
			     ->variants[CODING_IDENTITY]
			     ->lanes,
	    RESOURCE_LANES);
	site_let_go(site);
}

/* The page for "not found" is changed at load: what was packed before is not.
 */
static void
not_found_is_not_precompressed(void **state)
{
	const struct tree *t = *state;
	struct load load = load_of(t);
	struct site *site;

	make_file(t, "404.html", "@PREFIX@", 1);
	make_file(t, "404.html.br", "packed", 1);
	site = load_good(&load);
	assert_null(site_not_found(site)->variants[CODING_BR]);
	site_let_go(site);
}

#define with_tree(test) \
	cmocka_unit_test_setup_teardown(test, tree_make, tree_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(paths),
		with_tree(root_prefix),
		with_tree(never_served),
		with_tree(headers),
		with_tree(tags_follow_content),
		with_tree(compressed),
		with_tree(precompressed),
		with_tree(not_found_page),
		with_tree(limits),
		with_tree(unreadable),
		with_tree(many_files),
		with_tree(replaced),
		with_tree(contents),
		cmocka_unit_test(mapped_and_cut),
		with_tree(fallback),
		with_tree(lanes),
		with_tree(not_found_is_not_precompressed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

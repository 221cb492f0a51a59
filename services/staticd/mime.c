#include "staticd/mime.h"

#define FINGERPRINT_MIN 8

static const struct mime unknown = { "", "application/octet-stream", false };

static const struct mime table[] = {
	{ "html", "text/html; charset=utf-8", true },
	{ "htm", "text/html; charset=utf-8", true },
	{ "css", "text/css; charset=utf-8", true },
	{ "js", "text/javascript; charset=utf-8", true },
	{ "mjs", "text/javascript; charset=utf-8", true },
	{ "json", "application/json", true },
	{ "map", "application/json", true },
	{ "webmanifest", "application/manifest+json", true },
	{ "svg", "image/svg+xml; charset=utf-8", true },
	{ "txt", "text/plain; charset=utf-8", true },
	{ "md", "text/markdown; charset=utf-8", true },
	{ "csv", "text/csv; charset=utf-8", true },
	{ "xml", "application/xml", true },
	{ "atom", "application/atom+xml", true },
	{ "rss", "application/rss+xml", true },
	{ "vtt", "text/vtt; charset=utf-8", true },
	{ "wasm", "application/wasm", true },
	{ "pdf", "application/pdf", false },
	{ "png", "image/png", false },
	{ "jpg", "image/jpeg", false },
	{ "jpeg", "image/jpeg", false },
	{ "gif", "image/gif", false },
	{ "webp", "image/webp", false },
	{ "avif", "image/avif", false },
	{ "ico", "image/vnd.microsoft.icon", true },
	{ "woff2", "font/woff2", false },
	{ "woff", "font/woff", false },
	{ "ttf", "font/ttf", true },
	{ "otf", "font/otf", true },
	{ "mp4", "video/mp4", false },
	{ "webm", "video/webm", false },
	{ "mp3", "audio/mpeg", false },
	{ "ogg", "audio/ogg", false },
	{ "opus", "audio/ogg", false },
	{ "wav", "audio/wav", false },
	{ "flac", "audio/flac", false },
	{ "zip", "application/zip", false },
	{ "gz", "application/gzip", false },
	{ "zst", "application/zstd", false },
	{ "tar", "application/x-tar", true },
};

/* Length of `v` up to the last `c` (without it), or v.n when there is none. */
static size_t
last_of(struct view v, char c)
{
	for (size_t i = v.n; i > 0; i--) {
		if (v.p[i - 1] == c) {
			return i - 1;
		}
	}
	return v.n;
}

static struct view
base_name(struct view path)
{
	size_t slash = last_of(path, '/');

	return slash == path.n ? path : view_drop(path, slash + 1);
}

const struct mime *
mime_of(struct view path)
{
	struct view name = base_name(path);
	struct view suffix = view_drop(name, last_of(name, '.') + 1);

	for (size_t i = 0; suffix.n > 0 && i < ARRAY_LEN(table); i++) {
		if (view_eq_nocase(suffix, view_str(table[i].suffix))) {
			return &table[i];
		}
	}
	return &unknown;
}

bool
mime_is_page(const struct mime *mime)
{
	return view_starts(view_str(mime->type), VIEW("text/html"));
}

bool
mime_fingerprinted(struct view path)
{
	struct view name = base_name(path);
	size_t dot = last_of(name, '.');
	size_t n = 0;
	bool digit = false;

	if (dot == name.n) {
		return false;
	}
	for (size_t i = dot; i > 0; i--, n++) {
		char c = name.p[i - 1];

		if (c == '.' || c == '-') {
			return n >= FINGERPRINT_MIN && digit;
		}
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
			return false;
		}
		digit |= c <= '9';
	}
	return false;
}

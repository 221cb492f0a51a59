/*
 * The files come in by the assembler's .incbin, which gcc and clang have on
 * every system that this is built on: no generator, no copy of the bytes in
 * another notation, and they stay in pages that are shared with the file.
 * Paths are relative to services/, where make runs.
 */
#include "cachemon/assets.h"

#define EMBED(symbol, file) \
	__asm__(".pushsection .rodata\n" \
		".hidden " symbol "\n" \
		".hidden " symbol "_end\n" \
		".global " symbol "\n" \
		".global " symbol "_end\n" symbol ":\n" \
		".incbin \"cachemon/assets/" file "\"\n" symbol "_end:\n" \
		".byte 0\n" \
		".popsection\n")

#define HIDDEN __attribute__((visibility("hidden")))

EMBED("asset_page", "index.html");
EMBED("asset_style", "style.css");
EMBED("asset_script", "app.js");
EMBED("asset_icon", "icon.svg");

extern const char asset_page[] HIDDEN;
extern const char asset_page_end[] HIDDEN;
extern const char asset_style[] HIDDEN;
extern const char asset_style_end[] HIDDEN;
extern const char asset_script[] HIDDEN;
extern const char asset_script_end[] HIDDEN;
extern const char asset_icon[] HIDDEN;
extern const char asset_icon_end[] HIDDEN;

static struct view
between(const char *begin, const char *end)
{
	return (struct view){ begin, (size_t)(end - begin) };
}

struct asset
asset_get(size_t i)
{
	switch (i) {
	case 0:
		return (struct asset){ "", "text/html; charset=utf-8",
			between(asset_page, asset_page_end) };
	case 1:
		return (struct asset){ "style.css", "text/css; charset=utf-8",
			between(asset_style, asset_style_end) };
	case 2:
		return (struct asset){ "app.js",
			"text/javascript; charset=utf-8",
			between(asset_script, asset_script_end) };
	default:
		return (struct asset){ "icon.svg", "image/svg+xml",
			between(asset_icon, asset_icon_end) };
	}
}

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

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define ICON "image/svg+xml"

#define HIDDEN __attribute__((visibility("hidden")))

EMBED("asset_page", "index.html");
EMBED("asset_style", "style.css");
EMBED("asset_script", "app.js");
EMBED("asset_icon", "icon.svg");
EMBED("asset_words", "words.js");
EMBED("asset_charts", "charts.js");
EMBED("asset_groups", "groups.js");
EMBED("asset_panels", "panels.js");
EMBED("asset_control", "control.js");

extern const char asset_page[] HIDDEN;
extern const char asset_page_end[] HIDDEN;
extern const char asset_style[] HIDDEN;
extern const char asset_style_end[] HIDDEN;
extern const char asset_script[] HIDDEN;
extern const char asset_script_end[] HIDDEN;
extern const char asset_icon[] HIDDEN;
extern const char asset_icon_end[] HIDDEN;
extern const char asset_words[] HIDDEN;
extern const char asset_words_end[] HIDDEN;
extern const char asset_charts[] HIDDEN;
extern const char asset_charts_end[] HIDDEN;
extern const char asset_groups[] HIDDEN;
extern const char asset_groups_end[] HIDDEN;
extern const char asset_panels[] HIDDEN;
extern const char asset_panels_end[] HIDDEN;
extern const char asset_control[] HIDDEN;
extern const char asset_control_end[] HIDDEN;

static struct view
between(const char *begin, const char *end)
{
	return (struct view){ begin, (size_t)(end - begin) };
}

struct asset
asset_get(size_t i)
{
	static const struct {
		const char *path;
		const char *type;
		const char *begin;
		const char *end;
	} all[ASSETS_COUNT] = {
		{ "", HTML, asset_page, asset_page_end },
		{ "style.css", CSS, asset_style, asset_style_end },
		{ "app.js", SCRIPT, asset_script, asset_script_end },
		{ "icon.svg", ICON, asset_icon, asset_icon_end },
		{ "words.js", SCRIPT, asset_words, asset_words_end },
		{ "charts.js", SCRIPT, asset_charts, asset_charts_end },
		{ "groups.js", SCRIPT, asset_groups, asset_groups_end },
		{ "panels.js", SCRIPT, asset_panels, asset_panels_end },
		{ "control.js", SCRIPT, asset_control, asset_control_end },
	};

	return (struct asset){ all[i].path, all[i].type,
		between(all[i].begin, all[i].end) };
}

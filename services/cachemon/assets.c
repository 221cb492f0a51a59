/*
 * The files come in by the assembler's .incbin, which gcc and clang have on
 * every system that this is built on: no generator, no copy of the bytes in
 * another notation, and they stay in pages that are shared with the file.
 * Paths are relative to services/, where make runs.
 */
#include "cachemon/assets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

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
#define PLAIN "text/plain; charset=utf-8"

#define HIDDEN __attribute__((visibility("hidden")))

EMBED("asset_page", "index.html");
EMBED("asset_style", "style.css");
EMBED("asset_script", "app.js");
EMBED("asset_icon", "icon.svg");
EMBED("asset_words", "words.js");
EMBED("asset_charts", "charts.js");
EMBED("asset_plot", "plot.js");
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
extern const char asset_plot[] HIDDEN;
extern const char asset_plot_end[] HIDDEN;
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
		{ "plot.js", SCRIPT, asset_plot, asset_plot_end },
		{ "groups.js", SCRIPT, asset_groups, asset_groups_end },
		{ "panels.js", SCRIPT, asset_panels, asset_panels_end },
		{ "control.js", SCRIPT, asset_control, asset_control_end },
	};

	return (struct asset){ all[i].path, all[i].type,
		between(all[i].begin, all[i].end) };
}

static int
read_all(int fd, struct buf *body)
{
	ssize_t n = 1;

	while (n > 0) {
		char *room = buf_room(body, 16384);

		if (room == NULL) {
			return buf_error(body);
		}
		n = read(fd, room, 16384);
		if (n < 0) {
			return -errno;
		}
		buf_grown(body, (size_t)n);
	}
	return buf_error(body);
}

static const struct {
	const char *path;
	const char *type;
	const char *file;
} fetched[ASSETS_FETCHED] = {
	{ "uplot.js", SCRIPT, "uPlot.iife.min.js" },
	{ "uplot.css", CSS, "uPlot.min.css" },
	{ "uplot-licence.txt", PLAIN, "LICENSE" },
};

int
asset_fetch(size_t i, const char *folder, struct buf *body, struct asset *ret)
{
	char path[PATH_MAX];
	int fd, r;

	r = snprintf(path, sizeof(path), "%s/%s", folder, fetched[i].file);
	if (r < 0 || (size_t)r >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	r = read_all(fd, body);
	(void)close(fd);
	if (r < 0) {
		return r;
	}
	*ret = (struct asset){ fetched[i].path, fetched[i].type,
		buf_view(body) };
	return 0;
}

struct asset
asset_absent(size_t i)
{
	return (struct asset){ fetched[i].path, fetched[i].type,
		VIEW("/* This image was built without uPlot. */\n") };
}

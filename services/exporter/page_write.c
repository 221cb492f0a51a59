/*
 * Writing a page in the Prometheus text format or OpenMetrics 1.0.
 */
#include "base/escape.h"
#include "exporter/page_parts.h"

static void
write_labelled(const struct piece *piece, struct buf *out)
{
	struct view rest = view_drop(piece->text, piece->name);
	size_t open = 0;

	buf_add(out, piece->text.p, piece->name);
	buf_add_str(out, "{target=\"");
	escape_label(out, piece->target);
	buf_add_char(out, '"');
	while (open < rest.n && (rest.p[open] == ' ' || rest.p[open] == '\t')) {
		open++;
	}
	if (open == rest.n || rest.p[open] != '{') {
		buf_add_str(out, "}");
		buf_add_view(out, rest);
		return;
	}
	rest = view_drop(rest, open + 1);
	if (view_trim(rest).n > 0 && view_trim(rest).p[0] != '}') {
		buf_add_char(out, ',');
	}
	buf_add_view(out, rest);
}

/* One or more lines of a piece. */
static void
write_text(const struct piece *piece, struct buf *out)
{
	if (piece->target.p != NULL) {
		write_labelled(piece, out);
	} else {
		buf_add_view(out, piece->text);
	}
	buf_add_char(out, '\n');
}

static void
write_samples(const struct page *page, const struct family *family,
    struct buf *out)
{
	for (uint32_t i = family->first; i != NONE;
	     i = piece_at(page, i)->next) {
		write_text(piece_at(page, i), out);
	}
}

static void
write_head(const char *what, struct view name, const char *suffix,
    struct buf *out)
{
	buf_add_str(out, what);
	buf_add_view(out, name);
	buf_add_str(out, suffix);
	buf_add_char(out, ' ');
}

/* OpenMetrics escapes quotes in HELP, too. */
static void
write_help(struct view help, enum page_format format, struct buf *out)
{
	if (format == PAGE_TEXT) {
		buf_add_view(out, help);
		return;
	}
	for (size_t i = 0; i < help.n; i++) {
		if (help.p[i] == '"') {
			buf_add_char(out, '\\');
		}
		buf_add_char(out, help.p[i]);
	}
}

static void
write_heads(const struct family *family, struct view name, const char *suffix,
    const char *type, enum page_format format, struct buf *out)
{
	if (family->help.p != NULL) {
		write_head("# HELP ", name, suffix, out);
		write_help(family->help, format, out);
		buf_add_char(out, '\n');
	}
	write_head("# TYPE ", name, suffix, out);
	buf_add_str(out, type);
	buf_add_char(out, '\n');
}

/*
 * OpenMetrics names a counter's family without the _total of its sample; a
 * counter that is not named so, or whose short name is taken by another
 * family, is written as unknown, which keeps every name.
 */
static const char *
openmetrics_type(const struct page *page, const struct family *family,
    struct view *name)
{
	struct view base = family->name;

	if (family->type == METRICS_UNTYPED) {
		return "unknown";
	}
	if (family->type != METRICS_COUNTER) {
		return metrics_type_name(family->type);
	}
	if (!view_ends(base, VIEW("_total"))) {
		return "unknown";
	}
	base.n -= 6;
	if (base.n == 0 || page_find_family(page, base) != NONE) {
		return "unknown";
	}
	*name = base;
	return "counter";
}

/* The lines of a piece whose name is the family's with exactly this suffix. */
static void
write_lines(const struct piece *piece, struct view name, const char *suffix,
    struct buf *out)
{
	struct view rest = piece->text, end = view_str(suffix);

	while (rest.p != NULL) {
		struct view line = view_cut(&rest, '\n');
		struct view behind = view_drop(line, name.n);
		struct piece one = *piece;

		if (!view_starts(behind, end)
		    || (behind.n > end.n && behind.p[end.n] != '{'
			&& behind.p[end.n] != ' ')) {
			continue;
		}
		one.text = line;
		write_text(&one, out);
	}
}

/* A summary that OpenMetrics does not know: as three unknown families. */
static void
write_odd(const struct page *page, const struct family *family, struct buf *out)
{
	static const char *const suffixes[] = { "", "_sum", "_count" };

	for (size_t k = 0; k < ARRAY_LEN(suffixes); k++) {
		write_heads(family, family->name, suffixes[k], "unknown",
		    PAGE_OPENMETRICS, out);
		for (uint32_t i = family->first; i != NONE;
		     i = piece_at(page, i)->next) {
			write_lines(piece_at(page, i), family->name,
			    suffixes[k], out);
		}
	}
}

void
page_write(const struct page *page, enum page_format format, struct buf *out)
{
	for (uint32_t i = 0; i < page->families.count; i++) {
		const struct family *family = family_at(page, i);
		struct view name = family->name;
		const char *type = metrics_type_name(family->type);

		if (family->first == NONE) {
			continue;
		}
		if (format == PAGE_OPENMETRICS && family->odd) {
			write_odd(page, family, out);
			continue;
		}
		if (format == PAGE_OPENMETRICS) {
			type = openmetrics_type(page, family, &name);
		}
		write_heads(family, name, "", type, format, out);
		write_samples(page, family, out);
	}
	if (format == PAGE_OPENMETRICS) {
		buf_add_str(out, "# EOF\n");
	}
}

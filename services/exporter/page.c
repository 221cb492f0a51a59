/*
 * A family is found by its name in an open-addressing table of indexes; its
 * samples are a list of pieces of the given text.  Lines that follow each
 * other in the text become one piece, so a page of a thousand lines of one
 * family is written by one copy.
 */
#include "exporter/page.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "exporter/sample.h"
#include "metrics/metrics.h"

#define NONE UINT32_MAX

enum type { COUNTER, GAUGE, HISTOGRAM, SUMMARY, UNTYPED };

static const char *const type_names[] = { "counter", "gauge", "histogram",
	"summary", "untyped" };

struct piece {
	struct view text; /* whole lines, without the last newline */
	struct view target; /* p != NULL: one line to be labelled */
	uint32_t name; /* length of the sample's name, when labelled */
	uint32_t next;
};

struct family {
	struct view name;
	struct view help; /* escaped, as it came; p == NULL: none */
	enum type type;
	bool odd; /* a summary whose quantiles are percentages */
	uint32_t first; /* piece */
	uint32_t last;
};

/* A growing array of things of one size. */
struct array {
	void *items;
	size_t count;
	size_t cap;
};

/* Numbers that are there, or 0 for a free place; 0 itself is stored as 1. */
struct set {
	uint64_t *places;
	size_t count;
	size_t cap; /* a power of two */
};

struct page {
	struct array families;
	struct array pieces;
	uint32_t *index; /* family number + 1, by hash of the name */
	size_t index_cap; /* a power of two */
	struct set series;
	size_t samples;
};

/* Where a piece of text is being read. */
struct reader {
	struct page *page;
	const struct page_source *source;
	uint32_t family; /* the one begun last, or NONE */
	struct view help_name; /* a HELP line that waits for its family */
	struct view help;
	size_t dropped;
};

/* Room for one more item; NULL when out of memory. */
static void *
array_add(struct array *a, size_t size)
{
	if (a->count == a->cap) {
		size_t cap = a->cap == 0 ? 64 : a->cap * 2;
		void *items = realloc(a->items, cap * size);

		if (items == NULL) {
			return NULL;
		}
		a->items = items;
		a->cap = cap;
	}
	return (char *)a->items + size * a->count++;
}

static struct family *
family_at(const struct page *page, uint32_t number)
{
	return (struct family *)page->families.items + number;
}

static struct piece *
piece_at(const struct page *page, uint32_t number)
{
	return (struct piece *)page->pieces.items + number;
}

static void
set_place(uint64_t *places, size_t cap, uint64_t number)
{
	size_t at = number & (cap - 1);

	while (places[at] != 0) {
		at = (at + 1) & (cap - 1);
	}
	places[at] = number;
}

static int
set_grow(struct set *set)
{
	size_t cap = set->cap == 0 ? 1024 : set->cap * 2;
	uint64_t *places = calloc(cap, sizeof(*places));

	if (places == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < set->cap; i++) {
		if (set->places[i] != 0) {
			set_place(places, cap, set->places[i]);
		}
	}
	free(set->places);
	set->places = places;
	set->cap = cap;
	return 0;
}

/* 0 when the number is new, -EEXIST when it was there, -ENOMEM. */
static int
set_add(struct set *set, uint64_t number)
{
	size_t at;

	if (number == 0) {
		number = 1;
	}
	if (set->count * 2 >= set->cap && set_grow(set) < 0) {
		return -ENOMEM;
	}
	at = number & (set->cap - 1);
	while (set->places[at] != 0) {
		if (set->places[at] == number) {
			return -EEXIST;
		}
		at = (at + 1) & (set->cap - 1);
	}
	set->places[at] = number;
	set->count++;
	return 0;
}

struct page *
page_new(void)
{
	return calloc(1, sizeof(struct page));
}

void
page_free(struct page *page)
{
	if (page != NULL) {
		free(page->families.items);
		free(page->pieces.items);
		free(page->index);
		free(page->series.places);
		free(page);
	}
}

/* The family of this name, or NONE. */
static uint32_t
find_family(const struct page *page, struct view name)
{
	size_t at;

	if (page->index_cap == 0) {
		return NONE;
	}
	at = sample_hash(name) & (page->index_cap - 1);
	while (page->index[at] != 0) {
		uint32_t number = page->index[at] - 1;

		if (view_eq(family_at(page, number)->name, name)) {
			return number;
		}
		at = (at + 1) & (page->index_cap - 1);
	}
	return NONE;
}

static void
index_place(struct page *page, uint32_t number)
{
	size_t at = sample_hash(family_at(page, number)->name)
	    & (page->index_cap - 1);

	while (page->index[at] != 0) {
		at = (at + 1) & (page->index_cap - 1);
	}
	page->index[at] = number + 1;
}

/* Room in the index for one more family. */
static int
index_grow(struct page *page)
{
	size_t cap = page->index_cap == 0 ? 256 : page->index_cap * 2;
	uint32_t *index;

	if ((page->families.count + 1) * 2 <= page->index_cap) {
		return 0;
	}
	index = calloc(cap, sizeof(*index));
	if (index == NULL) {
		return -ENOMEM;
	}
	free(page->index);
	page->index = index;
	page->index_cap = cap;
	for (uint32_t i = 0; i < page->families.count; i++) {
		index_place(page, i);
	}
	return 0;
}

/* A new family, or NONE when there is no room. */
static uint32_t
add_family(struct page *page, struct view name, enum type type)
{
	struct family *family;
	uint32_t number = (uint32_t)page->families.count;

	if (page->families.count == PAGE_FAMILIES_MAX || index_grow(page) < 0) {
		return NONE;
	}
	family = array_add(&page->families, sizeof(*family));
	if (family == NULL) {
		return NONE;
	}
	*family = (struct family){ .name = name,
		.type = type,
		.first = NONE,
		.last = NONE };
	index_place(page, number);
	return number;
}

static bool
type_of(struct view word, enum type *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
		if (view_eq(word, view_str(type_names[i]))) {
			*ret = (enum type)i;
			return true;
		}
	}
	return false;
}

static bool
starts_with_one(struct view name, const char *const *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (view_starts(name, view_str(prefixes[i]))) {
			return true;
		}
	}
	return false;
}

/*
 * What redis_exporter says about groups of keys is counted by cachemon, which
 * walks the keys anyway, under the same names.
 */
static bool
is_lent(struct view name)
{
	static const char *const prefixes[] = { "redis_key_group_",
		"redis_last_key_groups_", "redis_number_of_distinct_key_" };

	return starts_with_one(name, prefixes, ARRAY_LEN(prefixes));
}

/* Does the name begin with the daemon's own prefix? */
static bool
is_theirs(const struct page_source *source, struct view name)
{
	return source->prefix.n > 0 && view_starts(name, source->prefix);
}

/* Is it a name that only our own collectors give? */
static bool
is_reserved(const struct page_source *source, struct view name)
{
	static const char *const prefixes[] = { "exporter_", "mysql_", "nginx_",
		"phpfpm_", "probe_", "redis_", "tls_", "wordpress_" };

	return source->foreign && !is_theirs(source, name) && !is_lent(name)
	    && starts_with_one(name, prefixes, ARRAY_LEN(prefixes));
}

/* "# TYPE name type": begins a family, or goes on with one of that type. */
static void
read_type(struct reader *reader, struct view rest)
{
	struct view name = view_cut(&rest, ' ');
	enum type type;
	uint32_t number;

	reader->family = NONE;
	if (!sample_name_valid(name) || is_reserved(reader->source, name)
	    || !type_of(view_trim(rest), &type)) {
		reader->dropped++;
		return;
	}
	number = find_family(reader->page, name);
	if (number == NONE) {
		number = add_family(reader->page, name, type);
	} else if (family_at(reader->page, number)->type != type) {
		number = NONE;
	}
	if (number == NONE) {
		reader->dropped++;
		return;
	}
	reader->family = number;
	if (family_at(reader->page, number)->help.p == NULL
	    && view_eq(reader->help_name, name)) {
		family_at(reader->page, number)->help = reader->help;
	}
}

/* Valid UTF-8 with no escapes but \\ and \n. */
static bool
help_valid(struct view v)
{
	while (v.n > 0) {
		size_t n = utf8_length(v);

		if (v.p[0] == '\\') {
			n = v.n > 1 && (v.p[1] == '\\' || v.p[1] == 'n') ? 2
									 : 0;
		}
		if (n == 0 || v.p[0] == '\0' || v.p[0] == '\r') {
			return false;
		}
		v = view_drop(v, n);
	}
	return true;
}

static void
read_comment(struct reader *reader, struct view line)
{
	if (view_starts(line, VIEW("# TYPE "))) {
		read_type(reader, view_drop(line, 7));
	} else if (view_starts(line, VIEW("# HELP "))) {
		struct view rest = view_drop(line, 7);
		struct view name = view_cut(&rest, ' ');

		if (help_valid(rest)) {
			reader->help_name = name;
			reader->help = rest.p == NULL ? VIEW("") : rest;
		} else {
			reader->dropped++;
		}
	}
}

/* Does a sample of this name belong to the family? */
static bool
belongs(const struct family *family, struct view name)
{
	static const char *const suffixes[] = { "", "_sum", "_count",
		"_bucket" };
	size_t n = family->type == HISTOGRAM ? 4
	    : family->type == SUMMARY        ? 3
					     : 1;

	if (!view_starts(name, family->name)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (view_eq(view_drop(name, family->name.n),
			view_str(suffixes[i]))) {
			return true;
		}
	}
	return false;
}

/* The family of a sample, made as untyped when no TYPE line came before. */
static uint32_t
family_of(struct reader *reader, struct view name)
{
	uint32_t number = reader->family;

	if (number != NONE && belongs(family_at(reader->page, number), name)) {
		return number;
	}
	number = find_family(reader->page, name);
	if (number == NONE) {
		return add_family(reader->page, name, UNTYPED);
	}
	/* Only a foreign sample without a TYPE line comes here. */
	return family_at(reader->page, number)->type == UNTYPED ? number : NONE;
}

static bool
wants_target(const struct page_source *source, const struct sample *sample)
{
	return source->target.p != NULL && !is_theirs(source, sample->name)
	    && !is_lent(sample->name)
	    && sample_label(sample, VIEW("target")).p == NULL;
}

/* Adds a line to a family: longer last piece, or a new one. */
static int
add_line(struct page *page, struct family *family, struct view text,
    struct view target, size_t name)
{
	struct piece *piece;

	if (family->last != NONE && target.p == NULL) {
		piece = piece_at(page, family->last);
		if (piece->target.p == NULL
		    && piece->text.p + piece->text.n + 1 == text.p) {
			piece->text.n += 1 + text.n;
			return 0;
		}
	}
	piece = array_add(&page->pieces, sizeof(*piece));
	if (piece == NULL) {
		return -ENOMEM;
	}
	*piece = (struct piece){ .text = text,
		.target = target,
		.name = (uint32_t)name,
		.next = NONE };
	if (family->last == NONE) {
		family->first = (uint32_t)page->pieces.count - 1;
	} else {
		piece_at(page, family->last)->next =
		    (uint32_t)page->pieces.count - 1;
	}
	family->last = (uint32_t)page->pieces.count - 1;
	return 0;
}

/* OpenMetrics wants quantiles from 0 to 1; redis_exporter's are 50 and 99.9. */
static bool
is_odd(const struct family *family, const struct sample *sample)
{
	struct view quantile;
	double number;

	if (family->type != SUMMARY) {
		return false;
	}
	quantile = sample_label(sample, VIEW("quantile"));
	return quantile.p != NULL
	    && (view_double(quantile, &number) < 0 || number < 0 || number > 1);
}

static int
read_sample(struct reader *reader, struct view line)
{
	struct page *page = reader->page;
	const struct page_source *source = reader->source;
	struct view target = { NULL, 0 };
	struct family *family;
	struct sample sample;
	uint64_t series;
	uint32_t number;
	int r = sample_parse(line, &sample);

	if (r < 0) {
		return r;
	}
	if (page->samples == PAGE_SAMPLES_MAX
	    || is_reserved(source, sample.name)) {
		return -EPERM;
	}
	number = family_of(reader, sample.name);
	if (number == NONE) {
		return -ENOSPC;
	}
	series = sample_series(&sample);
	if (wants_target(source, &sample)) {
		target = source->target;
		series ^= sample_hash(target);
	}
	r = set_add(&page->series, series);
	if (r < 0) {
		return r;
	}
	/* The timestamp, if there is one, stays behind. */
	line.n = (size_t)(sample.value.p + sample.value.n - line.p);
	page->samples++;
	family = family_at(page, number);
	family->odd = family->odd || is_odd(family, &sample);
	return add_line(page, family, line, target, sample.name.n);
}

size_t
page_add(struct page *page, struct view text, const struct page_source *source)
{
	struct reader reader = { .page = page,
		.source = source,
		.family = NONE };

	while (text.n > 0) {
		struct view line = view_cut(&text, '\n');

		if (line.n > 0 && line.p[line.n - 1] == '\r') {
			line.n--;
		}
		if (line.n == 0) {
			continue;
		}
		if (line.p[0] == '#') {
			read_comment(&reader, line);
		} else if (read_sample(&reader, line) < 0) {
			reader.dropped++;
		}
	}
	return reader.dropped;
}

size_t
page_families(const struct page *page)
{
	return page->families.count;
}

size_t
page_samples(const struct page *page)
{
	return page->samples;
}

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

static void
write_samples(const struct page *page, const struct family *family,
    struct buf *out)
{
	for (uint32_t i = family->first; i != NONE;
	     i = piece_at(page, i)->next) {
		const struct piece *piece = piece_at(page, i);

		if (piece->target.p != NULL) {
			write_labelled(piece, out);
		} else {
			buf_add_view(out, piece->text);
		}
		buf_add_char(out, '\n');
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

	if (family->type == UNTYPED) {
		return "unknown";
	}
	if (family->type != COUNTER) {
		return type_names[family->type];
	}
	if (!view_ends(base, VIEW("_total"))) {
		return "unknown";
	}
	base.n -= 6;
	if (base.n == 0 || find_family(page, base) != NONE) {
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
		if (piece->target.p != NULL) {
			write_labelled(&one, out);
		} else {
			buf_add_view(out, line);
		}
		buf_add_char(out, '\n');
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
		const char *type = type_names[family->type];

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

/* The weight of one element of an Accept header. */
static double
weight(struct view parameters)
{
	double q = 1;

	while (parameters.p != NULL) {
		struct view parameter = view_trim(view_cut(&parameters, ';'));
		struct view key = view_trim(view_cut(&parameter, '='));

		if (view_eq_nocase(key, VIEW("q"))
		    && view_double(view_trim(parameter), &q) < 0) {
			q = 0;
		}
	}
	return q;
}

enum page_format
page_negotiate(struct view accept)
{
	double open = 0, text = 0;

	while (accept.p != NULL) {
		struct view element = view_cut(&accept, ',');
		struct view type = view_trim(view_cut(&element, ';'));
		double q = weight(element);

		if (view_eq_nocase(type,
			VIEW("application/openmetrics-text"))) {
			open = q > open ? q : open;
		} else if (view_eq_nocase(type, VIEW("text/plain"))) {
			text = q > text ? q : text;
		}
	}
	return open > 0 && open >= text ? PAGE_OPENMETRICS : PAGE_TEXT;
}

const char *
page_content_type(enum page_format format)
{
	return format == PAGE_TEXT ? METRICS_CONTENT_TYPE
				   : "application/openmetrics-text; "
				     "version=1.0.0; charset=utf-8";
}

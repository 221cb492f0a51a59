/*
 * Reading pieces of text into a page.
 */
#include "exporter/page.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/hash.h"
#include "exporter/page_owner.h"
#include "exporter/page_parts.h"
#include "exporter/sample.h"
#include "metrics/metrics.h"

/*
 * Names come from strangers, and the hash is no secret: whoever makes up a
 * thousand names for one place loses what is beyond this many steps from it.
 */
#define PROBES_MAX 256

/* Where a piece of text is being read. */
struct reader {
	struct page *page;
	const struct page_source *source;
	uint32_t family; /* the one begun last, or NONE */
	bool ours; /* and nobody else may give samples of it */
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

/* 0 when the number is new, -EEXIST when it was there, -ENOMEM, -ENOSPC. */
static int
set_add(struct set *set, uint64_t number)
{
	size_t at, probes = 0;

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
		if (++probes == PROBES_MAX) {
			return -ENOSPC;
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

uint32_t
page_find_family(const struct page *page, struct view name)
{
	size_t at;

	if (page->index_cap == 0) {
		return NONE;
	}
	at = quick_hash(name) & (page->index_cap - 1);
	for (int i = 0; i < PROBES_MAX && page->index[at] != 0; i++) {
		uint32_t number = page->index[at] - 1;

		if (view_eq(family_at(page, number)->name, name)) {
			return number;
		}
		at = (at + 1) & (page->index_cap - 1);
	}
	return NONE;
}

/* False when there is no place for a family of this name. */
static bool
index_place(struct page *page, struct view name, uint32_t number)
{
	size_t at = quick_hash(name) & (page->index_cap - 1);

	for (int i = 0; i < PROBES_MAX; i++) {
		if (page->index[at] == 0) {
			page->index[at] = number + 1;
			return true;
		}
		at = (at + 1) & (page->index_cap - 1);
	}
	return false;
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
		(void)index_place(page, family_at(page, i)->name, i);
	}
	return 0;
}

/* The family of this name and type, made if need be; NONE: not to be had. */
static uint32_t
get_family(struct page *page, struct view name, enum metrics_type type)
{
	struct family *family;
	uint32_t number;

	/* First, so that what is not found cannot be there. */
	if (index_grow(page) < 0) {
		return NONE;
	}
	number = page_find_family(page, name);
	if (number != NONE) {
		return family_at(page, number)->type == type ? number : NONE;
	}
	number = (uint32_t)page->families.count;
	if (number == PAGE_FAMILIES_MAX) {
		return NONE;
	}
	family = array_add(&page->families, sizeof(*family));
	if (family == NULL) {
		return NONE;
	}
	if (!index_place(page, name, number)) {
		page->families.count--;
		return NONE;
	}
	*family = (struct family){ .name = name,
		.type = type,
		.first = NONE,
		.last = NONE };
	return number;
}

static bool
type_of(struct view word, enum metrics_type *ret)
{
	for (int i = 0; i <= METRICS_HISTOGRAM; i++) {
		enum metrics_type type = (enum metrics_type)i;

		if (view_eq(word, view_str(metrics_type_name(type)))) {
			*ret = type;
			return true;
		}
	}
	return false;
}

/* "# TYPE name type": begins a family, or goes on with one of that type. */
static void
read_type(struct reader *reader, struct view rest)
{
	struct view name = view_cut(&rest, ' ');
	enum metrics_type type;
	uint32_t number;

	reader->family = NONE;
	if (!metrics_name_valid(name) || owner_reserved(reader->source, name)
	    || !type_of(view_trim(rest), &type)) {
		reader->dropped++;
		return;
	}
	number = get_family(reader->page, name, type);
	if (number == NONE) {
		reader->dropped++;
		return;
	}
	reader->family = number;
	/* Summaries and histograms have samples of several names. */
	reader->ours = reader->source->trusted && owner_only_one(name)
	    && type <= METRICS_UNTYPED;
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

		if (reader->source->trusted || help_valid(rest)) {
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
	size_t n = family->type == METRICS_HISTOGRAM ? 4
	    : family->type == METRICS_SUMMARY        ? 3
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
	/* Only a foreign sample without a TYPE line comes here. */
	return get_family(reader->page, name, METRICS_UNTYPED);
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

	if (family->type != METRICS_SUMMARY) {
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
	uint32_t number;
	int r = sample_parse(line, &sample);

	if (r < 0) {
		return r;
	}
	if (page->samples == PAGE_SAMPLES_MAX
	    || owner_reserved(source, sample.name)) {
		return -EPERM;
	}
	if (owner_to_be_told(source, sample.name)) {
		/* Nobody says that it is somebody else, or itself twice. */
		if (sample_label(&sample, VIEW("target")).p != NULL) {
			return -EPERM;
		}
		target = source->target;
	}
	number = family_of(reader, sample.name);
	if (number == NONE) {
		return -ENOSPC;
	}
	r = set_add(&page->series,
	    sample_series(&sample) ^ (target.p != NULL ? hash_of(target) : 0));
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

/*
 * A sample that our own collectors wrote, of a family that only they have, so
 * that its labels stand in the same order whenever it comes.  1 when it has to
 * be looked at closely after all.
 */
static int
read_trusted(struct reader *reader, struct view line)
{
	struct page *page = reader->page;
	struct family *family;
	struct view series = line;
	const char *end;
	int r;

	if (!reader->ours || reader->family == NONE
	    || line.n > SAMPLE_LINE_MAX) {
		return 1;
	}
	family = family_at(page, reader->family);
	end = memrchr(line.p, ' ', line.n);
	if (end == NULL || !view_starts(line, family->name)
	    || (line.p[family->name.n] != ' '
		&& line.p[family->name.n] != '{')) {
		return 1;
	}
	if (page->samples == PAGE_SAMPLES_MAX) {
		return -EPERM;
	}
	series.n = (size_t)(end - line.p);
	r = set_add(&page->series, quick_hash(series));
	if (r < 0) {
		return r;
	}
	page->samples++;
	return add_line(page, family, line, (struct view){ NULL, 0 },
	    family->name.n);
}

static int
read_line(struct reader *reader, struct view line)
{
	int r = reader->source->trusted ? read_trusted(reader, line) : 1;

	return r > 0 ? read_sample(reader, line) : r;
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
		} else if (read_line(&reader, line) < 0) {
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

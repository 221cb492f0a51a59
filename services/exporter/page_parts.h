/*
 * What a page is made of; only page.c, which fills it, and page_write.c look
 * inside.
 *
 * A family is found by its name in an open-addressing table of indexes; its
 * samples are a list of pieces of the given text.  Lines that follow each
 * other in the text become one piece, so a page of a thousand lines of one
 * family is written by one copy.
 */
#ifndef EXPORTER_PAGE_PARTS_H
#define EXPORTER_PAGE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/view.h"
#include "exporter/page.h"
#include "metrics/metrics.h"

/* No family, no piece. */
#define NONE UINT32_MAX

struct piece {
	struct view text; /* whole lines, without the last newline */
	struct view target; /* p != NULL: one line to be labelled */
	uint32_t name; /* length of the sample's name, when labelled */
	uint32_t next;
};

struct family {
	struct view name;
	struct view help; /* escaped, as it came; p == NULL: none */
	enum metrics_type type;
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

static inline struct family *
family_at(const struct page *page, uint32_t number)
{
	return (struct family *)page->families.items + number;
}

static inline struct piece *
piece_at(const struct page *page, uint32_t number)
{
	return (struct piece *)page->pieces.items + number;
}

/* Eight bytes at a time; for tables in memory only. */
static inline uint64_t
quick_hash(struct view v)
{
	uint64_t h = v.n * UINT64_C(0x9e3779b97f4a7c15), word;

	for (; v.n >= sizeof(word); v.n -= sizeof(word), v.p += sizeof(word)) {
		memcpy(&word, v.p, sizeof(word));
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, v.p, v.n);
	h = (h ^ word) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 29);
}

/* The family of this name, or NONE. */
uint32_t page_find_family(const struct page *page, struct view name);

#endif

/*
 * The page of one run: who is down, what the collectors gave, and what the
 * exporter says about itself.
 */
#ifndef EXPORTER_RUN_PAGE_H
#define EXPORTER_RUN_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/shared.h"
#include "exporter/collector.h"
#include "exporter/page.h"

/* A collector as it stands when the page is made. */
struct run_shot {
	const struct collector *collector;
	bool up; /* came back in time, with an answer */
	double seconds; /* that it took, or has taken so far */
	/* Then: what it gave; borrowed. */
	struct view out;
	struct view foreign;
	/* Counted here. */
	size_t dropped; /* lines left out */
};

struct run_page {
	/* Private. */
	struct page *page; /* NULL: out of memory */
	struct buf downs;
	struct buf summary;
};

/*
 * Makes the page of `n` collectors; it borrows what the shots borrow.  `runs`
 * is the number of runs since the start, `seconds` what this one took.
 */
void run_page_init(struct run_page *run, struct run_shot *shots, size_t n,
    uint64_t runs, double seconds);
void run_page_done(struct run_page *run);

/* The page in a format, held for the caller; NULL when out of memory. */
struct shared *run_page_body(const struct run_page *run,
    enum page_format format);

#endif

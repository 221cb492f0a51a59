/*
 * One exposition out of many pieces of text: our collectors' and other
 * daemons'.  Each family stands once, with all its samples together, and no
 * series twice, whatever the pieces hold; lines that are not valid are left
 * out and counted.
 *
 * Foreign pieces: a family whose name does not begin with the daemon's own
 * prefix (process_..., node_filesystem_...) may come from several daemons, so
 * its samples get a label `target`, and are refused if they come with one.
 * That depends on the name only and not on who else answers, so a series keeps
 * its identity when others come and go.  The families of our own collectors
 * (mysql_..., redis_...) and of the other daemons are refused, but for those
 * about key groups, which cachemon counts.
 */
#ifndef EXPORTER_PAGE_H
#define EXPORTER_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/view.h"
#include "exporter/page_format.h"

/* Bounds of one page; what is beyond is left out and counted. */
#define PAGE_FAMILIES_MAX 16384
#define PAGE_SAMPLES_MAX 131072

struct page_source {
	bool foreign;
	/*
	 * Written by lib/metrics just now: lines are valid and have no time
	 * stamp, so they are only looked at as far as it takes to put them in
	 * their place.
	 */
	bool trusted;
	struct view prefix; /* "ftpd_" */
	struct view target; /* "ftpd:8021"; p == NULL: no label is added */
};

struct page;

/* NULL when out of memory. */
struct page *page_new(void);
/* NULL is fine. */
void page_free(struct page *page);

/*
 * Adds a piece, which has to live as long as the page.  Returns the number of
 * lines that were left out.
 */
size_t page_add(struct page *page, struct view text,
    const struct page_source *source);

/* The number of families and of samples on the page. */
size_t page_families(const struct page *page);
size_t page_samples(const struct page *page);

/* Writes the whole page. */
void page_write(const struct page *page, enum page_format format,
    struct buf *out);

#endif

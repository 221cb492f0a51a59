/*
 * What InnoDB counts in information_schema, under the names of mysqld_exporter.
 */
#include "exporter/mariadb_innodb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/gather.h"
#include "exporter/mysql_names.h"

#define INFO "mysql_info_schema_"

/* --- compression --------------------------------------------------------- */

/* A family whose value is one column of a row, and the labels another. */
struct column {
	const char *family;
	enum metrics_type type;
	const char *help;
	double scale;
};

/* Rows of few columns, kept: each column is a family over all rows. */
struct grid {
	size_t rows;
	size_t labels; /* the first columns */
	const char *const *label_names;
	const struct column *columns;
	size_t column_count;
	struct {
		char labels[2][64];
		double values[8];
	} cells[64];
};

static int
grid_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct grid *g = ctx;

	(void)names;
	if (n < g->labels + g->column_count || g->rows == ARRAY_LEN(g->cells)) {
		return 0;
	}
	for (size_t i = 0; i < g->labels; i++) {
		if (view_to_cstr(cells[i], g->cells[g->rows].labels[i],
			sizeof(g->cells[g->rows].labels[i]))
		    < 0) {
			return 0;
		}
	}
	for (size_t i = 0; i < g->column_count; i++) {
		if (view_double(cells[g->labels + i],
			&g->cells[g->rows].values[i])
		    < 0) {
			return 0;
		}
	}
	g->rows++;
	return 0;
}

static void
grid_write(const struct grid *g, struct metrics *m)
{
	for (size_t i = 0; i < g->column_count && g->rows > 0; i++) {
		const struct column *c = &g->columns[i];

		metrics_family(m, c->family, c->type, c->help);
		for (size_t row = 0; row < g->rows; row++) {
			for (size_t k = 0; k < g->labels; k++) {
				metrics_label(m, g->label_names[k],
				    view_str(g->cells[row].labels[k]));
			}
			metrics_double(m, g->cells[row].values[i] * c->scale);
		}
	}
}

static int
read_grid(struct sql *sql, struct metrics *m, const char *const *label_names,
    size_t labels, const struct column *columns, size_t n)
{
	struct grid *g = calloc(1, sizeof(*g));
	int r;

	if (g == NULL) {
		return -ENOMEM;
	}
	g->label_names = label_names;
	g->labels = labels;
	g->columns = columns;
	g->column_count = n;
	r = sql_next(sql, grid_row, g);
	if (r == 0) {
		grid_write(g, m);
	}
	free(g);
	return r;
}

int
mariadb_innodb_cmp(struct sql *sql, struct metrics *m)
{
	static const char *const labels[] = { "page_size" };
	static const struct column columns[] = {
		{ INFO "innodb_cmp_compress_ops_total", METRICS_COUNTER,
		    "Number of times a B-tree page of the size PAGE_SIZE has "
		    "been compressed.",
		    1 },
		{ INFO "innodb_cmp_compress_ops_ok_total", METRICS_COUNTER,
		    "Number of times a B-tree page of the size PAGE_SIZE has "
		    "been successfully compressed.",
		    1 },
		{ INFO "innodb_cmp_compress_time_seconds_total",
		    METRICS_COUNTER,
		    "Total time in seconds spent in attempts to compress "
		    "B-tree pages.",
		    1 },
		{ INFO "innodb_cmp_uncompress_ops_total", METRICS_COUNTER,
		    "Number of times a B-tree page of the size PAGE_SIZE has "
		    "been uncompressed.",
		    1 },
		{ INFO "innodb_cmp_uncompress_time_seconds_total",
		    METRICS_COUNTER,
		    "Total time in seconds spent in uncompressing B-tree "
		    "pages.",
		    1 },
	};

	return read_grid(sql, m, labels, ARRAY_LEN(labels), columns,
	    ARRAY_LEN(columns));
}

int
mariadb_innodb_cmpmem(struct sql *sql, struct metrics *m)
{
	static const char *const labels[] = { "page_size", "buffer_pool" };
	static const struct column columns[] = {
		{ INFO "innodb_cmpmem_pages_used_total", METRICS_COUNTER,
		    "Number of blocks of the size PAGE_SIZE that are currently "
		    "in use.",
		    1 },
		{ INFO "innodb_cmpmem_pages_free_total", METRICS_COUNTER,
		    "Number of blocks of the size PAGE_SIZE that are currently "
		    "available for allocation.",
		    1 },
		{ INFO "innodb_cmpmem_relocation_ops_total", METRICS_COUNTER,
		    "Number of times a block of the size PAGE_SIZE has been "
		    "relocated.",
		    1 },
		{ INFO "innodb_cmpmem_relocation_time_seconds_total",
		    METRICS_COUNTER,
		    "Total time in seconds spent in relocating blocks.", 1e-3 },
	};

	return read_grid(sql, m, labels, ARRAY_LEN(labels), columns,
	    ARRAY_LEN(columns));
}

/* --- innodb_metrics ------------------------------------------------------ */

#define METRICS INFO "innodb_metrics_"

/* The families that have a label. */
enum labelled { PAGES_READ, PAGES_WRITTEN, POOL_PAGES, LABELLED };

static const struct {
	const char *subsystem;
	const char *prefix; /* of the row's name; the label is what follows */
	const char *label;
	const char *family;
	enum metrics_type type;
	const char *help;
} labelled[LABELLED] = {
	[PAGES_READ] = { "buffer_page_io", "buffer_page_read_", "type",
	    METRICS "buffer_page_read_total", METRICS_COUNTER,
	    "Total number of buffer pages read total." },
	[PAGES_WRITTEN] = { "buffer_page_io", "buffer_page_written_", "type",
	    METRICS "buffer_page_written_total", METRICS_COUNTER,
	    "Total number of buffer pages written total." },
	[POOL_PAGES] = { "buffer", "buffer_pool_pages_", "state",
	    METRICS "buffer_pool_pages", METRICS_GAUGE,
	    "Total number of buffer pool pages by state." },
};

/* Columns of the answer. */
enum { NAME, SUBSYSTEM, TYPE, COMMENT, COUNT, METRICS_COLUMNS };

struct counters {
	struct metrics *m;
	struct gather labelled;
};

/* A family of its own: a counter is named so, unless it has run backwards. */
static void
write_counter(struct metrics *m, const struct view *cells, double count)
{
	char family[METRICS_NAME_MAX + 1], help[256];
	bool counter = count >= 0
	    && (view_eq(cells[TYPE], VIEW("counter"))
		|| view_eq(cells[TYPE], VIEW("status_counter")));
	int n = snprintf(family, sizeof(family), METRICS "%.*s_%.*s%s",
	    (int)cells[SUBSYSTEM].n, cells[SUBSYSTEM].p, (int)cells[NAME].n,
	    cells[NAME].p, counter ? "_total" : "");

	if (n < 0 || (size_t)n >= sizeof(family)
	    || view_to_cstr(cells[COMMENT], help, sizeof(help)) < 0) {
		return;
	}
	metrics_family(m, family, counter ? METRICS_COUNTER : METRICS_GAUGE,
	    help);
	metrics_text(m, cells[COUNT]);
}

/* Is the row one of a family that has a label? */
static bool
write_labelled(struct gather *g, const struct view *cells)
{
	for (size_t i = 0; i < LABELLED; i++) {
		struct view prefix = view_str(labelled[i].prefix);

		if (view_eq(cells[SUBSYSTEM], view_str(labelled[i].subsystem))
		    && view_starts(cells[NAME], prefix)) {
			metrics_label(gather_at(g, i), labelled[i].label,
			    view_drop(cells[NAME], prefix.n));
			metrics_text(gather_at(g, i), cells[COUNT]);
			return true;
		}
	}
	return false;
}

static int
metrics_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct counters *k = ctx;
	double count;

	(void)names;
	if (n < METRICS_COLUMNS || cells[NAME].n == 0 || cells[SUBSYSTEM].n == 0
	    || view_double(cells[COUNT], &count) < 0
	    || view_eq(cells[NAME], VIEW("buffer_pool_pages_total"))) {
		/* That one is the sum of others. */
		return 0;
	}
	if (view_eq(cells[NAME], VIEW("buffer_pool_pages_dirty"))) {
		/* They are data pages, too, so they are no state. */
		metrics_one(k->m, METRICS "buffer_pool_dirty_pages",
		    METRICS_GAUGE,
		    "Total number of dirty pages in the buffer pool.", count);
	} else if (!write_labelled(&k->labelled, cells)) {
		write_counter(k->m, cells, count);
	}
	return 0;
}

int
mariadb_innodb_metrics(struct sql *sql, struct metrics *m)
{
	struct counters k = { .m = m };

	gather_init(&k.labelled);
	for (size_t i = 0; i < LABELLED; i++) {
		gather_add(&k.labelled, labelled[i].family, labelled[i].type,
		    labelled[i].help);
	}
	return gather_done(&k.labelled, sql_next(sql, metrics_row, &k), m);
}

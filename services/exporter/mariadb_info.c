/*
 * What MariaDB's information_schema tells, under the names of mysqld_exporter.
 */
#include "exporter/mariadb_info.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/mysql_names.h"

#define INFO "mysql_info_schema_"

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

/* States are made into names here, so two rows may become one series. */
struct threads {
	size_t n;
	struct {
		char command[MYSQL_NAME_MAX + 1];
		char state[MYSQL_NAME_MAX + 1];
		double count;
		double seconds;
	} items[128];
};

static int
threads_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct threads *t = ctx;
	char command[MYSQL_NAME_MAX + 1], state[MYSQL_NAME_MAX + 1];
	double count, seconds;
	size_t i = 0;

	(void)names;
	if (n < 4 || view_double(cells[2], &count) < 0) {
		return 0;
	}
	if (view_double(cells[3], &seconds) < 0) {
		seconds = 0;
	}
	mysql_thread_state(cells[0], command);
	mysql_thread_state(cells[1], state);
	while (i < t->n
	    && (strcmp(t->items[i].command, command) != 0
		|| strcmp(t->items[i].state, state) != 0)) {
		i++;
	}
	if (i == ARRAY_LEN(t->items)) {
		return 0;
	}
	if (i == t->n) {
		t->n++;
		memcpy(t->items[i].command, command, sizeof(command));
		memcpy(t->items[i].state, state, sizeof(state));
	}
	t->items[i].count += count;
	t->items[i].seconds += seconds;
	return 0;
}

static void
write_threads(const struct threads *t, struct metrics *m, const char *family,
    const char *help, bool seconds)
{
	metrics_family(m, family, METRICS_GAUGE, help);
	for (size_t i = 0; i < t->n; i++) {
		metrics_label(m, "command", view_str(t->items[i].command));
		metrics_label(m, "state", view_str(t->items[i].state));
		metrics_double(m,
		    seconds ? t->items[i].seconds : t->items[i].count);
	}
}

int
mariadb_processlist(struct sql *sql, struct metrics *m)
{
	struct threads *t = calloc(1, sizeof(*t));
	int r;

	if (t == NULL) {
		return -ENOMEM;
	}
	r = sql_next(sql, threads_row, t);
	if (r == 0) {
		write_threads(t, m, INFO "processlist_threads",
		    "The number of threads split by current state.", false);
		write_threads(t, m, INFO "processlist_seconds",
		    "The number of seconds threads have used split by current "
		    "state.",
		    true);
	}
	free(t);
	return r;
}

/* --- query_response_time ------------------------------------------------- */

#define BUCKETS_MAX 64
#define BOUND_SIZE 32

struct times {
	bool any;
	uint64_t count;
	double sum;
	size_t buckets;
	struct {
		char le[BOUND_SIZE];
		uint64_t count;
	} items[BUCKETS_MAX];
};

/* As the peer writes it, since it is a label: 100000, but 1e+06. */
static void
write_bound(double bound, char out[BOUND_SIZE])
{
	double back = 0;

	(void)snprintf(out, BOUND_SIZE, "%.15g", bound);
	for (int digits = 0; bound >= 1e6 && back != bound && digits < 17;
	     digits++) {
		(void)snprintf(out, BOUND_SIZE, "%.*e", digits, bound);
		if (view_double(view_str(out), &back) < 0) {
			return;
		}
	}
}

/*
 * Upper bound, number, sum, padded with blanks.  Behind the bounds comes one
 * row TOO LONG, which has a number only.
 */
static int
times_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct times *t = ctx;
	uint64_t count;
	double bound, sum;

	(void)names;
	if (n < 3 || view_u64(view_trim(cells[1]), &count) < 0) {
		return 0;
	}
	t->any = true;
	t->count += count;
	if (view_double(view_trim(cells[2]), &sum) == 0) {
		t->sum += sum;
	}
	if (view_double(view_trim(cells[0]), &bound) == 0 && bound > 0
	    && t->buckets < BUCKETS_MAX) {
		write_bound(bound, t->items[t->buckets].le);
		t->items[t->buckets].count = t->count;
		t->buckets++;
	}
	return 0;
}

static void
write_times(const struct times *t, struct metrics *m)
{
	metrics_family(m, INFO "query_response_time_seconds", METRICS_HISTOGRAM,
	    "The number of all queries by duration they took to execute.");
	for (size_t i = 0; i < t->buckets; i++) {
		metrics_suffix(m, "_bucket");
		metrics_label(m, "le", view_str(t->items[i].le));
		metrics_u64(m, t->items[i].count);
	}
	metrics_suffix(m, "_bucket");
	metrics_label(m, "le", VIEW("+Inf"));
	metrics_u64(m, t->count);
	metrics_suffix(m, "_sum");
	metrics_double(m, t->sum);
	metrics_suffix(m, "_count");
	metrics_u64(m, t->count);
}

int
mariadb_query_response_time(struct sql *sql, struct metrics *m)
{
	struct times times = { .any = false };
	int r = sql_next(sql, times_row, &times);

	if (r == 0 && times.any) {
		write_times(&times, m);
	}
	/* Without the plugin there is nothing to tell: that is no failure. */
	return r == -ENOENT ? 0 : r;
}

/* --- tables -------------------------------------------------------------- */

/* What the procedure tells of each table: the three families of the peer. */
enum table_family { TABLE_VERSION, TABLE_ROWS, TABLE_SIZE, TABLE_FAMILIES };

static const struct {
	const char *name;
	const char *help;
} table_families[TABLE_FAMILIES] = {
	[TABLE_VERSION] = { INFO "table_version",
	    "The version number of the table's .frm file" },
	[TABLE_ROWS] = { INFO "table_rows",
	    "The estimated number of rows in the table from "
	    "information_schema.tables" },
	[TABLE_SIZE] = { INFO "table_size",
	    "The size of the table components from "
	    "information_schema.tables" },
};

#define TABLES_TEXT_MAX (1024 * 1024)

struct tables {
	struct buf texts[TABLE_FAMILIES];
	struct metrics writers[TABLE_FAMILIES];
};

/* Columns of the answer. */
enum {
	SCHEMA,
	TABLE,
	TYPE,
	ENGINE,
	VERSION_NUMBER,
	ROW_FORMAT,
	ROWS,
	DATA_LENGTH,
	INDEX_LENGTH,
	DATA_FREE,
	CREATE_OPTIONS,
	TABLE_COLUMNS
};

static void
write_size(struct metrics *m, const struct view *cells, size_t column,
    struct view component)
{
	double number;

	if (view_double(cells[column], &number) == 0) {
		metrics_label(m, "schema", cells[SCHEMA]);
		metrics_label(m, "table", cells[TABLE]);
		metrics_label(m, "component", component);
		metrics_text(m, cells[column]);
	}
}

static int
tables_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct tables *t = ctx;
	struct metrics *m = &t->writers[TABLE_VERSION];
	double number;

	(void)names;
	if (n < TABLE_COLUMNS) {
		return 0;
	}
	if (view_double(cells[VERSION_NUMBER], &number) == 0) {
		metrics_label(m, "schema", cells[SCHEMA]);
		metrics_label(m, "table", cells[TABLE]);
		metrics_label(m, "type", cells[TYPE]);
		metrics_label(m, "engine", cells[ENGINE]);
		metrics_label(m, "row_format", cells[ROW_FORMAT]);
		metrics_label(m, "create_options", cells[CREATE_OPTIONS]);
		metrics_text(m, cells[VERSION_NUMBER]);
	}
	m = &t->writers[TABLE_ROWS];
	if (view_double(cells[ROWS], &number) == 0) {
		metrics_label(m, "schema", cells[SCHEMA]);
		metrics_label(m, "table", cells[TABLE]);
		metrics_text(m, cells[ROWS]);
	}
	m = &t->writers[TABLE_SIZE];
	write_size(m, cells, DATA_LENGTH, VIEW("data_length"));
	write_size(m, cells, INDEX_LENGTH, VIEW("index_length"));
	write_size(m, cells, DATA_FREE, VIEW("data_free"));
	return 0;
}

int
mariadb_tables(struct sql *sql, struct metrics *m)
{
	struct tables t;
	int r;

	for (size_t i = 0; i < TABLE_FAMILIES; i++) {
		buf_init(&t.texts[i], TABLES_TEXT_MAX);
		metrics_init(&t.writers[i], &t.texts[i]);
		metrics_family(&t.writers[i], table_families[i].name,
		    METRICS_GAUGE, table_families[i].help);
	}
	r = sql_next(sql, tables_row, &t);
	for (size_t i = 0; i < TABLE_FAMILIES; i++) {
		if (r == 0) {
			r = buf_error(&t.texts[i]);
			buf_add_view(m->out, buf_view(&t.texts[i]));
		}
		buf_done(&t.texts[i]);
	}
	return r;
}

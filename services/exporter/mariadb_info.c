/*
 * What MariaDB's information_schema tells, under the names of mysqld_exporter.
 */
#include "exporter/mariadb_info.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/gather.h"
#include "exporter/mysql_names.h"

#define INFO "mysql_info_schema_"

/* How many processes each user, or each host, has. */
struct owners {
	size_t n;
	struct {
		char name[MYSQL_NAME_MAX + 1];
		double count;
	} items[64];
};

/* States are made into names here, so two rows may become one series. */
struct threads {
	struct owners users;
	struct owners hosts;
	size_t n;
	struct {
		char command[MYSQL_NAME_MAX + 1];
		char state[MYSQL_NAME_MAX + 1];
		double count;
		double seconds;
	} items[128];
};

static void
add_owner(struct owners *o, struct view name, double count)
{
	size_t i = 0;

	while (i < o->n && !view_eq(name, view_str(o->items[i].name))) {
		i++;
	}
	if (i == ARRAY_LEN(o->items)) {
		return;
	}
	if (i == o->n) {
		if (view_to_cstr(name, o->items[i].name,
			sizeof(o->items[i].name))
		    < 0) {
			return;
		}
		o->n++;
	}
	o->items[i].count += count;
}

static void
write_owners(const struct owners *o, struct metrics *m, const char *family,
    const char *help, const char *label)
{
	metrics_family(m, family, METRICS_GAUGE, help);
	for (size_t i = 0; i < o->n; i++) {
		metrics_label(m, label, view_str(o->items[i].name));
		metrics_double(m, o->items[i].count);
	}
}

static int
threads_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct threads *t = ctx;
	char command[MYSQL_NAME_MAX + 1], state[MYSQL_NAME_MAX + 1];
	double count, seconds;
	size_t i = 0;

	(void)names;
	if (n < 6 || view_double(cells[2], &count) < 0) {
		return 0;
	}
	add_owner(&t->users, cells[4], count);
	add_owner(&t->hosts, cells[5], count);
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
		write_owners(&t->users, m, INFO "processlist_processes_by_user",
		    "The number of processes by user.", "mysql_user");
		write_owners(&t->hosts, m, INFO "processlist_processes_by_host",
		    "The number of processes by host.", "client_host");
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
	struct gather *g = ctx;
	struct metrics *m = gather_at(g, TABLE_VERSION);
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
	m = gather_at(g, TABLE_ROWS);
	if (view_double(cells[ROWS], &number) == 0) {
		metrics_label(m, "schema", cells[SCHEMA]);
		metrics_label(m, "table", cells[TABLE]);
		metrics_text(m, cells[ROWS]);
	}
	m = gather_at(g, TABLE_SIZE);
	write_size(m, cells, DATA_LENGTH, VIEW("data_length"));
	write_size(m, cells, INDEX_LENGTH, VIEW("index_length"));
	write_size(m, cells, DATA_FREE, VIEW("data_free"));
	return 0;
}

int
mariadb_tables(struct sql *sql, struct metrics *m)
{
	struct gather g;

	gather_init(&g);
	for (size_t i = 0; i < TABLE_FAMILIES; i++) {
		gather_add(&g, table_families[i].name, METRICS_GAUGE,
		    table_families[i].help);
	}
	return gather_done(&g, sql_next(sql, tables_row, &g), m);
}

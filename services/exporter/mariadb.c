/*
 * MariaDB, under the names of mysqld_exporter.  Each of its questions is what
 * that exporter calls a collector: it may fail (for want of rights) without
 * the others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/collector.h"
#include "exporter/gather.h"
#include "exporter/mariadb_info.h"
#include "exporter/mariadb_innodb.h"
#include "exporter/mysql_names.h"
#include "exporter/sql.h"
#include "run/clock.h"

struct mariadb {
	struct sql *sql;
	uint64_t scrapes;
};

static void
write_up(struct metrics *m, uint64_t up)
{
	metrics_one_u64(m, "mysql_up", METRICS_GAUGE,
	    "Whether the MySQL server is up.", up);
}

/* One sample of a family of its own. */
static void
write_plain(struct metrics *m, const char *prefix, const char *name,
    enum metrics_type type, const char *help, const char *value)
{
	char family[METRICS_NAME_MAX + MYSQL_NAME_MAX + 1];
	char *end = mempcpy(family, prefix, strlen(prefix));

	/* A thousand times for each scrape: no format is read. */
	memcpy(end, name, strlen(name) + 1);
	metrics_family(m, family, type, help);
	metrics_text(m, view_str(value));
}

/* --- SHOW GLOBAL STATUS -------------------------------------------------- */

static const struct {
	const char *family;
	enum metrics_type type;
	const char *label; /* NULL: one sample without */
	const char *help;
} groups[MYSQL_GROUPS] = {
	[MYSQL_COMMANDS] = { "mysql_global_status_commands_total",
	    METRICS_COUNTER, "command",
	    "Total number of executed MySQL commands." },
	[MYSQL_HANDLERS] = { "mysql_global_status_handlers_total",
	    METRICS_COUNTER, "handler",
	    "Total number of executed MySQL handlers." },
	[MYSQL_CONNECTION_ERRORS] = { "mysql_global_status_connection_errors_"
				      "total",
	    METRICS_COUNTER, "error",
	    "Total number of MySQL connection errors." },
	[MYSQL_POOL_PAGES] = { "mysql_global_status_buffer_pool_pages",
	    METRICS_GAUGE, "state", "Innodb buffer pool pages by state." },
	[MYSQL_POOL_DIRTY] = { "mysql_global_status_buffer_pool_dirty_pages",
	    METRICS_GAUGE, NULL, "Innodb buffer pool dirty pages." },
	[MYSQL_POOL_CHANGES] = { "mysql_global_status_buffer_pool_page_changes_"
				 "total",
	    METRICS_COUNTER, "operation",
	    "Innodb buffer pool page state changes." },
	[MYSQL_ROW_OPS] = { "mysql_global_status_innodb_row_ops_total",
	    METRICS_COUNTER, "operation",
	    "Total number of MySQL InnoDB row operations." },
	[MYSQL_LOST] = { "mysql_global_status_performance_schema_lost_total",
	    METRICS_COUNTER, "instrumentation",
	    "Total number of MySQL instrumentations that could not be loaded "
	    "or created due to memory constraints." },
};

/* The rows come mixed. */
struct status {
	struct metrics *m;
	struct gather groups;
};

static int
status_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct status *s = ctx;
	char name[MYSQL_NAME_MAX + 1], value[MYSQL_VALUE_MAX + 1];
	enum mysql_group group;
	struct view label;

	(void)names;
	if (n < 2 || !mysql_name(cells[0], name)
	    || !mysql_value(cells[1], value)) {
		return 0;
	}
	group = mysql_status_group(name, &label);
	if (group == MYSQL_PLAIN) {
		write_plain(s->m, "mysql_global_status_", name, METRICS_UNTYPED,
		    "Generic metric from SHOW GLOBAL STATUS.", value);
	} else if (group < MYSQL_GROUPS) {
		struct metrics *m = gather_at(&s->groups, group);

		if (groups[group].label != NULL) {
			metrics_label(m, groups[group].label, label);
		}
		metrics_text(m, view_str(value));
	}
	return 0;
}

static int
global_status(struct sql *sql, struct metrics *m)
{
	struct status s = { .m = m };

	gather_init(&s.groups);
	for (size_t i = 0; i < MYSQL_GROUPS; i++) {
		gather_add(&s.groups, groups[i].family, groups[i].type,
		    groups[i].help);
	}
	return gather_done(&s.groups, sql_next(sql, status_row, &s), m);
}

/* --- SHOW GLOBAL VARIABLES ----------------------------------------------- */

/* Variables that are text and stand in labels. */
enum {
	INNODB_VERSION,
	SERVER_VERSION,
	VERSION_COMMENT,
	CLUSTER_NAME,
	ISOLATION,
	TEXTS
};

static const char *const text_names[TEXTS] = { "innodb_version", "version",
	"version_comment", "wsrep_cluster_name", "tx_isolation" };

struct variables {
	struct metrics *m;
	char texts[TEXTS][128];
};

static void
note_text(struct variables *v, const char *name, struct view value)
{
	/* MySQL's name for it; MariaDB 11.1 has both. */
	if (strcmp(name, "transaction_isolation") == 0) {
		name = text_names[ISOLATION];
	}
	for (size_t i = 0; i < TEXTS; i++) {
		if (strcmp(name, text_names[i]) == 0
		    && view_to_cstr(value, v->texts[i], sizeof(v->texts[i]))
			< 0) {
			v->texts[i][0] = '\0';
		}
	}
}

static int
variables_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct variables *v = ctx;
	char name[MYSQL_NAME_MAX + 1], value[MYSQL_VALUE_MAX + 1];

	(void)names;
	if (n < 2 || !mysql_name(cells[0], name)) {
		return 0;
	}
	if (mysql_value(cells[1], value)) {
		write_plain(v->m, "mysql_global_variables_", name,
		    METRICS_GAUGE,
		    "Generic gauge metric from SHOW GLOBAL VARIABLES.", value);
	} else {
		note_text(v, name, cells[1]);
	}
	return 0;
}

static void
write_texts(const struct variables *v, struct metrics *m)
{
	metrics_family(m, "mysql_version_info", METRICS_GAUGE,
	    "MySQL version and distribution.");
	metrics_label(m, "innodb_version", view_str(v->texts[INNODB_VERSION]));
	metrics_label(m, "version", view_str(v->texts[SERVER_VERSION]));
	metrics_label(m, "version_comment",
	    view_str(v->texts[VERSION_COMMENT]));
	metrics_u64(m, 1);
	if (v->texts[CLUSTER_NAME][0] != '\0') {
		metrics_family(m, "mysql_galera_variables_info", METRICS_GAUGE,
		    "PXC/Galera variables information.");
		metrics_label(m, "wsrep_cluster_name",
		    view_str(v->texts[CLUSTER_NAME]));
		metrics_u64(m, 1);
	}
	if (v->texts[ISOLATION][0] != '\0') {
		metrics_family(m, "mysql_transaction_isolation", METRICS_GAUGE,
		    "MySQL transaction isolation.");
		metrics_label(m, "level", view_str(v->texts[ISOLATION]));
		metrics_u64(m, 1);
	}
}

static int
global_variables(struct sql *sql, struct metrics *m)
{
	struct variables *v = calloc(1, sizeof(*v));
	int r;

	if (v == NULL) {
		return -ENOMEM;
	}
	v->m = m;
	r = sql_next(sql, variables_row, v);
	if (r == 0) {
		write_texts(v, m);
	}
	free(v);
	return r;
}

/* --- SHOW ALL SLAVES STATUS ---------------------------------------------- */

static struct view
cell_named(const char *name, const struct view *names, const struct view *cells,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (view_eq_nocase(names[i], view_str(name))) {
			return cells[i];
		}
	}
	return (struct view){ NULL, 0 };
}

static int
slave_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	static const char *const labels[][2] = { { "channel_name",
						     "Channel_Name" },
		{ "connection_name", "Connection_name" },
		{ "master_host", "Master_Host" },
		{ "master_uuid", "Master_UUID" } };
	struct metrics *m = ctx;

	for (size_t i = 0; i < n; i++) {
		char name[MYSQL_NAME_MAX + 1], value[MYSQL_VALUE_MAX + 1];
		char family[METRICS_NAME_MAX + 1];

		if (!mysql_name(names[i], name)
		    || !mysql_value(cells[i], value)) {
			continue;
		}
		(void)snprintf(family, sizeof(family), "mysql_slave_status_%s",
		    name);
		metrics_family(m, family, METRICS_UNTYPED,
		    "Generic metric from SHOW SLAVE STATUS.");
		for (size_t k = 0; k < ARRAY_LEN(labels); k++) {
			metrics_label(m, labels[k][0],
			    cell_named(labels[k][1], names, cells, n));
		}
		metrics_text(m, view_str(value));
	}
	return 0;
}

static int
slave_status(struct sql *sql, struct metrics *m)
{
	return sql_next(sql, slave_row, m);
}

/* --- the whole ----------------------------------------------------------- */

static const struct {
	const char *name;
	const char *query;
	int (*read)(struct sql *sql, struct metrics *m);
} questions[] = {
	{ "collect.global_status", "SHOW GLOBAL STATUS", global_status },
	{ "collect.global_variables", "SHOW GLOBAL VARIABLES",
	    global_variables },
	{ "collect.slave_status", "SHOW ALL SLAVES STATUS", slave_status },
	{ "collect.info_schema.innodb_cmp",
	    "SELECT page_size, compress_ops, compress_ops_ok, compress_time, "
	    "uncompress_ops, uncompress_time "
	    "FROM information_schema.innodb_cmp",
	    mariadb_innodb_cmp },
	{ "collect.info_schema.innodb_cmpmem",
	    "SELECT page_size, buffer_pool_instance, pages_used, pages_free, "
	    "relocation_ops, relocation_time "
	    "FROM information_schema.innodb_cmpmem",
	    mariadb_innodb_cmpmem },
	{ "collect.info_schema.innodb_metrics",
	    "SELECT name, subsystem, type, comment, count "
	    "FROM information_schema.innodb_metrics WHERE enabled = 1",
	    mariadb_innodb_metrics },
	{ "collect.info_schema.processlist",
	    "SELECT COALESCE(command, ''), COALESCE(state, ''), COUNT(*), "
	    "SUM(time), user, SUBSTRING_INDEX(host, ':', 1) AS client "
	    "FROM information_schema.processlist WHERE id != CONNECTION_ID() "
	    "GROUP BY command, state, user, client ORDER BY NULL",
	    mariadb_processlist },
	{ "collect.info_schema.tables", "CALL stack.wordpress_tables()",
	    mariadb_tables },
	/* Fails where there is no such plugin, so nothing comes after it. */
	{ "collect.info_schema.query_response_time",
	    "SELECT time, count, total "
	    "FROM information_schema.query_response_time "
	    "WHERE @@GLOBAL.query_response_time_stats = 1",
	    mariadb_query_response_time },
};

#define QUESTIONS ARRAY_LEN(questions)

/* How each question went; the last one is the connection itself. */
struct outcome {
	bool success[QUESTIONS + 1];
	double seconds[QUESTIONS + 1];
};

static const char *
question_name(size_t i)
{
	return i < QUESTIONS ? questions[i].name : "connection";
}

static double
seconds_since(int64_t start_us)
{
	return (double)(clock_us() - start_us) / 1e6;
}

static void
write_outcome(struct metrics *m, const struct outcome *o, uint64_t scrapes)
{
	bool all = true;

	metrics_family(m, "mysql_exporter_collector_success", METRICS_GAUGE,
	    "mysqld_exporter: Whether a collector succeeded.");
	for (size_t i = 0; i <= QUESTIONS; i++) {
		metrics_label(m, "collector", view_str(question_name(i)));
		metrics_u64(m, o->success[i]);
		all = all && o->success[i];
	}
	metrics_family(m, "mysql_exporter_collector_duration_seconds",
	    METRICS_GAUGE, "Collector time duration.");
	for (size_t i = 0; i <= QUESTIONS; i++) {
		metrics_label(m, "collector", view_str(question_name(i)));
		metrics_double(m, o->seconds[i]);
	}
	metrics_family(m, "mysql_exporter_last_scrape_error", METRICS_GAUGE,
	    "Whether the last scrape of metrics from MySQL resulted in an "
	    "error (1 for error, 0 for success).");
	metrics_u64(m, !all);
	metrics_family(m, "mysql_exporter_scrapes_total", METRICS_COUNTER,
	    "Total number of times MySQL was scraped for metrics.");
	metrics_u64(m, scrapes);
}

/* Reads one answer; what a failed one has written is taken back. */
static int
read_answer(size_t i, struct sql *sql, struct metrics *m, struct collection *c,
    struct outcome *o)
{
	int64_t start = clock_us();
	size_t before = buf_size(c->out);
	int r = questions[i].read(sql, m);

	o->seconds[i] = seconds_since(start);
	o->success[i] = r == 0;
	if (r < 0) {
		buf_truncate(c->out, before);
		r = collection_fail(c, r, "%s: %s", questions[i].name,
		    sql_error(sql));
	}
	return r;
}

static int
collect(void *self, struct collection *c)
{
	struct mariadb *db = self;
	struct outcome outcome = { .success = { [QUESTIONS] = true } };
	size_t n = c->brief ? 0 : QUESTIONS;
	const char *queries[QUESTIONS];
	int64_t start = clock_us();
	struct metrics m;
	int r;

	for (size_t i = 0; i < n; i++) {
		queries[i] = questions[i].query;
	}
	r = sql_begin(db->sql, c, queries, n);
	db->scrapes += !c->brief;
	if (r < 0) {
		return r;
	}
	outcome.seconds[QUESTIONS] = seconds_since(start);
	metrics_init(&m, c->out);
	write_up(&m, 1);
	for (size_t i = 0; i < n && sql_usable(db->sql); i++) {
		r = read_answer(i, db->sql, &m, c, &outcome);
	}
	if (sql_usable(db->sql)) {
		write_outcome(&m, &outcome, db->scrapes);
		r = 0;
	}
	sql_end(db->sql);
	return r;
}

static void
down(void *self, struct metrics *m)
{
	(void)self;
	write_up(m, 0);
}

static void
done(void *self)
{
	struct mariadb *db = self;

	sql_free(db->sql);
	free(db);
}

static const struct collector_class mariadb_class = { .collect = collect,
	.down = down,
	.done = done };

int
mariadb_collector(const struct exporter_conf *conf, struct collector *ret)
{
	struct mariadb *db = calloc(1, sizeof(*db));

	if (db == NULL) {
		return -ENOMEM;
	}
	db->sql = sql_new(conf);
	if (db->sql == NULL) {
		free(db);
		return -ENOMEM;
	}
	collector_init(ret, &mariadb_class, db, "mariadb", NULL);
	return 0;
}

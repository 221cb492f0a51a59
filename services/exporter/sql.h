/*
 * A database client that keeps its connection from one run of a collector to
 * the next where these come often, and asks all questions of a run in one
 * piece: the server works on the next answer while we read the one before, and
 * nobody waits for a reply to be on its way (multi-statements; manual of
 * Connector/C, mysql_next_result()). Rows are streamed, so memory does not
 * depend on how many there are.
 */
#ifndef EXPORTER_SQL_H
#define EXPORTER_SQL_H

#include "exporter/collector.h"
#include "exporter/conf.h"

/* More rows of one answer, or more columns, are refused. */
#define SQL_ROWS_MAX 20000
#define SQL_COLUMNS_MAX 128

struct sql;

/* One row; a NULL cell has p == NULL.  Negative: stop with this error. */
typedef int (*sql_row_fn)(void *ctx, const struct view *names,
    const struct view *cells, size_t n);

/* Opens nothing yet; `conf` is borrowed.  NULL: no memory. */
struct sql *sql_new(const struct exporter_conf *conf);

/* NULL is fine. */
void sql_free(struct sql *sql);

/*
 * Begins a run: sends the `n` queries, which the caller keeps until sql_end(),
 * over the connection of the run before or, when that has died meanwhile or
 * there was none, over a new one.  Whoever holds the cutoff ends all waiting
 * at the deadline.  The session stays out of
 * the slow log and its statements end with the deadline on the server, too.
 * Each query is one statement without a semicolon.  With none, this tells
 * whether the server answers.  0, or -errno with words in c->why; sql_end() is
 * due only after 0.
 */
NODISCARD int sql_begin(struct sql *sql, struct collection *c,
    const char *const *queries, size_t n);

/*
 * Calls `fn` for each row that the next query gives; a procedure may give one
 * set of rows, or none.  0, or -errno: -EACCES when the rights do not suffice,
 * -ENOENT when the server knows no such table or variable, -EREMOTEIO for
 * another error of the server (the queries behind it can be asked for after
 * these three), -EMSGSIZE beyond the limits, -ECONNRESET when the connection is
 * gone.
 */
NODISCARD int sql_next(struct sql *sql, sql_row_fn fn, void *ctx);

/* The server's words about the last failure. */
const char *sql_error(const struct sql *sql);

/* Is the connection still usable after a failure? */
bool sql_usable(const struct sql *sql);

/*
 * Ends the run.  The connection is kept if all answers have been read, and the
 * run before this one was not long ago.
 */
void sql_end(struct sql *sql);

#endif

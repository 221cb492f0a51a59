/*
 * A connection to MariaDB for one run of a collector: opened, asked a few
 * questions, closed.  Rows are streamed, so memory does not depend on how many
 * there are.
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

/*
 * Connects and logs in, all within c->deadline (rounded up to a second; the
 * cutoff cuts at the deadline itself).  The session stays out of the slow log
 * and its statements end with the deadline on the server, too.  0 with *ret,
 * or -errno with words in c->why.
 */
NODISCARD int sql_open(const struct exporter_conf *conf, struct collection *c,
    struct sql **ret);

/* NULL is fine. */
void sql_close(struct sql *sql);

/*
 * Asks and calls `fn` for each row of the first answer.  0, or -errno: -EACCES
 * when the rights do not suffice, -EREMOTEIO for another error of the server
 * (both leave the connection usable), -EMSGSIZE beyond the limits, -ECONNRESET
 * when the connection is gone.
 */
NODISCARD int sql_query(struct sql *sql, const char *query, sql_row_fn fn,
    void *ctx);

/* The server's words about the last failure. */
const char *sql_error(const struct sql *sql);

/* Is the connection still usable after a failure? */
bool sql_usable(const struct sql *sql);

#endif

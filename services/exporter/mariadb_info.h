/*
 * What MariaDB's information_schema tells, under the names of mysqld_exporter;
 * what InnoDB counts there is in mariadb_innodb.h.
 *
 * Each function reads one answer (the questions are in mariadb.c) and writes
 * its families.  0, or -errno as sql_next() gives it; what was written then is
 * for the caller to take back.
 */
#ifndef EXPORTER_MARIADB_INFO_H
#define EXPORTER_MARIADB_INFO_H

#include "exporter/sql.h"
#include "metrics/metrics.h"

/* Threads by command and state, by user and by host. */
NODISCARD int mariadb_processlist(struct sql *sql, struct metrics *m);

/*
 * The histogram of the plugin query_response_time, where it is installed and
 * switched on.
 */
NODISCARD int mariadb_query_response_time(struct sql *sql, struct metrics *m);

/*
 * Rows and sizes of WordPress's tables, by the procedure
 * stack.wordpress_tables(): the exporter may not see the tables themselves.
 */
NODISCARD int mariadb_tables(struct sql *sql, struct metrics *m);

#endif

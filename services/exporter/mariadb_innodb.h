/*
 * What InnoDB counts in information_schema, under the names of mysqld_exporter.
 *
 * Each function reads one answer (the questions are in mariadb.c) and writes
 * its families.  0, or -errno as sql_next() gives it; what was written then is
 * for the caller to take back.
 */
#ifndef EXPORTER_MARIADB_INNODB_H
#define EXPORTER_MARIADB_INNODB_H

#include "exporter/sql.h"
#include "metrics/metrics.h"

/* Compressed pages by size, and the buffer pool's memory for them. */
NODISCARD int mariadb_innodb_cmp(struct sql *sql, struct metrics *m);
NODISCARD int mariadb_innodb_cmpmem(struct sql *sql, struct metrics *m);

/* The counters that are switched on (innodb_monitor_enable). */
NODISCARD int mariadb_innodb_metrics(struct sql *sql, struct metrics *m);

#endif

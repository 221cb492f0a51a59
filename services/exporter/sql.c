#include "exporter/sql.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include "mariadb/options.h"
#include "run/clock.h"

/* The longest row: wp_options.option_value of `cron` on a busy site. */
#define PACKET_MAX (4UL * 1024 * 1024)

struct sql {
	MYSQL *mysql;
	struct cutoff *cutoff;
	bool broken;
};

/*
 * Where this thread leaves its socket while it connects; the client hands
 * nothing through to what it calls.
 */
static _Thread_local struct cutoff *connecting;

/*
 * The client waits by this.  Its own time-outs begin anew with each byte of a
 * greeting that trickles in, and the socket is to be had only afterwards.
 */
static int
wait_for_socket(my_socket fd, my_bool reading, int ms)
{
	struct pollfd waited = { .fd = fd,
		.events = reading ? POLLIN : POLLOUT };
	int r;

	/* Not for longer than this: when it fails, the client closes it. */
	if (connecting != NULL) {
		cutoff_set(connecting, fd);
	}
	do {
		r = poll(&waited, 1, ms);
	} while (r < 0 && errno == EINTR);
	if (connecting != NULL) {
		cutoff_clear(connecting);
	}
	if (r == 0) {
		errno = ETIMEDOUT;
	}
	return r;
}

static bool
connect_to(struct sql *sql, const struct exporter_conf *conf)
{
	bool done;

	connecting = sql->cutoff;
	done = mysql_real_connect(sql->mysql, conf->db_host, conf->db_user,
		   conf->db_password, NULL, (unsigned)conf->db_port, NULL,
		   CLIENT_MULTI_RESULTS)
	    != NULL;
	connecting = NULL;
	return done;
}

static unsigned
seconds_left(int64_t deadline)
{
	return (unsigned)(clock_left(deadline) + 999) / 1000 + 1;
}

static int
set_options(MYSQL *mysql, unsigned seconds)
{
	char init[160];

	(void)snprintf(init, sizeof(init),
	    "SET SESSION long_query_time = 31536000, lock_wait_timeout = %u, "
	    "max_statement_time = %u",
	    seconds, seconds);
	if (mariadb_options(mysql, seconds, PACKET_MAX) < 0
	    || mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT,
		   (void *)wait_for_socket)
		!= 0
	    || mysql_optionsv(mysql, MYSQL_INIT_COMMAND, init) != 0) {
		return -ENOMEM;
	}
	return 0;
}

static int
error_of(MYSQL *mysql)
{
	switch (mysql_errno(mysql)) {
	case 0:
		return 0;
	case ER_ACCESS_DENIED_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
	case ER_SPECIFIC_ACCESS_DENIED_ERROR:
	case ER_PROCACCESS_DENIED_ERROR:
		return -EACCES;
	case CR_UNKNOWN_HOST:
		return -EHOSTUNREACH;
	case CR_OUT_OF_MEMORY:
		return -ENOMEM;
	case CR_NET_PACKET_TOO_LARGE:
		return -EMSGSIZE;
	default:
		/* The client's own errors begin with 2000. */
		return mysql_errno(mysql) >= CR_MIN_ERROR
			&& mysql_errno(mysql) <= CR_MAX_ERROR
		    ? -ECONNRESET
		    : -EREMOTEIO;
	}
}

int
sql_open(const struct exporter_conf *conf, struct collection *c,
    struct sql **ret)
{
	struct sql *sql = calloc(1, sizeof(*sql));
	int r = -ENOMEM;

	if (sql == NULL) {
		return -ENOMEM;
	}
	sql->cutoff = c->cutoff;
	sql->mysql = mysql_init(NULL);
	if (sql->mysql == NULL
	    || set_options(sql->mysql, seconds_left(c->deadline)) < 0) {
		goto fail;
	}
	if (!connect_to(sql, conf)) {
		r = collection_fail(c, error_of(sql->mysql), "%s",
		    mysql_error(sql->mysql));
		goto fail;
	}
	cutoff_set(sql->cutoff, (int)mysql_get_socket(sql->mysql));
	*ret = sql;
	return 0;
fail:
	sql->cutoff = NULL;
	sql_close(sql);
	return r < 0 ? r : -ECONNRESET;
}

void
sql_close(struct sql *sql)
{
	if (sql == NULL) {
		return;
	}
	if (sql->cutoff != NULL) {
		cutoff_clear(sql->cutoff);
	}
	if (sql->mysql != NULL) {
		mysql_close(sql->mysql);
	}
	free(sql);
}

/* Gives up on the connection: what still comes is not read. */
static void
give_up(struct sql *sql)
{
	sql->broken = true;
	(void)shutdown((int)mysql_get_socket(sql->mysql), SHUT_RDWR);
}

static int
column_names(MYSQL_RES *result, struct view *names, size_t *ret_n)
{
	unsigned n = mysql_num_fields(result);
	const MYSQL_FIELD *fields = mysql_fetch_fields(result);

	if (n > SQL_COLUMNS_MAX) {
		return -EMSGSIZE;
	}
	for (unsigned i = 0; i < n; i++) {
		names[i] = view_str(fields[i].name);
	}
	*ret_n = n;
	return 0;
}

static int
read_rows(struct sql *sql, MYSQL_RES *result, sql_row_fn fn, void *ctx)
{
	struct view names[SQL_COLUMNS_MAX], cells[SQL_COLUMNS_MAX];
	size_t n, rows = 0;
	MYSQL_ROW row;
	int r = column_names(result, names, &n);

	while (r == 0) {
		const unsigned long *lengths;

		row = mysql_fetch_row(result);
		if (row == NULL) {
			return error_of(sql->mysql);
		}
		rows++;
		if (rows > SQL_ROWS_MAX) {
			return -EMSGSIZE;
		}
		lengths = mysql_fetch_lengths(result);
		for (size_t i = 0; i < n; i++) {
			cells[i] = (struct view){ row[i],
				row[i] == NULL ? 0 : lengths[i] };
		}
		r = fn(ctx, names, cells, n);
	}
	return r;
}

/* A procedure's answer is followed by its status. */
static int
drop_further_answers(struct sql *sql)
{
	int more = mysql_next_result(sql->mysql);

	while (more == 0) {
		MYSQL_RES *result = mysql_use_result(sql->mysql);

		if (result != NULL) {
			return -EPROTO;
		}
		more = mysql_next_result(sql->mysql);
	}
	return more < 0 ? 0 : error_of(sql->mysql);
}

int
sql_query(struct sql *sql, const char *query, sql_row_fn fn, void *ctx)
{
	MYSQL_RES *result;
	int r;

	if (sql->broken) {
		return -ECONNRESET;
	}
	if (mysql_query(sql->mysql, query) != 0) {
		r = error_of(sql->mysql);
		sql->broken = r != -EACCES && r != -EREMOTEIO;
		return r;
	}
	result = mysql_use_result(sql->mysql);
	if (result == NULL) {
		return error_of(sql->mysql);
	}
	r = read_rows(sql, result, fn, ctx);
	if (r < 0) {
		give_up(sql);
	}
	mysql_free_result(result);
	if (r == 0) {
		r = drop_further_answers(sql);
		if (r < 0) {
			give_up(sql);
		}
	}
	return r;
}

const char *
sql_error(const struct sql *sql)
{
	const char *text = mysql_error(sql->mysql);

	return text[0] != '\0' ? text : "an answer that is too large";
}

bool
sql_usable(const struct sql *sql)
{
	return !sql->broken;
}

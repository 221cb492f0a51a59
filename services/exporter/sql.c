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
/* A connection whose buffer has grown beyond this is not kept. */
#define KEPT_BUFFER_MAX (64UL * 1024)
/*
 * Nor is that of somebody who asks seldom: the server would end it some day,
 * with a line in its log.
 */
#define KEPT_FOR_MS (120 * 1000)
#define BATCH_MAX (16 * 1024)
/* Of the client's own time-outs: more than any deadline, where we cut. */
#define WAIT_S 61

struct sql {
	const struct exporter_conf *conf;
	MYSQL *mysql; /* NULL: no connection */
	struct cutoff *cutoff; /* of this run */
	const char *const *queries;
	size_t n;
	size_t at; /* the query that is next */
	int64_t begun; /* clock_ms() value of this run, 0: none yet */
	bool often; /* the run before was not long ago */
	bool stopped; /* an error: the server has dropped what was behind it */
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

static unsigned
seconds_left(int64_t deadline)
{
	return (unsigned)(clock_left(deadline) + 999) / 1000 + 1;
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
	case ER_UNKNOWN_TABLE:
	case ER_UNKNOWN_SYSTEM_VARIABLE:
		return -ENOENT;
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

/* --- the connection ------------------------------------------------------ */

static int
set_options(MYSQL *mysql)
{
	if (mariadb_options(mysql, WAIT_S, PACKET_MAX) < 0
	    || mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT,
		   (void *)wait_for_socket)
		!= 0) {
		return -ENOMEM;
	}
	return 0;
}

/* Gives up on the connection: what still comes is not read. */
static void
give_up(struct sql *sql)
{
	sql->broken = true;
	(void)shutdown((int)mysql_get_socket(sql->mysql), SHUT_RDWR);
}

static void
disconnect(struct sql *sql)
{
	cutoff_clear(sql->cutoff);
	mysql_close(sql->mysql);
	sql->mysql = NULL;
}

/* A new connection.  0, or -errno with words in c->why. */
static int
reconnect(struct sql *sql, struct collection *c)
{
	const struct exporter_conf *conf = sql->conf;
	bool done;
	int r = 0;

	sql->mysql = mysql_init(NULL);
	if (sql->mysql == NULL) {
		return -ENOMEM;
	}
	if (set_options(sql->mysql) < 0) {
		disconnect(sql);
		return -ENOMEM;
	}
	connecting = sql->cutoff;
	done = mysql_real_connect(sql->mysql, conf->db_host, conf->db_user,
		   conf->db_password, NULL, (unsigned)conf->db_port, NULL,
		   CLIENT_MULTI_STATEMENTS | CLIENT_MULTI_RESULTS)
	    != NULL;
	connecting = NULL;
	if (!done) {
		r = collection_fail(c, error_of(sql->mysql), "%s",
		    mysql_error(sql->mysql));
		disconnect(sql);
		return r < 0 ? r : -ECONNRESET;
	}
	return 0;
}

/* Sends `head` and the queries from `at` on, and awaits the first answer. */
static int
send_batch(struct sql *sql, const char *head)
{
	struct buf batch;
	int r;

	buf_init(&batch, BATCH_MAX);
	buf_add_str(&batch, head);
	for (size_t i = sql->at; i < sql->n; i++) {
		if (buf_size(&batch) > 0) {
			buf_add_char(&batch, ';');
		}
		buf_add_str(&batch, sql->queries[i]);
	}
	r = buf_error(&batch);
	if (r == 0
	    && mysql_real_query(sql->mysql, buf_cstr(&batch), buf_size(&batch))
		!= 0) {
		r = error_of(sql->mysql);
	}
	buf_done(&batch);
	return r;
}

/* Sends the whole run.  What comes first is the answer to SET. */
static int
send_run(struct sql *sql, struct collection *c)
{
	unsigned seconds = seconds_left(c->deadline);
	char head[160];

	cutoff_set(sql->cutoff, (int)mysql_get_socket(sql->mysql));
	(void)snprintf(head, sizeof(head),
	    "SET SESSION long_query_time = 31536000, lock_wait_timeout = %u, "
	    "max_statement_time = %u",
	    seconds, seconds);
	return send_batch(sql, head);
}

/* --- life ---------------------------------------------------------------- */

struct sql *
sql_new(const struct exporter_conf *conf)
{
	struct sql *sql = calloc(1, sizeof(*sql));

	if (sql != NULL) {
		sql->conf = conf;
	}
	return sql;
}

void
sql_free(struct sql *sql)
{
	if (sql != NULL) {
		if (sql->mysql != NULL) {
			mysql_close(sql->mysql);
		}
		free(sql);
	}
}

int
sql_begin(struct sql *sql, struct collection *c, const char *const *queries,
    size_t n)
{
	int64_t now = clock_ms();
	int r;

	sql->often = sql->begun > 0 && now - sql->begun < KEPT_FOR_MS;
	sql->begun = now;
	sql->cutoff = c->cutoff;
	sql->queries = queries;
	sql->n = n;
	sql->at = 0;
	sql->stopped = false;
	sql->broken = false;
	if (sql->mysql != NULL) {
		if (send_run(sql, c) == 0) {
			return 0;
		}
		/* The server was restarted, or is tired of idle clients. */
		disconnect(sql);
		if (clock_left(c->deadline) == 0) {
			return -ETIMEDOUT;
		}
	}
	r = reconnect(sql, c);
	if (r < 0) {
		return r;
	}
	r = send_run(sql, c);
	if (r < 0) {
		(void)collection_fail(c, r, "%s", sql_error(sql));
		disconnect(sql);
	}
	return r;
}

void
sql_end(struct sql *sql)
{
	if (sql->at < sql->n) {
		give_up(sql);
	}
	if (sql->broken || !sql->often
	    || sql->mysql->net.max_packet > KEPT_BUFFER_MAX) {
		disconnect(sql);
	}
	cutoff_clear(sql->cutoff);
	sql->cutoff = NULL;
}

/* --- answers ------------------------------------------------------------- */

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

/* Goes to the next answer, which is there or on its way. */
static int
next_answer(struct sql *sql)
{
	int more = mysql_next_result(sql->mysql);

	return more == 0 ? 0 : more < 0 ? -EPROTO : error_of(sql->mysql);
}

/* Goes to the first answer of the query that is next. */
static int
next_query(struct sql *sql)
{
	if (sql->stopped) {
		sql->stopped = false;
		return send_batch(sql, "");
	}
	return next_answer(sql);
}

/*
 * Reads the rows of this answer, if it has any.  Those of a procedure are
 * followed by its status, which has none.
 */
static int
read_answer(struct sql *sql, bool procedure, sql_row_fn fn, void *ctx)
{
	MYSQL_RES *result = mysql_use_result(sql->mysql);
	int r;

	if (result == NULL) {
		return error_of(sql->mysql);
	}
	r = read_rows(sql, result, fn, ctx);
	if (r < 0) {
		/* Else the rest would be read here. */
		give_up(sql);
	}
	mysql_free_result(result);
	if (r == 0 && procedure) {
		r = next_answer(sql);
	}
	return r == 0 && procedure && mysql_field_count(sql->mysql) > 0
	    ? -EPROTO
	    : r;
}

int
sql_next(struct sql *sql, sql_row_fn fn, void *ctx)
{
	bool procedure;
	int r;

	if (sql->broken || sql->at == sql->n) {
		return -ECONNRESET;
	}
	procedure = view_starts(view_str(sql->queries[sql->at]), VIEW("CALL "));
	r = next_query(sql);
	sql->at++;
	if (r == 0) {
		r = read_answer(sql, procedure, fn, ctx);
	}
	sql->stopped = r == -EACCES || r == -ENOENT || r == -EREMOTEIO;
	if (r < 0 && !sql->stopped && !sql->broken) {
		give_up(sql);
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

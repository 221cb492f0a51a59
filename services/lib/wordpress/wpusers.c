#include "wordpress/wpusers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <errmsg.h>
#include <mysql.h>

#include "base/buf.h"
#include "mariadb/options.h"
#include "run/clock.h"
#include "run/log.h"

#define RETRY_FIRST_MS 500
#define RETRY_LONGEST_MS 8000
/* One row: capabilities are the longest of it. */
#define PACKET_MAX (1024UL * 1024)
#define QUERY_MAX 1024
/* VARCHAR(60) in WordPress and in the procedure. */
#define LOGIN_LETTERS 60

enum { COLUMN_LOGIN, COLUMN_HASH, COLUMN_CAPABILITIES, COLUMNS };

struct wpusers {
	const struct wpusers_server *server;
	MYSQL *mysql; /* NULL: not connected */
	int64_t retry_at; /* not before; 0: at once */
	int64_t retry_ms;
	bool away; /* has been logged */
};

struct wpusers *
wpusers_new(const struct wpusers_server *server)
{
	struct wpusers *users = calloc(1, sizeof(*users));

	if (users != NULL) {
		users->server = server;
	}
	return users;
}

static void
disconnect(struct wpusers *users)
{
	if (users->mysql != NULL) {
		mysql_close(users->mysql);
		users->mysql = NULL;
	}
}

void
wpusers_free(struct wpusers *users)
{
	if (users != NULL) {
		disconnect(users);
		free(users);
	}
}

/* --- the connection ------------------------------------------------------- */

static int
set_options(MYSQL *mysql)
{
	if (mariadb_options(mysql, WPUSERS_SECONDS, PACKET_MAX) < 0
	    || mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") != 0) {
		return -ENOMEM;
	}
	return 0;
}

/* Of the client's own errors only one leaves the connection usable. */
static int
error_of(MYSQL *mysql)
{
	unsigned code = mysql_errno(mysql);

	if (code == CR_OUT_OF_MEMORY) {
		return -ENOMEM;
	}
	return code >= CR_MIN_ERROR && code <= CR_MAX_ERROR ? -ECONNRESET
							    : -EREMOTEIO;
}

/* Tells the log that it does not work, unless it knows. */
static void
tell_away(struct wpusers *users, const char *why)
{
	struct log_line l;

	if (users->away) {
		return;
	}
	users->away = true;
	log_open(&l, LOG_WARN, "wordpress_database");
	log_str(&l, "state", "away");
	log_str(&l, "host", users->server->host);
	log_str(&l, "error", why);
	log_close(&l);
}

static void
tell_back(struct wpusers *users)
{
	struct log_line l;

	if (!users->away) {
		return;
	}
	users->away = false;
	log_open(&l, LOG_INFO, "wordpress_database");
	log_str(&l, "state", "back");
	log_str(&l, "host", users->server->host);
	log_close(&l);
}

/* Not again before some time has passed, each time more. */
static void
back_off(struct wpusers *users)
{
	users->retry_ms = users->retry_ms == 0 ? RETRY_FIRST_MS
					       : users->retry_ms * 2;
	if (users->retry_ms > RETRY_LONGEST_MS) {
		users->retry_ms = RETRY_LONGEST_MS;
	}
	users->retry_at = clock_ms() + users->retry_ms;
}

static int
connect_now(struct wpusers *users)
{
	const struct wpusers_server *to = users->server;
	MYSQL *mysql = mysql_init(NULL);

	if (mysql == NULL || set_options(mysql) < 0) {
		mysql_close(mysql);
		return -ENOMEM;
	}
	if (mysql_real_connect(mysql, to->host, to->user, to->password, NULL,
		to->port, NULL, CLIENT_MULTI_RESULTS)
	    == NULL) {
		tell_away(users, mysql_error(mysql));
		mysql_close(mysql);
		back_off(users);
		return -ECONNREFUSED;
	}
	users->mysql = mysql;
	users->retry_ms = 0;
	users->retry_at = 0;
	return 0;
}

static int
connect_if_due(struct wpusers *users)
{
	if (users->mysql != NULL) {
		return 0;
	}
	return clock_ms() < users->retry_at ? -ECONNREFUSED
					    : connect_now(users);
}

/* --- the question --------------------------------------------------------- */

/*
 * The name goes in as hexadecimal digits: there is nothing to escape, and
 * bytes that are no UTF-8 become question marks.  0, or -errno.
 */
static int
write_query(struct buf *query, struct view name)
{
	buf_add_str(query, "CALL stack.wordpress_login(LEFT(CONVERT(x'");
	for (size_t i = 0; i < name.n; i++) {
		buf_addf(query, "%02x", (unsigned char)name.p[i]);
	}
	buf_addf(query, "' USING utf8mb4), %d))", LOGIN_LETTERS);
	return buf_error(query);
}

/* A database compares in ways of its own: only this very name will do. */
static int
take_row(struct view name, const struct view cells[COLUMNS], struct wpuser *ret)
{
	struct wpuser user = { .access = WPROLES_NOTHING };
	struct view hash = cells[COLUMN_HASH];

	if (!view_eq_nocase(cells[COLUMN_LOGIN], name)) {
		return -ENOENT;
	}
	if (hash.n <= sizeof(user.hash)) {
		memcpy(user.hash, hash.p, hash.n);
		user.hash_n = hash.n;
	}
	if (wproles_rights(cells[COLUMN_CAPABILITIES], &user.access) < 0) {
		user.access = WPROLES_NOTHING;
	}
	*ret = user;
	return 0;
}

static int
read_row(MYSQL_RES *result, struct view name, struct wpuser *ret)
{
	struct view cells[COLUMNS];
	MYSQL_ROW row = mysql_fetch_row(result);
	const unsigned long *lengths = mysql_fetch_lengths(result);

	if (row == NULL || lengths == NULL) {
		return -ENOENT;
	}
	if (mysql_num_fields(result) != COLUMNS) {
		return -EREMOTEIO;
	}
	for (size_t i = 0; i < COLUMNS; i++) {
		cells[i] = row[i] == NULL ? VIEW("")
					  : (struct view){ row[i], lengths[i] };
	}
	return take_row(name, cells, ret);
}

/* A procedure's answer is followed by its status.  0, or -errno. */
static int
drop_further_answers(MYSQL *mysql)
{
	int more = mysql_next_result(mysql);

	while (more == 0) {
		mysql_free_result(mysql_store_result(mysql));
		more = mysql_next_result(mysql);
	}
	return more < 0 ? 0 : error_of(mysql);
}

static int
ask(MYSQL *mysql, struct view query, struct view name, struct wpuser *ret)
{
	MYSQL_RES *result;
	int r, end;

	if (mysql_real_query(mysql, query.p, query.n) != 0) {
		return error_of(mysql);
	}
	result = mysql_store_result(mysql);
	if (result == NULL) {
		return error_of(mysql);
	}
	r = read_row(result, name, ret);
	mysql_free_result(result);
	end = drop_further_answers(mysql);
	return end < 0 ? end : r;
}

/* Asks; a kept connection may have ended since, which only this tells. */
static int
ask_twice(struct wpusers *users, struct view query, struct view name,
    struct wpuser *ret)
{
	bool kept = users->mysql != NULL;
	int r = connect_if_due(users);

	if (r < 0) {
		return r;
	}
	r = ask(users->mysql, query, name, ret);
	if (r == -ECONNRESET && kept) {
		disconnect(users);
		r = connect_now(users);
		if (r == 0) {
			r = ask(users->mysql, query, name, ret);
		}
	}
	if (r == 0 || r == -ENOENT) {
		tell_back(users);
	} else if (users->mysql != NULL) {
		tell_away(users, mysql_error(users->mysql));
		disconnect(users);
		back_off(users);
	}
	return r;
}

int
wpusers_find(struct wpusers *users, struct view name, struct wpuser *ret)
{
	struct buf query;
	int r;

	buf_init(&query, QUERY_MAX);
	r = write_query(&query, name);
	if (r == 0) {
		r = ask_twice(users, buf_view(&query), name, ret);
	}
	buf_done(&query);
	return r;
}

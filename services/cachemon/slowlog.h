/*
 * Redis' slow log: the commands that took longest, without their values.
 *
 * Only the name of a command and the key it names first are kept; values,
 * scripts and further arguments are counted, never shown.
 */
#ifndef CACHEMON_SLOWLOG_H
#define CACHEMON_SLOWLOG_H

#include <stdbool.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"

#define SLOWLOG_MOST 20
#define SLOWLOG_NAME 31
#define SLOWLOG_KEY 127
#define SLOWLOG_CLIENT 63

struct slow_entry {
	int64_t id;
	int64_t time; /* Unix seconds */
	int64_t usec; /* how long it ran */
	uint64_t hidden; /* arguments that are not shown */
	uint8_t command_n;
	uint8_t key_n;
	uint8_t client_n;
	char command[SLOWLOG_NAME + 1];
	char key[SLOWLOG_KEY + 1];
	char client[SLOWLOG_CLIENT + 1]; /* address and port */
};

struct slowlog {
	uint64_t length; /* entries that Redis holds */
	int64_t threshold_us; /* slower ones are logged; -1: unknown or none */
	size_t n;
	struct slow_entry entries[SLOWLOG_MOST]; /* newest first */
};

/* The name that cachemon's own connection has in Redis. */
#define SLOWLOG_OWN_NAME "cachemon"
/* How many entries to ask for, as own ones are passed over. */
#define SLOWLOG_ASK 60

/* Is the first argument of this command a key? */
bool command_names_key(struct view command);

/*
 * Reads the answer of SLOWLOG GET into `entries` and `n`.  0, or -EPROTO with
 * *ret's entries empty.  Entries of another shape and cachemon's own are
 * passed over.
 */
NODISCARD int slowlog_parse(const redisReply *reply, struct slowlog *ret);

/* Would both be shown alike? */
bool slowlog_same(const struct slowlog *a, const struct slowlog *b);

/* The "slowlog" object of the API; see web.c. */
void slowlog_json(const struct slowlog *log, struct buf *out);

#endif

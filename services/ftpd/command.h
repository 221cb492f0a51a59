/*
 * Command lines: which command, which argument, and what holds for it.  Pure;
 * what the commands do stands in session_*.c.
 */
#ifndef FTPD_COMMAND_H
#define FTPD_COMMAND_H

#include <stdbool.h>

#include "base/view.h"
#include "ftpd/reply.h"

struct session;
typedef void command_handler(struct session *s, struct view arg);

#define COMMAND_ANYONE 1U /* before login too */
#define COMMAND_ARG 2U /* needs an argument */
#define COMMAND_KEEPS 4U /* leaves what REST set as it is */

struct command {
	const char *name;
	unsigned flags;
	unsigned needs; /* a right (users.h); 0: none, or it depends */
	command_handler *run; /* NULL: always the same reply */
	enum reply_code code;
	const char *text;
};

enum command_status {
	COMMAND_OK,
	COMMAND_UNKNOWN, /* no FTP command: 500 */
	COMMAND_ABSENT, /* an FTP command that is left out: 502 */
	COMMAND_NO_ARG, /* the argument is missing: 501 */
	COMMAND_FOREIGN, /* another protocol's client: end the session */
};

/*
 * Parses a line without its end.  *ret and *ret_arg, which is borrowed from
 * the line, are set for COMMAND_OK and COMMAND_NO_ARG.
 */
enum command_status command_parse(struct view line, const struct command **ret,
    struct view *ret_arg);

/* The name of command number `i`, NULL behind the last. */
const char *command_name(size_t i);

/* A sequence that clients of other protocols send without a line end. */
bool command_foreign_start(struct view bytes);

#endif

/*
 * Command lines: which verb, which argument, and what holds for the verb.
 * Pure; what the commands do stands in session*.c.
 */
#ifndef FTPD_COMMAND_H
#define FTPD_COMMAND_H

#include <stdbool.h>

#include "base/view.h"

enum verb {
	VERB_ABOR,
	VERB_ALLO,
	VERB_APPE,
	VERB_AUTH,
	VERB_AVBL,
	VERB_CCC,
	VERB_CDUP,
	VERB_CLNT,
	VERB_CWD,
	VERB_DELE,
	VERB_EPRT,
	VERB_EPSV,
	VERB_FEAT,
	VERB_HELP,
	VERB_HOST,
	VERB_LIST,
	VERB_MDTM,
	VERB_MFMT,
	VERB_MKD,
	VERB_MLSD,
	VERB_MLST,
	VERB_MODE,
	VERB_NLST,
	VERB_NOOP,
	VERB_OPTS,
	VERB_PASS,
	VERB_PASV,
	VERB_PBSZ,
	VERB_PORT,
	VERB_PROT,
	VERB_PWD,
	VERB_QUIT,
	VERB_REST,
	VERB_RETR,
	VERB_RMD,
	VERB_RNFR,
	VERB_RNTO,
	VERB_SITE,
	VERB_SIZE,
	VERB_STAT,
	VERB_STOR,
	VERB_STRU,
	VERB_SYST,
	VERB_TYPE,
	VERB_USER,
	VERB_COUNT,
};

#define VERB_ANYONE 1U /* before login too */
#define VERB_ARG 2U /* needs an argument */
#define VERB_KEEPS 4U /* leaves what REST set as it is */

enum command_status {
	COMMAND_OK,
	COMMAND_EMPTY,
	COMMAND_UNKNOWN, /* no FTP verb: 500 */
	COMMAND_ABSENT, /* an FTP verb that is left out: 502 */
	COMMAND_NO_ARG, /* the argument is missing: 501 */
	COMMAND_FOREIGN, /* another protocol's client: end the session */
};

struct command {
	enum verb verb;
	unsigned flags;
	struct view arg; /* borrowed from the line */
};

/*
 * Parses a line without its end.  *ret is set for COMMAND_OK and
 * COMMAND_NO_ARG.
 */
enum command_status command_parse(struct view line, struct command *ret);

/* The verb's name. */
const char *command_name(enum verb verb);

/* A sequence that clients of other protocols send without a line end. */
bool command_foreign_start(struct view bytes);

#endif

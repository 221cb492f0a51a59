#include "ftpd/command.h"

struct verb_row {
	const char *name;
	enum verb verb;
	unsigned flags;
};

/* The name that command_name() gives comes first for each verb. */
static const struct verb_row verbs[] = {
	{ "ABOR", VERB_ABOR, VERB_ANYONE },
	{ "ALLO", VERB_ALLO, VERB_KEEPS },
	{ "APPE", VERB_APPE, VERB_ARG },
	{ "AUTH", VERB_AUTH, VERB_ANYONE | VERB_ARG },
	{ "AVBL", VERB_AVBL, 0 },
	{ "CCC", VERB_CCC, VERB_ANYONE },
	{ "CDUP", VERB_CDUP, 0 },
	{ "XCUP", VERB_CDUP, 0 },
	{ "CLNT", VERB_CLNT, VERB_ANYONE },
	{ "CWD", VERB_CWD, VERB_ARG },
	{ "XCWD", VERB_CWD, VERB_ARG },
	{ "DELE", VERB_DELE, VERB_ARG },
	{ "EPRT", VERB_EPRT, 0 },
	{ "EPSV", VERB_EPSV, VERB_KEEPS },
	{ "FEAT", VERB_FEAT, VERB_ANYONE },
	{ "HELP", VERB_HELP, VERB_ANYONE },
	{ "HOST", VERB_HOST, VERB_ANYONE | VERB_ARG },
	{ "LIST", VERB_LIST, 0 },
	{ "MDTM", VERB_MDTM, VERB_ARG | VERB_KEEPS },
	{ "MFMT", VERB_MFMT, VERB_ARG },
	{ "MKD", VERB_MKD, VERB_ARG },
	{ "XMKD", VERB_MKD, VERB_ARG },
	{ "MLSD", VERB_MLSD, 0 },
	{ "MLST", VERB_MLST, 0 },
	{ "MODE", VERB_MODE, VERB_ARG | VERB_KEEPS },
	{ "NLST", VERB_NLST, 0 },
	{ "NOOP", VERB_NOOP, VERB_ANYONE | VERB_KEEPS },
	{ "OPTS", VERB_OPTS, VERB_ANYONE | VERB_ARG },
	{ "PASS", VERB_PASS, VERB_ANYONE },
	{ "PASV", VERB_PASV, VERB_KEEPS },
	{ "PBSZ", VERB_PBSZ, VERB_ANYONE | VERB_ARG },
	{ "PORT", VERB_PORT, 0 },
	{ "PROT", VERB_PROT, VERB_ANYONE | VERB_ARG | VERB_KEEPS
	        },
	{ "PWD", VERB_PWD, 0 },
	{ "XPWD", VERB_PWD, 0 },
	{ "QUIT", VERB_QUIT, VERB_ANYONE },
	{ "REST", VERB_REST, VERB_ARG | VERB_KEEPS },
	{ "RETR", VERB_RETR, VERB_ARG },
	{ "RMD", VERB_RMD, VERB_ARG },
	{ "XRMD", VERB_RMD, VERB_ARG },
	{ "RNFR", VERB_RNFR, VERB_ARG },
	{ "RNTO", VERB_RNTO, VERB_ARG },
	{ "SITE", VERB_SITE, VERB_ARG },
	{ "SIZE", VERB_SIZE, VERB_ARG | VERB_KEEPS },
	{ "STAT", VERB_STAT, 0 },
	{ "STOR", VERB_STOR, VERB_ARG },
	{ "STRU", VERB_STRU, VERB_ARG | VERB_KEEPS },
	{ "SYST", VERB_SYST, VERB_ANYONE },
	{ "TYPE", VERB_TYPE, VERB_ARG | VERB_KEEPS },
	{ "USER", VERB_USER, VERB_ANYONE | VERB_ARG },
};

/* FTP verbs of the RFCs that this server leaves out. */
static const char *const absent[] = { "ACCT", "ADAT", "CONF", "CSID", "ENC",
	"LANG", "LPRT", "LPSV", "MFF", "MFCT", "MIC", "REIN", "SMNT", "STOU",
	"HASH", "RANG", "COMB", "THMB", "XCRC", "XMD5", "XSHA1" };

/* Words that begin other protocols' lines and no FTP command. */
static const char *const foreign[] = { "GET", "POST", "PUT", "HEAD",
	"OPTIONS", "CONNECT", "TRACE", "DELETE", "PATCH", "PRI", "EHLO",
	"HELO" };

static bool
is_one_of(const char *const *words, size_t n, struct view word)
{
	for (size_t i = 0; i < n; i++) {
		if (view_eq_nocase(word, view_str(words[i]))) {
			return true;
		}
	}
	return false;
}

static enum command_status
unknown(struct view line, struct view word)
{
	if (is_one_of(foreign, ARRAY_LEN(foreign), word)
	    || command_foreign_start(line)) {
		return COMMAND_FOREIGN;
	}
	return is_one_of(absent, ARRAY_LEN(absent), word) ? COMMAND_ABSENT
	                                                  : COMMAND_UNKNOWN;
}

enum command_status
command_parse(struct view line, struct command *ret)
{
	struct view arg = line;
	struct view word = view_cut(&arg, ' ');

	if (view_trim(line).n == 0) {
		return COMMAND_EMPTY;
	}
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (!view_eq_nocase(word, view_str(verbs[i].name))) {
			continue;
		}
		*ret = (struct command){ .verb = verbs[i].verb,
			.flags = verbs[i].flags, .arg = arg };
		if ((ret->flags & VERB_ARG) != 0 && arg.n == 0) {
			return COMMAND_NO_ARG;
		}
		return COMMAND_OK;
	}
	return unknown(line, word);
}

const char *
command_name(enum verb verb)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (verbs[i].verb == verb) {
			return verbs[i].name;
		}
	}
	return "?";
}

bool
command_foreign_start(struct view bytes)
{
	/* A TLS record with a handshake message begins 22, 3. */
	return view_starts(bytes, VIEW("\x16\x03"))
	    || view_starts(bytes, VIEW("SSH-"));
}

#include "ftpd/command.h"

#include "ftpd/session.h"
#include "login/users.h"

/* The server would have to connect where it is told to. */
static const char no_active[] = "Active mode is not offered; use EPSV or PASV.";

#define ANYONE COMMAND_ANYONE
#define ARG COMMAND_ARG
#define KEEPS COMMAND_KEEPS
#define RUN(n, f, r) \
	{ \
		.name = (n), .flags = (f), .run = (r) \
	}
/* The same for who has that right. */
#define MAY(n, f, r, w) \
	{ \
		.name = (n), .flags = (f), .run = (r), .needs = (w) \
	}
#define SAY(n, f, c, t) \
	{ \
		.name = (n), .flags = (f), .code = (c), .text = (t) \
	}

static const struct command commands[] = {
	RUN("ABOR", ANYONE, session_abor),
	RUN("ALLO", KEEPS, session_allo),
	MAY("APPE", ARG, session_appe, USERS_WRITE),
	RUN("AUTH", ANYONE | ARG, session_auth),
	RUN("AVBL", 0, session_avbl),
	RUN("CCC", ANYONE, session_ccc),
	RUN("CDUP", 0, session_cdup),
	RUN("XCUP", 0, session_cdup),
	RUN("CLNT", ANYONE, session_clnt),
	RUN("CWD", ARG, session_cwd),
	RUN("XCWD", ARG, session_cwd),
	MAY("DELE", ARG, session_dele, USERS_DELETE),
	SAY("EPRT", 0, REPLY_NOT_IMPLEMENTED, no_active),
	RUN("EPSV", KEEPS, session_epsv),
	RUN("FEAT", ANYONE, session_feat),
	RUN("HELP", ANYONE, session_help),
	RUN("HOST", ANYONE | ARG, session_host),
	MAY("LIST", 0, session_list, USERS_READ),
	RUN("MDTM", ARG | KEEPS, session_mdtm),
	MAY("MFMT", ARG, session_mfmt, USERS_WRITE),
	MAY("MKD", ARG, session_mkd, USERS_WRITE),
	MAY("XMKD", ARG, session_mkd, USERS_WRITE),
	MAY("MLSD", 0, session_mlsd, USERS_READ),
	RUN("MLST", 0, session_mlst),
	RUN("MODE", ARG | KEEPS, session_mode),
	MAY("NLST", 0, session_nlst, USERS_READ),
	SAY("NOOP", ANYONE | KEEPS, REPLY_DONE, "Here."),
	RUN("OPTS", ANYONE | ARG, session_opts),
	RUN("PASS", ANYONE, session_pass),
	RUN("PASV", KEEPS, session_pasv),
	RUN("PBSZ", ANYONE | ARG, session_pbsz),
	SAY("PORT", 0, REPLY_NOT_IMPLEMENTED, no_active),
	RUN("PROT", ANYONE | ARG | KEEPS, session_prot),
	RUN("PWD", 0, session_pwd),
	RUN("XPWD", 0, session_pwd),
	RUN("QUIT", ANYONE, session_quit),
	RUN("REIN", ANYONE, session_rein),
	RUN("REST", ARG | KEEPS, session_rest),
	MAY("RETR", ARG, session_retr, USERS_READ),
	MAY("RMD", ARG, session_rmd, USERS_DELETE),
	MAY("XRMD", ARG, session_rmd, USERS_DELETE),
	MAY("RNFR", ARG, session_rnfr, USERS_WRITE),
	MAY("RNTO", ARG, session_rnto, USERS_WRITE),
	RUN("SITE", ARG, session_site),
	RUN("SIZE", ARG | KEEPS, session_size),
	RUN("STAT", 0, session_stat),
	MAY("STOR", ARG, session_stor, USERS_WRITE),
	MAY("STOU", 0, session_stou, USERS_WRITE),
	RUN("STRU", ARG | KEEPS, session_stru),
	SAY("SYST", ANYONE, REPLY_SYSTEM, "UNIX Type: L8"),
	RUN("TYPE", ARG | KEEPS, session_type),
	RUN("USER", ANYONE | ARG, session_user),
};

/* FTP verbs of the RFCs that this server leaves out. */
static const char *const absent[] = { "ACCT", "ADAT", "CONF", "CSID", "ENC",
	"LANG", "LPRT", "LPSV", "MFF", "MFCT", "MIC", "SMNT", "HASH", "RANG",
	"COMB", "THMB", "XCRC", "XMD5", "XSHA1" };

/* Words that begin other protocols' lines and no FTP command. */
static const char *const foreign[] = { "GET", "POST", "PUT", "HEAD", "OPTIONS",
	"CONNECT", "TRACE", "DELETE", "PATCH", "PRI", "EHLO", "HELO" };

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
command_parse(struct view line, const struct command **ret,
    struct view *ret_arg)
{
	struct view arg = line;
	struct view word = view_cut(&arg, ' ');

	if (view_trim(line).n == 0) {
		return COMMAND_UNKNOWN;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *c = &commands[i];

		if (view_eq_nocase(word, view_str(c->name))) {
			*ret = c;
			*ret_arg = arg;
			return (c->flags & COMMAND_ARG) != 0 && arg.n == 0
			    ? COMMAND_NO_ARG
			    : COMMAND_OK;
		}
	}
	return unknown(line, word);
}

const char *
command_name(size_t i)
{
	return i < ARRAY_LEN(commands) ? commands[i].name : NULL;
}

bool
command_foreign_start(struct view bytes)
{
	/* A TLS record with a handshake message begins 22, 3. */
	return view_starts(bytes, VIEW("\x16\x03"))
	    || view_starts(bytes, VIEW("SSH-"));
}

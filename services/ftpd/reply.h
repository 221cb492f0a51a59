/*
 * Replies: the codes by name (RFC 959 section 4.2, 2228, 2389, 2428, 4217) and
 * how they are written.  Pure.
 */
#ifndef FTPD_REPLY_H
#define FTPD_REPLY_H

#include "base/buf.h"
#include "base/view.h"

enum reply_code {
	REPLY_OPENING = 150,
	REPLY_DONE = 200,
	REPLY_FEATURES = 211,
	REPLY_STATUS = 211,
	REPLY_FOLDER_STATUS = 212,
	REPLY_FILE_STATUS = 213,
	REPLY_HELP = 214,
	REPLY_SYSTEM = 215,
	REPLY_READY = 220,
	REPLY_BYE = 221,
	REPLY_TRANSFERRED = 226,
	REPLY_PASSIVE = 227,
	REPLY_EXTENDED_PASSIVE = 229,
	REPLY_LOGGED_IN = 230,
	REPLY_AUTH_GO = 234,
	REPLY_FILE_DONE = 250,
	REPLY_PATH = 257,
	REPLY_NEED_PASSWORD = 331,
	REPLY_PENDING = 350,
	REPLY_CLOSING = 421,
	REPLY_NO_DATA = 425,
	REPLY_ABORTED = 426,
	REPLY_TRY_LATER = 450,
	REPLY_LOCAL_ERROR = 451,
	REPLY_NO_SPACE = 452,
	REPLY_UNKNOWN = 500,
	REPLY_BAD_ARGUMENT = 501,
	REPLY_NOT_IMPLEMENTED = 502,
	REPLY_BAD_SEQUENCE = 503,
	REPLY_BAD_PARAMETER = 504,
	REPLY_BAD_PROTECTION = 521,
	REPLY_BAD_PROTOCOL = 522,
	REPLY_NOT_LOGGED_IN = 530,
	REPLY_BAD_CLEAR = 533,
	REPLY_POLICY = 534,
	REPLY_BAD_PROT_LEVEL = 536,
	REPLY_FAILED = 550,
	REPLY_QUOTA = 552,
	REPLY_BAD_NAME = 553,
	REPLY_BAD_RESTART = 554,
};

/* "CODE text\r\n".  `text` has no line end in it. */
void reply_line(struct buf *b, enum reply_code code, const char *text);

/* The first line of several: "CODE-text\r\n"; reply_line() ends them. */
void reply_first(struct buf *b, enum reply_code code, const char *text);

/*
 * The text of a 257 reply: the path in double quotes, those inside doubled
 * (RFC 959 appendix II), then `rest`.
 */
void reply_path(struct buf *b, struct view path, const char *rest);

/* The reply of PASV: "Entering Passive Mode (h1,h2,h3,h4,p1,p2)". */
void reply_passive(struct buf *b, const unsigned char addr[4], unsigned port);

/*
 * How an error of a file command is told: the code for `err` (a -errno) and in
 * *ret_text its words.
 */
enum reply_code reply_for_error(int err, const char **ret_text);

/* The same for a transfer that has begun. */
enum reply_code reply_for_transfer(int err, const char **ret_text);

#endif

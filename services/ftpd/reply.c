#include "ftpd/reply.h"

#include <errno.h>

void
reply_line(struct buf *b, enum reply_code code, const char *text)
{
	buf_addf(b, "%d %s\r\n", (int)code, text);
}

void
reply_first(struct buf *b, enum reply_code code, const char *text)
{
	buf_addf(b, "%d-%s\r\n", (int)code, text);
}

void
reply_path(struct buf *b, struct view path, const char *rest)
{
	buf_add_char(b, '"');
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '"') {
			buf_add_char(b, '"');
		}
		buf_add_char(b, path.p[i]);
	}
	buf_addf(b, "\"%s", rest);
}

void
reply_passive(struct buf *b, const unsigned char addr[4], unsigned port)
{
	buf_addf(b, "Entering Passive Mode (%u,%u,%u,%u,%u,%u).", addr[0],
	    addr[1], addr[2], addr[3], port >> 8 & 0xff, port & 0xff);
}

struct told {
	int err;
	enum reply_code code;
	const char *text;
};

static const struct told file_errors[] = {
	{ ENOENT, REPLY_FAILED, "No such file or folder." },
	{ ENOTDIR, REPLY_FAILED, "Not a folder." },
	{ EISDIR, REPLY_FAILED, "Is a folder." },
	{ EXDEV, REPLY_FAILED, "Not within your folder and its volume." },
	{ ELOOP, REPLY_FAILED, "Is a link." },
	{ EACCES, REPLY_FAILED, "Permission denied." },
	{ EPERM, REPLY_FAILED, "Permission denied." },
	{ EROFS, REPLY_FAILED, "The volume is read-only." },
	{ EBUSY, REPLY_FAILED, "That is the top folder." },
	{ EEXIST, REPLY_FAILED, "Exists already." },
	{ ENOTEMPTY, REPLY_FAILED, "The folder is not empty." },
	{ EINVAL, REPLY_BAD_NAME, "That name cannot be used." },
	{ EILSEQ, REPLY_BAD_NAME, "Control characters in a name." },
	{ ENAMETOOLONG, REPLY_BAD_NAME, "The name is too long." },
	{ ENXIO, REPLY_FAILED, "Not a regular file." },
	{ ENOSPC, REPLY_NO_SPACE, "The disk is full." },
	{ EDQUOT, REPLY_QUOTA, "The quota is used up." },
	{ EFBIG, REPLY_QUOTA, "The file is too big." },
	{ EAGAIN, REPLY_TRY_LATER, "Somebody is changing it; try again." },
};

static const struct told transfer_errors[] = {
	{ ECANCELED, REPLY_ABORTED, "Transfer aborted." },
	{ ETIMEDOUT, REPLY_ABORTED, "The transfer stalled." },
	{ ESHUTDOWN, REPLY_ABORTED, "The server is stopping." },
	{ ENOTCONN, REPLY_ABORTED, "The control connection broke." },
	{ ECONNRESET, REPLY_ABORTED, "The data connection broke." },
	{ EPIPE, REPLY_ABORTED, "The data connection broke." },
	{ ECONNABORTED, REPLY_ABORTED,
	    "The data connection ended without TLS close_notify." },
	{ EPROTO, REPLY_ABORTED, "TLS failed on the data connection." },
	{ ENOSPC, REPLY_NO_SPACE, "The disk is full; nothing was changed." },
	{ EDQUOT, REPLY_QUOTA, "The quota is used up; nothing was changed." },
	{ EFBIG, REPLY_QUOTA, "The file is too big; nothing was changed." },
};

static enum reply_code
tell(const struct told *all, size_t n, int err, const char **ret_text)
{
	for (size_t i = 0; i < n; i++) {
		if (all[i].err == -err) {
			*ret_text = all[i].text;
			return all[i].code;
		}
	}
	*ret_text = "Local error; nothing was changed.";
	return REPLY_LOCAL_ERROR;
}

enum reply_code
reply_for_error(int err, const char **ret_text)
{
	return tell(file_errors, ARRAY_LEN(file_errors), err, ret_text);
}

enum reply_code
reply_for_transfer(int err, const char **ret_text)
{
	return tell(transfer_errors, ARRAY_LEN(transfer_errors), err, ret_text);
}

/*
 * Reading an FTP server's replies (RFC 959 section 4.2).  Pure.
 */
#ifndef EXPORTER_FTP_GREETING_H
#define EXPORTER_FTP_GREETING_H

#include "base/view.h"

/* A reply with more bytes than this is refused. */
#define FTP_REPLY_MAX 4096

/*
 * Looks for a whole reply at the start of `bytes`.  Its code (100 to 599), 0
 * when it has not come whole yet, or -EPROTO for what is no reply.
 */
NODISCARD int ftp_reply_code(struct view bytes);

#endif

#include "exporter/ftp_greeting.h"

#include <errno.h>

static int
line_code(struct view line)
{
	uint64_t code;

	if (line.n < 4 || view_u64((struct view){ line.p, 3 }, &code) < 0
	    || code < 100 || code > 599
	    || (line.p[3] != ' ' && line.p[3] != '-')) {
		return -EPROTO;
	}
	return (int)code;
}

int
ftp_reply_code(struct view bytes)
{
	int first = 0;

	while (view_find(bytes, '\n') < bytes.n) {
		struct view line = view_cut(&bytes, '\n');
		int code = line_code(line);

		if (first == 0) {
			first = code;
			if (code < 0 || line.p[3] == ' ') {
				return code;
			}
		} else if (code == first && line.p[3] == ' ') {
			/* "220-..." ends with "220 ...". */
			return code;
		}
	}
	return bytes.n > FTP_REPLY_MAX ? -EPROTO : 0;
}

#include "staticd/uri.h"

#include <string.h>

void
uri_encode(struct buf *b, struct view path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/!$&'()*+,;=:@";

	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] != '\0' && strchr(plain, path.p[i]) != NULL) {
			buf_add_char(b, path.p[i]);
		} else {
			buf_addf(b, "%%%02X", (unsigned char)path.p[i]);
		}
	}
}

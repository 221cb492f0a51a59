#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

void
secret_wipe(void *p, size_t n)
{
	if (n > 0) {
		explicit_bzero(p, n);
	}
}

void
secret_free(char *s)
{
	if (s != NULL) {
		secret_wipe(s, strlen(s));
		free(s);
	}
}

bool
secret_eq(struct view a, struct view b)
{
	unsigned char differ = a.n != b.n;

	for (size_t i = 0; i < b.n; i++) {
		unsigned char x = i < a.n ? (unsigned char)a.p[i] : 0;

		differ |= (unsigned char)(x ^ (unsigned char)b.p[i]);
	}
	return differ == 0;
}

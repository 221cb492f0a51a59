#include "base/ascii.h"

size_t
ascii_encode(struct ascii *a, const char *in, size_t n, char *out)
{
	size_t w = 0;

	for (size_t i = 0; i < n; i++) {
		if (in[i] == '\n' && !a->cr) {
			out[w++] = '\r';
		}
		out[w++] = in[i];
		a->cr = in[i] == '\r';
	}
	return w;
}

size_t
ascii_decode(struct ascii *a, const char *in, size_t n, char *out)
{
	size_t w = 0;

	for (size_t i = 0; i < n; i++) {
		if (a->cr && in[i] != '\n') {
			out[w++] = '\r';
		}
		a->cr = in[i] == '\r';
		if (!a->cr) {
			out[w++] = in[i];
		}
	}
	return w;
}

size_t
ascii_decode_end(struct ascii *a, char *out)
{
	size_t n = a->cr ? 1 : 0;

	if (n > 0) {
		out[0] = '\r';
	}
	a->cr = false;
	return n;
}

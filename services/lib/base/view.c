#include "base/view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct view
view_str(const char *s)
{
	if (s == NULL) {
		return (struct view){ NULL, 0 };
	}
	return (struct view){ s, strlen(s) };
}

bool
view_eq(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static unsigned char
fold(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

bool
view_eq_nocase(struct view a, struct view b)
{
	if (a.n != b.n) {
		return false;
	}
	for (size_t i = 0; i < a.n; i++) {
		if (fold(a.p[i]) != fold(b.p[i])) {
			return false;
		}
	}
	return true;
}

bool
view_starts(struct view v, struct view prefix)
{
	return v.n >= prefix.n
	    && view_eq((struct view){ v.p, prefix.n }, prefix);
}

bool
view_ends(struct view v, struct view suffix)
{
	return v.n >= suffix.n && view_eq(view_drop(v, v.n - suffix.n), suffix);
}

size_t
view_find(struct view v, char c)
{
	const char *hit = v.n == 0 ? NULL : memchr(v.p, c, v.n);

	return hit == NULL ? v.n : (size_t)(hit - v.p);
}

struct view
view_drop(struct view v, size_t n)
{
	if (n >= v.n) {
		return (struct view){ v.p == NULL ? NULL : v.p + v.n, 0 };
	}
	return (struct view){ v.p + n, v.n - n };
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct view
view_trim(struct view v)
{
	while (v.n > 0 && is_blank(v.p[0])) {
		v = view_drop(v, 1);
	}
	while (v.n > 0 && is_blank(v.p[v.n - 1])) {
		v.n--;
	}
	return v;
}

bool
view_only(struct view v, const char *set)
{
	uint64_t in[4] = { 0 };

	for (; *set != '\0'; set++) {
		unsigned char c = (unsigned char)*set;

		in[c / 64] |= (uint64_t)1 << c % 64;
	}
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if ((in[c / 64] >> c % 64 & 1) == 0) {
			return false;
		}
	}
	return true;
}

bool
view_take(struct view *rest, struct view literal)
{
	if (!view_starts(*rest, literal)) {
		return false;
	}
	*rest = view_drop(*rest, literal.n);
	return true;
}

struct view
view_word(struct view *rest)
{
	struct view word = *rest;

	while (word.n > 0 && (word.p[0] == ' ' || word.p[0] == '\t')) {
		word = view_drop(word, 1);
	}
	*rest = word;
	while (rest->n > 0 && rest->p[0] != ' ' && rest->p[0] != '\t') {
		*rest = view_drop(*rest, 1);
	}
	word.n -= rest->n;
	return word;
}

struct view
view_cut(struct view *rest, char sep)
{
	struct view piece = *rest;
	size_t at = view_find(*rest, sep);

	if (at == rest->n) {
		*rest = (struct view){ NULL, 0 };
		return piece;
	}
	piece.n = at;
	*rest = view_drop(*rest, at + 1);
	return piece;
}

int
view_u64(struct view v, uint64_t *ret)
{
	uint64_t sum = 0;

	if (v.n == 0) {
		return -EINVAL;
	}
	for (size_t i = 0; i < v.n; i++) {
		unsigned digit = (unsigned)(unsigned char)v.p[i] - '0';

		if (digit > 9) {
			return -EINVAL;
		}
		if (__builtin_mul_overflow(sum, 10, &sum)
		    || __builtin_add_overflow(sum, digit, &sum)) {
			return -ERANGE;
		}
	}
	*ret = sum;
	return 0;
}

int
view_i64(struct view v, int64_t *ret)
{
	bool negative = v.n > 0 && v.p[0] == '-';
	uint64_t size;
	int r = view_u64(negative ? view_drop(v, 1) : v, &size);

	if (r < 0) {
		return r;
	}
	if (size > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
		return -ERANGE;
	}
	*ret = negative ? (int64_t)(0 - size) : (int64_t)size;
	return 0;
}

/* Whole numbers are most of what comes, and quick to read. */
static bool
read_whole(struct view v, double *ret)
{
	uint64_t whole = 0;

	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9') {
			return false;
		}
		whole = whole * 10 + (uint64_t)(v.p[i] - '0');
	}
	*ret = (double)whole;
	return true;
}

int
view_double(struct view v, double *ret)
{
	char text[64];
	char *end;
	double value;

	if (v.n == 0 || v.n >= sizeof(text)) {
		return -EINVAL;
	}
	/* Up to 15 digits every number is exact. */
	if (v.n <= 15 && read_whole(v, ret)) {
		return 0;
	}
	if (!view_only(v, "0123456789+-.eE")) {
		return -EINVAL;
	}
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	value = strtod(text, &end);
	if (*end != '\0' || end == text) {
		return -EINVAL;
	}
	/* Not errno: for what is nearly zero C libraries differ in it. */
	if (isinf(value)) {
		return -ERANGE;
	}
	*ret = value;
	return 0;
}

int
view_to_cstr(struct view v, char *out, size_t size)
{
	out[0] = '\0';
	if (v.n >= size) {
		return -ENAMETOOLONG;
	}
	if (view_find(v, '\0') != v.n) {
		return -EINVAL;
	}
	if (v.n > 0) {
		memcpy(out, v.p, v.n);
	}
	out[v.n] = '\0';
	return 0;
}

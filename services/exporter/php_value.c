#include "exporter/php_value.h"

#include <errno.h>

/* Takes what stands before `sep`, and `sep` itself. */
static int
take_until(struct view *rest, char sep, struct view *ret)
{
	size_t n = view_find(*rest, sep);

	if (n == rest->n) {
		return -EINVAL;
	}
	*ret = (struct view){ rest->p, n };
	*rest = view_drop(*rest, n + 1);
	return 0;
}

static int
take_u64(struct view *rest, char sep, uint64_t *ret)
{
	struct view digits;
	int r = take_until(rest, sep, &digits);

	return r < 0 ? r : view_u64(digits, ret);
}

/* 12:"..." */
static int
take_string(struct view *rest, struct view *ret)
{
	uint64_t n;

	if (take_u64(rest, ':', &n) < 0 || !view_take(rest, VIEW("\""))
	    || n > rest->n) {
		return -EINVAL;
	}
	*ret = (struct view){ rest->p, (size_t)n };
	*rest = view_drop(*rest, (size_t)n);
	return view_take(rest, VIEW("\"")) ? 0 : -EINVAL;
}

/* 3:{  -- each pair takes at least 4 bytes, so no count is beyond reach. */
static int
take_opening(struct view *rest, uint64_t *ret)
{
	if (take_u64(rest, ':', ret) < 0 || !view_take(rest, VIEW("{"))
	    || *ret > rest->n / 4) {
		return -EINVAL;
	}
	return 0;
}

static int
take_integer(struct view *rest, struct php_value *v)
{
	struct view digits;

	if (take_until(rest, ';', &digits) < 0
	    || view_i64(digits, &v->number) < 0) {
		return -EINVAL;
	}
	if (v->type == PHP_BOOL && v->number != 0 && v->number != 1) {
		return -EINVAL;
	}
	return 0;
}

/* 8:"stdClass":3:{ */
static int
take_object(struct view *rest, struct php_value *v)
{
	if (take_string(rest, &v->text) < 0 || !view_take(rest, VIEW(":"))) {
		return -EINVAL;
	}
	return take_opening(rest, &v->count);
}

static bool
type_of(char c, enum php_type *ret)
{
	static const struct {
		char c;
		enum php_type type;
	} types[] = { { 'b', PHP_BOOL }, { 'i', PHP_INT }, { 'd', PHP_DOUBLE },
		{ 's', PHP_STRING }, { 'a', PHP_ARRAY }, { 'O', PHP_OBJECT },
		{ 'r', PHP_REFERENCE }, { 'R', PHP_REFERENCE } };

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].c == c) {
			*ret = types[i].type;
			return true;
		}
	}
	return false;
}

int
php_next(struct view *rest, struct php_value *ret)
{
	struct php_value v = { .type = PHP_NULL };
	struct view at = *rest, ignored;
	int r = 0;

	if (view_take(rest, VIEW("N;"))) {
		*ret = v;
		return 0;
	}
	if (at.n < 2 || at.p[1] != ':' || !type_of(at.p[0], &v.type)) {
		return -EINVAL;
	}
	at = view_drop(at, 2);
	switch (v.type) {
	case PHP_BOOL:
	case PHP_INT:
	case PHP_REFERENCE:
		r = take_integer(&at, &v);
		break;
	case PHP_DOUBLE:
		r = take_until(&at, ';', &ignored);
		break;
	case PHP_STRING:
		r = take_string(&at, &v.text);
		if (r == 0 && !view_take(&at, VIEW(";"))) {
			r = -EINVAL;
		}
		break;
	case PHP_ARRAY:
		r = take_opening(&at, &v.count);
		break;
	case PHP_OBJECT:
		r = take_object(&at, &v);
		break;
	case PHP_NULL:
		break;
	}
	if (r < 0) {
		return -EINVAL;
	}
	*rest = at;
	*ret = v;
	return 0;
}

int
php_close(struct view *rest)
{
	return view_take(rest, VIEW("}")) ? 0 : -EINVAL;
}

static bool
is_compound(const struct php_value *v)
{
	return v->type == PHP_ARRAY || v->type == PHP_OBJECT;
}

int
php_skip(struct view *rest, const struct php_value *opened)
{
	/* Values still to come, on each level that is open. */
	uint64_t left[PHP_DEPTH_MAX];
	size_t depth = 0;

	if (!is_compound(opened)) {
		return 0;
	}
	left[depth++] = opened->count * 2;
	while (depth > 0) {
		struct php_value v;

		if (left[depth - 1] == 0) {
			if (php_close(rest) < 0) {
				return -EINVAL;
			}
			depth--;
			continue;
		}
		left[depth - 1]--;
		if (php_next(rest, &v) < 0) {
			return -EINVAL;
		}
		if (is_compound(&v)) {
			if (depth == PHP_DEPTH_MAX) {
				return -EINVAL;
			}
			left[depth++] = v.count * 2;
		}
	}
	return 0;
}

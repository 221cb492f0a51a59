#include "staticd/accept.h"

#define Q_ONE 1000
#define Q_LEAST 1

static const struct {
	struct view name;
	struct view suffix;
} codings[CODING_COUNT] = {
	[CODING_IDENTITY] = { { "identity", 8 }, { "", 0 } },
	[CODING_GZIP] = { { "gzip", 4 }, { ".gz", 3 } },
	[CODING_BR] = { { "br", 2 }, { ".br", 3 } },
	[CODING_ZSTD] = { { "zstd", 4 }, { ".zst", 4 } },
};

struct view
coding_name(enum coding coding)
{
	return codings[coding].name;
}

struct view
coding_suffix(enum coding coding)
{
	return codings[coding].suffix;
}

/* qvalue = 0[.ddd] or 1[.000]; false when malformed. */
static bool
parse_q(struct view v, uint16_t *ret)
{
	unsigned unit = 100;
	unsigned q;

	if (v.n == 0 || v.n > 5 || (v.p[0] != '0' && v.p[0] != '1')
	    || (v.n > 1 && v.p[1] != '.')) {
		return false;
	}
	q = v.p[0] == '1' ? Q_ONE : 0;
	for (size_t i = 2; i < v.n; i++, unit /= 10) {
		if (v.p[i] < '0' || v.p[i] > '9') {
			return false;
		}
		q += unit * (unsigned)(v.p[i] - '0');
	}
	if (q > Q_ONE) {
		return false;
	}
	*ret = (uint16_t)q;
	return true;
}

/* coding [ ; q=value ] */
static bool
parse_element(struct view element, struct view *ret_name, uint16_t *ret_q)
{
	*ret_name = view_trim(view_cut(&element, ';'));
	*ret_q = Q_ONE;
	if (element.p == NULL) {
		return ret_name->n > 0;
	}
	element = view_trim(element);
	if (element.n < 2 || (element.p[0] != 'q' && element.p[0] != 'Q')
	    || element.p[1] != '=') {
		return false;
	}
	return parse_q(view_drop(element, 2), ret_q);
}

static enum coding
coding_of(struct view name)
{
	if (view_eq_nocase(name, VIEW("x-gzip"))) {
		return CODING_GZIP;
	}
	for (unsigned c = 0; c < CODING_COUNT; c++) {
		if (view_eq_nocase(name, codings[c].name)) {
			return (enum coding)c;
		}
	}
	return CODING_COUNT;
}

struct accept
accept_parse(struct view field)
{
	struct accept accept = { { 0 } };
	bool named[CODING_COUNT] = { false };
	bool star = false;
	uint16_t star_q = 0;

	accept.q[CODING_IDENTITY] = Q_LEAST;
	while (field.p != NULL) {
		struct view name;
		enum coding coding;
		uint16_t q;

		if (!parse_element(view_cut(&field, ','), &name, &q)) {
			continue;
		}
		coding = coding_of(name);
		if (coding < CODING_COUNT) {
			named[coding] = true;
			accept.q[coding] = q;
		} else if (view_eq(name, VIEW("*"))) {
			star = true;
			star_q = q;
		}
	}
	for (unsigned c = 0; star && c < CODING_COUNT; c++) {
		if (!named[c] && (c != CODING_IDENTITY || star_q == 0)) {
			accept.q[c] = star_q;
		}
	}
	return accept;
}

enum coding
accept_pick(const struct accept *accept, const uint64_t sizes[CODING_COUNT])
{
	enum coding best = CODING_COUNT;

	for (unsigned c = 0; c < CODING_COUNT; c++) {
		if (accept->q[c] == 0 || sizes[c] == UINT64_MAX) {
			continue;
		}
		if (best == CODING_COUNT || accept->q[c] > accept->q[best]
		    || (accept->q[c] == accept->q[best]
			&& sizes[c] < sizes[best])) {
			best = (enum coding)c;
		}
	}
	return best;
}

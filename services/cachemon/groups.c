#include "cachemon/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/hash.h"
#include "cachemon/json.h"

struct view
group_of_key(struct view key, enum group_kind *ret_kind)
{
	size_t end = key.n;
	size_t start;

	while (end > 0 && key.p[end - 1] != ':') {
		end--;
	}
	if (end == 0) {
		*ret_kind = GROUP_NONE;
		return (struct view){ key.p, 0 };
	}
	end--;
	start = end;
	while (start > 0 && key.p[start - 1] != ':') {
		start--;
	}
	*ret_kind = GROUP_NAMED;
	return (struct view){ key.p + start, end - start };
}

/* The longest beginning of `v` of at most `most` bytes in whole characters. */
static struct view
head_of(struct view v, size_t most)
{
	size_t n = most;

	if (v.n <= most) {
		return v;
	}
	/* Step back over at most one broken UTF-8 sequence. */
	while (
	    n > 0 && most - n < 4 && ((unsigned char)v.p[n] & 0xc0) == 0x80) {
		n--;
	}
	return (struct view){ v.p, n };
}

struct view
group_name_head(struct view name)
{
	return head_of(name, GROUP_NAME_MAX);
}

struct groups *
groups_new(void)
{
	struct groups *g = calloc(1, sizeof(*g));

	if (g != NULL) {
		atomic_init(&g->refs, 1);
	}
	return g;
}

struct groups *
groups_ref(struct groups *g)
{
	atomic_fetch_add(&g->refs, 1);
	return g;
}

void
groups_unref(struct groups *g)
{
	if (g != NULL && atomic_fetch_sub(&g->refs, 1) == 1) {
		free(g);
	}
}

static bool
row_is(const struct group *row, enum group_kind kind, struct view name)
{
	return row->kind == kind
	    && view_eq((struct view){ row->name, row->name_n }, name);
}

static size_t
add_row(struct groups *g, uint16_t *slot, enum group_kind kind,
    struct view name)
{
	struct group *row = &g->rows[g->n];

	row->kind = kind;
	row->name_n = (uint8_t)name.n;
	if (name.n > 0) {
		memcpy(row->name, name.p, name.n);
	}
	*slot = (uint16_t)(g->n + 1);
	return g->n++;
}

/* The row of that name, made when there is room for it. */
static size_t
find_row(struct groups *g, enum group_kind kind, struct view name)
{
	uint64_t at = hash_more(HASH_START ^ kind, name) % GROUPS_SLOTS;

	while (g->slots[at] != 0) {
		size_t row = g->slots[at] - 1u;

		if (row_is(&g->rows[row], kind, name)) {
			return row;
		}
		at = (at + 1) % GROUPS_SLOTS;
	}
	/* The two unnamed rows have room of their own. */
	if (kind == GROUP_NAMED && g->n >= GROUPS_MAX) {
		return find_row(g, GROUP_OTHER, (struct view){ NULL, 0 });
	}
	return add_row(g, &g->slots[at], kind, name);
}

size_t
groups_add(struct groups *g, struct view key)
{
	enum group_kind kind;
	struct view name = group_name_head(group_of_key(key, &kind));
	size_t row = find_row(g, kind, name);

	g->rows[row].keys++;
	g->keys++;
	if (plugin_is_key(key)) {
		/* One with a NUL inside leaves "" and is not looked at. */
		if (view_to_cstr(key, g->plugin_key, sizeof(g->plugin_key))
		    < 0) {
			g->plugin_key[0] = '\0';
		}
	}
	return row;
}

static void
keep_largest(struct groups *g, struct view key, uint64_t bytes)
{
	struct view head = head_of(key, GROUP_KEY_MAX);
	size_t at = g->largest_n;
	size_t moved;

	while (at > 0 && g->largest[at - 1].bytes < bytes) {
		at--;
	}
	if (at >= GROUPS_LARGEST) {
		return;
	}
	if (g->largest_n < GROUPS_LARGEST) {
		g->largest_n++;
	}
	moved = g->largest_n - 1 - at;
	memmove(&g->largest[at + 1], &g->largest[at],
	    moved * sizeof(g->largest[0]));
	g->largest[at] = (struct large_key){ .bytes = bytes,
		.key_n = (uint8_t)head.n,
		.cut = head.n < key.n };
	if (head.n > 0) {
		memcpy(g->largest[at].key, head.p, head.n);
	}
}

void
groups_measure(struct groups *g, size_t row, struct view key, uint64_t bytes)
{
	struct group *r = &g->rows[row];

	if (plugin_is_key(key)) {
		g->plugin_bytes = bytes;
	}
	r->measured++;
	r->sum += (double)bytes;
	r->squares += (double)bytes * (double)bytes;
	if (bytes > r->largest) {
		r->largest = bytes;
	}
	g->measured++;
	keep_largest(g, key, bytes);
}

double
group_bytes(const struct group *row)
{
	if (row->measured == 0) {
		return 0;
	}
	if (row->measured >= row->keys) {
		return row->sum;
	}
	return row->sum / (double)row->measured * (double)row->keys;
}

/* Simple random sampling without replacement (Cochran, chapter 2). */
double
group_bytes_error(const struct group *row)
{
	double n = (double)row->measured;
	double all = (double)row->keys;
	double variance;

	if (row->measured >= row->keys || row->measured < 2) {
		return 0;
	}
	variance = (row->squares - row->sum * row->sum / n) / (n - 1);
	if (variance <= 0) {
		return 0;
	}
	return 1.96 * all * sqrt(variance / n * (1 - n / all));
}

struct view
group_label(const struct group *row)
{
	switch (row->kind) {
	case GROUP_NONE:
		return VIEW("unclassified");
	case GROUP_OTHER:
		return VIEW("overflow");
	case GROUP_NAMED:
		break;
	}
	return (struct view){ row->name, row->name_n };
}

static int
by_bytes(const void *a, const void *b)
{
	double x = group_bytes(a);
	double y = group_bytes(b);

	return (x < y) - (x > y);
}

void
groups_sort(struct groups *g)
{
	qsort(g->rows, g->n, sizeof(g->rows[0]), by_bytes);
}

struct view
group_kind_name(enum group_kind kind)
{
	static const char *const names[] = { "group", "none", "other" };

	return view_str(names[kind]);
}

void
groups_live(struct groups *g, size_t row, int64_t ttl_ms)
{
	static const int64_t ends[] = { 60000, 3600000, 86400000, 604800000 };
	size_t at = 0;

	while (at < ARRAY_LEN(ends) && ttl_ms > ends[at]) {
		at++;
	}
	g->rows[row].ttl[ttl_ms < 0 ? TTL_NONE : at]++;
}

static void
ttl_json(const struct group *row, struct buf *out)
{
	json_open(out, "ttl", '[');
	for (size_t i = 0; i < TTL_COUNT; i++) {
		json_u64(out, NULL, row->ttl[i]);
	}
	json_close(out, ']');
}

static void
row_json(const struct group *row, struct buf *out)
{
	json_open(out, NULL, '{');
	json_str(out, "name", group_label(row));
	json_str(out, "kind", group_kind_name(row->kind));
	json_u64(out, "keys", row->keys);
	json_u64(out, "measured", row->measured);
	json_num(out, "bytes", group_bytes(row), 0);
	json_num(out, "bytes_error", group_bytes_error(row), 0);
	json_u64(out, "largest", row->largest);
	ttl_json(row, out);
	json_close(out, '}');
}

void
groups_json(const struct groups *g, struct buf *out)
{
	json_open(out, NULL, '{');
	json_i64(out, "started_ms", g->started_ms);
	json_i64(out, "finished_ms", g->finished_ms);
	json_u64(out, "keys", g->keys);
	json_u64(out, "measured", g->measured);
	json_open(out, "rows", '[');
	for (size_t i = 0; i < g->n; i++) {
		row_json(&g->rows[i], out);
	}
	json_close(out, ']');
	json_open(out, "largest", '[');
	for (size_t i = 0; i < g->largest_n; i++) {
		const struct large_key *k = &g->largest[i];

		json_open(out, NULL, '{');
		json_str(out, "key", (struct view){ k->key, k->key_n });
		json_bool(out, "cut", k->cut);
		json_u64(out, "bytes", k->bytes);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
}

/* Key names: any bytes that any client of Redis chose, one to a line. */

#include <stddef.h>
#include <stdint.h>

#include "cachemon/groups.h"
#include "cachemon/remove.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All keys are counted, in a bounded table, and none is lost in the JSON. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = { (const char *)data, size };
	struct removal removal = { .prefix = VIEW("wp:") };
	struct groups *g = groups_new();
	uint64_t keys = 0, counted = 0;
	struct buf out;

	if (g == NULL) {
		return 0;
	}
	while (rest.p != NULL) {
		struct view key = view_cut(&rest, '\n');
		enum group_kind kind;
		struct view group = group_of_key(key, &kind);
		size_t row = groups_add(g, key);

		keys++;
		if (row >= g->n || g->n > GROUPS_MAX + 2 || group.n > key.n) {
			__builtin_trap();
		}
		groups_measure(g, row, key, key.n);
		groups_live(g, row, (int64_t)key.n - 1);
		if (remove_is_meant(&removal, key)
		    && !view_starts(key, VIEW("wp:"))) {
			__builtin_trap();
		}
	}
	groups_sort(g);
	for (size_t i = 0; i < g->n; i++) {
		counted += g->rows[i].keys;
	}
	buf_init(&out, 1024 * 1024);
	groups_json(g, &out);
	if (counted != keys || g->keys != keys || buf_error(&out) != 0) {
		__builtin_trap();
	}
	buf_done(&out);
	groups_unref(g);
	return 0;
}

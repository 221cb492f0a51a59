#include "cachemon/plugin.h"

#include <errno.h>
#include <stddef.h>

#include "cachemon/json.h"

bool
plugin_is_key(struct view key)
{
	return key.n <= PLUGIN_KEY_MOST
	    && (view_ends(key, VIEW(":redis-cache:metrics"))
		|| view_eq(key, VIEW("redis-cache:metrics")));
}

static const struct {
	struct view name;
	size_t offset;
} fields[] = {
	{ { "hits", 4 }, offsetof(struct plugin_request, hits) },
	{ { "misses", 6 }, offsetof(struct plugin_request, misses) },
	{ { "bytes", 5 }, offsetof(struct plugin_request, bytes) },
	{ { "time", 4 }, offsetof(struct plugin_request, seconds) },
	{ { "calls", 5 }, offsetof(struct plugin_request, calls) },
	{ { "timestamp", 9 }, offsetof(struct plugin_request, timestamp) },
};

/* A number up to `end`, which is taken, too. */
static bool
take_number(struct view *rest, char end, double *ret)
{
	size_t n = view_find(*rest, end);

	if (n == rest->n || view_double((struct view){ rest->p, n }, ret) < 0) {
		return false;
	}
	*rest = view_drop(*rest, n + 1);
	return true;
}

/* What stands behind "s:": LENGTH:"BYTES"; */
static bool
take_string(struct view *rest, struct view *ret)
{
	size_t digits = view_find(*rest, ':');
	uint64_t n;

	if (digits == rest->n
	    || view_u64((struct view){ rest->p, digits }, &n) < 0
	    || n > rest->n) {
		return false;
	}
	*rest = view_drop(*rest, digits + 1);
	if (!view_take(rest, VIEW("\"")) || rest->n < n) {
		return false;
	}
	*ret = (struct view){ rest->p, (size_t)n };
	*rest = view_drop(*rest, (size_t)n);
	return view_take(rest, VIEW("\";"));
}

/* A number, text, boolean or null; `number` is 0 for what is none. */
static bool
take_value(struct view *rest, double *number)
{
	struct view text;

	*number = 0;
	if (view_take(rest, VIEW("i:")) || view_take(rest, VIEW("d:"))
	    || view_take(rest, VIEW("b:"))) {
		return take_number(rest, ';', number);
	}
	if (view_take(rest, VIEW("s:"))) {
		if (!take_string(rest, &text)) {
			return false;
		}
		if (view_double(text, number) < 0) {
			*number = 0;
		}
		return true;
	}
	return view_take(rest, VIEW("N;"));
}

static void
set_field(struct view name, double number, struct plugin_request *request)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (view_eq(name, fields[i].name) && number >= 0) {
			*(double *)(void *)((char *)request
			    + fields[i].offset) = number;
		}
	}
}

int
plugin_parse(struct view member, struct plugin_request *ret)
{
	struct plugin_request request = { .hits = 0 };
	struct view rest = member;
	struct view name;
	double n;

	if (member.n > PLUGIN_OBJECT_MOST || !view_take(&rest, VIEW("O:"))
	    || !take_number(&rest, ':', &n)) {
		return -EPROTO;
	}
	/* "Class":COUNT:{ */
	if (!view_take(&rest, VIEW("\""))) {
		return -EPROTO;
	}
	rest = view_drop(rest, view_find(rest, '"'));
	if (!view_take(&rest, VIEW("\":")) || !take_number(&rest, ':', &n)
	    || !view_take(&rest, VIEW("{"))) {
		return -EPROTO;
	}
	while (!view_take(&rest, VIEW("}"))) {
		if (!view_take(&rest, VIEW("s:")) || !take_string(&rest, &name)
		    || !take_value(&rest, &n)) {
			return -EPROTO;
		}
		set_field(name, n, &request);
	}
	*ret = request;
	return 0;
}

void
plugin_add(struct plugin *plugin, const struct plugin_request *request)
{
	struct plugin_request *sum = &plugin->sum;

	plugin->requests++;
	sum->hits += request->hits;
	sum->misses += request->misses;
	sum->bytes += request->bytes;
	sum->seconds += request->seconds;
	sum->calls += request->calls;
	if (request->timestamp > sum->timestamp) {
		sum->timestamp = request->timestamp;
	}
}

void
plugin_json(const struct plugin *plugin, struct buf *out)
{
	double n = plugin->requests > 0 ? (double)plugin->requests : 1;
	double looked = plugin->sum.hits + plugin->sum.misses;

	json_open(out, NULL, '{');
	json_u64(out, "requests", plugin->requests);
	json_u64(out, "kept", plugin->kept);
	json_u64(out, "set_bytes", plugin->set_bytes);
	json_num(out, "newest", plugin->sum.timestamp, 0);
	if (looked > 0) {
		json_num(out, "hit_ratio", plugin->sum.hits / looked, 5);
	} else {
		json_null(out, "hit_ratio");
	}
	json_num(out, "hits", plugin->sum.hits / n, 1);
	json_num(out, "misses", plugin->sum.misses / n, 1);
	json_num(out, "bytes", plugin->sum.bytes / n, 0);
	json_num(out, "us", plugin->sum.seconds * 1e6 / n, 0);
	json_num(out, "calls", plugin->sum.calls / n, 1);
	json_close(out, '}');
}

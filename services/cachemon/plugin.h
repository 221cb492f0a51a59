/*
 * What the Redis Object Cache plugin keeps of each request: a sorted set
 * PREFIX:redis-cache:metrics of PHP-serialized objects of its class Metrics,
 * with public properties hits, misses, ratio, bytes, time, calls, timestamp.
 * Pure: bytes in, numbers out; nothing is ever unserialized.
 */
#ifndef CACHEMON_PLUGIN_H
#define CACHEMON_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"

/* Requests that are read, newest first. */
#define PLUGIN_ASK 50
#define PLUGIN_KEY_MOST 255
/* What one request's object may take; more is none of the plugin's. */
#define PLUGIN_OBJECT_MOST 4096

struct plugin_request {
	double hits;
	double misses;
	double bytes;
	double seconds; /* waiting for Redis */
	double calls;
	double timestamp; /* Unix seconds */
};

/* Sums over the requests that were read. */
struct plugin {
	uint64_t requests;
	uint64_t kept; /* members of the sorted set */
	uint64_t set_bytes; /* of memory; 0: not known */
	struct plugin_request sum; /* `timestamp`: the newest */
};

/* Is this the plugin's metrics key? */
bool plugin_is_key(struct view key);

/* Reads one member.  0 with *ret, or -EPROTO. */
NODISCARD int plugin_parse(struct view member, struct plugin_request *ret);

void plugin_add(struct plugin *plugin, const struct plugin_request *request);

/* The "plugin" object of the API; see web.h. */
void plugin_json(const struct plugin *plugin, struct buf *out);

#endif

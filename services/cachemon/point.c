#include "cachemon/point.h"

#include <math.h>
#include <string.h>

uint64_t
point_delta(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

static uint64_t
less(uint64_t value, uint64_t part)
{
	return value > part ? value - part : 0;
}

static uint32_t
to_u32(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

void
point_of_states(const struct sample *now, unsigned own_connections,
    struct point *ret)
{
	*ret = (struct point){
		.memory_used = now->memory_used,
		.memory_limit = now->memory_limit,
		.keys = now->keys,
		/* cachemon's own connections are none of the site's. */
		.clients = to_u32(less(now->clients, own_connections)),
	};
}

void
point_between(const struct sample *before, const struct sample *now,
    uint32_t span_ms, const struct own_use *own, struct point *ret)
{
	static const struct sample zero;

	if (strcmp(before->run_id, now->run_id) != 0) {
		before = &zero;
	}
	point_of_states(now, own->connections, ret);
	ret->span_ms = span_ms;
	ret->hits = point_delta(before->hits, now->hits);
	ret->misses = point_delta(before->misses, now->misses);
	ret->commands = less(point_delta(before->commands, now->commands),
	    own->commands);
	ret->net_in = less(point_delta(before->net_in, now->net_in),
	    own->bytes_sent);
	ret->net_out = less(point_delta(before->net_out, now->net_out),
	    own->bytes_received);
	ret->evicted = to_u32(point_delta(before->evicted, now->evicted));
	ret->expired = to_u32(point_delta(before->expired, now->expired));
}

void
point_merge(struct point *sum, const struct point *next)
{
	sum->span_ms = to_u32((uint64_t)sum->span_ms + next->span_ms);
	sum->hits += next->hits;
	sum->misses += next->misses;
	sum->commands += next->commands;
	sum->net_in += next->net_in;
	sum->net_out += next->net_out;
	sum->evicted = to_u32((uint64_t)sum->evicted + next->evicted);
	sum->expired = to_u32((uint64_t)sum->expired + next->expired);
	sum->memory_used = next->memory_used;
	sum->memory_limit = next->memory_limit;
	sum->keys = next->keys;
	sum->clients = next->clients;
	if (next->answer_us > sum->answer_us) {
		sum->answer_us = next->answer_us;
	}
}

double
point_hit_ratio(const struct point *p)
{
	double all = (double)p->hits + (double)p->misses;

	return all > 0 ? (double)p->hits / all : (double)NAN;
}

double
point_rate(const struct point *p, uint64_t count)
{
	return p->span_ms > 0 ? (double)count * 1000 / p->span_ms : (double)NAN;
}

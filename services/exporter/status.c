#include "exporter/status.h"

#include "base/view.h"

/* A service, and how the name of its collector begins. */
static const struct {
	const char *service;
	const char *collector;
	bool whole; /* that is the whole name */
} services[] = {
	{ "nginx", "nginx", true },
	{ "wordpress", "phpfpm", true },
	{ "mariadb", "mariadb", true },
	{ "redis", "redis", true },
	{ "adminer", "adminer", true },
	{ "ftpd", "merge ftpd:", false },
	{ "staticd", "merge staticd:", false },
	{ "cachemon", "merge cachemon:", false },
};

static bool
tells_about(const struct scrape_state *state, size_t service)
{
	struct view name = view_str(state->name);
	struct view wanted = view_str(services[service].collector);

	return services[service].whole ? view_eq(name, wanted)
				       : view_starts(name, wanted);
}

/* The state of a service's collector; false when it has none. */
static bool
find(struct scrape *scrape, size_t service, size_t *ret_number,
    struct scrape_state *ret)
{
	for (size_t i = 0; i < scrape_count(scrape); i++) {
		scrape_state(scrape, i, ret);
		if (tells_about(ret, service)) {
			*ret_number = i;
			return true;
		}
	}
	return false;
}

uint64_t
status_mask(struct scrape *scrape)
{
	uint64_t mask = 0;

	for (size_t k = 0; k < ARRAY_LEN(services); k++) {
		struct scrape_state state;
		size_t i;

		if (find(scrape, k, &i, &state)) {
			mask |= (uint64_t)1 << i;
		}
	}
	return mask;
}

bool
status_fresh(struct scrape *scrape, uint64_t mask, int64_t now_ms)
{
	for (size_t i = 0; i < scrape_count(scrape); i++) {
		struct scrape_state state;

		if ((mask >> i & 1) == 0) {
			continue;
		}
		scrape_state(scrape, i, &state);
		if (state.noted == 0
		    || now_ms - state.noted >= STATUS_FRESH_MS) {
			return false;
		}
	}
	return true;
}

void
status_write(struct scrape *scrape, time_t now, int64_t now_ms, struct buf *out)
{
	int64_t oldest = now_ms;
	struct buf list;

	buf_init(&list, 1024);
	for (size_t k = 0; k < ARRAY_LEN(services); k++) {
		struct scrape_state state;
		size_t i;

		if (!find(scrape, k, &i, &state)) {
			continue;
		}
		if (state.noted < oldest && state.how != SCRAPE_NEVER) {
			oldest = state.noted;
		}
		buf_addf(&list, "\"%s\":\"%s\",", services[k].service,
		    state.how == SCRAPE_UP ? "up" : "down");
	}
	buf_addf(out, "{\"time\":%lld,\"services\":{%s\"exporter\":\"up\"}}\n",
	    (long long)now - (long long)((now_ms - oldest) / 1000),
	    buf_cstr(&list));
	buf_done(&list);
}

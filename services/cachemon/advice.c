#include "cachemon/advice.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "cachemon/json.h"

/* Fewer lookups say nothing about a ratio. */
#define LOOKUPS_FEW 50
/* A fall of the hit ratio by this much is worth a word. */
#define FALL 0.1
/* WordPress itself warns at 800 kB of options that each page loads. */
#define ALLOPTIONS_MOST 800000
#define PLUGIN_SET_MOST (10 * 1024 * 1024)
#define TEXT_MOST 1024

static bool
is_full(const struct sample *r, double share)
{
	return r->memory_limit > 0
	    && (double)r->memory_used >= share * (double)r->memory_limit;
}

struct view
alert_name(enum alert alert)
{
	static const char *const names[ALERT_COUNT] = { "hit_ratio", "memory",
		"evictions", "answer" };

	return view_str(names[alert]);
}

double
alert_threshold(const struct settings *s, enum alert alert)
{
	switch (alert) {
	case ALERT_HIT_RATIO:
		return (double)s->warn_hit_percent / 100;
	case ALERT_MEMORY:
		return (double)s->warn_memory_percent / 100;
	case ALERT_EVICTIONS:
		return (double)s->warn_evictions;
	default:
		return (double)s->warn_answer_ms / 1000;
	}
}

bool
alert_is_on(const struct settings *settings, const struct status *status,
    enum alert alert)
{
	double most = alert_threshold(settings, alert);
	const struct point *minute = &status->minute;

	if (status->state != REDIS_UP || !status->known) {
		return false;
	}
	switch (alert) {
	case ALERT_HIT_RATIO:
		return minute->hits + minute->misses >= LOOKUPS_FEW
		    && point_hit_ratio(minute) < most;
	case ALERT_MEMORY:
		return is_full(&status->sample, most);
	case ALERT_EVICTIONS:
		return point_rate(minute, minute->evicted) > most;
	default:
		return (double)minute->answer_us / 1e6 > most;
	}
}

/* Adds one piece of advice; `level` is "bad", "warn" or "note". */
static void say(struct buf *out, const char *id, const char *level,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

static void
say(struct buf *out, const char *id, const char *level, const char *fmt, ...)
{
	char text[TEXT_MOST];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_open(out, NULL, '{');
	json_str(out, "id", view_str(id));
	json_str(out, "level", view_str(level));
	json_str(out, "text", view_str(text));
	json_close(out, '}');
}

static double
percent(double part, double all)
{
	return all > 0 ? 100 * part / all : 0;
}

static double
mega(double bytes)
{
	return bytes / 1048576;
}

/* Bytes of all groups together, as far as a pass knows. */
static double
all_bytes(const struct groups *g)
{
	double sum = 0;

	for (size_t i = 0; i < g->n; i++) {
		sum += group_bytes(&g->rows[i]);
	}
	return sum;
}

static const char *
name_of(const struct group *row, char out[GROUP_NAME_MAX + 1])
{
	struct view label = group_label(row);

	(void)snprintf(out, GROUP_NAME_MAX + 1, "%.*s", (int)label.n, label.p);
	return out;
}

/* The keys of the sample that never expire, as a share of the group's. */
static double
endless(const struct group *row)
{
	uint64_t all = 0;

	for (size_t i = 0; i < TTL_COUNT; i++) {
		all += row->ttl[i];
	}
	return all > 0 ? (double)row->ttl[TTL_NONE] / (double)all : 0;
}

static double
endless_bytes(const struct groups *g)
{
	double sum = 0;

	for (size_t i = 0; i < g->n; i++) {
		sum += endless(&g->rows[i]) * group_bytes(&g->rows[i]);
	}
	return sum;
}

static void
advise_full(const struct advice_facts *f, struct buf *out)
{
	const struct sample *r = &f->status->sample;
	const struct point *minute = &f->status->minute;
	double share = percent((double)r->memory_used, (double)r->memory_limit);
	const struct groups *g = f->groups;
	char name[GROUP_NAME_MAX + 1];

	if (view_eq(view_str(r->policy), VIEW("noeviction")) && share >= 95) {
		say(out, "memory", "bad",
		    "Memory is %.0f %% full and the policy is noeviction: "
		    "WordPress can store nothing new. Use allkeys-lru or a "
		    "higher limit.",
		    share);
		return;
	}
	if (g != NULL && g->n > 0) {
		const struct group *top = &g->rows[0];
		double all = all_bytes(g);

		say(out, "memory", "warn",
		    "Memory is %.0f %% full. Group %s alone takes %.0f %% of "
		    "what the keys take; %.0f %% is keys that never expire.",
		    share, name_of(top, name), percent(group_bytes(top), all),
		    percent(endless_bytes(g), all));
	} else {
		say(out, "memory", "warn", "Memory is %.0f %% full.", share);
	}
	if (minute->span_ms > 0 && minute->evicted > 0) {
		say(out, "evictions", "warn",
		    "Redis removed %u keys in the last minute to make room. A "
		    "limit above %.0f MB would keep more of what is asked for.",
		    minute->evicted, mega((double)r->memory_limit));
	}
}

static void
advise_memory(const struct advice_facts *f, struct buf *out)
{
	const struct sample *r = &f->status->sample;

	if (r->memory_limit == 0) {
		say(out, "limit", "warn",
		    "Redis has no memory limit: the cache can grow until the "
		    "machine is out of memory. Set maxmemory.");
	} else if (alert_is_on(f->settings, f->status, ALERT_MEMORY)) {
		advise_full(f, out);
	} else if (alert_is_on(f->settings, f->status, ALERT_EVICTIONS)) {
		say(out, "evictions", "warn",
		    "Redis removed %u keys in the last minute to make room.",
		    f->status->minute.evicted);
	}
	if (f->groups != NULL && f->groups->n > 0
	    && view_starts(view_str(r->policy), VIEW("volatile-"))) {
		double share = percent(endless_bytes(f->groups),
		    all_bytes(f->groups));

		if (share > 50) {
			say(out, "policy", "warn",
			    "The policy %s removes only keys that expire by "
			    "themselves, but %.0f %% of the memory is keys "
			    "that "
			    "never do. allkeys-lru suits a cache.",
			    r->policy, share);
		}
	}
}

/* The group that missed most in the last minutes. */
static const struct activity_row *
worst_row(const struct activity *a, uint64_t *ret_misses)
{
	const struct activity_row *worst = NULL;

	*ret_misses = 0;
	for (size_t i = 0; i < a->n; i++) {
		uint64_t misses = 0;

		for (size_t m = 0; m < ACTIVITY_MINUTES; m++) {
			misses += a->rows[i].minutes[m].misses;
		}
		if (misses > *ret_misses) {
			*ret_misses = misses;
			worst = &a->rows[i];
		}
	}
	return worst;
}

static void
clock_text(int64_t unix_s, char out[8])
{
	time_t at = (time_t)unix_s;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL || strftime(out, 8, "%H:%M", &tm) == 0) {
		out[0] = '\0';
	}
}

/* Did the ratio fall, and what went just before? */
static void
advise_fall(const struct advice_facts *f, struct buf *out)
{
	struct point before = f->before;
	const struct burst *burst = &f->activity->burst;
	double was, is;
	char at[8];

	before.hits -= f->lately.hits < before.hits ? f->lately.hits
						    : before.hits;
	before.misses -= f->lately.misses < before.misses ? f->lately.misses
							  : before.misses;
	was = point_hit_ratio(&before);
	is = point_hit_ratio(&f->lately);
	if (before.hits + before.misses < 4 * LOOKUPS_FEW
	    || f->lately.hits + f->lately.misses < LOOKUPS_FEW
	    || !(is < was - FALL)) {
		return;
	}
	if (burst->minute > 0
	    && (f->activity->minute - burst->minute) * 60 < ADVICE_BEFORE_S) {
		clock_text(burst->minute * 60, at);
		say(out, "fall", "warn",
		    "The hit ratio fell from %.0f %% to %.0f %% after %s UTC, "
		    "when %llu keys of group %.*s were removed.",
		    100 * was, 100 * is, at, (unsigned long long)burst->keys,
		    (int)burst->name_n, burst->name);
		return;
	}
	say(out, "fall", "warn",
	    "The hit ratio of the last five minutes is %.0f %%; it was %.0f %% "
	    "in the hour before.",
	    100 * is, 100 * was);
}

static void
advise_hits(const struct advice_facts *f, struct buf *out)
{
	const struct activity *a = f->activity;
	uint64_t misses;
	const struct activity_row *worst = worst_row(a, &misses);

	if (alert_is_on(f->settings, f->status, ALERT_HIT_RATIO)) {
		double ratio = 100 * point_hit_ratio(&f->status->minute);

		if (worst != NULL) {
			say(out, "hit_ratio", "warn",
			    "Only %.0f %% of the lookups of the last minute "
			    "found their key. Group %.*s missed most, %llu "
			    "times in ten minutes.",
			    ratio, (int)worst->name_n, worst->name,
			    (unsigned long long)misses);
		} else {
			say(out, "hit_ratio", "warn",
			    "Only %.0f %% of the lookups of the last minute "
			    "found their key.",
			    ratio);
		}
	}
	advise_fall(f, out);
}

static void
advise_keys(const struct groups *g, struct buf *out)
{
	double all = all_bytes(g);

	for (size_t i = 0; i < g->largest_n; i++) {
		const struct large_key *k = &g->largest[i];

		if (view_ends((struct view){ k->key, k->key_n },
			VIEW(":options:alloptions"))
		    && k->bytes > ALLOPTIONS_MOST) {
			say(out, "alloptions", "warn",
			    "The options that every page loads (alloptions) "
			    "take %.1f MB. Find plugins that store much with "
			    "autoload on.",
			    mega((double)k->bytes));
		}
	}
	for (size_t i = 0; i < g->n; i++) {
		const struct group *row = &g->rows[i];
		double share = percent(group_bytes(row), all);

		if (row->kind == GROUP_NAMED && share > 30 && g->keys > 1000
		    && view_ends((struct view){ row->name, row->name_n },
			VIEW("transient"))) {
			say(out, "transients", "note",
			    "%.0f %% of the memory is transients, and %.0f %% "
			    "of those never expire.",
			    share, 100 * endless(row));
		}
	}
	if (g->plugin_bytes > PLUGIN_SET_MOST) {
		say(out, "plugin_metrics", "warn",
		    "The Redis Object Cache plugin keeps %.0f MB of metrics at "
		    "%s. Define WP_REDIS_DISABLE_METRICS, or lower its limit.",
		    mega((double)g->plugin_bytes), g->plugin_key);
	}
}

static void
advise_server(const struct advice_facts *f, struct buf *out)
{
	const struct sample *r = &f->status->sample;

	if (r->loading != 0) {
		say(out, "loading", "note",
		    "Redis is loading its data from disk; lookups fail until "
		    "it is done.");
	}
	if (alert_is_on(f->settings, f->status, ALERT_ANSWER)) {
		say(out, "answer", "warn",
		    "Redis took %.0f ms for an answer within the last minute. "
		    "See the slow commands below.",
		    (double)f->status->minute.answer_us / 1000);
	}
	if (r->clients_limit > 0 && r->clients * 10 >= r->clients_limit * 9) {
		say(out, "clients", "bad",
		    "%llu of %llu possible connections are in use; Redis "
		    "refuses more.",
		    (unsigned long long)r->clients,
		    (unsigned long long)r->clients_limit);
	}
}

void
advice_json(const struct advice_facts *f, struct buf *out)
{
	json_open(out, NULL, '{');
	json_open(out, "items", '[');
	if (f->status->state == REDIS_UP && f->status->known) {
		advise_server(f, out);
		advise_memory(f, out);
		advise_hits(f, out);
		if (f->groups != NULL) {
			advise_keys(f->groups, out);
		}
	}
	json_close(out, ']');
	json_open(out, "thresholds", '{');
	for (int i = 0; i < ALERT_COUNT; i++) {
		json_num(out, alert_name((enum alert)i).p,
		    alert_threshold(f->settings, (enum alert)i), 3);
	}
	json_close(out, '}');
	json_open(out, "alerts", '[');
	for (int i = 0; i < ALERT_COUNT; i++) {
		if (alert_is_on(f->settings, f->status, (enum alert)i)) {
			json_str(out, NULL, alert_name((enum alert)i));
		}
	}
	json_close(out, ']');
	json_close(out, '}');
}

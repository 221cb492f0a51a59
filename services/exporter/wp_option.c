#include "exporter/wp_option.h"

#include <errno.h>

#include "exporter/php_value.h"

/* Called for each pair; has to take the whole value off `*rest`. */
typedef int (*pair_fn)(struct view *rest, const struct php_value *key,
    const struct php_value *value, void *ctx);

static int
each_pair(struct view *rest, const struct php_value *opened, pair_fn fn,
    void *ctx)
{
	for (uint64_t i = 0; i < opened->count; i++) {
		struct php_value key, value;

		if (php_next(rest, &key) < 0
		    || (key.type != PHP_INT && key.type != PHP_STRING)
		    || php_next(rest, &value) < 0
		    || fn(rest, &key, &value, ctx) < 0) {
			return -EINVAL;
		}
	}
	return php_close(rest);
}

/* --- cron ---------------------------------------------------------------- */

struct cron_walk {
	struct wp_cron sum;
	int64_t now;
	uint64_t here; /* events of the time being read */
};

static int
count_event(struct view *rest, const struct php_value *key,
    const struct php_value *value, void *ctx)
{
	struct cron_walk *walk = ctx;

	(void)key;
	walk->here++;
	return php_skip(rest, value);
}

static int
read_hook(struct view *rest, const struct php_value *key,
    const struct php_value *value, void *ctx)
{
	(void)key;
	if (value->type != PHP_ARRAY) {
		return php_skip(rest, value);
	}
	return each_pair(rest, value, count_event, ctx);
}

static int
read_time(struct view *rest, const struct php_value *key,
    const struct php_value *value, void *ctx)
{
	struct cron_walk *walk = ctx;

	/* The last pair is "version" => 2. */
	if (key->type != PHP_INT || value->type != PHP_ARRAY) {
		return php_skip(rest, value);
	}
	walk->here = 0;
	if (each_pair(rest, value, read_hook, walk) < 0) {
		return -EINVAL;
	}
	if (walk->here > 0) {
		walk->sum.events += walk->here;
		if (key->number < walk->now) {
			walk->sum.overdue += walk->here;
		}
		if (walk->sum.oldest == 0 || key->number < walk->sum.oldest) {
			walk->sum.oldest = key->number;
		}
	}
	return 0;
}

int
wp_cron_parse(struct view option, int64_t now, struct wp_cron *ret)
{
	struct cron_walk walk = { .now = now };
	struct php_value v;

	if (php_next(&option, &v) < 0 || v.type != PHP_ARRAY
	    || each_pair(&option, &v, read_time, &walk) < 0 || option.n != 0) {
		return -EINVAL;
	}
	*ret = walk.sum;
	return 0;
}

int
wp_array_count(struct view option, uint64_t *ret)
{
	struct php_value v;

	if (php_next(&option, &v) < 0 || v.type != PHP_ARRAY
	    || php_skip(&option, &v) < 0 || option.n != 0) {
		return -EINVAL;
	}
	*ret = v.count;
	return 0;
}

/* --- updates ------------------------------------------------------------- */

/* One offer of the core: {response: "upgrade", ...}. */
static int
read_offer_member(struct view *rest, const struct php_value *key,
    const struct php_value *value, void *ctx)
{
	struct wp_updates *updates = ctx;

	if (view_eq(key->text, VIEW("response")) && value->type == PHP_STRING
	    && view_eq(value->text, VIEW("upgrade"))) {
		/* Several offers (whole, partial) are one update. */
		updates->available = 1;
	}
	return php_skip(rest, value);
}

static int
read_offer(struct view *rest, const struct php_value *key,
    const struct php_value *value, void *ctx)
{
	(void)key;
	if (value->type != PHP_OBJECT && value->type != PHP_ARRAY) {
		return php_skip(rest, value);
	}
	return each_pair(rest, value, read_offer_member, ctx);
}

static int
read_member(struct view *rest, const struct php_value *key,
    const struct php_value *value, void *ctx)
{
	struct wp_updates *updates = ctx;

	if (value->type == PHP_ARRAY) {
		if (view_eq(key->text, VIEW("updates"))) {
			return each_pair(rest, value, read_offer, ctx);
		}
		if (view_eq(key->text, VIEW("response"))) {
			updates->available = value->count;
		} else if (view_eq(key->text, VIEW("checked"))
		    && !updates->counted) {
			updates->checked = value->count;
			updates->counted = true;
		}
	} else if (value->type == PHP_INT && value->number >= 0
	    && view_eq(key->text, VIEW("stack_installed"))) {
		updates->checked = (uint64_t)value->number;
		updates->counted = true;
	} else if (value->type == PHP_STRING
	    && view_eq(key->text, VIEW("version_checked"))) {
		updates->version = value->text;
	}
	return php_skip(rest, value);
}

int
wp_updates_parse(struct view option, struct wp_updates *ret)
{
	struct wp_updates updates = { .version = { "", 0 } };
	struct php_value v;

	if (php_next(&option, &v) < 0 || v.type != PHP_OBJECT
	    || each_pair(&option, &v, read_member, &updates) < 0
	    || option.n != 0) {
		return -EINVAL;
	}
	*ret = updates;
	return 0;
}

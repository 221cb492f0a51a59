#include "exporter/page_owner.h"

#include "base/macros.h"

static bool
starts_with_one(struct view name, const char *const *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (view_starts(name, view_str(prefixes[i]))) {
			return true;
		}
	}
	return false;
}

/*
 * What redis_exporter says about groups of keys is counted by cachemon, which
 * walks the keys anyway, under the same names.
 */
static bool
is_lent(struct view name)
{
	static const char *const prefixes[] = { "redis_key_group_",
		"redis_last_key_groups_", "redis_number_of_distinct_key_" };

	return starts_with_one(name, prefixes, ARRAY_LEN(prefixes));
}

/* Does the name begin with the daemon's own prefix? */
static bool
is_theirs(const struct page_source *source, struct view name)
{
	return source->prefix.n > 0 && view_starts(name, source->prefix);
}

bool
owner_only_one(struct view name)
{
	static const char *const prefixes[] = { "adminer_", "cachemon_",
		"exporter_", "ftpd_", "mysql_", "nginx_", "phpfpm_", "probe_",
		"redis_", "staticd_", "tls_", "wordpress_" };

	return !is_lent(name)
	    && starts_with_one(name, prefixes, ARRAY_LEN(prefixes));
}

bool
owner_reserved(const struct page_source *source, struct view name)
{
	return source->foreign && !is_theirs(source, name)
	    && owner_only_one(name);
}

bool
owner_to_be_told(const struct page_source *source, struct view name)
{
	return source->target.p != NULL && !is_theirs(source, name)
	    && !is_lent(name);
}

/*
 * WordPress, counted by MariaDB: the exporter has no right on any table, only
 * on two procedures of the schema `stack` (see mariadb's init.sql).
 *
 *	wordpress_counts()	rows of metric, label1, label2, value
 *	wordpress_options()	rows of name, value: a closed list of options
 *
 * Both answer nothing before WordPress is installed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exporter/collector.h"
#include "exporter/gather.h"
#include "exporter/sql.h"
#include "exporter/wp_option.h"

static void
write_up(struct metrics *m, uint64_t up)
{
	metrics_one_u64(m, "wordpress_up", METRICS_GAUGE,
	    "Whether the database answered about WordPress.", up);
}

/* --- counts -------------------------------------------------------------- */

/* The procedure's metrics, and the families they are shown as. */
enum family {
	POSTS,
	COMMENTS,
	USERS,
	TERMS,
	TRANSIENTS,
	OPTIONS,
	OPTION_BYTES,
	DATABASE,
	FAMILIES,
};

static const struct {
	const char *metric;
	const char *name;
	const char *label1; /* NULL: no such label */
	const char *label2;
	const char *help;
} families[FAMILIES] = {
	[POSTS] = { "posts", "wordpress_posts", "post_type", "status",
	    "Posts by type and status, attachments and revisions included." },
	[COMMENTS] = { "comments", "wordpress_comments", "status", NULL,
	    "Comments by status." },
	[USERS] = { "users", "wordpress_users", "role", NULL,
	    "Users by role; who has two roles is counted in both." },
	[TERMS] = { "terms", "wordpress_terms", "taxonomy", NULL,
	    "Terms by taxonomy." },
	[TRANSIENTS] = { "transients", "wordpress_transients", "state", NULL,
	    "Transients in the database by state." },
	[OPTIONS] = { "autoloaded_options", "wordpress_autoloaded_options",
	    NULL, NULL, "Options that every request loads." },
	[OPTION_BYTES] = { "autoloaded_options_bytes",
	    "wordpress_autoloaded_options_bytes", NULL, NULL,
	    "Size of the options that every request loads; WordPress warns "
	    "at 800 KB." },
	[DATABASE] = { "database_bytes", "wordpress_database_size_bytes",
	    "component", NULL, "Size of WordPress's tables." },
};

/* What the dashboard of aorfanos/wordpress-exporter asks for. */
enum total {
	POST,
	PAGE,
	MEDIA,
	COMMENT,
	USER,
	CATEGORY,
	TAG,
	TAXONOMY,
	TOTALS
};

static const struct {
	const char *name;
	const char *help;
} totals[TOTALS] = {
	[POST] = { "wordpress_post_count", "Published posts." },
	[PAGE] = { "wordpress_page_count", "Published pages." },
	[MEDIA] = { "wordpress_media_count", "Attachments." },
	[COMMENT] = { "wordpress_comment_count", "Approved comments." },
	[USER] = { "wordpress_user_count",
	    "Users; who has two roles is counted twice." },
	[CATEGORY] = { "wordpress_category_count", "Categories." },
	[TAG] = { "wordpress_tag_count", "Tags." },
	[TAXONOMY] = { "wordpress_taxonomy_count",
	    "Taxonomies that have a term." },
};

struct counts {
	struct gather families;
	double totals[TOTALS];
	size_t rows;
};

static void
add_totals(struct counts *k, enum family family, struct view label1,
    struct view label2, double value)
{
	bool published = view_eq(label2, VIEW("publish"));

	switch (family) {
	case POSTS:
		if (view_eq(label1, VIEW("attachment"))) {
			k->totals[MEDIA] += value;
		} else if (published && view_eq(label1, VIEW("post"))) {
			k->totals[POST] += value;
		} else if (published && view_eq(label1, VIEW("page"))) {
			k->totals[PAGE] += value;
		}
		break;
	case COMMENTS:
		if (view_eq(label1, VIEW("approved"))) {
			k->totals[COMMENT] += value;
		}
		break;
	case USERS:
		k->totals[USER] += value;
		break;
	case TERMS:
		k->totals[TAXONOMY] += value > 0;
		if (view_eq(label1, VIEW("category"))) {
			k->totals[CATEGORY] += value;
		} else if (view_eq(label1, VIEW("post_tag"))) {
			k->totals[TAG] += value;
		}
		break;
	default:
		break;
	}
}

static int
counts_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct counts *k = ctx;
	double value;

	(void)names;
	if (n < 4 || view_double(cells[3], &value) < 0) {
		return 0;
	}
	k->rows++;
	for (size_t i = 0; i < FAMILIES; i++) {
		struct metrics *m = gather_at(&k->families, i);

		if (!view_eq(cells[0], view_str(families[i].metric))) {
			continue;
		}
		if (families[i].label1 != NULL) {
			metrics_label(m, families[i].label1, cells[1]);
		}
		if (families[i].label2 != NULL) {
			metrics_label(m, families[i].label2, cells[2]);
		}
		metrics_double(m, value);
		add_totals(k, (enum family)i, cells[1], cells[2], value);
	}
	return 0;
}

static void
write_totals(const struct counts *k, struct metrics *m)
{
	for (size_t i = 0; i < TOTALS; i++) {
		metrics_one(m, totals[i].name, METRICS_GAUGE, totals[i].help,
		    k->totals[i]);
	}
}

/* 0 with *ret_installed, or -errno. */
static int
read_counts(struct sql *sql, struct metrics *m, bool *ret_installed)
{
	struct counts k = { .rows = 0 };
	int r;

	gather_init(&k.families);
	for (size_t i = 0; i < FAMILIES; i++) {
		gather_add(&k.families, families[i].name, METRICS_GAUGE,
		    families[i].help);
	}
	r = gather_done(&k.families, sql_next(sql, counts_row, &k), m);
	if (r == 0) {
		*ret_installed = k.rows > 0;
		write_totals(&k, m);
	}
	return r;
}

/* --- options ------------------------------------------------------------- */

/* What WordPress noted when it last looked for updates. */
enum component { CORE, PLUGINS, THEMES, COMPONENTS };

/* Short texts that stand in labels. */
enum text { DB_VERSION, TEMPLATE, STYLESHEET, TEXTS };

static const struct {
	const char *option;
	const char *label;
} texts[TEXTS] = {
	[DB_VERSION] = { "db_version", "db_version" },
	[TEMPLATE] = { "template", "template" },
	[STYLESHEET] = { "stylesheet", "stylesheet" },
};

/*
 * The copy that the plugin `stack` of the wordpress image leaves in the
 * options, and the transient, which is absent where an object cache keeps it.
 */
static const struct {
	const char *name;
	const char *copy;
	const char *transient;
	const char *installed; /* a family; NULL: there is but one */
	const char *help;
} components[COMPONENTS] = {
	[CORE] = { "core", "stack_update_core", "_site_transient_update_core",
	    NULL, NULL },
	[PLUGINS] = { "plugins", "stack_update_plugins",
	    "_site_transient_update_plugins", "wordpress_plugin_count",
	    "Installed plugins." },
	[THEMES] = { "themes", "stack_update_themes",
	    "_site_transient_update_themes", "wordpress_theme_count",
	    "Installed themes." },
};

/* All that was read; the rows come in any order. */
struct options {
	struct collection *c;
	int64_t now;
	bool has_cron;
	struct wp_cron cron;
	bool has_plugins;
	uint64_t plugins;
	struct {
		bool known;
		bool copied; /* out of the copy, which counts more */
		struct wp_updates updates; /* without the version */
	} components[COMPONENTS];
	char version[32]; /* of the core; empty: not known */
	char texts[TEXTS][256];
};

/* An option may be unreadable without the others. */
static void
unreadable(const struct options *o, struct view name)
{
	(void)collection_fail(o->c, 0,
	    "WordPress's option %.*s is not readable", (int)name.n, name.p);
}

static void
read_updates(struct options *o, enum component component, bool copied,
    struct view name, struct view value)
{
	struct wp_updates updates;

	if (o->components[component].copied) {
		return;
	}
	if (wp_updates_parse(value, &updates) < 0) {
		unreadable(o, name);
		return;
	}
	if (component == CORE
	    && view_to_cstr(updates.version, o->version, sizeof(o->version))
		< 0) {
		o->version[0] = '\0';
	}
	/* The text is gone with the row. */
	updates.version = VIEW("");
	o->components[component].updates = updates;
	o->components[component].known = true;
	o->components[component].copied = copied;
}

static void
read_other(struct options *o, struct view name, struct view value)
{
	for (size_t i = 0; i < COMPONENTS; i++) {
		bool copied = view_eq(name, view_str(components[i].copy));

		if (copied
		    || view_eq(name, view_str(components[i].transient))) {
			read_updates(o, (enum component)i, copied, name, value);
		}
	}
	for (size_t i = 0; i < TEXTS; i++) {
		if (view_eq(name, view_str(texts[i].option))
		    && view_to_cstr(value, o->texts[i], sizeof(o->texts[i]))
			< 0) {
			unreadable(o, name);
		}
	}
}

static int
option_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct options *o = ctx;

	(void)names;
	if (n < 2 || cells[1].p == NULL) {
		return 0;
	}
	if (view_eq(cells[0], VIEW("cron"))) {
		o->has_cron = wp_cron_parse(cells[1], o->now, &o->cron) == 0;
		if (!o->has_cron) {
			unreadable(o, cells[0]);
		}
	} else if (view_eq(cells[0], VIEW("active_plugins"))) {
		o->has_plugins = wp_array_count(cells[1], &o->plugins) == 0;
		if (!o->has_plugins) {
			unreadable(o, cells[0]);
		}
	} else {
		read_other(o, cells[0], cells[1]);
	}
	return 0;
}

static void
write_cron(const struct options *o, struct metrics *m)
{
	metrics_one(m, "wordpress_cron_events", METRICS_GAUGE,
	    "Scheduled events.", (double)o->cron.events);
	metrics_one(m, "wordpress_cron_overdue_events", METRICS_GAUGE,
	    "Scheduled events whose time has passed.", (double)o->cron.overdue);
	metrics_one(m, "wordpress_cron_oldest_overdue_seconds", METRICS_GAUGE,
	    "How long the oldest overdue event has waited; 0: none is.",
	    o->cron.overdue > 0 ? (double)o->now - (double)o->cron.oldest : 0);
}

static void
write_updates(const struct options *o, struct metrics *m)
{
	metrics_family(m, "wordpress_updates_available", METRICS_GAUGE,
	    "Updates that wait, as WordPress last looked.");
	for (size_t i = 0; i < COMPONENTS; i++) {
		if (o->components[i].known) {
			metrics_label(m, "component",
			    view_str(components[i].name));
			metrics_u64(m, o->components[i].updates.available);
		}
	}
	for (size_t i = 0; i < COMPONENTS; i++) {
		if (components[i].installed != NULL
		    && o->components[i].updates.counted) {
			metrics_one_u64(m, components[i].installed,
			    METRICS_GAUGE, components[i].help,
			    o->components[i].updates.checked);
		}
	}
}

static void
write_info(const struct options *o, struct metrics *m)
{
	metrics_family(m, "wordpress_info", METRICS_GAUGE,
	    "Version of WordPress as its last update check knew it (empty: "
	    "not known), of its tables, and the theme.");
	metrics_label(m, "version", view_str(o->version));
	for (size_t i = 0; i < TEXTS; i++) {
		metrics_label(m, texts[i].label, view_str(o->texts[i]));
	}
	metrics_u64(m, 1);
}

static int
read_options(struct sql *sql, struct metrics *m, struct collection *c)
{
	struct options o = { .c = c, .now = (int64_t)time(NULL) };
	int r = sql_next(sql, option_row, &o);

	if (r < 0) {
		return r;
	}
	if (o.has_cron) {
		write_cron(&o, m);
	}
	if (o.has_plugins) {
		metrics_one_u64(m, "wordpress_active_plugins", METRICS_GAUGE,
		    "Active plugins.", o.plugins);
	}
	write_updates(&o, m);
	write_info(&o, m);
	return 0;
}

/* --- the whole ----------------------------------------------------------- */

static int
collect(void *self, struct collection *c)
{
	static const char *const queries[] = { "CALL stack.wordpress_counts()",
		"CALL stack.wordpress_options()" };
	struct sql *sql = self;
	bool installed = false;
	struct metrics m;
	int r = sql_begin(sql, c, queries, ARRAY_LEN(queries));

	if (r < 0) {
		return r;
	}
	metrics_init(&m, c->out);
	write_up(&m, 1);
	r = read_counts(sql, &m, &installed);
	if (r == 0 && installed) {
		r = read_options(sql, &m, c);
	}
	if (r < 0) {
		(void)collection_fail(c, r, "%s", sql_error(sql));
	} else if (!installed) {
		r = collection_fail(c, -ENOENT,
		    "WordPress is not installed yet");
	}
	sql_end(sql);
	return r;
}

static void
down(void *self, struct metrics *m)
{
	(void)self;
	write_up(m, 0);
}

static void
done(void *self)
{
	sql_free(self);
}

static const struct collector_class wordpress_class = { .collect = collect,
	.down = down,
	.done = done };

int
wordpress_collector(const struct exporter_conf *conf, struct collector *ret)
{
	struct sql *sql = sql_new(conf);

	if (sql == NULL) {
		return -ENOMEM;
	}
	collector_init(ret, &wordpress_class, sql, "wordpress", NULL);
	return 0;
}

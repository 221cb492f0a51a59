/*
 * WordPress, counted by MariaDB: the exporter has no right on any table, only
 * on two procedures of the schema `stack` (see mariadb's init.sql).
 *
 *	wordpress_counts()	rows of metric, label1, label2, value
 *	wordpress_text(name)	one option of a closed list
 *
 * Both answer nothing before WordPress is installed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exporter/collector.h"
#include "exporter/sql.h"
#include "exporter/wp_option.h"

#define FAMILY_MAX (256 * 1024)
#define OPTION_MAX (4 * 1024 * 1024)

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
	struct buf texts[FAMILIES];
	struct metrics writers[FAMILIES];
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
		struct metrics *m = &k->writers[i];

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

static int
write_counts(struct counts *k, struct metrics *m)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		int r = buf_error(&k->texts[i]);

		if (r < 0) {
			return r;
		}
		buf_add_view(m->out, buf_view(&k->texts[i]));
	}
	for (size_t i = 0; i < TOTALS; i++) {
		metrics_one(m, totals[i].name, METRICS_GAUGE, totals[i].help,
		    k->totals[i]);
	}
	return 0;
}

/* 0 with *ret_installed, or -errno. */
static int
ask_counts(struct sql *sql, struct metrics *m, bool *ret_installed)
{
	struct counts k = { .rows = 0 };
	int r;

	for (size_t i = 0; i < FAMILIES; i++) {
		buf_init(&k.texts[i], FAMILY_MAX);
		metrics_init(&k.writers[i], &k.texts[i]);
		metrics_family(&k.writers[i], families[i].name, METRICS_GAUGE,
		    families[i].help);
	}
	r = sql_query(sql, "CALL stack.wordpress_counts()", counts_row, &k);
	if (r == 0) {
		*ret_installed = k.rows > 0;
		if (k.rows > 0) {
			r = write_counts(&k, m);
		}
	}
	for (size_t i = 0; i < FAMILIES; i++) {
		buf_done(&k.texts[i]);
	}
	return r;
}

/* --- options ------------------------------------------------------------- */

static int
text_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	struct buf *text = ctx;

	(void)names;
	if (n > 0) {
		buf_add_view(text, cells[0]);
	}
	return buf_error(text);
}

/* The option's text; empty when there is none.  `query` calls for it. */
static int
ask_text(struct sql *sql, const char *query, struct buf *text)
{
	buf_clear(text);
	return sql_query(sql, query, text_row, text);
}

#define TEXT(name) "CALL stack.wordpress_text('" name "')"

static int
ask_cron(struct sql *sql, struct metrics *m, struct buf *text)
{
	struct wp_cron cron;
	int64_t now = (int64_t)time(NULL);
	int r = ask_text(sql, TEXT("cron"), text);

	if (r < 0 || buf_size(text) == 0) {
		return r;
	}
	if (wp_cron_parse(buf_view(text), now, &cron) < 0) {
		return -EBADMSG;
	}
	metrics_one(m, "wordpress_cron_events", METRICS_GAUGE,
	    "Scheduled events.", (double)cron.events);
	metrics_one(m, "wordpress_cron_overdue_events", METRICS_GAUGE,
	    "Scheduled events whose time has passed.", (double)cron.overdue);
	metrics_one(m, "wordpress_cron_oldest_overdue_seconds", METRICS_GAUGE,
	    "How long the oldest overdue event has waited; 0: none is.",
	    cron.overdue > 0 ? (double)now - (double)cron.oldest : 0);
	return 0;
}

static int
ask_plugins(struct sql *sql, struct metrics *m, struct buf *text)
{
	uint64_t n;
	int r = ask_text(sql, TEXT("active_plugins"), text);

	if (r < 0 || buf_size(text) == 0) {
		return r;
	}
	if (wp_array_count(buf_view(text), &n) < 0) {
		return -EBADMSG;
	}
	metrics_one(m, "wordpress_active_plugins", METRICS_GAUGE,
	    "Active plugins.", (double)n);
	return 0;
}

/* What WordPress noted when it last looked for updates. */
enum component { CORE, PLUGINS, THEMES, COMPONENTS };

/*
 * The copy that the plugin `stack` of the wordpress image leaves in the
 * options; without it the transient, which is absent where an object cache
 * keeps it.
 */
static int
ask_update(struct sql *sql, enum component component, struct buf *text)
{
	static const char *const queries[COMPONENTS][2] = {
		[CORE] = { TEXT("stack_update_core"),
		    TEXT("_site_transient_update_core") },
		[PLUGINS] = { TEXT("stack_update_plugins"),
		    TEXT("_site_transient_update_plugins") },
		[THEMES] = { TEXT("stack_update_themes"),
		    TEXT("_site_transient_update_themes") },
	};
	int r = ask_text(sql, queries[component][0], text);

	return r == 0 && buf_size(text) == 0
	    ? ask_text(sql, queries[component][1], text)
	    : r;
}

static int
ask_updates(struct sql *sql, struct metrics *m, struct buf *text)
{
	static const struct {
		const char *name;
		const char *installed;
		const char *help;
	} kinds[COMPONENTS] = {
		[CORE] = { "core", NULL, NULL },
		[PLUGINS] = { "plugins", "wordpress_plugin_count",
		    "Installed plugins." },
		[THEMES] = { "themes", "wordpress_theme_count",
		    "Installed themes." },
	};

	for (size_t i = 0; i < COMPONENTS; i++) {
		struct wp_updates updates;
		int r = ask_update(sql, (enum component)i, text);

		if (r < 0) {
			return r;
		}
		if (buf_size(text) == 0) {
			continue;
		}
		if (wp_updates_parse(buf_view(text), &updates) < 0) {
			return -EBADMSG;
		}
		metrics_family(m, "wordpress_updates_available", METRICS_GAUGE,
		    "Updates that wait, as WordPress last looked.");
		metrics_label(m, "component", view_str(kinds[i].name));
		metrics_u64(m, updates.available);
		if (kinds[i].installed != NULL && updates.counted) {
			metrics_one(m, kinds[i].installed, METRICS_GAUGE,
			    kinds[i].help, (double)updates.checked);
		}
	}
	return 0;
}

/* The core's version as its own update check noted it; empty if unknown. */
static int
ask_info(struct sql *sql, struct metrics *m, struct buf *text)
{
	struct buf labels[3];
	static const char *const queries[] = { TEXT("db_version"),
		TEXT("template"), TEXT("stylesheet") };
	static const char *const names[] = { "db_version", "template",
		"stylesheet" };
	struct wp_updates core = { .version = { "", 0 } };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		buf_init(&labels[i], 1024);
	}
	for (size_t i = 0; i < ARRAY_LEN(labels) && r == 0; i++) {
		r = ask_text(sql, queries[i], &labels[i]);
	}
	if (r == 0) {
		r = ask_update(sql, CORE, text);
	}
	if (r == 0) {
		if (wp_updates_parse(buf_view(text), &core) < 0) {
			core.version = VIEW("");
		}
		metrics_family(m, "wordpress_info", METRICS_GAUGE,
		    "Version of WordPress as its last update check knew it "
		    "(empty: not known), of its tables, and the theme.");
		metrics_label(m, "version", core.version);
		for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
			metrics_label(m, names[i], buf_view(&labels[i]));
		}
		metrics_u64(m, 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		buf_done(&labels[i]);
	}
	return r;
}

/* --- the whole ----------------------------------------------------------- */

static const struct {
	const char *what;
	int (*ask)(struct sql *sql, struct metrics *m, struct buf *text);
} questions[] = {
	{ "cron", ask_cron },
	{ "active plugins", ask_plugins },
	{ "updates", ask_updates },
	{ "info", ask_info },
};

/*
 * What one option holds may be unreadable without the others; what it had
 * written is taken back.
 */
static int
ask_options(struct sql *sql, struct metrics *m, struct collection *c)
{
	struct buf text;
	int r = 0;

	buf_init(&text, OPTION_MAX);
	for (size_t i = 0; i < ARRAY_LEN(questions) && r == 0; i++) {
		size_t before = buf_size(c->out);

		r = questions[i].ask(sql, m, &text);
		if (r == -EBADMSG) {
			buf_truncate(c->out, before);
			r = collection_fail(c, 0,
			    "WordPress's option for %s is not readable",
			    questions[i].what);
		}
	}
	buf_done(&text);
	return r;
}

static int
collect(void *self, struct collection *c)
{
	bool installed = false;
	struct metrics m;
	struct sql *sql;
	int r = sql_open(self, c, &sql);

	if (r < 0) {
		return r;
	}
	metrics_init(&m, c->out);
	write_up(&m, 1);
	r = ask_counts(sql, &m, &installed);
	if (r == 0 && installed) {
		r = ask_options(sql, &m, c);
	}
	if (r < 0) {
		(void)collection_fail(c, r, "%s", sql_error(sql));
	} else if (!installed) {
		r = collection_fail(c, -ENOENT,
		    "WordPress is not installed yet");
	}
	sql_close(sql);
	return r;
}

static void
down(void *self, struct metrics *m)
{
	(void)self;
	write_up(m, 0);
}

static const struct collector_class wordpress_class = { .collect = collect,
	.down = down };

int
wordpress_collector(const struct exporter_conf *conf, struct collector *ret)
{
	collector_init(ret, &wordpress_class, conf, "wordpress", NULL);
	return 0;
}

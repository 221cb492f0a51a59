<?php
/**
 * Installs WordPress on an empty database, and at every later start brings an
 * installed one up to date with the settings. Run by the entry point:
 *
 *   php install.php MARKER
 *
 * It makes the file MARKER as its last act. WordPress can end a program with
 * status 0 in the middle (wp_die), so nothing else counts as success.
 *
 * What it remembers, as options in the database:
 *   stack_installed        when, and with which WordPress
 *   stack_home             the site's address; when it changes, the old one is
 *                          replaced in content
 *   stack_applied_secrets  for whom which secret was applied, as a hash: only a
 *                          changed secret is applied again, so a secret never
 *                          undoes what a person set in WordPress
 *   stack_object_cache     on or off; when it changes, transients are dropped
 */

declare(strict_types=1);

if (PHP_SAPI !== 'cli' || $argc !== 2) {
    exit(2);
}

const SITE = '/var/www/html';
const DATABASE_PATIENCE = 60;

/* wp-config.php's $table_prefix, and a table that says what we are doing. */
const PREFIX = 'wp_';
const INSTALLING = PREFIX . 'stack_installing';

function say(string $text): void
{
    fwrite(STDERR, "wordpress: $text\n");
}

function fail(string $text, int $status = 1): void
{
    say($text);
    $GLOBALS['stack_explained'] = true;
    exit($status);
}

function secret(string $name): string
{
    return trim((string) file_get_contents((string) getenv($name)));
}

/** Waits until the database lets us in; says why when it never does. */
function wait_for_database(): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $host = (string) getenv('DB_HOST');
    $end = microtime(true) + DATABASE_PATIENCE;
    do {
        try {
            $db = mysqli_init();
            $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 5);
            @$db->real_connect(
                $host,
                (string) getenv('MYSQL_USER'),
                preg_replace('/\r?\n\z/', '', (string) file_get_contents((string) getenv('DB_PASSWORD_FILE'))),
                (string) getenv('MYSQL_DATABASE'),
                (int) getenv('DB_PORT')
            );
            return $db;
        } catch (mysqli_sql_exception $e) {
            if (!isset($said)) {
                say("waiting for the database on $host: " . $e->getMessage());
                $said = true;
            }
            usleep(500000);
        }
    } while (microtime(true) < $end);
    $hint = in_array($e->getCode(), [1044, 1045, 1698], true)
        ? 'MariaDB and WordPress must have the same secrets/db_password.txt and be started again after a change'
        : 'see the log of mariadb';
    fail("the database on $host cannot be used: {$e->getMessage()}; $hint");
}

/* --- installing ---------------------------------------------------------- */

/**
 * The table INSTALLING stands while an installation is going on; it is only
 * made when there is no other with our prefix. So whoever finds it knows that
 * the others are our own unfinished work. They go before WordPress is loaded,
 * which refuses to run on half of its tables.
 */
function undo_unfinished(mysqli $db): void
{
    $tables = array_column($db->query("SHOW TABLES LIKE '" . addcslashes(PREFIX, '_%') . "%'")->fetch_all(), 0);
    if (!in_array(INSTALLING, $tables, true)) {
        return;
    }
    say('the installation was interrupted; beginning again');
    foreach (array_diff($tables, [INSTALLING]) as $table) {
        $db->query("DROP TABLE `$table`");
    }
    $db->query('DROP TABLE ' . INSTALLING);
}

function page(string $title, string $name, string $content, int $author): int
{
    $id = wp_insert_post(wp_slash([
        'post_type' => 'page', 'post_status' => 'publish', 'post_author' => $author,
        'post_title' => $title, 'post_name' => $name, 'post_content' => $content,
        'comment_status' => 'closed', 'ping_status' => 'closed',
    ]), true);
    if (is_wp_error($id)) {
        fail("the page '$title' cannot be made: " . $id->get_error_message());
    }
    return $id;
}

function paragraph(string $html): string
{
    return "<!-- wp:paragraph -->\n<p>$html</p>\n<!-- /wp:paragraph -->\n\n";
}

function heading(string $html): string
{
    return "<!-- wp:heading -->\n<h2 class=\"wp-block-heading\">$html</h2>\n<!-- /wp:heading -->\n\n";
}

function bullets(string ...$items): string
{
    $html = '';
    foreach ($items as $item) {
        $html .= "<!-- wp:list-item -->\n<li>$item</li>\n<!-- /wp:list-item -->\n";
    }
    return "<!-- wp:list -->\n<ul class=\"wp-block-list\">$html</ul>\n<!-- /wp:list -->\n\n";
}

/** Replaces WordPress's sample texts by ones about this site. */
function write_content(int $owner): void
{
    foreach (get_posts(['post_type' => ['post', 'page'], 'post_status' => 'publish', 'numberposts' => -1]) as $post) {
        wp_delete_post($post->ID, true);
    }
    $home = home_url('/');
    $front = page('Welcome', 'welcome', paragraph(
        'This is a complete WordPress site on your own machine. Every part runs in a container of its own, and '
        . 'nothing but this encrypted address leads in.'
    ) . heading('What is running') . bullets(
        '<strong>nginx</strong> ends TLS 1.2 and 1.3 and hands out files;',
        '<strong>WordPress on php-fpm</strong> makes this page;',
        '<strong>MariaDB</strong> keeps every text, comment and user.'
    ) . heading('What to do next') . bullets(
        "<a href=\"{$home}wp-login.php\">Sign in</a>: the names are in <code>srcs/.env</code>, "
        . '<code>make credentials</code> shows the rest;',
        'edit this page, choose a theme, upload a picture;',
        "read the <a href=\"{$home}journal/\">journal</a> and leave a comment."
    ), $owner);
    $journal = page('Journal', 'journal', '', $owner);
    page('About', 'about', paragraph(
        'Files, database and certificates live in folders of the host and survive the containers: stop everything, '
        . 'remove every image, build again, and this page is as you left it.'
    ) . paragraph(
        'WordPress updates itself from the dashboard. Its files belong to the user that PHP runs as, so themes, '
        . 'plugins and the editor work without further settings.'
    ), $owner);
    $post = wp_insert_post(wp_slash([
        'post_status' => 'publish', 'post_author' => $owner, 'comment_status' => 'open', 'ping_status' => 'closed',
        'post_title' => 'The first entry', 'post_name' => 'the-first-entry',
        'post_content' => paragraph('The site is up. This entry is here to be commented on: sign in, write below, '
            . 'and the comment appears at once.')
            . paragraph('Comments of strangers wait until somebody has approved one of theirs.'),
    ]), true);
    if (is_wp_error($post)) {
        fail('the first entry cannot be made: ' . $post->get_error_message());
    }
    update_option('show_on_front', 'page');
    update_option('page_on_front', $front);
    update_option('page_for_posts', $journal);
}

function install(): void
{
    global $wpdb, $wp_rewrite, $wp_version;

    if (!$wpdb->query('CREATE TABLE ' . INSTALLING . ' (id INT PRIMARY KEY)')) {
        fail("the database refuses to make a table: $wpdb->last_error");
    }
    say("installing WordPress $wp_version");
    /* Pretty links are set below; WordPress would ask the web server first. */
    $links = static fn () => '/%postname%/';
    add_filter('pre_option_permalink_structure', $links);
    $title = getenv('WP_TITLE') ?: 'A WordPress site';
    $result = wp_install(
        $title,
        (string) getenv('WP_OWNER'),
        (string) getenv('WP_OWNER_EMAIL'),
        true,
        '',
        wp_slash(secret('WP_OWNER_PASSWORD_FILE'))
    );
    $owner = (int) $result['user_id'];
    if (!get_userdata($owner)) {
        fail('WordPress could not make the owner ' . getenv('WP_OWNER') . ": $wpdb->last_error");
    }
    remove_filter('pre_option_permalink_structure', $links);
    $wp_rewrite->init();
    $wp_rewrite->set_permalink_structure('/%postname%/');
    $wp_rewrite->flush_rules(false);

    update_option('blogdescription', 'WordPress on your own machine');
    update_option('default_comment_status', 'open');
    update_option('default_ping_status', 'closed');
    update_option('default_pingback_flag', 0);
    update_option('users_can_register', 0);
    write_content($owner);
    remember_secret('owner', (string) getenv('WP_OWNER'), secret('WP_OWNER_PASSWORD_FILE'));

    update_option('stack_home', WP_HOME, false);
    update_option('stack_installed', gmdate('c') . " $wp_version", false);
    $wpdb->query('DROP TABLE ' . INSTALLING);
}

/* --- keeping up ---------------------------------------------------------- */

/** Hashed as a user's own secret would be, and before that made short. */
function digest(string $secret): string
{
    return base64_encode(hash('sha256', $secret, true));
}

function remember_secret(string $who, string $login, string $secret): void
{
    $applied = (array) get_option('stack_applied_secrets', []);
    $applied[$who] = ['login' => $login, 'hash' => password_hash(digest($secret), PASSWORD_DEFAULT)];
    update_option('stack_applied_secrets', $applied, false);
}

/**
 * Makes the user, or applies a changed secret. A person may change or remove
 * the user in WordPress; only another name or secret in the settings makes us
 * act again.
 */
function apply_user(string $who, string $login, string $email, string $secret, string $role): void
{
    $last = ((array) get_option('stack_applied_secrets', []))[$who] ?? ['login' => '', 'hash' => ''];
    if ($last['login'] === $login && password_verify(digest($secret), $last['hash'])) {
        return;
    }
    $user = get_user_by('login', $login);
    if ($user) {
        wp_set_password(wp_slash($secret), $user->ID);
        say("the secret of $login was applied");
    } elseif ($last['login'] !== $login) {
        $id = wp_insert_user([
            'user_login' => wp_slash($login), 'user_pass' => wp_slash($secret),
            'user_email' => wp_slash($email), 'role' => $role,
        ]);
        if (is_wp_error($id)) {
            fail("the user $login cannot be made: " . $id->get_error_message());
        }
        say("made the user $login, role $role");
    } else {
        say("$login was removed in WordPress and stays so; its changed secret is not used");
    }
    remember_secret($who, $login, $secret);
}

/** Replaces the old address where it ends there: not in longer names or ports. */
function with_new_home($value, string $old, string $new)
{
    if (is_string($value)) {
        foreach (['/', '\/'] as $slash) {
            $value = preg_replace(
                '~' . preg_quote(str_replace('/', $slash, $old), '~') . '(?![A-Za-z0-9-]|\.[A-Za-z0-9]|:[0-9])~i',
                addcslashes(str_replace('/', $slash, $new), '\\$'),
                $value
            ) ?? $value;
        }
    } elseif (is_array($value)) {
        foreach ($value as $key => $item) {
            $value[$key] = with_new_home($item, $old, $new);
        }
    }
    return $value;
}

/**
 * WP_HOME makes WordPress itself follow a new domain or port. What authors
 * wrote still has the old address: it is replaced in the text and excerpt of
 * every post, in menu links, widgets and theme settings, in one transaction.
 * GUIDs stay, as WordPress asks, and so do plugins' own tables and options.
 */
function follow_home(): void
{
    global $wpdb;

    $old = (string) get_option('stack_home', '');
    $new = WP_HOME;
    if ($old === $new) {
        return;
    }
    $wpdb->query('START TRANSACTION');
    $changed = 0;
    if ($old !== '') {
        $like = '%' . $wpdb->esc_like(preg_replace('~^https?://~', '', $old)) . '%';
        $ids = $wpdb->get_col($wpdb->prepare(
            "SELECT ID FROM $wpdb->posts WHERE post_content LIKE %s OR post_excerpt LIKE %s",
            $like,
            $like
        ));
        foreach ($ids as $id) {
            $row = $wpdb->get_row("SELECT post_content, post_excerpt FROM $wpdb->posts WHERE ID = " . (int) $id, ARRAY_A);
            $better = with_new_home($row, $old, $new);
            if ($better !== $row) {
                $wpdb->update($wpdb->posts, $better, ['ID' => (int) $id]);
                clean_post_cache((int) $id);
                $changed++;
            }
        }
        $links = $wpdb->get_results($wpdb->prepare(
            "SELECT meta_id, post_id, meta_value FROM $wpdb->postmeta WHERE meta_key = '_menu_item_url' AND meta_value LIKE %s",
            $like
        ));
        foreach ($links as $link) {
            $wpdb->update(
                $wpdb->postmeta,
                ['meta_value' => with_new_home($link->meta_value, $old, $new)],
                ['meta_id' => (int) $link->meta_id]
            );
            wp_cache_delete((int) $link->post_id, 'post_meta');
            $changed++;
        }
        $names = $wpdb->get_col(
            "SELECT option_name FROM $wpdb->options WHERE option_name LIKE 'widget\\_%' OR option_name LIKE 'theme\\_mods\\_%'"
        );
        foreach ($names as $name) {
            $value = get_option($name);
            $better = with_new_home($value, $old, $new);
            if ($better !== $value) {
                update_option($name, $better);
                $changed++;
            }
        }
    }
    /* Where WordPress looks if it is ever run without this stack. */
    foreach (['home', 'siteurl'] as $name) {
        $wpdb->update($wpdb->options, ['option_value' => $new], ['option_name' => $name]);
    }
    update_option('stack_home', $new, false);
    if ($wpdb->last_error !== '' || $wpdb->query('COMMIT') === false) {
        fail("the site's new address cannot be stored: $wpdb->last_error");
    }
    wp_cache_flush();
    if ($old !== '') {
        say("the site moved from $old to $new; $changed texts changed");
    }
}

function follow_object_cache(): void
{
    global $wpdb;

    $state = (string) getenv('OBJECT_CACHE');
    if (get_option('stack_object_cache') === $state) {
        return;
    }
    /* They live in Redis with the cache on and in the database without it. */
    $wpdb->query(
        "DELETE FROM $wpdb->options WHERE option_name LIKE '\\_transient\\_%'"
        . " OR option_name LIKE '\\_site\\_transient\\_%'"
    );
    update_option('stack_object_cache', $state, false);
    say("the object cache is $state");
}

function upgrade_database(): void
{
    global $wp_db_version;

    $have = (int) get_option('db_version');
    if ($have > $wp_db_version) {
        fail("the database is of a newer WordPress ($have) than the site's files ($wp_db_version);"
            . ' put both back from one backup, or update the files');
    }
    if ($have < $wp_db_version) {
        say("bringing the database from version $have to $wp_db_version");
        wp_upgrade();
        if ((int) __get_option('db_version') !== $wp_db_version) {
            fail('the database could not be brought up to date');
        }
    }
}

/* --- main ---------------------------------------------------------------- */

/* New users are told nothing by mail: there may be no mail here. */
function wp_mail($to, $subject, $message, $headers = '', $attachments = []): bool
{
    return true;
}

ob_start();
register_shutdown_function(static function () use ($argv): void {
    $page = '';
    while (ob_get_level() > 0) {
        $page .= ob_get_clean();
    }
    if (!file_exists($argv[1])) {
        if (!isset($GLOBALS['stack_explained'])) {
            $page = preg_replace('~<(style|script|title)\b.*?</\1>~is', ' ', $page);
            $page = trim(preg_replace('/\s+/', ' ', html_entity_decode(strip_tags($page))));
            say('WordPress was not installed: ' . ($page === '' ? 'it ended without a word' : substr($page, 0, 500)));
            exit(1);
        }
    }
});

if (stripos((string) getenv('WP_OWNER'), 'admin') !== false) {
    fail("WP_OWNER contains 'admin', which attackers try first; choose another name in srcs/.env", 2);
}
try {
    $database = wait_for_database();
    undo_unfinished($database);
    $database->close();
} catch (mysqli_sql_exception $e) {
    fail('what an interrupted installation left cannot be removed: ' . $e->getMessage());
}
mysqli_report(MYSQLI_REPORT_OFF);

/* No plugin and no theme is loaded: a broken one must not stop the start. */
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => (string) getenv('DOMAIN_NAME'), 'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1'];

require SITE . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

$tables = $wpdb->get_col("SHOW TABLES LIKE '" . $wpdb->esc_like($wpdb->prefix) . "%'");
if ($tables === []) {
    install();
} elseif (!is_blog_installed()) {
    fail('the database has WordPress tables without a site in them; restore a backup, or empty the database');
} else {
    upgrade_database();
    follow_home();
}
apply_user(
    'owner',
    (string) getenv('WP_OWNER'),
    (string) getenv('WP_OWNER_EMAIL'),
    secret('WP_OWNER_PASSWORD_FILE'),
    'administrator'
);
apply_user(
    'editor',
    (string) getenv('WP_EDITOR'),
    (string) getenv('WP_EDITOR_EMAIL'),
    secret('WP_EDITOR_PASSWORD_FILE'),
    'editor'
);
follow_object_cache();

if (!touch($argv[1])) {
    fail("$argv[1] cannot be written");
}

<?php
/**
 * WordPress's configuration. It lies one level above the site's files, in the
 * image: WordPress looks here too, and nobody who can write to the site (the
 * dashboard, FTP) can read it through the web or change it.
 *
 * Everything comes from the environment; secrets come from the files that the
 * variables ending in _FILE name.
 */

/** Ends the request with one line in the log and nothing for strangers. */
function stack_config_fault(string $what): void
{
    error_log("wp-config.php: $what");
    if (PHP_SAPI !== 'cli') {
        http_response_code(500);
        header('Content-Type: text/plain; charset=utf-8');
        echo "This site is not set up completely. Its log says what is missing.\n";
    }
    exit(2);
}

function stack_setting(string $name, string $default = ''): string
{
    $value = getenv($name);
    $value = $value === false || $value === '' ? $default : $value;
    if ($value === '') {
        stack_config_fault("$name is not set; set it in srcs/.env");
    }
    return $value;
}

function stack_secret(string $name): string
{
    $file = stack_setting($name);
    $value = @file_get_contents($file);
    $value = $value === false ? '' : preg_replace('/\r?\n\z/', '', $value);
    if ($value === '') {
        stack_config_fault("$name: $file is missing or empty; put the secret into it and start again");
    }
    return $value;
}

define('DB_NAME', stack_setting('MYSQL_DATABASE', 'wordpress'));
define('DB_USER', stack_setting('MYSQL_USER', 'wordpress'));
define('DB_PASSWORD', stack_secret('DB_PASSWORD_FILE'));
define(
    'DB_HOST',
    stack_setting('DB_HOST', 'mariadb') . ':' . stack_setting('DB_PORT', getenv('MARIADB_PORT') ?: '3306')
);
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';

/* The site's address follows srcs/.env; the settings page shows it only. */
$stack_port = stack_setting('HTTPS_PORT', '443');
define(
    'WP_HOME',
    'https://' . strtolower(stack_setting('DOMAIN_NAME')) . ($stack_port === '443' ? '' : ":$stack_port")
);
define('WP_SITEURL', WP_HOME);
unset($stack_port);

/* TLS ends in front of PHP, and there is no way in without it. */
$_SERVER['HTTPS'] = 'on';
define('FORCE_SSL_ADMIN', true);

/* One secret made once; a new one logs everybody out and does no other harm. */
$stack_salts = stack_secret('WP_SALTS_FILE');
foreach (
    [
        'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY',
        'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT',
    ] as $stack_name
) {
    define($stack_name, base64_encode(hash_hmac('sha512', $stack_name, $stack_salts, true)));
}
unset($stack_salts, $stack_name);

/*
 * The object cache. The names are those of the redis-cache plugin, so that it
 * works too if somebody prefers it.
 */
if (getenv('OBJECT_CACHE') === 'on') {
    define('WP_REDIS_HOST', stack_setting('REDIS_HOST', 'redis'));
    define('WP_REDIS_PORT', (int) stack_setting('REDIS_PORT', '6379'));
    define('WP_REDIS_PASSWORD', [stack_setting('REDIS_USER', 'wordpress'), stack_secret('REDIS_PASSWORD_FILE')]);
    /* Redis lets its user wordpress at keys of this prefix only (users.acl). */
    define('WP_REDIS_PREFIX', 'wp:');
    define('WP_REDIS_TIMEOUT', 1);
    define('WP_REDIS_READ_TIMEOUT', 1);
    define('WP_REDIS_SELECTIVE_FLUSH', true);
    define('WP_REDIS_STATE_DIR', stack_setting('RUN_DIR', '/tmp/wordpress') . '/cache');
}

/* The site's files belong to the user that runs PHP. */
define('FS_METHOD', 'direct');
define('FS_CHMOD_DIR', 0755);
define('FS_CHMOD_FILE', 0644);
define('WP_MEMORY_LIMIT', '128M');
define('WP_MAX_MEMORY_LIMIT', '256M');

define('WP_DEBUG', false);
define('WP_DEBUG_DISPLAY', false);
define('WP_DEBUG_LOG', false);

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/html/');
}

require_once ABSPATH . 'wp-settings.php';

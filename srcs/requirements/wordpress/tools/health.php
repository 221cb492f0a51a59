<?php
/**
 * What the health check asks php-fpm to run: it says "ok" if this process
 * can use the database and WordPress's tables are there. It is not part of
 * the site and loads nothing of it.
 */

header('Content-Type: text/plain');

try {
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $secret = preg_replace('/\r?\n\z/', '', (string) file_get_contents((string) getenv('DB_PASSWORD_FILE')));
    $db = mysqli_init();
    $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 2);
    $db->options(MYSQLI_OPT_READ_TIMEOUT, 2);
    $db->real_connect(
        getenv('DB_HOST') ?: 'mariadb',
        getenv('MYSQL_USER') ?: 'wordpress',
        $secret,
        getenv('MYSQL_DATABASE') ?: 'wordpress',
        (int) (getenv('DB_PORT') ?: getenv('MARIADB_PORT') ?: 3306)
    );
    $home = $db->query("SELECT option_value FROM wp_options WHERE option_name = 'siteurl'")->fetch_row();
    $users = $db->query('SELECT ID FROM wp_users LIMIT 1')->fetch_row();
    if (!$home || !$users) {
        throw new RuntimeException('WordPress is not installed in this database');
    }
    echo "ok\n";
} catch (Throwable $e) {
    http_response_code(503);
    echo $e->getMessage(), "\n";
}

<?php
/* WordPress's FTP file system class, driven by WordPress's own unzip_file():
 * php wordpress.php HOST PORT USER PASSWORD ARCHIVE (which it makes) */

[, $host, $port, $user, $password, $archive] = $argv;

define('ABSPATH', '/usr/share/wordpress/');
define('WPINC', 'wp-includes');
define('WP_CONTENT_DIR', '/inbox');
define('WP_CONTENT_URL', 'https://localhost/wp-content');
define('KB_IN_BYTES', 1024);
define('WP_DEBUG', false);
define('FS_CHMOD_DIR', 0755);
define('FS_CHMOD_FILE', 0644);
define('FS_CONNECT_TIMEOUT', 20);
define('FS_TIMEOUT', 20);
foreach (['version.php', 'compat.php', 'load.php', 'plugin.php', 'class-wp-error.php',
    'functions.php', 'formatting.php', 'pluggable.php', 'l10n.php', 'pomo/translations.php',
    'class-wp-textdomain-registry.php'] as $file) {
    $path = ABSPATH . WPINC . '/' . $file;
    if (is_file($path)) {
        require_once $path;
    }
}
require_once ABSPATH . 'wp-admin/includes/file.php';
require_once ABSPATH . 'wp-admin/includes/class-wp-filesystem-base.php';
require_once ABSPATH . 'wp-admin/includes/class-wp-filesystem-ftpext.php';

function must($result, string $what)
{
    if ($result === false || is_wp_error($result)) {
        fwrite(STDERR, "$what: " . (is_wp_error($result)
            ? $result->get_error_message() : 'false') . "\n");
        exit(1);
    }
    return $result;
}

/* No database: every option is empty. */
add_filter('pre_option', fn() => '');

$zip = new ZipArchive();
must($zip->open($archive, ZipArchive::CREATE) === true, 'archive');
$zip->addFromString('greeting/greeting.php', "<?php\n/* Plugin Name: Greeting */\n");
for ($i = 0; $i < 25; $i++) {
    $zip->addFromString("greeting/parts/part$i.php", "<?php\nreturn $i;\n");
}
must($zip->close(), 'archive');

$wp_filesystem = new WP_Filesystem_FTPext(['hostname' => $host, 'port' => $port,
    'username' => $user, 'password' => $password, 'connection_type' => 'ftps']);
must(!$wp_filesystem->errors->has_errors(), 'options');
must($wp_filesystem->connect(), 'connect: '
    . implode(' ', $wp_filesystem->errors->get_error_messages()));
must($wp_filesystem->is_dir('/inbox'), 'is_dir');
must($wp_filesystem->mkdir('/inbox/plugins', 0755), 'mkdir');
must(unzip_file($archive, '/inbox/plugins'), 'unzip');
must($wp_filesystem->exists('/inbox/plugins/greeting/greeting.php'), 'exists');
must(!$wp_filesystem->exists('/inbox/plugins/none.php'), 'exists of nothing');
must($wp_filesystem->put_contents('/inbox/plugins/x.txt', 'text', 0600), 'put');
must($wp_filesystem->get_contents('/inbox/plugins/x.txt') === 'text', 'get');
must(count($wp_filesystem->dirlist('/inbox/plugins/greeting/parts')) === 25, 'dirlist');
must($wp_filesystem->move('/inbox/plugins/x.txt', '/inbox/plugins/y.txt', true), 'move');
must($wp_filesystem->size('/inbox/plugins/y.txt') === 4, 'size');
must($wp_filesystem->delete('/inbox/plugins/y.txt'), 'delete');
echo "done\n";

<?php
/**
 * Plugin Name: Stack
 * Description: Lets this site reach itself: WordPress's own requests trust the local certificate authority as well as the public ones. Sends mail through the SMTP server of srcs/.env.
 * Version: 1.0.0
 *
 * The container's entry point writes this file at each start; changes to it
 * do not last. It changes nothing that a person can set in WordPress.
 */

if (!defined('ABSPATH')) {
    exit(2);
}

/** The public authorities: WordPress's own file, or the one that Debian's takes. */
function stack_public_authorities(): array
{
    return [ABSPATH . WPINC . '/certificates/ca-bundle.crt', '/etc/ssl/certs/ca-certificates.crt'];
}

/**
 * Returns a file with the public authorities and the local one, or '' if there
 * is no local one. WordPress passes a file of its own to every request and
 * ignores php.ini's, so both have to be in one. It is made again when either
 * part has changed.
 */
function stack_ca_bundle(): string
{
    $local = getenv('LOCAL_CA_FILE') ?: '/var/lib/certs/ca.crt';
    $public = stack_public_authorities()[0];
    $both = (getenv('RUN_DIR') ?: '/tmp/wordpress') . '/ca-bundle.crt';

    clearstatcache();
    if (!is_readable($local)) {
        return '';
    }
    $made = (int) @filemtime($both);
    if ($made > filemtime($local) && $made > (int) @filemtime($public)) {
        return $both;
    }
    $text = (string) @file_get_contents($public) . "\n" . file_get_contents($local);
    $draft = $both . '.' . getmypid();
    if (@file_put_contents($draft, $text) !== strlen($text) || !@rename($draft, $both)) {
        @unlink($draft);
        return '';
    }
    return $both;
}

/*
 * What WordPress found when it last looked for updates, for the exporter. With
 * an object cache these transients are in Redis alone, in a form that only PHP
 * reads; a copy stays in the options, which no page loads by itself. How many
 * plugins and themes there are is in it even while nobody answers.
 */
foreach (['core', 'plugins', 'themes'] as $stack_kind) {
    add_action("set_site_transient_update_$stack_kind", static function ($found) use ($stack_kind) {
        if (!is_object($found)) {
            return;
        }
        $copy = clone $found;
        if ($stack_kind === 'plugins' && function_exists('get_plugins')) {
            $copy->stack_installed = count(get_plugins());
        } elseif ($stack_kind === 'themes') {
            $copy->stack_installed = count(wp_get_themes());
        }
        update_option("stack_update_$stack_kind", $copy, false);
    });
}
unset($stack_kind);

add_filter('http_request_args', static function ($args) {
    /* A plugin that chose authorities of its own keeps them. */
    $given = $args['sslcertificates'] ?? '';
    if ($given === '' || in_array($given, stack_public_authorities(), true)) {
        $bundle = stack_ca_bundle();
        if ($bundle !== '') {
            $args['sslcertificates'] = $bundle;
        }
    }
    return $args;
});

/* --- mail ------------------------------------------------------------------- */

/** SMTP_SERVER as [host, port], or null: then this site sends no mail itself. */
function stack_smtp_server(): ?array
{
    $parts = explode(':', (string) getenv('SMTP_SERVER'));
    return count($parts) === 2 && $parts[0] !== '' ? [$parts[0], (int) $parts[1]] : null;
}

/* Early, so that a plugin with settings of its own has the last word. */
add_action('phpmailer_init', static function ($mail) {
    $server = stack_smtp_server();
    if ($server === null) {
        return;
    }
    $mail->isSMTP();
    [$mail->Host, $mail->Port] = $server;
    $mail->Timeout = 10;
    $security = getenv('SMTP_SECURITY') ?: 'starttls';
    /* With 'tls' PHPMailer gives up on a server that refuses STARTTLS. */
    $mail->SMTPSecure = ['starttls' => 'tls', 'tls' => 'ssl', 'none' => ''][$security] ?? 'tls';
    $mail->SMTPAutoTLS = $security !== 'none';
    $mail->Username = (string) getenv('SMTP_USER');
    $mail->SMTPAuth = $mail->Username !== '';
    if ($mail->SMTPAuth) {
        $secret = (string) @file_get_contents((string) getenv('SMTP_PASSWORD_FILE'));
        $mail->Password = preg_replace('/\r?\n\z/', '', $secret);
    }
}, 1);

/* Only WordPress's own choice is replaced, wordpress@DOMAIN_NAME. */
add_filter('wp_mail_from', static function ($from) {
    $own = (string) getenv('SMTP_FROM');
    return $own !== '' && stack_smtp_server() !== null && str_starts_with($from, 'wordpress@') ? $own : $from;
}, 1);

add_action('wp_mail_failed', static function ($error) {
    $why = $error->get_error_message() . (stack_smtp_server() ? '' : ' (SMTP_SERVER is not set in srcs/.env)');
    $subject = (string) ($error->get_error_data()['subject'] ?? '');
    error_log('mail: not sent: ' . preg_replace('/[^\x20-\x7e]/', '?', "'$subject': $why"));
});

/** One line in Site Health on whether this site can send mail. */
function stack_mail_health(): array
{
    $server = stack_smtp_server();
    $text = $server !== null
        ? "Mail goes to the SMTP server $server[0]. Whether it arrives, the lost-password form shows."
        : 'No SMTP server is set, so nobody gets a mail: no lost password, no word of a new comment. '
            . 'Set SMTP_SERVER in srcs/.env and run make, or use a plugin that sends mail.';
    return [
        'label' => $server !== null ? 'This site can send mail' : 'This site cannot send mail',
        'status' => $server !== null ? 'good' : 'recommended',
        'badge' => ['label' => 'Mail', 'color' => 'blue'],
        'description' => '<p>' . esc_html($text) . '</p>',
        'actions' => '',
        'test' => 'stack_mail',
    ];
}

add_filter('site_status_tests', static function ($tests) {
    $tests['direct']['stack_mail'] = ['label' => 'Mail', 'test' => 'stack_mail_health'];
    return $tests;
});

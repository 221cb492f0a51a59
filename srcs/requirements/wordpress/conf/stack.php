<?php
/**
 * Plugin Name: Stack
 * Description: Lets this site reach itself: WordPress's own requests trust the local certificate authority as well as the public ones.
 * Version: 1.0.0
 *
 * The container's entry point writes this file at each start; changes to it
 * do not last. It changes nothing that a person can set in WordPress.
 */

if (!defined('ABSPATH')) {
    exit(2);
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
    $public = ABSPATH . WPINC . '/certificates/ca-bundle.crt';
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
    $default = ABSPATH . WPINC . '/certificates/ca-bundle.crt';
    if (($args['sslcertificates'] ?? $default) === $default) {
        $bundle = stack_ca_bundle();
        if ($bundle !== '') {
            $args['sslcertificates'] = $bundle;
        }
    }
    return $args;
});

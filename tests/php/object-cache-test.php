<?php
/**
 * Tests the object-cache.php drop-in against a real Redis.
 *
 *   REDIS_HOST=127.0.0.1 REDIS_PORT=6379 [REDIS_USER=... REDIS_PASSWORD=...] \
 *       php tests/php/object-cache-test.php
 *
 * Needs PHP 8.2 or later with the redis extension; igbinary is used if there.
 * The user needs what WordPress has: reading, writing, transactions and SCAN
 * on wp:*. Only keys beginning with wp:t<pid>: are touched, and they are
 * removed at the end. WordPress is not needed: the few functions of it that
 * the drop-in calls are below.
 *
 * Faults are made by a small proxy in front of Redis (this file again, with
 * --proxy), which can hang, be slow, cut connections or answer "out of memory".
 *
 * Prints one line per check, "ok" or "not ok"; status 0 if all are ok.
 */

declare(strict_types=1);

/* --- the proxy ----------------------------------------------------------- */

/**
 * Reads its mode from the file $mode before each chunk: pass, hang, slow
 * (0.15 s per answer), cut, full.
 */
function proxy(string $listen, string $target, string $mode): void
{
    $server = stream_socket_server("tcp://$listen", $code, $error) ?: exit(1);
    $peer = [];
    while (is_resource($server)) {
        $ready = array_merge([$server], array_map(fn ($id) => $peer[$id][0], array_keys($peer)));
        $none = null;
        if (!stream_select($ready, $none, $none, 5)) {
            continue;
        }
        foreach ($ready as $from) {
            if ($from === $server) {
                $client = stream_socket_accept($server);
                $redis = stream_socket_client("tcp://$target");
                $peer[(int) $client] = [$client, $redis, 'client'];
                $peer[(int) $redis] = [$redis, $client, 'redis'];
                continue;
            }
            if (!isset($peer[(int) $from])) {
                continue;
            }
            [, $to, $side] = $peer[(int) $from];
            $bytes = fread($from, 65536);
            $now = trim((string) file_get_contents($mode));
            if ($bytes === '' || $bytes === false || $now === 'cut') {
                unset($peer[(int) $from], $peer[(int) $to]);
                fclose($from);
                fclose($to);
            } elseif ($now === 'full' && $side === 'client') {
                $count = preg_match_all('/(^|\r\n)\*\d+\r\n/', $bytes);
                fwrite($from, str_repeat("-OOM command not allowed when used memory > 'maxmemory'.\r\n", $count));
            } elseif ($now !== 'hang') {
                if ($now === 'slow' && $side === 'redis') {
                    usleep(150000);
                }
                fwrite($to, $bytes);
            }
        }
    }
}

if (($argv[1] ?? '') === '--proxy') {
    proxy($argv[2], $argv[3], $argv[4]);
    exit(0);
}

/* --- what the drop-in needs of WordPress --------------------------------- */

$table_prefix = 'wp_';
$wp_version = '6.8.12';
$multisite = false;
$suspended = false;
$ext_cache = true;
$wrongs = [];

function is_multisite(): bool
{
    return $GLOBALS['multisite'];
}

function get_current_blog_id(): int
{
    return 1;
}

function wp_suspend_cache_addition(): bool
{
    return $GLOBALS['suspended'];
}

function wp_using_ext_object_cache(?bool $using = null): bool
{
    return $GLOBALS['ext_cache'] = $using ?? $GLOBALS['ext_cache'];
}

function wp_installing(): bool
{
    return false;
}

function __(string $text): string
{
    return $text;
}

function _doing_it_wrong(string $function, string $message, string $version): void
{
    $GLOBALS['wrongs'][] = $message;
}

function _deprecated_function(string $function, string $version, string $instead): void
{
    $GLOBALS['wrongs'][] = $function;
}

/* --- the harness --------------------------------------------------------- */

$failures = 0;
$checks = 0;

function check(string $what, bool $holds): void
{
    global $failures, $checks;
    $checks++;
    $failures += $holds ? 0 : 1;
    echo $holds ? 'ok ' : 'not ok ', $checks, ' ', $what, "\n";
}

/** Ends the running "request" and begins another one. */
function request(string $uri = ''): WP_Object_Cache
{
    wp_cache_close();
    unset($_SERVER['REQUEST_METHOD'], $_SERVER['REQUEST_URI']);
    $GLOBALS['ext_cache'] = true;
    wp_cache_init();
    wp_cache_add_global_groups(['users', 'site-options']);
    wp_cache_add_non_persistent_groups(['counts', 'plugins']);
    return $GLOBALS['wp_object_cache'];
}

function mode(string $mode): void
{
    file_put_contents($GLOBALS['dir'] . '/mode', $mode);
}

function log_lines(): array
{
    clearstatcache();
    return array_values(array_filter(explode("\n", (string) @file_get_contents($GLOBALS['dir'] . '/log'))));
}

function forget_log(): void
{
    file_put_contents($GLOBALS['dir'] . '/log', '');
}

/** As if some seconds had passed since the last look at a failed Redis. */
function age_marker(): void
{
    @touch(WP_REDIS_STATE_DIR . '/down', time() - 60);
}

function is_marked(): bool
{
    clearstatcache();
    return file_exists(WP_REDIS_STATE_DIR . '/down');
}

function timed(callable $work): float
{
    $start = microtime(true);
    $work();
    return microtime(true) - $start;
}

$host = getenv('REDIS_HOST') ?: '127.0.0.1';
$port = (int) (getenv('REDIS_PORT') ?: 6379);
$login = getenv('REDIS_PASSWORD') ? [getenv('REDIS_USER') ?: 'default', getenv('REDIS_PASSWORD')] : null;

$dir = sys_get_temp_dir() . '/object-cache-test-' . getmypid();
mkdir($dir, 0700);
mode('pass');
ini_set('log_errors', '1');
ini_set('error_log', "$dir/log");
error_reporting(E_ALL);

$free = stream_socket_server('tcp://127.0.0.1:0');
$listen = stream_socket_get_name($free, false);
fclose($free);
$proxy = proc_open([PHP_BINARY, __FILE__, '--proxy', $listen, "$host:$port", "$dir/mode"], [], $pipes);
for ($try = 0; $try < 100 && !($probe = @stream_socket_client("tcp://$listen")); $try++) {
    usleep(50000);
}
$probe && fclose($probe);

define('ABSPATH', __DIR__ . '/');
define('DB_NAME', 'wordpress');
define('AUTH_SALT', 'test salt');
define('WP_REDIS_HOST', '127.0.0.1');
define('WP_REDIS_PORT', (int) substr(strrchr($listen, ':'), 1));
define('WP_REDIS_PASSWORD', $login);
define('WP_REDIS_PREFIX', 'wp:t' . getmypid() . ':');
define('WP_REDIS_STATE_DIR', "$dir/state");

require __DIR__ . '/../../srcs/requirements/wordpress/conf/object-cache.php';

/* A connection that does not go through the proxy, to look behind the scenes. */
$redis = new Redis();
$redis->connect($host, $port, 2.0);
if ($login !== null) {
    $redis->auth($login);
}

function key_of(string $group, string $key, string $blog = 'wp'): string
{
    return WP_REDIS_PREFIX . "$blog:$group:$key";
}

/* --- get, set, add, replace, delete --------------------------------------- */

$ext_cache = true;
wp_cache_init();
request();

$object = (object) ['a' => 1, 'deep' => (object) ['b' => 2]];
$values = [
    'text' => "line\r\n\0binary", 'empty' => '', 'int' => 42, 'negative' => -7, 'float' => 1.5,
    'true' => true, 'false' => false, 'null' => null, 'array' => ['x' => [1, 2, 3], 5 => null],
    'object' => $object, 'numeric' => '0123', 'big' => str_repeat('x', 300000),
];
foreach ($values as $name => $value) {
    check("set $name", wp_cache_set($name, $value, 'kinds') === true);
}
foreach ($values as $name => $value) {
    check("get $name in the same request", wp_cache_get($name, 'kinds', false, $found) == $value && $found === true);
}
request();
foreach ($values as $name => $value) {
    $got = wp_cache_get($name, 'kinds', false, $found);
    check("get $name in another request", $found === true && (is_object($value) ? $got == $value : $got === $value));
}
check('get of what is not there is false', wp_cache_get('nothing', 'kinds', false, $found) === false && $found === false);

$got = wp_cache_get('object', 'kinds');
$got->a = 99;
check('a changed copy does not change the cache', wp_cache_get('object', 'kinds')->a === 1);
$mine = (object) ['n' => 1];
wp_cache_set('mine', $mine, 'kinds');
$mine->n = 2;
check('a later change of the original does not either', wp_cache_get('mine', 'kinds')->n === 1);

check('set with an integer key', wp_cache_set(7, 'seven', 'ids') && wp_cache_get('7', 'ids') === 'seven');
check('the group may be left out', wp_cache_set('k', 'v') && wp_cache_get('k', 'default') === 'v' && wp_cache_get('k', '') === 'v');
check('groups are apart', wp_cache_get('k', 'other') === false);
check('layout of keys', $redis->exists(key_of('default', 'k')) === 1);
wp_cache_set('a:b', 1, 'g:h');
check('colons become dashes', $redis->exists(key_of('g-h', 'a-b')) === 1 && wp_cache_get('a:b', 'g:h') === 1);

foreach (['', ' ', null, false, 1.5, []] as $bad) {
    $wrongs = [];
    $name = json_encode($bad);
    check(
        "key $name is refused",
        wp_cache_set($bad, 1) === false && wp_cache_get($bad) === false && wp_cache_add($bad, 1) === false
        && wp_cache_delete($bad) === false && wp_cache_replace($bad, 1) === false && wp_cache_incr($bad) === false
        && count($wrongs) === 6
    );
}

check('add', wp_cache_add('added', 'one', 'add') === true);
check('add again', wp_cache_add('added', 'two', 'add') === false && wp_cache_get('added', 'add') === 'one');
request();
check('add again in another request', wp_cache_add('added', 'two', 'add') === false && wp_cache_get('added', 'add') === 'one');
check('add over false', wp_cache_set('f', false, 'add') && wp_cache_add('f', 1, 'add') === false);
$suspended = true;
check('add while additions are suspended', wp_cache_add('late', 1, 'add') === false && wp_cache_get('late', 'add') === false);
$suspended = false;

check('replace of nothing', wp_cache_replace('r', 1, 'rep') === false && wp_cache_get('r', 'rep') === false);
wp_cache_set('r', 1, 'rep');
check('replace', wp_cache_replace('r', 2, 'rep') === true && wp_cache_get('r', 'rep') === 2);
request();
check('replace in another request', wp_cache_replace('r', 3, 'rep') === true && wp_cache_get('r', 'rep', true) === 3);

check('delete', wp_cache_delete('r', 'rep') === true && wp_cache_get('r', 'rep') === false);
check('delete of nothing', wp_cache_delete('r', 'rep') === false);
wp_cache_set('r', 4, 'rep');
request();
check('delete of what only Redis has', wp_cache_delete('r', 'rep') === true && $redis->exists(key_of('rep', 'r')) === 0);

wp_cache_set('forced', 1, 'force');
$here = $wp_object_cache;
$other = new WP_Object_Cache();
$other->set('forced', 2, 'force');
$other->close();
check('this request keeps what it read', wp_cache_get('forced', 'force') === 1);
check('get with force asks Redis', wp_cache_get('forced', 'force', true) === 2 && wp_cache_get('forced', 'force') === 2);
$other->delete('forced', 'force');
$other->close();
check('get with force sees that it has gone', wp_cache_get('forced', 'force', true, $found) === false && !$found
    && wp_cache_get('forced', 'force') === false);

/* --- time to live ---------------------------------------------------------- */

wp_cache_set('short', 1, 'ttl', 1);
wp_cache_add('short2', 1, 'ttl', 100);
wp_cache_set('long', 1, 'ttl');
check('time to live', in_array($redis->ttl(key_of('ttl', 'short2')), [99, 100], true) && $redis->ttl(key_of('ttl', 'long')) === -1);
usleep(1200000);
request();
check('it ends', wp_cache_get('short', 'ttl') === false && wp_cache_get('long', 'ttl') === 1);

/* --- several at once -------------------------------------------------------- */

check('set_multiple', wp_cache_set_multiple(['a' => 1, 'b' => null, 3 => 'three'], 'multi') === ['a' => true, 'b' => true, 3 => true]);
$cache = request();
$before = $cache->redis_calls();
check(
    'get_multiple',
    wp_cache_get_multiple(['a', 'b', 3, 'none'], 'multi') === ['a' => 1, 'b' => null, 3 => 'three', 'none' => false]
);
check('get_multiple takes one round trip and the one to connect', $cache->redis_calls() - $before === 2);
$before = $cache->redis_calls();
check('get_multiple again takes one for what is missing', wp_cache_get_multiple(['a', 'none'], 'multi') === ['a' => 1, 'none' => false]
    && $cache->redis_calls() - $before === 1);
check(
    'add_multiple',
    wp_cache_add_multiple(['a' => 9, 'new' => 5], 'multi') === ['a' => false, 'new' => true]
    && wp_cache_get('a', 'multi') === 1 && wp_cache_get('new', 'multi') === 5
);
$before = $cache->redis_calls();
check(
    'delete_multiple',
    wp_cache_delete_multiple(['a', 'nothing', 'new'], 'multi') === ['a' => true, 'nothing' => false, 'new' => true]
    && $cache->redis_calls() - $before === 1
);
check('get_multiple with force', wp_cache_get_multiple(['a', 3], 'multi', true) === ['a' => false, 3 => 'three']);

/* --- alloptions, which several change at once --------------------------------- */

$alloptions = key_of('options', 'alloptions');
wp_cache_set('alloptions', ['a' => 1, 'b' => 1], 'options');
request();
$mine = $wp_object_cache;
$theirs = new WP_Object_Cache();
$his = $theirs->get('alloptions', 'options', true);
$hers = $mine->get('alloptions', 'options', true);
$theirs->set('alloptions', ['a' => 2] + $his, 'options');
check('alloptions is stored over what was read', $redis->exists($alloptions) === 1);
$theirs->set('alloptions', ['a' => 3] + $his, 'options');
$theirs->close();
check('and again by the same request', $redis->exists($alloptions) === 1);
$mine->set('alloptions', ['b' => 2] + $hers, 'options');
check('whoever was slower removes it', $redis->exists($alloptions) === 0);
check('and keeps its own for the request', $mine->get('alloptions', 'options') === ['b' => 2, 'a' => 1]);
request();
check('the next one asks the database', wp_cache_get('alloptions', 'options') === false
    && wp_cache_add('alloptions', ['a' => 3, 'b' => 2], 'options'));
request();
$all = wp_cache_get('alloptions', 'options', true);
check('what it stored is used', $all === ['a' => 3, 'b' => 2]);
check('one of several keys', wp_cache_set_multiple(['alloptions' => $all, 'other' => 1], 'options')
    === ['alloptions' => true, 'other' => true] && $redis->exists($alloptions) === 1
    && $redis->exists(key_of('options', 'other')) === 1);

/* --- numbers ------------------------------------------------------------------ */

check('incr of nothing', wp_cache_incr('n', 1, 'num') === false && wp_cache_get('n', 'num') === false);
wp_cache_set('n', 5, 'num', 100);
check('incr', wp_cache_incr('n', 1, 'num') === 6 && wp_cache_incr('n', 10, 'num') === 16);
check('decr', wp_cache_decr('n', 6, 'num') === 10);
check('incr keeps the time to live', $redis->ttl(key_of('num', 'n')) > 90);
request();
check('incr in another request', wp_cache_incr('n', 1, 'num') === 11 && wp_cache_get('n', 'num', true) === 11);
check('decr stops at 0', wp_cache_decr('n', 100, 'num') === 0);
wp_cache_set('word', 'abc', 'num');
check('incr of a word counts from 0', wp_cache_incr('word', 2, 'num') === 2);
wp_cache_set('n', '8', 'num');
check('incr of a numeric text', wp_cache_incr('n', 1, 'num') === 9);

/* --- groups --------------------------------------------------------------------- */

wp_cache_set('c', 1, 'counts');
check('a non-persistent group is kept for the request', wp_cache_get('c', 'counts') === 1 && wp_cache_get('c', 'counts', true) === 1);
check('and not in Redis', $redis->exists(key_of('counts', 'c')) === 0);
check('its add, replace, incr, delete', wp_cache_add('c', 2, 'counts') === false && wp_cache_replace('c', 3, 'counts')
    && wp_cache_incr('c', 1, 'counts') === 4 && wp_cache_delete('c', 'counts') && !wp_cache_delete('c', 'counts')
    && wp_cache_get_multiple(['c'], 'counts') === ['c' => false] && wp_cache_incr('c', 1, 'counts') === false);
request();
check('and not there afterwards', wp_cache_get('c', 'counts') === false);

wp_cache_set_multiple(['x' => 1, 'y' => 2], 'g*1');
wp_cache_set('x', 3, 'g21');
check('flush_group', wp_cache_flush_group('g*1') === true);
check('flush_group takes its group', wp_cache_get('x', 'g*1') === false && wp_cache_get('y', 'g*1') === false);
check('and no other that its name would match', wp_cache_get('x', 'g21') === 3 && wp_cache_get('x', 'g21', true) === 3);

wp_cache_set('kept', 1, 'run');
$redis->set(key_of('run', 'marker'), 'x');
check('flush_runtime', wp_cache_flush_runtime() === true && $redis->exists(key_of('run', 'kept')) === 1
    && wp_cache_get('kept', 'run') === 1);

$redis->set('wp:other' . getmypid(), 'not ours');
check('flush', wp_cache_flush() === true && wp_cache_get('kept', 'run') === false && wp_cache_get('x', 'g21') === false);
check('flush takes only our keys', $redis->get('wp:other' . getmypid()) === 'not ours');
$redis->unlink('wp:other' . getmypid());
request();
check('after flush the cache is in use', wp_cache_set('again', 1, 'run') && $redis->exists(key_of('run', 'again')) === 1 && !is_marked());

foreach (['add_multiple', 'set_multiple', 'get_multiple', 'delete_multiple', 'flush_runtime', 'flush_group'] as $feature) {
    check("supports $feature", wp_cache_supports($feature) === true);
}
check('supports nothing else', wp_cache_supports('time_travel') === false);

$wrongs = [];
wp_cache_reset();
check('reset is deprecated', $wrongs === ['wp_cache_reset']);
ob_start();
$wp_object_cache->stats();
check('stats', str_contains(ob_get_clean(), 'Cache hits'));

/* --- several sites ----------------------------------------------------------------- */

/* The counter's key differs; this is not about it. */
wp_cache_close();
unlink(WP_REDIS_STATE_DIR . '/clock');
$multisite = true;
request();
wp_cache_set('p', 'site 1', 'posts');
wp_cache_set('u', 'anna', 'users');
check('keys of sites and of the network', $redis->exists(key_of('posts', 'p', '1')) === 1 && $redis->exists(key_of('users', 'u', '')) === 1);
wp_cache_switch_to_blog(2);
check('switch_to_blog', wp_cache_get('p', 'posts') === false && wp_cache_get('u', 'users') === 'anna');
wp_cache_set('p', 'site 2', 'posts');
wp_cache_switch_to_blog(1);
check('and back', wp_cache_get('p', 'posts') === 'site 1');
wp_cache_close();
unlink(WP_REDIS_STATE_DIR . '/clock');
$multisite = false;
request();
wp_cache_switch_to_blog(2);
check('switch_to_blog on a single site changes nothing', wp_cache_set('s', 1, 'posts') && $redis->exists(key_of('posts', 's')) === 1);

/* --- values that are not ours ----------------------------------------------------------- */

final class Trap
{
    public static bool $sprung = false;

    public function __wakeup(): void
    {
        self::$sprung = true;
    }
}

$foreign = [
    'php' => serialize(new Trap()),
    'tag of another site' => 'sc1p' . "\1\2\3\4\5\6\7\10" . serialize(new Trap()),
    'number' => '5',
    'empty' => '',
    'short' => 'sc1',
];
foreach ($foreign as $name => $bytes) {
    $redis->set(key_of('foreign', $name), $bytes);
    check("foreign value ($name) is a miss", wp_cache_get($name, 'foreign', false, $found) === false && !$found);
    check("foreign value ($name) can be added over", wp_cache_add($name, 'ours', 'foreign') === true);
    request();
    check("foreign value ($name) has gone", wp_cache_get($name, 'foreign') === 'ours');
}
check('nothing foreign was unserialized', Trap::$sprung === false);

wp_cache_set('v', 1, 'version');
check('igbinary is used if there', substr($redis->get(key_of('version', 'v')), 0, 4)
    === (function_exists('igbinary_serialize') ? 'sc1i' : 'sc1p'));
$wp_version = '6.9';
request();
check('a value of another WordPress version is a miss', wp_cache_get('v', 'version') === false && wp_cache_replace('v', 2, 'version') === false);
$wp_version = '6.8.12';
request();
$ours = $redis->get(key_of('version', 'v'));
$redis->set(key_of('version', 'v'), substr($ours, 0, 12) . 'rubbish');
check('a spoilt value is a miss', wp_cache_get('v', 'version', true) === false);
$redis->lPush(key_of('version', 'list'), 'x');
check('another Redis type is a miss', wp_cache_get('list', 'version') === false && wp_cache_set('list', 1, 'version')
    && wp_cache_get('list', 'version', true) === 1);
check('what cannot be serialized lives in the request', wp_cache_set('fn', fn () => 1, 'kinds') === true
    && is_callable(wp_cache_get('fn', 'kinds')) && $redis->exists(key_of('kinds', 'fn')) === 0);
check('nothing was logged so far', log_lines() === []);

/* --- the usual keys in one round trip ------------------------------------------------------- */

function page_view(): int
{
    wp_cache_close();
    $_SERVER['REQUEST_METHOD'] = 'GET';
    $_SERVER['REQUEST_URI'] = '/page/?x=1';
    wp_cache_init();
    foreach (['one', 'two', 'three', 'absent'] as $key) {
        wp_cache_get($key, 'page');
    }
    wp_cache_get_multiple(['alloptions', 'more'], 'options');
    return $GLOBALS['wp_object_cache']->redis_calls();
}

wp_cache_set_multiple(['one' => 1, 'two' => 2, 'three' => 3], 'page');
check('a first page view asks key by key', page_view() === 6 && wp_cache_get('two', 'page') === 2);
check('the next one takes one round trip', page_view() === 1 && wp_cache_get('two', 'page') === 2
    && wp_cache_get('absent', 'page') === false);
request();
$state = new Stack_Cache_State(WP_REDIS_STATE_DIR);
$state->set_usual_keys('guest /a', ['k1', 'k2']);
check('usual keys are kept by kind', $state->usual_keys('guest /a') === ['k1', 'k2'] && $state->usual_keys('guest /b') === []);

/* --- faults ------------------------------------------------------------------------------------ */

/** The cache must work within the request, whatever Redis does. */
function works_in_memory(string $what): void
{
    check(
        "$what: the request goes on",
        wp_cache_set('m', 1, 'mem') === true && wp_cache_get('m', 'mem') === 1 && wp_cache_add('m', 2, 'mem') === false
        && wp_cache_incr('m', 1, 'mem') === 2 && wp_cache_replace('m', 5, 'mem') === true
        && wp_cache_get_multiple(['m', 'q'], 'mem') === ['m' => 5, 'q' => false]
        && wp_cache_delete('m', 'mem') === true && wp_cache_get('m', 'mem', true) === false
    );
}

function recovers(string $what): void
{
    mode('pass');
    forget_log();
    age_marker();
    request();
    check("$what: Redis is left alone until somebody has looked", wp_cache_get('stale', 'fault') === false);
    request();
    check("$what: it comes back", !is_marked() && count(log_lines()) === 1);
    check("$what: nothing old is left", wp_cache_get('stale', 'fault') === false && $GLOBALS['redis']->exists(key_of('fault', 'stale')) === 0);
    check("$what: it is in use", wp_cache_set('new', 1, 'fault') && $GLOBALS['redis']->exists(key_of('fault', 'new')) === 1);
}

foreach (['hang', 'cut', 'full'] as $fault) {
    request();
    wp_cache_set('stale', 'old', 'fault');
    wp_cache_set('read', 'before', 'fault');
    forget_log();

    mode($fault);
    $took = timed(fn () => wp_cache_set('stale', 'newer', 'fault'));
    check("$fault in mid-request: at most half a second", $took < 0.8);
    check("$fault in mid-request: what was read stays", wp_cache_get('read', 'fault') === 'before' && wp_cache_get('stale', 'fault') === 'newer');
    $took = timed(fn () => works_in_memory("$fault in mid-request"));
    check("$fault in mid-request: no further wait", $took < 0.1);
    check("$fault in mid-request: one line in the log", count(log_lines()) === 1 && is_marked());

    $took = timed(function () {
        request();
        wp_cache_get('stale', 'fault');
        wp_cache_close();
    });
    check("$fault: the next request does not wait", $took < 0.1 && $wp_object_cache->is_down() && $ext_cache === false);
    works_in_memory($fault);

    age_marker();
    wp_cache_close();
    check("$fault: a look in vain says nothing more", is_marked() && count(log_lines()) === 1);
    recovers($fault);
}

request();
forget_log();
mode('hang');
$took = timed(fn () => wp_cache_get('first', 'fault'));
check('hang at the first access: at most half a second', $took < 0.8 && is_marked());
$took = timed(fn () => wp_cache_close());
check('hang at the first access: nothing at the end', $took < 0.1);
recovers('hang at the first access');

request();
mode('slow');
$took = timed(function () {
    wp_cache_get('late', 'fault');
    mode('hang');
    wp_cache_get('never', 'fault');
});
check('slow, then hung: half a second for both together', $took < 0.8 && is_marked());
recovers('slow, then hung');

request();
mode('slow');
$took = timed(function () {
    for ($i = 0; $i < 20; $i++) {
        wp_cache_get("slow $i", 'fault');
    }
});
check('slow answers: given up after a while', $took < 0.9 && is_marked());
recovers('slow');

/* Changes that are lost after the others have come back. */
request();
wp_cache_set('lost', 'old', 'fault');
mode('cut');
wp_cache_set('x', 1, 'fault');
$late = $wp_object_cache;
mode('pass');
age_marker();
$GLOBALS['wp_object_cache'] = new WP_Object_Cache();
wp_cache_close();
check('others have come back', !is_marked());
$GLOBALS['wp_object_cache'] = new WP_Object_Cache();
wp_cache_set('lost', 'old again', 'fault');
$late->set('lost', 'new', 'fault');
check('a late change does not reach Redis', $redis->exists(key_of('fault', 'lost')) === 1);
$late->close();
check('but the key is removed at the end of that request', $redis->exists(key_of('fault', 'lost')) === 0);
request();
check('and the cache stays in use', !$wp_object_cache->is_down() && wp_cache_get('lost', 'fault') === false);

/* Redis comes back with an old snapshot, and nobody has seen it go. */
wp_cache_set('page', 'first', 'snapshot');
wp_cache_close();
$clock = key_of('stack', 'clock');
$old = [$redis->get(key_of('snapshot', 'page')), $redis->get($clock)];
request();
wp_cache_set('page', 'second', 'snapshot');
wp_cache_close();
$redis->set(key_of('snapshot', 'page'), $old[0]);
$redis->set($clock, $old[1]);
forget_log();
request();
check('an older Redis is not believed', wp_cache_get('page', 'snapshot') === false && $wp_object_cache->is_down());
wp_cache_close();
check('and emptied at the end of the same request', !is_marked() && $redis->exists(key_of('snapshot', 'page')) === 0 && count(log_lines()) === 2);
request();
check('and used by the next', wp_cache_set('page', 'third', 'snapshot') && !$wp_object_cache->is_down());
wp_cache_close();
request();
check('which stays so', wp_cache_get('page', 'snapshot') === 'third');

/* --- the report ---------------------------------------------------------------------------------- */

/** What the drop-in says at the end of a request, as a listener hears it. */
function listen_to(callable $request): array
{
    $command = ['redis-cli', '-p', (string) getenv('REDIS_PORT'), '--user', 'listener', '-a', (string) getenv('REDIS_PASSWORD'),
        '--no-auth-warning', '--csv', 'SUBSCRIBE', WP_REDIS_PREFIX . 'stack:report'];
    $listener = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['file', '/dev/null', 'w']], $pipes);
    do {
        $line = fgets($pipes[1]);
    } while (is_string($line) && strpos($line, 'subscribe') === false);
    $request();
    stream_set_blocking($pipes[1], false);
    $heard = [];
    for ($end = microtime(true) + 3; microtime(true) < $end; usleep(20000)) {
        while (($line = fgets($pipes[1])) !== false) {
            $end = min($end, microtime(true) + 0.3); /* for a second one */
            $heard[] = explode('\n', trim(explode(',', trim($line), 3)[2], '"'));
        }
    }
    proc_terminate($listener, SIGKILL);
    proc_close($listener);
    return $heard;
}

request();
wp_cache_set('known', 'x', 'told');
wp_cache_close();
$heard = listen_to(function (): void {
    $cache = request('/told');
    wp_cache_get('known', 'told');      /* from Redis */
    wp_cache_get('known', 'told');      /* from memory */
    wp_cache_get('known', 'told');
    wp_cache_get('nothing', 'told');    /* nowhere */
    wp_cache_set('other', 1, 'told');
    wp_cache_add('third', 1, 'told');
    wp_cache_delete('other', 'told');
    wp_cache_get_multiple(['known', 'absent'], "odd:na\nme");
    wp_cache_get('here', 'counts');     /* never in Redis */
    wp_cache_close();
    $calls = $cache->redis_calls();
    $cache->report();
    check('the report costs no round trip that a page waits for', $cache->redis_calls() === $calls);
    $cache->report();
    wp_cache_close();
});
check('one message for a request', count($heard) === 1);
check('its first line is of the request', preg_match('/^stack1 \d+ \d+ \d+$/', $heard[0][0] ?? '') === 1);
$told = [];
foreach (array_slice($heard[0] ?? [], 1, -1) as $line) {
    [$memory, $redis_hits, $misses, $writes, $us, $name] = explode(' ', $line, 6);
    $told[$name] = [$memory, $redis_hits, $misses, $writes];
    check("$name: the time is a number", ctype_digit($us));
}
check('hits in memory and in Redis, misses, writes of a group', ($told['told'] ?? []) === ['2', '1', '1', '3']);
check('a group name is one word of one line', ($told['odd-na?me'] ?? []) === ['0', '0', '2', '0']);
check('a group that is never in Redis is not told of', !isset($told['counts']));
/* Eighty answers from a busy machine may be too slow for one request. */
for ($try = 0, $heard = []; $try < 5 && !$heard; $try++) {
    age_marker();
    $heard = listen_to(function (): void {
        $cache = request('/many');
        for ($i = 0; $i < 80; $i++) {
            wp_cache_get('x', str_repeat('g', 300) . $i);
        }
        wp_cache_close();
        $cache->report();
    });
}
check('a report has at most 64 groups', count($heard[0] ?? []) === 1 + 64 + 1 && max(array_map('strlen', $heard[0])) < 150);

/* --- end ------------------------------------------------------------------------------------------ */

wp_cache_flush();
wp_cache_close();
$redis->unlink($clock);
$cursor = null;
check('nothing is left in Redis', !$redis->scan($cursor, WP_REDIS_PREFIX . '*', 100000));
proc_terminate($proxy, SIGKILL);
proc_close($proxy);
foreach (array_merge(glob("$dir/state/*"), glob("$dir/[lm]*")) as $file) {
    unlink($file);
}
rmdir("$dir/state");
rmdir($dir);

echo $failures === 0 ? "all $checks checks passed\n" : "$failures of $checks checks failed\n";
exit($failures === 0 ? 0 : 1);

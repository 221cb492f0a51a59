<?php
/**
 * Plugin Name: Stack object cache
 * Description: Keeps WordPress's object cache in Redis. Without Redis every page is still right, only slower.
 * Version: 1.0.0
 * Stack-Drop-In: object-cache
 *
 * The last header line is how the container's entry point knows the file as
 * its own: it puts the file into wp-content when OBJECT_CACHE=on and removes
 * it when not. It never touches another plugin's drop-in.
 *
 * DESIGN
 *
 * Two levels: an array that lives as long as the request, and Redis.
 *
 * Keys are {WP_REDIS_PREFIX}{blog}:{group}:{key}, as the well-known
 * redis-cache plugin names them, so tools that read the group as the field
 * before the last colon work. Colons inside a group or key become '-'.
 *
 * Values start with twelve bytes: "sc1", the serializer ('i' igbinary, 'p'
 * PHP), and eight bytes derived from this site's secret, database, table
 * prefix and WordPress version. Anything else under our key (another site,
 * another WordPress version, a hand-made value) is a miss and is never given
 * to unserialize(). It is not a MAC over the content: only WordPress's own
 * Redis user may write, so whoever could forge a content could forge a MAC.
 *
 * Redis may fail at any moment. The rules are:
 *
 *  - One failure ends the use of Redis for this request. All waiting together
 *    has half a second: what is left of it is the time limit of the next answer.
 *    Many slow answers count as a failure too.
 *  - A marker file ("down") keeps every other request away from Redis. Nobody
 *    looks whether Redis is back while a visitor waits: a request that finds
 *    the marker old enough does that after it has sent its page. Names are
 *    resolved there too, since resolving has no deadline of its own.
 *  - While Redis is away, changes reach the database only, so what Redis holds
 *    may be old. Coming back therefore always means: empty our part of Redis,
 *    then remove the marker. A request that lost changes and finds at its end
 *    that the marker has gone removes those keys itself.
 *  - Redis may also come back older than it was (killed, and an old snapshot
 *    loaded) without anybody having noticed. Each change advances a counter in
 *    Redis and a copy of it here; a counter in Redis that is behind the copy
 *    means changes were lost, and is treated as a failure: empty, then use.
 *    After a clean stop Redis starts warm.
 *
 * WordPress keeps all autoloaded options in one value, alloptions: it reads it,
 * changes one option in it and writes it back. Of two requests that do so at
 * once the second would put the first one's old option back, and keep it there.
 * So alloptions is stored only over what the request has read; if somebody was
 * quicker it is removed, and the next request makes it from the database.
 *
 * One round trip where one is enough: the first access of a request logs in,
 * reads the counter and fetches alloptions and everything that the last
 * request for the same path asked for.
 *
 * What each request did, group by group, is told to cachemon: one message on
 * the channel {WP_REDIS_PREFIX}stack:report, after the visitor has the page.
 * Redis hands a message to whoever listens and keeps nothing, so reports cannot
 * grow, and cost next to nothing while nobody listens. Its form:
 *
 *   stack1 PAGE_MICROSECONDS REDIS_MICROSECONDS ROUND_TRIPS
 *   MEMORY_HITS REDIS_HITS MISSES WRITES REDIS_MICROSECONDS GROUP
 *   ... one such line for each group that Redis may hold, at most 64
 */

if (!defined('ABSPATH')) {
    exit(2);
}

/*
 * Without the extension or the settings nothing is declared, and WordPress
 * uses its own cache for the request.
 */
if (defined('WP_REDIS_HOST') && extension_loaded('redis')) {

    /** What requests tell each other: small files in a private folder. */
    final class Stack_Cache_State
    {
        /** Seconds between two looks at a Redis that is away. */
        private const RETRY = 3;

        /** Lists of usual keys: one file per slot, so their number is bounded. */
        private const SLOTS = 256;
        private const MAX_KEYS = 256;

        private string $dir;

        /** @var resource|null held while this process brings Redis back */
        private $claim = null;

        public function __construct(string $dir)
        {
            $this->dir = $dir;
            if (!is_dir($dir)) {
                @mkdir($dir, 0700, true);
            }
        }

        public function is_down(): bool
        {
            clearstatcache(true, "$this->dir/down");
            return file_exists("$this->dir/down");
        }

        /**
         * Keeps everybody away from Redis. Returns whether the reason is
         * news: each outage has one, the first, which stands in the marker.
         */
        public function set_down(string $why): bool
        {
            $file = @fopen("$this->dir/down", 'c+');
            if ($file === false) {
                return true;
            }
            flock($file, LOCK_EX);
            $news = stream_get_contents($file) === '';
            if ($news) {
                fwrite($file, $why);
            }
            fclose($file);
            return $news;
        }

        /**
         * Makes this process the one that tries to bring Redis back. With
         * $now it does not wait for the marker to be old enough.
         */
        public function claim_recovery(bool $now): bool
        {
            $age = time() - (int) @filemtime("$this->dir/down");
            if (!$now && $age >= 0 && $age < self::RETRY) {
                return false;
            }
            $lock = @fopen("$this->dir/lock", 'c');
            if ($lock === false || !flock($lock, LOCK_EX | LOCK_NB)) {
                return false;
            }
            if (!$this->is_down()) {
                fclose($lock);
                return false;
            }
            @touch("$this->dir/down");
            $this->claim = $lock;
            return true;
        }

        public function end_recovery(bool $back): void
        {
            if ($back) {
                @unlink("$this->dir/down");
            }
            if ($this->claim !== null) {
                fclose($this->claim);
                $this->claim = null;
            }
        }

        /** The change counter, as far as this host has seen it. */
        public function clock(): int
        {
            return (int) @file_get_contents("$this->dir/clock");
        }

        /** Only ever forward. */
        public function set_clock(int $value): void
        {
            $file = @fopen("$this->dir/clock", 'c+');
            if ($file === false) {
                return;
            }
            flock($file, LOCK_EX);
            if ((int) stream_get_contents($file) < $value) {
                ftruncate($file, 0);
                rewind($file);
                fwrite($file, (string) $value);
            }
            fclose($file);
        }

        /** Redis's address when it last answered, or ''. */
        public function address(): string
        {
            return (string) @file_get_contents("$this->dir/address");
        }

        public function set_address(string $address): void
        {
            if ($address !== $this->address()) {
                $this->replace('address', $address);
            }
        }

        /** The keys that the last request of this kind asked for. */
        public function usual_keys(string $kind): array
        {
            $text = @file_get_contents($this->slot($kind));
            if ($text === false || $text === '') {
                return [];
            }
            $keys = explode("\0", $text);
            return array_shift($keys) === $kind ? $keys : [];
        }

        public function set_usual_keys(string $kind, array $keys): void
        {
            $keys = array_slice($keys, 0, self::MAX_KEYS);
            array_unshift($keys, $kind);
            $this->replace(basename($this->slot($kind)), implode("\0", $keys));
        }

        private function slot(string $kind): string
        {
            return sprintf('%s/keys-%03d', $this->dir, crc32($kind) % self::SLOTS);
        }

        private function replace(string $name, string $text): void
        {
            $draft = "$this->dir/$name." . getmypid();
            if (@file_put_contents($draft, $text) === strlen($text)) {
                @rename($draft, "$this->dir/$name");
            } else {
                @unlink($draft);
            }
        }
    }

    /** Values to bytes and back; bytes that are not ours are refused. */
    final class Stack_Cache_Codec
    {
        private const FORMAT = 'sc1';

        private string $site;
        private bool $igbinary;

        public function __construct(string $identity, string $secret)
        {
            $this->site = substr(hash_hmac('sha256', $identity, $secret, true), 0, 8);
            $this->igbinary = function_exists('igbinary_serialize');
        }

        /** Throws what the value's own serialization throws. */
        public function encode($value): string
        {
            return $this->igbinary
                ? self::FORMAT . 'i' . $this->site . igbinary_serialize($value)
                : self::FORMAT . 'p' . $this->site . serialize($value);
        }

        /** Returns false, and leaves $value alone, if $bytes are not ours. */
        public function decode(string $bytes, &$value): bool
        {
            $kind = substr($bytes, 3, 1);
            if (
                ($kind !== 'p' && ($kind !== 'i' || !$this->igbinary))
                || !hash_equals(self::FORMAT . $kind . $this->site, substr($bytes, 0, 12))
            ) {
                return false;
            }
            $body = substr($bytes, 12);
            try {
                $result = $kind === 'i' ? @igbinary_unserialize($body) : @unserialize($body);
                if ($result === false || $result === null) {
                    $same = $kind === 'i' ? igbinary_serialize($result) : serialize($result);
                    if ($same !== $body) {
                        return false;
                    }
                }
            } catch (Throwable $e) {
                return false;
            }
            $value = $result;
            return true;
        }
    }

    /**
     * Redis as this request sees it. No method throws; null means that Redis
     * is not used (any more), and then is_off() is true.
     */
    final class Stack_Cache_Redis
    {
        /** All that one request waits for Redis, in seconds. */
        private const PATIENCE = 0.5;

        /** Answers slower than this count, and this many seconds are enough. */
        private const SLOW = 0.05;
        private const SLOW_BUDGET = 0.4;

        /** Emptying our part may take this long, in seconds. */
        private const FLUSH_TIME = 10.0;

        /** Changes that are remembered while Redis is away. */
        private const MAX_LOST = 1000;

        private Stack_Cache_State $state;
        private string $prefix;
        private string $clock_key;
        private ?Redis $redis = null;
        private bool $off = false;
        private bool $recover_now = false;
        private float $slow = 0.0;

        /** @var array<string,true> keys whose change did not reach Redis */
        private array $lost = [];
        private bool $lost_all = false;

        /** @var callable(): array keys to fetch with the first access */
        private $first_keys;

        /** @var callable(array): void takes what was found for them */
        private $take_first;

        public int $calls = 0;
        public float $time = 0.0;

        public function __construct(
            Stack_Cache_State $state,
            string $prefix,
            string $clock_key,
            callable $first_keys,
            callable $take_first
        ) {
            $this->state = $state;
            $this->prefix = $prefix;
            $this->clock_key = $clock_key;
            $this->first_keys = $first_keys;
            $this->take_first = $take_first;
            $this->off = $state->is_down();
        }

        public function is_off(): bool
        {
            return $this->off;
        }

        /** Connects if that was not done yet, fetching the usual keys. */
        public function ready(): bool
        {
            if ($this->redis !== null) {
                return true;
            }
            if ($this->off) {
                return false;
            }
            $start = microtime(true);
            $seen = $this->state->clock();
            $keys = ($this->first_keys)();
            try {
                $this->connect($this->state->address() ?: WP_REDIS_HOST);
                $this->limit(microtime(true) - $start);
                $pipe = $this->redis->multi(Redis::PIPELINE);
                if (self::has_login()) {
                    $pipe->auth(WP_REDIS_PASSWORD);
                }
                $answers = $pipe->mget(array_merge([$this->clock_key], $keys))->exec();
                $this->check($answers);
                $values = array_pop($answers);
                $this->check($values);
            } catch (RedisException $e) {
                $this->fail($e->getMessage());
                return false;
            }
            $this->count($start);
            /* $seen was read first: the counter cannot be behind it by a race. */
            if ((int) array_shift($values) < $seen) {
                $this->recover_now = true;
                $this->fail('it has lost content, as after a crash or FLUSHALL');
                return false;
            }
            ($this->take_first)(array_combine($keys, $values));
            return $this->redis !== null;
        }

        /** MGET. Values are strings, or false where there is none. */
        public function read(array $keys): ?array
        {
            return $this->ask(fn (Redis $redis) => $redis->mget($keys));
        }

        /**
         * Runs commands given as [name, argument...] in one round trip and
         * returns their answers. $changed are the keys that other requests
         * may no longer believe: they are what must be removed when the
         * commands did not arrive.
         */
        public function write(array $commands, array $changed): ?array
        {
            $answers = $this->ask(function (Redis $redis) use ($commands, $changed) {
                $pipe = $redis->multi(Redis::PIPELINE);
                foreach ($commands as $command) {
                    $pipe->{array_shift($command)}(...$command);
                }
                if ($changed) {
                    $pipe->incr($this->clock_key);
                }
                return $pipe->exec();
            });
            if ($answers === null) {
                $this->lose($changed);
                return null;
            }
            if ($changed) {
                $this->state->set_clock((int) array_pop($answers));
            }
            return $answers;
        }

        /**
         * Reads a key, lets $change make its new bytes (or null: leave it)
         * and stores them only if nobody changed the key in between. Keeps
         * the key's time to live. Returns whether the key was changed.
         */
        public function update(string $key, callable $change): ?bool
        {
            for ($try = 0; $try < 8; $try++) {
                $done = $this->ask(function (Redis $redis) use ($key, $change) {
                    $redis->watch($key);
                    $old = $redis->get($key);
                    $new = is_string($old) ? $change($old) : null;
                    if ($new === null) {
                        $redis->unwatch();
                        return ['left'];
                    }
                    return $redis->multi()->set($key, $new, ['KEEPTTL'])->incr($this->clock_key)->exec()
                        ?: ['raced'];
                });
                if ($done === null) {
                    $this->lose([$key]);
                    return null;
                }
                if ($done === ['left']) {
                    return false;
                }
                if ($done !== ['raced']) {
                    $this->state->set_clock((int) end($done));
                    return true;
                }
            }
            return false;
        }

        /**
         * Stores a value if the key still holds what the caller has read, its
         * digest $seen (false: nothing). If not, the key is removed.
         */
        public function store_over(string $key, $seen, array $set): void
        {
            array_shift($set);
            $done = $this->ask(function (Redis $redis) use ($key, $seen, $set) {
                $redis->watch($key);
                $same = self::digest($redis->get($key)) === $seen;
                $redis->multi();
                $same ? $redis->set(...$set) : $redis->unlink($key);
                return $redis->incr($this->clock_key)->exec() ?: ['raced'];
            });
            if ($done === null) {
                $this->lose([$key]);
            } elseif ($done === ['raced']) {
                $this->write([['unlink', $key]], [$key]);
            } else {
                $this->state->set_clock((int) end($done));
            }
        }

        /** What store_over() compares: of bytes, or false where there are none. */
        public static function digest($bytes)
        {
            return is_string($bytes) ? md5($bytes) : false;
        }

        /** Removes every key that begins with $start. */
        public function remove_all(string $start): bool
        {
            if (!$this->ready()) {
                $this->lost_all = true;
                return false;
            }
            try {
                $this->remove_keys($start);
                $this->advance_clock(1);
                return true;
            } catch (RedisException $e) {
                $this->lost_all = true;
                $this->fail($e->getMessage());
                return false;
            }
        }

        /**
         * The end of the request. Whatever takes time here happens after the
         * visitor has the page.
         */
        public function close(): void
        {
            if ($this->off || $this->lost || $this->lost_all) {
                /* Else the connection stays for the report. */
                $this->disconnect();
            }
            if ($this->lost_all) {
                $this->report('changes did not reach it');
            }
            if ($this->off && $this->state->is_down()) {
                $this->recover();
            } elseif ($this->lost) {
                $this->remove_lost();
            }
            $this->lost = [];
            $this->lost_all = false;
        }

        /** Gives the next answer what is left after $spent more seconds. */
        private function limit(float $spent = 0.0): void
        {
            $left = self::PATIENCE - $this->slow - $spent;
            $this->redis->setOption(Redis::OPT_READ_TIMEOUT, max(0.05, $left));
        }

        /**
         * Says something to whoever listens, after the page was sent. Nobody
         * waits for it and nothing depends on it, so a failure is no fault.
         */
        public function publish(string $channel, string $message): void
        {
            if ($this->off) {
                return;
            }
            self::send_page();
            try {
                if ($this->redis === null) {
                    $this->connect_and_log_in($this->state->address() ?: WP_REDIS_HOST);
                }
                $this->redis->publish($channel, $message);
            } catch (RedisException $e) {
                /* The next request finds out what is the matter. */
            }
            $this->disconnect();
        }

        private static function has_login(): bool
        {
            return defined('WP_REDIS_PASSWORD') && WP_REDIS_PASSWORD;
        }

        private function connect(string $host): void
        {
            $this->redis = new Redis();
            if (!@$this->redis->connect($host, (int) WP_REDIS_PORT, self::PATIENCE, null, 0, self::PATIENCE)) {
                throw new RedisException('no connection');
            }
            /* It would connect again by itself and hide that Redis restarted. */
            if (defined('Redis::OPT_MAX_RETRIES')) {
                $this->redis->setOption(Redis::OPT_MAX_RETRIES, 0);
            }
        }

        /** A connection of its own round trips, for after the page. */
        private function connect_and_log_in(string $host): void
        {
            $this->connect($host);
            if (self::has_login() && !$this->redis->auth(WP_REDIS_PASSWORD)) {
                throw new RedisException('the login was refused');
            }
        }

        /**
         * Destroying the object closes the socket. Its close() would talk to
         * Redis first, and wait for it, when a pipeline was cut short.
         */
        private function disconnect(): void
        {
            $this->redis = null;
        }

        private function ask(callable $use)
        {
            if (!$this->ready()) {
                return null;
            }
            $start = microtime(true);
            try {
                $this->limit();
                $answer = $use($this->redis);
                $this->check($answer);
            } catch (RedisException $e) {
                $this->fail($e->getMessage());
                return null;
            }
            $this->count($start);
            return $answer;
        }

        private function check($answer): void
        {
            $error = $this->redis->getLastError();
            if ($error !== null || !is_array($answer)) {
                throw new RedisException($error ?? 'no answer');
            }
        }

        private function count(float $start): void
        {
            $took = microtime(true) - $start;
            $this->calls++;
            $this->time += $took;
            if ($took > self::SLOW) {
                $this->slow += $took;
                if ($this->slow > self::SLOW_BUDGET) {
                    $this->fail('too slow');
                }
            }
        }

        private function fail(string $why): void
        {
            $this->off = true;
            $this->disconnect();
            $this->report($why);
        }

        private function report(string $why): void
        {
            if ($this->state->set_down($why)) {
                error_log("object cache: Redis: $why; pages are made without it until it is back");
            }
        }

        private function lose(array $keys): void
        {
            foreach ($keys as $key) {
                $this->lost[$key] = true;
            }
            if (count($this->lost) > self::MAX_LOST) {
                $this->lost_all = true;
                $this->lost = [];
            }
        }

        private function recover(): void
        {
            if (!$this->state->claim_recovery($this->recover_now)) {
                return;
            }
            $this->recover_now = false;
            self::send_page();
            $back = false;
            try {
                $address = gethostbyname(WP_REDIS_HOST);
                $this->connect_and_log_in($address);
                $clock = $this->redis->get($this->clock_key);
                $this->check([]);
                $this->remove_keys($this->prefix);
                $this->redis->unlink($this->clock_key);
                $this->advance_clock(1 + max((int) $clock, $this->state->clock()));
                $this->state->set_address($address);
                $this->forget_database_transients();
                $back = true;
            } catch (RedisException $e) {
                /* The marker stays; the next look is in a few seconds. */
                $this->report($e->getMessage());
            }
            $this->disconnect();
            $this->state->end_recovery($back);
            if ($back) {
                error_log('object cache: Redis answers; its old content was removed and it is in use');
            }
        }

        private function remove_lost(): void
        {
            self::send_page();
            try {
                $this->connect_and_log_in($this->state->address() ?: WP_REDIS_HOST);
                $this->redis->unlink(array_keys($this->lost));
                $this->check([]);
                $this->advance_clock(1);
                $this->disconnect();
            } catch (RedisException $e) {
                $this->fail($e->getMessage());
            }
        }

        /** SCAN and UNLINK: Redis serves others in between. */
        private function remove_keys(string $start): void
        {
            $redis = $this->redis;
            $pattern = addcslashes($start, '*?[]\\^') . '*';
            $deadline = microtime(true) + self::FLUSH_TIME;
            $redis->setOption(Redis::OPT_SCAN, Redis::SCAN_NORETRY);
            $cursor = null;
            do {
                $keys = $redis->scan($cursor, $pattern, 1000);
                if ($keys === false && $cursor !== 0) {
                    $this->check(false);
                }
                $keys = array_diff((array) $keys, [$this->clock_key]);
                if ($keys) {
                    $redis->unlink($keys);
                    $this->check($keys);
                }
                if (microtime(true) > $deadline) {
                    throw new RedisException('emptying the cache takes too long');
                }
            } while ((int) $cursor !== 0);
        }

        private function advance_clock(int $by): void
        {
            $clock = $this->redis->incrBy($this->clock_key, $by);
            $this->check([]);
            $this->state->set_clock((int) $clock);
        }

        /**
         * While Redis was away WordPress kept transients in its own table;
         * they are older than what Redis will get from now on.
         */
        private function forget_database_transients(): void
        {
            global $wpdb;
            if (isset($wpdb, $wpdb->options) && $wpdb->ready && !wp_installing()) {
                $quiet = $wpdb->suppress_errors();
                $wpdb->query(
                    "DELETE FROM `$wpdb->options` WHERE option_name LIKE '\\_transient\\_%'"
                    . " OR option_name LIKE '\\_site\\_transient\\_%'"
                );
                $wpdb->suppress_errors($quiet);
            }
        }

        private static function send_page(): void
        {
            if (function_exists('fastcgi_finish_request')) {
                fastcgi_finish_request();
            }
        }
    }

    class WP_Object_Cache
    {
        /** Larger values are kept for the request only. */
        private const MAX_VALUE = 8 * 1024 * 1024;

        /** Places in a group's tally. */
        private const IN_MEMORY = 0;
        private const IN_REDIS = 1;
        private const MISSED = 2;
        private const WRITTEN = 3;
        private const SECONDS = 4;

        /** A report has at most so many groups, of names so long. */
        private const REPORT_GROUPS = 64;
        private const REPORT_NAME = 95;

        public int $cache_hits = 0;
        public int $cache_misses = 0;

        /** @var array<string,array{int,int,int,int,float}> by group */
        private array $tally = [];

        /** @var array<string,mixed> what this request knows, by full key */
        private array $memory = [];

        /** @var array<string,string|false> fetched in advance, not yet used */
        private array $fetched = [];

        /** @var array<string,true> keys that this request asked Redis for */
        private array $asked = [];

        /** @var array<string,true> */
        private array $usual = [];

        /** @var array<string,string|false> digests of alloptions as last read */
        private array $seen = [];

        private array $global_groups = [];
        private array $local_groups = [];

        private string $prefix;
        private string $blog;
        private string $global;
        private string $kind;

        private Stack_Cache_State $state;
        private Stack_Cache_Codec $codec;
        private Stack_Cache_Redis $redis;

        public function __construct()
        {
            global $table_prefix, $wp_version;

            $this->prefix = defined('WP_REDIS_PREFIX') ? trim(WP_REDIS_PREFIX) : '';
            $table = trim((string) $table_prefix, '_-:$');
            $this->blog = is_multisite() ? (string) get_current_blog_id() : $table;
            $this->global = is_multisite() ? '' : $table;
            $this->kind = $this->request_kind();
            if (defined('WP_REDIS_IGNORED_GROUPS')) {
                $this->add_non_persistent_groups(WP_REDIS_IGNORED_GROUPS);
            }

            $this->state = new Stack_Cache_State(
                defined('WP_REDIS_STATE_DIR') ? WP_REDIS_STATE_DIR : sys_get_temp_dir() . '/wordpress-cache'
            );
            $this->codec = new Stack_Cache_Codec(
                implode("\0", [DB_NAME, (string) $table_prefix, (string) $wp_version, PHP_MAJOR_VERSION]),
                defined('AUTH_SALT') ? AUTH_SALT : ''
            );
            $this->redis = new Stack_Cache_Redis(
                $this->state,
                $this->prefix,
                "$this->prefix$this->global:stack:clock",
                function (): array {
                    $keys = $this->kind === '' ? [] : $this->state->usual_keys($this->kind);
                    $this->usual = array_fill_keys($keys, true);
                    foreach (['alloptions', 'notoptions'] as $key) {
                        $this->usual[$this->id($key, 'options')] = true;
                    }
                    return array_keys($this->usual);
                },
                function (array $values): void {
                    $this->fetched = $values;
                }
            );
        }

        /** Whether Redis is out of use for this request. */
        public function is_down(): bool
        {
            return $this->redis->is_off();
        }

        public function get($key, $group = 'default', $force = false, &$found = null)
        {
            $found = false;
            if (!$this->is_valid_key($key)) {
                return false;
            }
            $id = $this->id($key, $group);
            $local = $this->is_local($group);
            $asked = !$local && ($force || !array_key_exists($id, $this->memory));
            if ($asked) {
                $before = $this->redis->time;
                $bytes = $this->fetch([$id], (bool) $force)[$id];
                $this->tally($group, self::SECONDS, $this->redis->time - $before);
                if ($key === 'alloptions') {
                    $this->seen[$id] = Stack_Cache_Redis::digest($bytes);
                }
                if (!$this->redis->is_off()) {
                    unset($this->memory[$id]);
                }
                if (is_string($bytes) && $this->codec->decode($bytes, $value)) {
                    $this->memory[$id] = $value;
                }
            }
            if (!array_key_exists($id, $this->memory)) {
                $this->cache_misses++;
                if (!$local) {
                    $this->tally($group, self::MISSED);
                }
                return false;
            }
            $found = true;
            $this->cache_hits++;
            if (!$local) {
                $this->tally($group, $asked ? self::IN_REDIS : self::IN_MEMORY);
            }
            return self::copy($this->memory[$id]);
        }

        public function get_multiple($keys, $group = 'default', $force = false)
        {
            $wanted = [];
            if (!$this->is_local($group)) {
                foreach ($keys as $key) {
                    if ($this->is_valid_key($key)) {
                        $id = $this->id($key, $group);
                        if ($force || !array_key_exists($id, $this->memory)) {
                            $wanted[] = $id;
                        }
                    }
                }
                if ($wanted) {
                    $before = $this->redis->time;
                    $this->fetched = array_merge($this->fetched, $this->fetch($wanted, (bool) $force));
                    $this->tally($group, self::SECONDS, $this->redis->time - $before);
                    if ($force && !$this->redis->is_off()) {
                        $this->memory = array_diff_key($this->memory, array_flip($wanted));
                    }
                }
            }
            $values = [];
            foreach ($keys as $key) {
                $values[$key] = $this->get($key, $group);
            }
            return $values;
        }

        public function set($key, $data, $group = 'default', $expire = 0)
        {
            return $this->is_valid_key($key) && $this->set_multiple([$key => $data], $group, $expire)[$key];
        }

        public function set_multiple(array $data, $group = '', $expire = 0)
        {
            $results = [];
            $commands = [];
            $changed = [];
            foreach ($data as $key => $value) {
                $results[$key] = $this->is_valid_key($key);
                if (!$results[$key]) {
                    continue;
                }
                $id = $this->id($key, $group);
                $this->memory[$id] = self::copy($value);
                unset($this->fetched[$id]);
                if ($this->is_local($group)) {
                    continue;
                }
                $command = $this->set_command($id, $value, $expire);
                if (isset($this->seen[$id]) && $command[0] === 'set') {
                    $before = $this->redis->time;
                    $this->redis->store_over($id, $this->seen[$id], $command);
                    $this->tally($group, self::WRITTEN);
                    $this->tally($group, self::SECONDS, $this->redis->time - $before);
                    $this->seen[$id] = Stack_Cache_Redis::digest($command[2]);
                } else {
                    $commands[] = $command;
                    $changed[] = $id;
                }
            }
            if ($commands) {
                $this->write($group, $commands, $changed);
            }
            return $results;
        }

        public function add($key, $data, $group = 'default', $expire = 0)
        {
            return $this->is_valid_key($key) && $this->add_multiple([$key => $data], $group, $expire)[$key];
        }

        public function add_multiple(array $data, $group = '', $expire = 0)
        {
            $results = array_fill_keys(array_keys($data), false);
            if (function_exists('wp_suspend_cache_addition') && wp_suspend_cache_addition()) {
                return $results;
            }
            $commands = [];
            foreach ($data as $key => $value) {
                if (!$this->is_valid_key($key)) {
                    continue;
                }
                $id = $this->id($key, $group);
                if (array_key_exists($id, $this->memory)) {
                    continue;
                }
                if ($this->is_local($group)) {
                    $this->memory[$id] = self::copy($value);
                    $results[$key] = true;
                } else {
                    $commands[$key] = $this->set_command($id, $value, $expire, 'nx');
                }
            }
            if (!$commands) {
                return $results;
            }
            $answers = $this->write($group, array_values($commands), []);
            foreach (array_keys($commands) as $at => $key) {
                $id = $this->id($key, $group);
                if ($answers === null || $answers[$at] || !$this->holds($id)) {
                    $results[$key] = true;
                    $this->memory[$id] = self::copy($data[$key]);
                    unset($this->fetched[$id]);
                    if ($answers !== null && !$answers[$at]) {
                        /* What stood there was not ours, or has just expired. */
                        $this->write($group, [$this->set_command($id, $data[$key], $expire)], [$id]);
                    }
                }
            }
            return $results;
        }

        public function replace($key, $data, $group = 'default', $expire = 0)
        {
            if (!$this->is_valid_key($key)) {
                return false;
            }
            $this->get($key, $group, !$this->is_local($group), $found);
            return $found && $this->set($key, $data, $group, $expire);
        }

        public function delete($key, $group = 'default', $deprecated = false)
        {
            return $this->is_valid_key($key) && $this->delete_multiple([$key], $group)[$key];
        }

        public function delete_multiple(array $keys, $group = '')
        {
            $results = [];
            $commands = [];
            $changed = [];
            foreach ($keys as $key) {
                $results[$key] = false;
                if (!$this->is_valid_key($key)) {
                    continue;
                }
                $id = $this->id($key, $group);
                $results[$key] = array_key_exists($id, $this->memory);
                unset($this->memory[$id], $this->fetched[$id]);
                if (!$this->is_local($group)) {
                    $commands[] = ['unlink', $id];
                    $changed[$key] = $id;
                }
            }
            $answers = $commands ? $this->write($group, $commands, array_values($changed)) : null;
            if ($answers !== null) {
                foreach (array_keys($changed) as $at => $key) {
                    $results[$key] = $results[$key] || $answers[$at] > 0;
                }
            }
            return $results;
        }

        public function incr($key, $offset = 1, $group = 'default')
        {
            return $this->add_number($key, (int) $offset, $group);
        }

        public function decr($key, $offset = 1, $group = 'default')
        {
            return $this->add_number($key, -(int) $offset, $group);
        }

        /** Only this site's part of Redis; nobody else's keys. */
        public function flush()
        {
            $this->flush_runtime();
            return $this->redis->remove_all($this->prefix);
        }

        public function flush_runtime()
        {
            $this->memory = [];
            $this->fetched = [];
            return true;
        }

        public function flush_group($group)
        {
            $start = $this->id('', $group);
            foreach (['memory', 'fetched'] as $name) {
                foreach (array_keys($this->$name) as $id) {
                    if (strncmp((string) $id, $start, strlen($start)) === 0) {
                        unset($this->$name[$id]);
                    }
                }
            }
            return $this->is_local($group) || $this->redis->remove_all($start);
        }

        public function add_global_groups($groups)
        {
            $this->global_groups += array_fill_keys((array) $groups, true);
        }

        public function add_non_persistent_groups($groups)
        {
            $this->local_groups += array_fill_keys((array) $groups, true);
        }

        public function switch_to_blog($blog_id)
        {
            if (is_multisite()) {
                $this->blog = (string) (int) $blog_id;
            }
        }

        public function reset()
        {
            $this->flush_runtime();
        }

        public function stats()
        {
            printf(
                '<p><strong>Cache hits:</strong> %d<br><strong>Cache misses:</strong> %d<br>'
                . '<strong>Redis:</strong> %s, %d round trips, %.1f ms</p>',
                $this->cache_hits,
                $this->cache_misses,
                $this->redis->is_off() ? 'not in use' : 'in use',
                $this->redis->calls,
                1000 * $this->redis->time
            );
        }

        /** Round trips to Redis so far. */
        public function redis_calls(): int
        {
            return $this->redis->calls;
        }

        /** May be called again, for what was done after the first time. */
        public function close()
        {
            if ($this->kind !== '' && !$this->redis->is_off() && array_diff_key($this->asked, $this->usual)) {
                $this->state->set_usual_keys($this->kind, array_keys($this->asked));
                $this->kind = '';
            }
            $this->redis->close();
            return true;
        }

        /** Tells cachemon what this request did; call it last of all. */
        public function report(): void
        {
            if (!$this->tally || $this->redis->is_off()) {
                return;
            }
            $begun = (float) ($_SERVER['REQUEST_TIME_FLOAT'] ?? microtime(true));
            $lines = [sprintf(
                'stack1 %d %d %d',
                max(0, 1e6 * (microtime(true) - $begun)),
                1e6 * $this->redis->time,
                $this->redis->calls
            )];
            foreach (array_slice($this->tally, 0, self::REPORT_GROUPS, true) as $group => $did) {
                $did[self::SECONDS] = (int) (1e6 * $did[self::SECONDS]);
                $name = preg_replace('/[\x00-\x1f\x7f]/', '?', strtr((string) $group, ':', '-'));
                $lines[] = implode(' ', $did) . ' ' . substr($name, 0, self::REPORT_NAME);
            }
            $this->tally = [];
            $this->redis->publish($this->prefix . 'stack:report', implode("\n", $lines) . "\n");
        }

        private function tally($group, int $what, $by = 1): void
        {
            $tally = &$this->tally[$group ?: 'default'];
            $tally ??= [0, 0, 0, 0, 0.0];
            $tally[$what] += $by;
        }

        private function write($group, array $commands, array $changed): ?array
        {
            $before = $this->redis->time;
            $answers = $this->redis->write($commands, $changed);
            $this->tally($group, self::WRITTEN, count($commands));
            $this->tally($group, self::SECONDS, $this->redis->time - $before);
            return $answers;
        }

        private function id($key, $group): string
        {
            $group = $group === '' || $group === null || $group === false ? 'default' : (string) $group;
            return $this->prefix
                . (isset($this->global_groups[$group]) ? $this->global : $this->blog)
                . ':' . strtr($group, ':', '-') . ':' . strtr((string) $key, ':', '-');
        }

        private function is_local($group): bool
        {
            return isset($this->local_groups[$group ?: 'default']);
        }

        private function is_valid_key($key): bool
        {
            if (is_int($key) || (is_string($key) && trim($key) !== '')) {
                return true;
            }
            if (function_exists('_doing_it_wrong') && function_exists('__')) {
                _doing_it_wrong(
                    'WP_Object_Cache',
                    is_string($key)
                        ? __('Cache key must not be an empty string.')
                        : sprintf(__('Cache key must be an integer or a non-empty string, %s given.'), gettype($key)),
                    '6.1.0'
                );
            }
            return false;
        }

        private static function copy($value)
        {
            return is_object($value) ? clone $value : $value;
        }

        /** Bytes by id, false where there are none; one round trip at most. */
        private function fetch(array $ids, bool $force): array
        {
            $bytes = array_fill_keys($ids, false);
            if (!$this->redis->ready()) {
                return $bytes;
            }
            $missing = [];
            foreach ($ids as $id) {
                $this->asked[$id] = true;
                if (!$force && array_key_exists($id, $this->fetched)) {
                    $bytes[$id] = $this->fetched[$id];
                    unset($this->fetched[$id]);
                } else {
                    $missing[] = $id;
                }
            }
            $values = $missing ? $this->redis->read($missing) : [];
            return $values ? array_merge($bytes, array_combine($missing, $values)) : $bytes;
        }

        /** Whether Redis holds a value of ours under this id. */
        private function holds(string $id): bool
        {
            $bytes = $this->redis->read([$id]);
            return $bytes !== null && is_string($bytes[0]) && $this->codec->decode($bytes[0], $value);
        }

        private function set_command(string $id, $value, $expire, string $only = ''): array
        {
            try {
                $bytes = $this->codec->encode($value);
            } catch (Throwable $e) {
                /* A closure or a connection cannot be stored. */
                return ['unlink', $id];
            }
            if (strlen($bytes) > self::MAX_VALUE) {
                return ['unlink', $id];
            }
            $options = $only === '' ? [] : [$only];
            $expire = (int) $expire;
            if (defined('WP_REDIS_MAXTTL') && WP_REDIS_MAXTTL > 0 && ($expire <= 0 || $expire > WP_REDIS_MAXTTL)) {
                $expire = (int) WP_REDIS_MAXTTL;
            }
            if ($expire > 0) {
                $options['ex'] = $expire;
            }
            return $options ? ['set', $id, $bytes, $options] : ['set', $id, $bytes];
        }

        private function add_number($key, int $offset, $group)
        {
            if (!$this->is_valid_key($key)) {
                return false;
            }
            $id = $this->id($key, $group);
            $sum = static fn ($old): int => max(0, (is_numeric($old) ? (int) $old : 0) + $offset);
            if (!$this->is_local($group)) {
                $result = null;
                $before = $this->redis->time;
                $done = $this->redis->update($id, function (string $old) use ($sum, &$result): ?string {
                    if (!$this->codec->decode($old, $value)) {
                        return null;
                    }
                    $result = $sum($value);
                    return $this->codec->encode($result);
                });
                $this->tally($group, self::WRITTEN);
                $this->tally($group, self::SECONDS, $this->redis->time - $before);
                unset($this->fetched[$id]);
                if ($done) {
                    return $this->memory[$id] = $result;
                }
                if ($done === false) {
                    unset($this->memory[$id]);
                    return false;
                }
            }
            if (!array_key_exists($id, $this->memory)) {
                return false;
            }
            return $this->memory[$id] = $sum($this->memory[$id]);
        }

        /** Requests of one kind ask for nearly the same keys; '' has none. */
        private function request_kind(): string
        {
            if (($_SERVER['REQUEST_METHOD'] ?? '') !== 'GET') {
                return '';
            }
            $user = preg_match('/(^|; ?)wordpress_logged_in_/', $_SERVER['HTTP_COOKIE'] ?? '') ? 'user' : 'guest';
            return $user . ' ' . substr(strtok($_SERVER['REQUEST_URI'] ?? '/', '?') ?: '/', 0, 512);
        }
    }

    function wp_cache_init()
    {
        $GLOBALS['wp_object_cache'] = new WP_Object_Cache();
        /* WordPress calls it at its own shutdown; this is for when a page dies. */
        register_shutdown_function(static function (): void {
            register_shutdown_function(static function (): void {
                wp_cache_close();
                if (($GLOBALS['wp_object_cache'] ?? null) instanceof WP_Object_Cache) {
                    $GLOBALS['wp_object_cache']->report();
                }
            });
        });
        if ($GLOBALS['wp_object_cache']->is_down() && !is_multisite()) {
            /* Then transients and the cron lock live in the database. */
            wp_using_ext_object_cache(false);
        }
    }

    function wp_cache_add($key, $data, $group = '', $expire = 0)
    {
        return $GLOBALS['wp_object_cache']->add($key, $data, $group, $expire);
    }

    function wp_cache_add_multiple(array $data, $group = '', $expire = 0)
    {
        return $GLOBALS['wp_object_cache']->add_multiple($data, $group, $expire);
    }

    function wp_cache_replace($key, $data, $group = '', $expire = 0)
    {
        return $GLOBALS['wp_object_cache']->replace($key, $data, $group, $expire);
    }

    function wp_cache_set($key, $data, $group = '', $expire = 0)
    {
        return $GLOBALS['wp_object_cache']->set($key, $data, $group, $expire);
    }

    function wp_cache_set_multiple(array $data, $group = '', $expire = 0)
    {
        return $GLOBALS['wp_object_cache']->set_multiple($data, $group, $expire);
    }

    function wp_cache_get($key, $group = '', $force = false, &$found = null)
    {
        return $GLOBALS['wp_object_cache']->get($key, $group, $force, $found);
    }

    function wp_cache_get_multiple($keys, $group = '', $force = false)
    {
        return $GLOBALS['wp_object_cache']->get_multiple($keys, $group, $force);
    }

    function wp_cache_delete($key, $group = '')
    {
        return $GLOBALS['wp_object_cache']->delete($key, $group);
    }

    function wp_cache_delete_multiple(array $keys, $group = '')
    {
        return $GLOBALS['wp_object_cache']->delete_multiple($keys, $group);
    }

    function wp_cache_incr($key, $offset = 1, $group = '')
    {
        return $GLOBALS['wp_object_cache']->incr($key, $offset, $group);
    }

    function wp_cache_decr($key, $offset = 1, $group = '')
    {
        return $GLOBALS['wp_object_cache']->decr($key, $offset, $group);
    }

    function wp_cache_flush()
    {
        return $GLOBALS['wp_object_cache']->flush();
    }

    function wp_cache_flush_runtime()
    {
        return $GLOBALS['wp_object_cache']->flush_runtime();
    }

    function wp_cache_flush_group($group)
    {
        return $GLOBALS['wp_object_cache']->flush_group($group);
    }

    function wp_cache_supports($feature)
    {
        return in_array(
            $feature,
            ['add_multiple', 'set_multiple', 'get_multiple', 'delete_multiple', 'flush_runtime', 'flush_group'],
            true
        );
    }

    function wp_cache_close()
    {
        return !isset($GLOBALS['wp_object_cache']) || $GLOBALS['wp_object_cache']->close();
    }

    function wp_cache_add_global_groups($groups)
    {
        $GLOBALS['wp_object_cache']->add_global_groups($groups);
    }

    function wp_cache_add_non_persistent_groups($groups)
    {
        $GLOBALS['wp_object_cache']->add_non_persistent_groups($groups);
    }

    function wp_cache_switch_to_blog($blog_id)
    {
        $GLOBALS['wp_object_cache']->switch_to_blog($blog_id);
    }

    /** Deprecated since WordPress 3.5 in favour of wp_cache_switch_to_blog(). */
    function wp_cache_reset()
    {
        _deprecated_function(__FUNCTION__, '3.5.0', 'wp_cache_switch_to_blog()');
        $GLOBALS['wp_object_cache']->reset();
    }
}

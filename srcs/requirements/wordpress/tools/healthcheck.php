<?php
/**
 * The container's health check: two real FastCGI requests to php-fpm, its
 * ping page and health.php, within three seconds together.
 *
 * php -n healthcheck.php; status 0: healthy, 1: not, with the reason.
 */

const LIMIT = 3.0;

function fcgi_record(int $type, string $body): string
{
    return pack('CCnnCx', 1, $type, 1, strlen($body), 0) . $body;
}

function fcgi_pair(string $name, string $value): string
{
    $text = '';
    foreach ([$name, $value] as $part) {
        $text .= strlen($part) < 128 ? chr(strlen($part)) : pack('N', strlen($part) | 0x80000000);
    }
    return $text . $name . $value;
}

/** Waits for bytes no longer than the deadline; throws when they do not come. */
function fcgi_read($socket, int $length, float $deadline): string
{
    $bytes = '';
    while (strlen($bytes) < $length) {
        $left = $deadline - microtime(true);
        $ready = [$socket];
        $none = null;
        if ($left <= 0 || !stream_select($ready, $none, $none, (int) $left, (int) (1e6 * fmod($left, 1)))) {
            throw new RuntimeException('no answer in time');
        }
        $part = fread($socket, $length - strlen($bytes));
        if ($part === false || $part === '') {
            throw new RuntimeException('connection closed');
        }
        $bytes .= $part;
    }
    return $bytes;
}

/** Returns what the script printed, headers included. */
function fcgi_get(string $host, int $port, string $script, string $name, float $deadline): string
{
    $socket = @stream_socket_client("tcp://$host:$port", $code, $error, max(0.1, $deadline - microtime(true)));
    if (!$socket) {
        throw new RuntimeException("php-fpm on port $port: $error");
    }
    stream_set_blocking($socket, false);
    $parameters = '';
    foreach (
        [
            'GATEWAY_INTERFACE' => 'CGI/1.1',
            'SERVER_PROTOCOL' => 'HTTP/1.1',
            'REQUEST_METHOD' => 'GET',
            'SCRIPT_FILENAME' => $script,
            'SCRIPT_NAME' => $name,
            'REQUEST_URI' => $name,
            'QUERY_STRING' => '',
            'REMOTE_ADDR' => '127.0.0.1',
        ] as $key => $value
    ) {
        $parameters .= fcgi_pair($key, $value);
    }
    /* 1: begin (responder), 4: parameters, 5: input; each stream ends empty. */
    fwrite($socket, fcgi_record(1, pack('nCx5', 1, 0)) . fcgi_record(4, $parameters)
        . fcgi_record(4, '') . fcgi_record(5, ''));

    $output = '';
    while (!feof($socket)) {
        $head = unpack('Cversion/Ctype/nid/nlength/Cpadding/Cx', fcgi_read($socket, 8, $deadline));
        $body = fcgi_read($socket, $head['length'] + $head['padding'], $deadline);
        if ($head['type'] === 3) {
            break;
        }
        if ($head['type'] === 6) {
            $output .= substr($body, 0, $head['length']);
        }
    }
    fclose($socket);
    return $output;
}

try {
    $deadline = microtime(true) + LIMIT;
    $port = (int) (getenv('PHP_FPM_PORT') ?: 9000);
    $steps = [['/fpm_ping', '/fpm_ping', 'pong'], [__DIR__ . '/health.php', '/health.php', 'ok']];
    foreach ($steps as [$script, $name, $expected]) {
        $output = fcgi_get('127.0.0.1', $port, $script, $name, $deadline);
        $body = trim(preg_replace('/^.*?\r?\n\r?\n/s', '', $output, 1));
        if ($body !== $expected) {
            throw new RuntimeException("$name: " . ($body === '' ? 'empty answer' : substr($body, 0, 200)));
        }
    }
    echo "ok\n";
} catch (Throwable $e) {
    echo $e->getMessage(), "\n";
    exit(1);
}

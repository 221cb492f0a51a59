<?php
/*
 * Ready: php-fpm answers a FastCGI request for its ping page. One GET in three
 * records (begin, parameters, end of input), and the reply must say pong.
 */

function record(int $type, string $content): string
{
	return pack('CCnnCx', 1, $type, 1, strlen($content), 0) . $content;
}

$parameters = '';
foreach (array(
	'REQUEST_METHOD' => 'GET',
	'SCRIPT_NAME' => '/ping',
	'SCRIPT_FILENAME' => '/ping',
) as $name => $value) {
	$parameters .= chr(strlen($name)) . chr(strlen($value)) . $name . $value;
}

$port = getenv('ADMINER_PORT') ?: '9000';
$socket = @stream_socket_client("tcp://127.0.0.1:$port", $code, $reason, 3);
if ($socket === false) {
	echo "adminer: no answer on port $port: $reason\n";
	exit(1);
}
stream_set_timeout($socket, 3);
fwrite($socket, record(1, pack('nCx5', 1, 0))
	. record(4, $parameters) . record(4, '') . record(5, ''));
$reply = (string) stream_get_contents($socket);
if (strpos($reply, "\r\n\r\npong") === false) {
	echo "adminer: php-fpm does not answer the ping\n";
	exit(1);
}

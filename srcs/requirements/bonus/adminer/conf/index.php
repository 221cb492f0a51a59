<?php
/*
 * The only script that nginx asks for: Adminer for this stack's database
 * server and no other. Written for Adminer 4.8 (Debian 12) and 5 and later
 * (Alpine), which put their classes into a namespace and name the types.
 */

$stack_server = getenv('DB_HOST') . ':' . getenv('DB_PORT');

/* Another server or another kind of database, in the address or the form. */
$stack_kinds = array('sqlite', 'sqlite2', 'pgsql', 'oracle', 'mssql', 'mongo',
	'elastic', 'elastic5', 'simpledb', 'clickhouse', 'firebird', 'igdb',
	'imap', 'redis', 'duckdb');
$stack_auth = isset($_POST['auth']) ? $_POST['auth'] : array();
if (array_intersect($stack_kinds, array_keys($_GET))
	|| (isset($_GET['server']) && $_GET['server'] !== '')
	|| !is_array($stack_auth)
	|| (isset($stack_auth['driver']) && $stack_auth['driver'] !== 'server')
	|| (isset($stack_auth['server']) && $stack_auth['server'] !== '')) {
	http_response_code(403);
	header('Content-Type: text/plain; charset=utf-8');
	exit("Adminer is for this stack's database server only.\n");
}

/* Keeps Adminer 4.8 from asking its author's site for a newer version. */
$_COOKIE['adminer_version'] = '0';

trait StackServer
{
	public function name(): string
	{
		return 'Adminer';
	}

	public function credentials(): array
	{
		$secret = function_exists('Adminer\get_password')
			? \Adminer\get_password() : get_password();
		$user = isset($_GET['username']) ? $_GET['username'] : '';
		return array($GLOBALS['stack_server'], $user, $secret);
	}

	public function serverName($server): string
	{
		return htmlspecialchars($GLOBALS['stack_server']);
	}

	public function verifyVersion(): bool
	{
		return false;
	}

	/* No SQL file that lies on this server's disk. */
	public function importServerPath(): string
	{
		return '';
	}

	/* The form does not ask for kind and server. */
	public function loginFormField($name, $heading, $value): string
	{
		switch ($name) {
			case 'driver':
				return '<input type="hidden" name="auth[driver]" value="server">';
			case 'server':
				return '<input type="hidden" name="auth[server]" value="">';
			default:
				return $heading . $value . "\n";
		}
	}
}

function adminer_object()
{
	if (class_exists('Adminer\Adminer')) {
		return new class extends \Adminer\Adminer {
			use StackServer;
		};
	}
	return new class extends \Adminer {
		use StackServer;
	};
}

require __DIR__ . '/adminer.php';

<?php
/* PHP's ftp extension, as WordPress uses it:
 * php client.php HOST PORT USER PASSWORD FILE BACK CA */

[, $host, $port, $user, $password, $path, $back] = $argv;

function must($result, string $what)
{
    if ($result === false || $result === -1) {
        fwrite(STDERR, "$what failed\n");
        exit(1);
    }
    return $result;
}

$ftp = must(ftp_ssl_connect($host, (int) $port, 20), 'connect');
must(ftp_login($ftp, $user, $password), 'login');
must(ftp_pasv($ftp, true), 'pasv');
must(ftp_chdir($ftp, '/inbox'), 'chdir');
must(ftp_mkdir($ftp, 'folder'), 'mkdir');
must(ftp_put($ftp, 'folder/up.bin', $path, FTP_BINARY), 'put');
must(ftp_chmod($ftp, 0640, 'folder/up.bin'), 'chmod');
if (ftp_size($ftp, 'folder/up.bin') !== filesize($path)) {
    must(false, 'size');
}
must(ftp_mdtm($ftp, 'folder/up.bin'), 'mdtm');
/* WordPress asks so whether a path exists. */
if (must(ftp_nlist($ftp, 'folder/up.bin'), 'nlst') !== ['folder/up.bin']) {
    must(false, 'nlst of a file');
}
if (count(must(ftp_rawlist($ftp, '-a folder'), 'list')) !== 3) {
    must(false, 'list -a with . and ..');
}
must(ftp_rename($ftp, 'folder/up.bin', 'kept.bin'), 'rename');
must(ftp_rmdir($ftp, 'folder'), 'rmdir');
/* The second half by itself: a resumed download. */
file_put_contents($back, substr(file_get_contents($path), 0, 70000));
must(ftp_get($ftp, $back, 'kept.bin', FTP_BINARY, 70000), 'get');
must(ftp_close($ftp), 'close');
echo "done\n";

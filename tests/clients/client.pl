# Perl's Net::FTP: perl client.pl HOST PORT USER PASSWORD FILE BACK CA
use strict;
use warnings;
use Net::FTP;

my ($host, $port, $user, $password, $path, $back, $ca) = @ARGV;
my $ftp = Net::FTP->new($host, Port => $port, Timeout => 20, Passive => 1,
    SSL_ca_file => $ca) or die "connect: $@";

sub must {
    my ($result, $what) = @_;
    die "$what: " . $ftp->message unless $result;
    return $result;
}

must($ftp->starttls, 'starttls');
must($ftp->login($user, $password), 'login');
must($ftp->prot('P'), 'prot');
must($ftp->binary, 'binary');
must($ftp->cwd('/inbox'), 'cwd');
must($ftp->mkdir('a/b/c', 1), 'mkdir');
must($ftp->put($path, 'a/b/c/up.bin'), 'put');
die "size" unless $ftp->size('a/b/c/up.bin') == -s $path;
must(grep({ $_ eq 'a/b/c/up.bin' || $_ eq 'up.bin' } $ftp->ls('a/b/c')), 'ls');
must($ftp->rename('a/b/c/up.bin', 'kept.bin'), 'rename');
must($ftp->get('kept.bin', $back), 'get');
must($ftp->rmdir('a', 1), 'rmdir');
must($ftp->quit, 'quit');
print "done\n";

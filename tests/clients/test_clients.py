"""Real clients against ftpd: each uploads, lists, downloads, resumes where it
can, renames and deletes; with TLS required, and those that have no TLS where it
is optional.  What the folder then holds is looked at from outside."""

import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent


def run(*command, **kwargs):
    done = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=120, **kwargs)
    assert done.returncode == 0, "%s: status %d\n%s" % (
        command[0], done.returncode, done.stdout[-4000:])
    return done.stdout


@pytest.fixture
def tls(ftpd):
    if not ftpd.tls:
        pytest.skip("once, under TLS")
    return ftpd


@pytest.fixture
def plain(ftpd):
    if ftpd.tls:
        pytest.skip("has no TLS")
    return ftpd


def same(folder, name, blob):
    return (folder / name).read_bytes() == blob.read_bytes()


@pytest.mark.parametrize("version", ("1.2", "1.3"))
def test_curl(tls, folder, blob, tmp_path, version):
    common = ("curl", "-sS", "--ssl-reqd", "--cacert", tls.certificate,
              "--tlsv" + version, "--tls-max", version,
              "-u", "%s:%s" % (tls.user, tls.password))
    url = "ftp://localhost:%d/inbox/" % tls.port
    run(*common, "-T", blob, url + "deep/er/up.bin", "--ftp-create-dirs")
    assert same(folder, "deep/er/up.bin", blob)
    run(*common, "-o", tmp_path / "down", url + "deep/er/up.bin")
    assert same(tmp_path, "down", blob)
    with open(tmp_path / "down", "r+b") as part:
        part.truncate(1000)
    run(*common, "-C", "-", "-o", tmp_path / "down", url + "deep/er/up.bin")
    assert same(tmp_path, "down", blob)
    assert "deep" in run(*common, url).split()[-1]
    run(*common, url, "-Q", "-DELE /inbox/deep/er/up.bin", "-Q", "-RMD /inbox/deep/er")
    assert not (folder / "deep/er").exists()


@pytest.mark.parametrize("version", ("TLS1.2", "TLS1.3"))
def test_lftp(tls, folder, blob, tmp_path, version):
    tree = tmp_path / "tree"
    for number in range(40):
        part = tree / ("d%d" % (number % 4))
        part.mkdir(parents=True, exist_ok=True)
        (part / ("f %d.php" % number)).write_bytes(b"<?php // %d\n" % number * number)
    script = """
set ssl:ca-file %s; set ftp:ssl-force yes; set ftp:ssl-protect-data yes
set ssl:priority "NORMAL:-VERS-ALL:+VERS-%s"; set net:max-retries 1
set cmd:fail-exit yes
open -p %d -u "%s,%s" localhost
mirror -R --parallel=4 %s /inbox/tree
mirror --parallel=4 /inbox/tree %s
put %s -o /inbox/blob; mv /inbox/blob /inbox/other; chmod 600 /inbox/other
cls -l /inbox; rm /inbox/other; rm -r /inbox/tree
""" % (tls.certificate, version, tls.port, tls.user, tls.password, tree,
       tmp_path / "back", blob)
    listed = run("lftp", "-c", script)
    assert "other" in listed
    run("diff", "-r", tree, tmp_path / "back")
    assert not list(folder.iterdir())


def test_ncftp(plain, folder, blob, tmp_path):
    login = ("-u", plain.user, "-p", plain.password, "-P", plain.port)
    run("ncftpput", *login, "-R", "-m", "localhost", "/inbox/in", blob)
    assert same(folder, "in/blob.bin", blob)
    run("ncftpget", *login, "localhost", tmp_path / "out", "/inbox/in/blob.bin")
    assert same(tmp_path / "out", "blob.bin", blob)
    assert "blob.bin" in run("ncftpls", *login, "ftp://localhost/inbox/in/")


@pytest.fixture(autouse=True)
def out(tmp_path):
    (tmp_path / "out").mkdir()


def test_tnftp(plain, folder, blob, tmp_path):
    commands = "\n".join((
        "user %s \"%s\"" % (plain.user, plain.password), "binary", "cd inbox",
        "put %s up.bin" % blob, "rename up.bin moved.bin", "ls -l",
        "mkdir deeper", "rmdir deeper", "reget moved.bin %s" % (tmp_path / "d"),
        "size moved.bin", "modtime moved.bin", "delete moved.bin", "quit", ""))
    (tmp_path / "d").write_bytes(blob.read_bytes()[:5000])
    shown = run("tnftp", "-n", "-v", "-i", "localhost", str(plain.port),
                input=commands)
    assert same(tmp_path, "d", blob), shown
    assert not list(folder.iterdir()), shown


def test_rclone(tls, folder, blob, tmp_path):
    """Four connections at once.  rclone keeps one store of TLS sessions for all
    of them, and would offer a data connection some other connection's."""
    common = ("--config", tmp_path / "none", "--ftp-host", "localhost",
              "--ftp-port", tls.port, "--ftp-user", tls.user, "--ftp-pass",
              run("rclone", "obscure", tls.password).strip(),
              "--ftp-explicit-tls", "--ftp-no-check-certificate",
              "--ftp-tls-cache-size", "0",
              "--contimeout", "20s", "--retries", "1")
    source = tmp_path / "source"
    source.mkdir()
    for number in range(30):
        (source / ("n%d.txt" % number)).write_text("%d\n" % number * number)
    (source / "blob").write_bytes(blob.read_bytes())
    run("rclone", "sync", *common, source, ":ftp:inbox/copy")
    run("rclone", "check", *common, "--download", source, ":ftp:inbox/copy")
    (source / "n3.txt").unlink()
    run("rclone", "sync", *common, source, ":ftp:inbox/copy")
    assert sorted(path.name for path in (folder / "copy").iterdir()) == sorted(
        path.name for path in source.iterdir())
    run("rclone", "purge", *common, ":ftp:inbox/copy")
    assert not (folder / "copy").exists()


def script(ftpd, folder, blob, tmp_path, *command):
    """A client library's script: its last line on success is 'done'."""
    told = run(*command, "localhost", ftpd.port, ftpd.user, ftpd.password, blob,
               tmp_path / "back", ftpd.certificate)
    assert told.strip().endswith("done"), told
    assert same(tmp_path, "back", blob)
    assert sorted(path.name for path in folder.iterdir()) == ["kept.bin"]
    assert same(folder, "kept.bin", blob)


def test_php_extension(tls, folder, blob, tmp_path):
    script(tls, folder, blob, tmp_path, "php", HERE / "client.php")


def test_perl_net_ftp(tls, folder, blob, tmp_path):
    script(tls, folder, blob, tmp_path, "perl", HERE / "client.pl")


def test_node_basic_ftp(tls, folder, blob, tmp_path):
    script(tls, folder, blob, tmp_path, "node", HERE / "client.js")


def test_python_ftplib(tls, folder, blob, tmp_path):
    script(tls, folder, blob, tmp_path, "python3", HERE / "client.py")


def test_wordpress_file_system_class(tls, folder, tmp_path):
    """A plugin's archive, unpacked by WordPress through its FTP class, as its
    updater does where PHP may not write."""
    told = run("php", HERE / "wordpress.php", "localhost", tls.port, tls.user,
               tls.password, tmp_path / "plugin.zip")
    assert told.strip().endswith("done"), told
    plugin = folder / "plugins" / "greeting"
    assert (plugin / "greeting.php").read_text().startswith("<?php")
    assert len(list((plugin / "parts").iterdir())) == 25


def test_filezilla(tls, folder, blob, tmp_path):
    """FileZilla connects to the address it is started with, trusts the
    certificate that its own file names, and asks for the folder."""
    run("python3", HERE / "filezilla.py", tls.port, tls.user, tls.password,
        tmp_path, tls.certificate, tls.log)

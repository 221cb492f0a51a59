"""Uploads that are cut off, by whatever, and continued by real clients."""

import contextlib
import ftplib
import hashlib
import os
import pathlib
import signal
import socket
import time
import types
import uuid

import pytest

from stack import engine, settings
from stack.curl import CurlFtp
from stack.ftplib_tls import FtpTls
from stack.stack import free_port

UPLOADS = "wp-content/uploads"
HALF = 1_500_000


@pytest.fixture
def folder(lftp):
    """A fresh folder of the test's own below the uploads."""
    path = "%s/%s" % (UPLOADS, uuid.uuid4().hex)
    lftp.must("mkdir -p " + path)
    yield path
    lftp.run("rm -r " + path)


@pytest.fixture
def blob(tmp_path):
    path = tmp_path / "blob.bin"
    path.write_bytes(os.urandom(2 * HALF))
    return path


def digest(data):
    return hashlib.sha256(data).hexdigest()


def size_of(curl_ftp, folder, name):
    return int(curl_ftp.facts(folder + "/").get(name, {}).get("size", -1))


def begin(stack, path, content):
    """An upload that has sent `content` and goes no further."""
    ftp = FtpTls(stack)
    ftp.voidcmd("TYPE I")
    data = ftp.transfercmd("STOR /" + path)
    data.sendall(content)
    deadline = time.monotonic() + 10
    while not ftp.sendcmd("STAT").startswith("211 %d " % len(content)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return ftp, data


def reset(*socks):
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        b"\1\0\0\0\0\0\0\0")
        os.close(sock.detach())


def leave_half(stack, curl_ftp, folder, name, blob):
    """Cuts an upload off in its middle; waits until the server knows."""
    content = blob.read_bytes()[:HALF]
    ftp, data = begin(stack, "%s/%s" % (folder, name), content)
    reset(data, ftp.sock)
    ftp.sock = ftp.file = None
    assert size_of(curl_ftp, folder, name) == HALF


def sessions(stack):
    """The processes of open sessions, which have the passive listener or the
    control connection; youngest last."""
    first = stack.container("ftpd")["State"]["Pid"]
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == first:
                found.append((int(fields[19]), int(stat.parent.name)))
    return [pid for _, pid in sorted(found)]


def test_curl_continues(stack, curl_ftp, folder, blob):
    leave_half(stack, curl_ftp, folder, "c.bin", blob)
    curl_ftp.must(folder + "/c.bin", "-C", "-", "-T", str(blob))
    assert digest(curl_ftp.download(folder + "/c.bin")) == digest(
        blob.read_bytes())


def test_lftp_continues(stack, curl_ftp, lftp, folder, blob):
    leave_half(stack, curl_ftp, folder, "l.bin", blob)
    lftp.must("put -c %s -o %s/l.bin" % (blob, folder))
    assert digest(curl_ftp.download(folder + "/l.bin")) == digest(
        blob.read_bytes())
    leave_half(stack, curl_ftp, folder, "m.bin", blob)
    lftp.must("reput %s -o %s/m.bin" % (blob, folder))
    assert digest(curl_ftp.download(folder + "/m.bin")) == digest(
        blob.read_bytes())


def test_lftp_gets_the_rest(curl_ftp, lftp, folder, blob, tmp_path):
    curl_ftp.upload(blob, folder + "/r.bin")
    part = tmp_path / "part.bin"
    part.write_bytes(blob.read_bytes()[:HALF])
    lftp.must("reget %s/r.bin -o %s" % (folder, part))
    assert digest(part.read_bytes()) == digest(blob.read_bytes())


def test_a_killed_session_leaves_what_it_had(stack, curl_ftp, folder, blob):
    content = blob.read_bytes()
    old = os.urandom(1000)
    (blob.parent / "old").write_bytes(old)
    curl_ftp.upload(blob.parent / "old", folder + "/k.bin")
    before = sessions(stack)
    ftp, data = begin(stack, folder + "/k.bin", content[:HALF])
    new = [pid for pid in sessions(stack) if pid not in before]
    assert len(new) == 1
    os.kill(new[0], signal.SIGKILL)
    with pytest.raises(ftplib.all_errors):
        ftp.voidresp()
    data.close()
    ftp.close()
    assert curl_ftp.download(folder + "/k.bin") == old
    with FtpTls(stack) as again:
        again.voidcmd("TYPE I")
        again.storbinary("STOR /%s/k.bin" % folder,
                         open_at(blob, HALF), rest=HALF)
    assert digest(curl_ftp.download(folder + "/k.bin")) == digest(content)


def open_at(path, offset):
    file = path.open("rb")
    file.seek(offset)
    return file


def test_a_stopped_server_leaves_what_it_had(stack, curl_ftp, folder, blob):
    (blob.parent / "old").write_bytes(b"old")
    curl_ftp.upload(blob.parent / "old", folder + "/s.bin")
    content = blob.read_bytes()
    ftp, data = begin(stack, folder + "/s.bin", content[:HALF])
    stack.stop("ftpd")
    with pytest.raises(ftplib.error_temp) as told:
        ftp.voidresp()
    assert str(told.value).startswith("426")
    data.close()
    ftp.close()
    stack.start("ftpd")
    stack.wait_healthy(("ftpd",))
    assert curl_ftp.download(folder + "/s.bin") == b"old"
    with FtpTls(stack) as again:
        again.voidcmd("TYPE I")
        again.storbinary("STOR /%s/s.bin" % folder,
                         open_at(blob, HALF), rest=HALF)
    assert digest(curl_ftp.download(folder + "/s.bin")) == digest(content)


def test_nobody_else_sees_it(stack, curl, curl_ftp, folder, blob):
    leave_half(stack, curl_ftp, folder, "page.php", blob)
    # Not by its name, not where it really is, and not to another user.
    assert curl.get("/%s/page.php" % folder).status == 404
    found = stack.exec(
        "wordpress", "find", "/var/www/html/.ftpd-staging",
        "-name", "page.php").stdout.split()
    assert len(found) == 1
    assert curl.get(found[0][len("/var/www/html"):]).status == 404
    in_folder = stack.exec("wordpress", "ls", "-A",
                           "/var/www/html/" + folder).stdout
    assert in_folder == ""
    owner = CurlFtp(stack, stack.setting("WP_OWNER"),
                    stack.secret("wp_owner_password"))
    done = owner.run(folder + "/")
    if done.returncode == 0:    # WordPress logins are on
        assert b"page.php" not in done.stdout
    # It is removed like a file.
    with FtpTls(stack) as ftp:
        ftp.delete("/%s/page.php" % folder)
    assert size_of(curl_ftp, folder, "page.php") == -1


def test_one_writer(stack, curl_ftp, folder, blob):
    ftp, data = begin(stack, folder + "/w.bin", b"first")
    with FtpTls(stack) as other:
        other.voidcmd("TYPE I")
        with pytest.raises(ftplib.error_temp) as told:
            other.storbinary("STOR /%s/w.bin" % folder, blob.open("rb"))
        assert str(told.value).startswith("450")
    data.unwrap().close()
    assert ftp.voidresp().startswith("226")
    ftp.close()
    assert curl_ftp.download(folder + "/w.bin") == b"first"


@pytest.fixture
def small_volume(stack):
    """ftpd by itself with a volume of 2 MB; its client, and its container."""
    name = settings.PROJECT + "-small-volume"
    port = free_port(settings.FIRST_PORT + 50, 8)
    secrets = pathlib.Path(stack.ca).parent
    command = ["run", "-d", "--name", name, "--read-only", "--cap-drop", "ALL",
               "--network", "host", "--tmpfs", "/tmp",
               "--tmpfs", "/var/lib/ftpcert:uid=20102,mode=0750",
               "--tmpfs", "/var/www/html:size=2m,uid=20102,mode=0755"]
    for secret, variable in (("ca_cert", "CA_CERT_FILE"),
                             ("ca_key", "CA_KEY_FILE"),
                             ("ftp_password", "FTPD_PASSWORD_FILE")):
        command += ["-v", "%s/%s.txt:/run/%s:ro" % (secrets, secret, secret),
                    "-e", "%s=/run/%s" % (variable, secret)]
    for variable, value in (
            ("DOMAIN_NAME", settings.DOMAIN), ("FTPD_USER", "bob"),
            ("FTPD_CERT", "/tmp/ftpd/tls.crt"),
            ("FTPD_KEY", "/tmp/ftpd/tls.key"), ("FTPD_PORT", port),
            ("FTPD_HTTP_PORT", port + 1), ("FTPD_PASV_MIN", port + 2),
            ("FTPD_PASV_MAX", port + 7)):
        command += ["-e", "%s=%s" % (variable, value)]
    engine.docker(*command, "ftpd:" + stack.tag)
    try:
        deadline = time.monotonic() + 20
        while engine.docker("exec", name, "ftpd", "--healthcheck",
                            check=False).returncode != 0:
            assert time.monotonic() < deadline, engine.docker(
                "logs", name).stderr
            time.sleep(0.2)
        there = types.SimpleNamespace(ca=stack.ca, ftp_port=port,
                                      https_port=stack.https_port)
        yield CurlFtp(there, "bob", stack.secret("ftp_password")), name
    finally:
        engine.docker("rm", "-f", name)


def test_a_full_volume(small_volume, blob, tmp_path):
    """The client hears why, the old file stays, and what did not fit does not
    take the room of what does."""
    client, name = small_volume
    small = tmp_path / "small"
    small.write_bytes(os.urandom(1000))
    client.upload(small, "live.php")
    done = client.run("live.php", "-T", str(blob))
    assert done.returncode != 0 and b"452" in done.stderr, done.stderr
    assert client.download("live.php") == small.read_bytes()
    done = client.run("live.php", "-a", "-T", str(blob))
    assert done.returncode != 0 and b"452" in done.stderr, done.stderr
    assert client.download("live.php") == small.read_bytes()
    left = engine.docker("exec", name, "find", "/var/www/html", "-type", "f")
    assert left.stdout.split() == ["/var/www/html/live.php"]
    # With nothing left at all, one can still log in and make room.
    engine.docker("exec", name, "sh", "-c",
                  "cat /dev/zero >/var/www/html/fill", check=False)
    done = client.run("new", "-T", str(small))
    assert done.returncode != 0 and b"452" in done.stderr, done.stderr
    client.quote("DELE fill")
    client.upload(small, "new")
    assert client.download("new") == small.read_bytes()

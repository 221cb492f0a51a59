"""ftpd by itself on loopback, for clients that are too many or too big for the
tests of the stack.  Run by tests/run.sh clients in the peers' image."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

BINARY = pathlib.Path("/build/services/build/release-cc/bin/ftpd")
UID = 6001
USER, PASSWORD = "owner", "Long-ish_pass.phrase1"


class Ftpd:
    """The daemon, its folder, and what it logged."""

    host, user, password = "localhost", USER, PASSWORD

    def __init__(self, home, **settings):
        self.home = home
        self.root = home / "root"
        self.root.mkdir()
        self.port = 2121
        self.certificate = home / "cert.pem"
        key = home / "key.pem"
        subprocess.run(
            ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
             "-out", self.certificate), check=True, stderr=subprocess.DEVNULL)
        (home / "password").write_text(PASSWORD)
        for path in (home, self.root, key):
            os.chown(path, UID, UID)
        home.chmod(0o755)
        self.log = home / "log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ("setpriv", "--reuid", str(UID), "--regid", str(UID),
                 "--clear-groups", "--no-new-privs", str(BINARY)),
                stdin=subprocess.DEVNULL, stderr=log, env={
                    **os.environ, "FTPD_PORT": str(self.port),
                    "FTPD_HTTP_PORT": "8021", "FTPD_ROOT": str(self.root),
                    "FTPD_USER": USER,
                    "FTPD_PASSWORD_FILE": str(home / "password"),
                    "FTPD_CERT": str(self.certificate), "FTPD_KEY": str(key),
                    "FTPD_PASV_MIN": "21100", "FTPD_PASV_MAX": "21199",
                    **settings})
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)

    def logged(self, *words):
        return [line for line in self.log.read_text().splitlines()
                if all(word in line for word in words)]

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0, self.log.read_text()


@pytest.fixture(scope="session", params=("required", "optional"))
def ftpd(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("ftpd-" + request.param)
    for parent in home.parents:
        if parent.is_relative_to("/tmp") and parent != pathlib.Path("/tmp"):
            parent.chmod(0o755)
    server = Ftpd(home, FTPD_TLS=request.param)
    server.tls = request.param == "required"
    yield server
    server.stop()


@pytest.fixture
def folder(ftpd):
    """A fresh folder beneath the root, as ftpd's user would have made it."""
    path = ftpd.root / "inbox"
    path.mkdir()
    os.chown(path, UID, UID)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def blob(tmp_path):
    """A file that no text mode survives."""
    path = tmp_path / "blob.bin"
    path.write_bytes(bytes(range(256)) * 2048 + os.urandom(300001))
    return path

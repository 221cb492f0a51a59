"""ftpd by itself, as a process beside the tests: for settings that the stack
does not have, and for clients with addresses of their own (all of 127.0.0.0/8
is this machine)."""

import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

from . import engine, proc

UID = 20102
SESAME = ("$6$rounds=1000$saltsalt$5Oji4y.RQw4TBqlwXcGLBsxSL7.Pw5hdIpFnzMJTl.O"
          "aKsU3EiPTP5NseI3oKDT8iioErVqshwXGd40hlWBLx1")


def binary(stack, folder):
    """The program of the stack's own image, its parts beside it; or TEST_FTPD."""
    given = os.environ.get("TEST_FTPD")
    if given:
        return given
    path = folder / "bin/ftpd"
    engine.docker("cp", "%s:/usr/local/bin" % stack.container("ftpd")["Id"],
                  str(path.parent))
    let_others_in(path)
    return str(path)


def let_others_in(path):
    """The user that ftpd runs as has to get there."""
    for parent in path.parents:
        if parent.stat().st_mode & 0o1 == 0:
            parent.chmod(parent.stat().st_mode | 0o111)


def certificate(folder, name):
    """A new key and certificate: their paths."""
    key, crt = folder / "key.pem", folder / "crt.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key) + ".new",
         "-out", str(crt) + ".new", "-days", "2", "-subj", "/CN=" + name],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for path in (key, crt):
        os.chown(str(path) + ".new", UID, UID)
        os.rename(str(path) + ".new", path)
    return key, crt


def free_ports(n):
    """Neighbouring ports that are free now."""
    for base in range(23000 + os.getpid() % 400 * 20, 32000, 20):
        held = []
        try:
            for port in range(base, base + n):
                held.append(socket.socket())
                held[-1].bind(("0.0.0.0", port))
            return base
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
    raise AssertionError("no free ports")


def children(pid):
    """Process ids, as text."""
    return " ".join(path.read_text() for path in
                    pathlib.Path("/proc/%d/task" % pid).glob("*/children"))


class Ftpd:
    def __init__(self, program, folder, users="", **settings):
        self.program = program
        self.folder = pathlib.Path(folder)
        self.root = self.folder / "root"
        self.root.mkdir()
        self.users_file = self.folder / "users"
        self.users_file.write_text(users)
        (self.folder / "password").write_text("secret word")
        self.key, self.crt = certificate(self.folder, "first")
        self.port = free_ports(12)
        self.environment = {
            "FTPD_PORT": self.port, "FTPD_HTTP_PORT": self.port + 1,
            "FTPD_PASV_MIN": self.port + 2, "FTPD_PASV_MAX": self.port + 11,
            "FTPD_ROOT": self.root, "FTPD_USER": "uploader",
            "FTPD_PASSWORD_FILE": self.folder / "password",
            "FTPD_USERS_FILE": self.users_file,
            "FTPD_CERT": self.crt, "FTPD_KEY": self.key}
        self.environment.update(settings)
        self.log = self.folder / "log"
        self.process = None
        self.mounted = None  # a folder of the root: another volume
        for path in [self.folder, self.root, self.folder / "password"]:
            os.chown(path, UID, UID)
        let_others_in(self.root)

    def run(self, *args, **kwargs):
        """The program to its end."""
        return subprocess.run(
            [self.program, *args], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=30, env=self.texts(), user=UID,
            group=UID, extra_groups=[], **kwargs)

    def texts(self):
        return {name: str(value) for name, value in self.environment.items()}

    def command(self):
        if self.mounted is None:
            return [self.program]
        return ["unshare", "--map-root-user", "--mount", "sh", "-c",
                'mount -t tmpfs none "$0" && echo there >"$0/there" && exec "$1"',
                str(self.root / self.mounted), self.program]

    def __enter__(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=self.texts(), user=UID, group=UID,
                extra_groups=[])
        self.wait_for("event=listening")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        text = self.log.read_text()
        assert status == 0, text[-3000:]
        assert "runtime error" not in text and "Sanitizer" not in text, text

    def wait_for(self, pattern, seconds=15, times=1):
        deadline = time.monotonic() + seconds
        while len(re.findall(pattern, self.log.read_text())) < times:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "no %s in %s" % (
                pattern, self.log.read_text()[-3000:])
            time.sleep(0.05)

    def metrics(self):
        url = "http://127.0.0.1:%d/metrics" % (self.port + 1)
        with urllib.request.urlopen(url, timeout=10) as reply:
            text = reply.read().decode()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
                for line in text.splitlines() if not line.startswith("#")}

    def pids(self):
        """All its processes."""
        found, new = [], [self.process.pid]
        while new:
            found += new
            new = [int(child) for text in proc.each(new, children)
                   for child in text.split()]
        return found


class Client:
    """A control connection from an address of 127.0.0.0/8, or from ::1."""

    def __init__(self, ftpd, source="127.0.0.1", tls=True, version=None):
        self.host = "::1" if ":" in source else "127.0.0.1"
        self.sock = socket.create_connection(
            (self.host, ftpd.port), timeout=20, source_address=(source, 0))
        self.file = self.sock.makefile("rb")
        self.greeting = self.reply()
        if tls and self.greeting[:3] == "220":
            assert self.ask("AUTH TLS")[:3] == "234"
            self.file.close()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if version:
                context.minimum_version = version
                context.maximum_version = version
            self.context = context
            self.sock = context.wrap_socket(self.sock)
            self.file = self.sock.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.sock.close()

    def reply(self):
        """The next reply's last line; empty at the end."""
        try:
            line = self.file.readline()
            while line and line[3:4] != b" ":
                line = self.file.readline()
        except (ConnectionError, ssl.SSLError):
            line = b""
        return line.decode("utf-8", "replace").strip()

    def send(self, line):
        self.sock.sendall(line.encode() + b"\r\n")

    def ask(self, line):
        self.send(line)
        return self.reply()

    def login(self, user="uploader", password="secret word"):
        """The code of the answer."""
        self.ask("USER " + user)
        return self.ask("PASS " + password)[:3]

    def must_login(self, user="uploader", password="secret word"):
        assert self.login(user, password) == "230"
        assert self.ask("PBSZ 0")[:3] == "200"
        assert self.ask("PROT P")[:3] == "200"
        assert self.ask("TYPE I")[:3] == "200"
        return self

    def data(self, command, content=None, resume=True):
        """A transfer: (last reply, what came)."""
        port = int(re.search(r"\|\|\|(\d+)\|", self.ask("EPSV")).group(1))
        self.send(command)
        plain = socket.create_connection((self.host, port), timeout=20,
                                         source_address=self.source())
        first = self.reply()
        if first[:3] != "150":
            plain.close()
            return first, b""
        got = b""
        try:
            tls = self.context.wrap_socket(
                plain, session=self.sock.session if resume else None)
            with tls:
                if content is not None:
                    tls.sendall(content)
                else:
                    piece = tls.recv(65536)
                    while piece:
                        got += piece
                        piece = tls.recv(65536)
                tls.unwrap().close()
        except OSError:
            plain.close()    # the reply says what it was
        return self.reply(), got

    def source(self):
        return self.sock.getsockname()[0], 0

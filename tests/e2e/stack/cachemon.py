"""cachemon by itself, beside a Redis of its own: for what would take a whole
stack minutes, or would spoil it. Redis has the stack's own users and rights;
cachemon is built here with sanitizers, which end it at the first fault."""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

from . import settings

SECRET = "cachemon-alone"
SERVICES = settings.REPO / "services"
ACL = settings.REPO / "srcs/requirements/bonus/redis/conf/users.acl"
CONF = settings.REPO / "srcs/requirements/bonus/redis/conf/redis.conf"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def build(sanitized=True):
    """The program's path; built once for each kind."""
    variables = ["PROFILE=debug", "SAN=address,undefined"] if sanitized else []
    folder = settings.SCRATCH / ("cachemon-" + ("san" if sanitized else "plain"))
    subprocess.run(["make", "-C", str(SERVICES), "cachemon", "B=%s" % folder,
                    *variables], check=True, stdout=subprocess.DEVNULL)
    return folder / "bin/cachemon"


class Client:
    """A connection to Redis that speaks as little of its protocol as needed."""

    def __init__(self, port, user="wordpress", secret=SECRET, source=""):
        self.socket = socket.create_connection(
            ("127.0.0.1", port), timeout=60, source_address=(source, 0))
        self.file = self.socket.makefile("rb")
        if user:
            assert self.ask("AUTH", user, secret) == b"OK"

    @staticmethod
    def encode(*words):
        out = [b"*%d\r\n" % len(words)]
        for word in words:
            if not isinstance(word, bytes):
                word = str(word).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(word), word))
        return b"".join(out)

    def _answer(self):
        line = self.file.readline()
        assert line, "Redis closed the connection"
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            return self.file.read(int(rest) + 2)[:-2]
        return [self._answer() for _ in range(int(rest))]

    def ask(self, *words):
        self.socket.sendall(self.encode(*words))
        return self._answer()

    def pipe(self, commands):
        """Answers of many commands, sent together, a few thousand at a time."""
        answers, commands = [], list(commands)
        for at in range(0, len(commands), 2000):
            part = commands[at:at + 2000]
            self.socket.sendall(b"".join(self.encode(*c) for c in part))
            answers += [self._answer() for _ in part]
        return answers

    def close(self):
        self.file.close()
        self.socket.close()


class Redis:
    def __init__(self, folder, maxmemory="64mb", policy="allkeys-lru",
                 keep=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.maxmemory, self.policy, self.keep = maxmemory, policy, keep
        self.process = None
        digest = hashlib.sha256(SECRET.encode()).hexdigest()
        lines = [line for line in ACL.read_text().splitlines()
                 if not line.startswith("#")]
        for name in ("WORDPRESS", "CACHEMON_ACTIONS", "CACHEMON", "EXPORTER"):
            lines = [line.replace("@%s@" % name, digest) for line in lines]
        # One who may do all, for the tests.
        lines.append("user root reset on #%s ~* &* +@all" % digest)
        (self.folder / "users.acl").write_text("\n".join(lines) + "\n")
        # What cachemon's listening needs, as the stack has it.
        self.options = []
        for line in CONF.read_text().splitlines():
            if line.startswith(("notify-keyspace", "client-output-buffer")):
                name, _, value = line.partition(" ")
                self.options += ["--" + name, *value.split()]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port),
             "--dir", str(self.folder), "--save", "",
             "--aclfile", str(self.folder / "users.acl"),
             "--maxmemory", self.maxmemory, "--maxmemory-policy", self.policy,
             *self.options,
             "--enable-debug-command", "yes",
             "--latency-monitor-threshold", "100"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError, AssertionError):
                client = self.client("root")
                if client.ask("PING") == b"PONG":
                    client.close()
                    return
            assert time.monotonic() < deadline, "Redis does not start"
            time.sleep(0.05)

    def client(self, user="wordpress", **more):
        return Client(self.port, user, **more)

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        self.process.wait(20)


class Cachemon:
    def __init__(self, folder, redis, program=None, **settings_):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program = str(program or build())
        self.port = free_port()
        self.log = self.folder / "log"
        secret = self.folder / "secret"
        secret.write_text(SECRET)
        self.environment = {
            "PATH": os.environ["PATH"],
            "CACHEMON_PORT": str(self.port),
            "CACHEMON_DIR": str(self.folder),
            "CACHEMON_PROXY": "127.0.0.1",
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(redis.port),
            "REDIS_PASSWORD_FILE": str(secret),
            "REDIS_ACTIONS_PASSWORD_FILE": str(secret),
            "MALLOC_ARENA_MAX": "1",
            **{name: str(value) for name, value in settings_.items()}}
        self.process = None
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program], env=self.environment, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                if self.get("/healthz")[0] == 200:
                    return
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "cachemon does not start"
            time.sleep(0.02)

    def request(self, method, path, headers=None, body=None, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def api(self, path="snapshot", **more):
        status, body = self.get("/cache/api/v1/" + path, **more)
        assert status == 200, (path, status, body[:200])
        return json.loads(body)

    def token(self, user="anna"):
        return self.api("control", headers={"X-Forwarded-User": user})["token"]

    def order(self, what, user="anna", token=None, headers=None, **query):
        """(status, answer) of an action, as the page asks for it."""
        fields = {"X-Forwarded-User": user, "Content-Length": "0",
                  "X-Cachemon-Token": self.token() if token is None else token}
        fields.update(headers or {})
        path = "/cache/api/v1/" + what
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.request("POST", path, headers={
            name: value for name, value in fields.items() if value})

    def wait(self, condition, seconds=20):
        """The snapshot, as soon as it meets a condition."""
        deadline = time.monotonic() + seconds
        while True:
            now = self.api()
            if condition(now):
                return now
            assert time.monotonic() < deadline, json.dumps(now)[:3000]
            time.sleep(0.1)

    def wait_up(self):
        return self.wait(lambda now: now["live"]["redis"]["state"] == "up"
                         and now["live"]["feed"])

    def wait_pass(self, after_ms=0, seconds=30):
        """The groups of a pass that began after that moment."""
        return self.wait(lambda now: now["groups"] and now["groups"][
            "started_ms"] >= after_ms, seconds)["groups"]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """A clean end, with nothing for the sanitizers to say."""
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(20) == 0, self.log.read_text()[-3000:]
        text = self.log.read_text(errors="replace")
        assert "Sanitizer" not in text and "runtime error" not in text, \
            text[-6000:]


@contextlib.contextmanager
def pair(name, program=None, redis=None, **settings_):
    """A Redis and a cachemon; ended in the end."""
    folder = settings.SCRATCH / "alone" / name
    shutil.rmtree(folder, ignore_errors=True)
    server = Redis(folder / "redis", **(redis or {}))
    try:
        monitor = Cachemon(folder / "cachemon", server, program, **settings_)
        try:
            yield server, monitor
            monitor.end()
        finally:
            if monitor.process.poll() is None:
                monitor.kill()
    finally:
        server.end()

"""The stack under test, driven by the commands that a person types."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from . import engine, settings


def free_port(start, count=1):
    """The first of `count` neighbouring TCP ports from `start` that are free."""
    for base in range(start, start + 2000, 100):
        held = []
        try:
            for port in range(base, base + count):
                listener = socket.socket()
                held.append(listener)
                listener.bind(("0.0.0.0", port))
            return base
        except OSError:
            continue
        finally:
            for listener in held:
                listener.close()
    raise AssertionError("no %d free ports from %d on" % (count, start))


class Stack:
    """One Compose project with its own settings, secrets, data and ports."""

    def __init__(self, name="", repo=settings.REPO, base=None, **overrides):
        self.project = settings.PROJECT + (name and "-" + name)
        self.repo = pathlib.Path(repo)
        self.home = settings.SCRATCH / (name or "main")
        self.home.mkdir()
        self.env_file = self.home / "env"
        self.secrets = self.home / "secrets"
        self.data = self.home / "data"
        self.https_port = free_port(settings.FIRST_PORT + 43)
        self.ftp_port = free_port(settings.FIRST_PORT + 21)
        self.passive = free_port(settings.FIRST_PORT + 100, 20)
        self.environment = {}
        self.last_output = ""
        values = {
            "LOGIN": settings.LOGIN,
            "DOMAIN_NAME": settings.DOMAIN,
            "DATA_DIR": str(self.data),
            "COMPOSE_PROJECT_NAME": self.project,
            # An image carries its project's label, so each has its own.
            "TAG": settings.TAG + (name and "-" + name),
            "BIND_ADDRESS": "127.0.0.1",
            "HTTPS_PORT": self.https_port,
            "FTP_PORT": self.ftp_port,
            "FTP_PASV_MIN": self.passive,
            "FTP_PASV_MAX": self.passive + 19,
            "FTP_PASV_ADDRESS": "127.0.0.1",
            "FTP_WORDPRESS_LOGIN": "on",
            # An address that nobody has (RFC 5737).
            "TRUSTED_PROXIES": "192.0.2.7",
            "CACHEMON_ACTIONS": "on",
            "CACHEMON_CHARTS": settings.CHARTS,
        }
        if base or settings.BASE:
            values["BASE"] = base or settings.BASE
        values.update(overrides)
        self.write_env(values)

    # Settings and secrets.

    def write_env(self, values):
        """Fills the example in, as a person would."""
        lines = (self.repo / "srcs/.env.example").read_text().splitlines()
        left = {name: str(value) for name, value in values.items()}
        for number, line in enumerate(lines):
            match = re.match(r"#?\s*([A-Z_]+)=", line)
            if match and match.group(1) in left:
                name = match.group(1)
                lines[number] = "%s=%s" % (name, left.pop(name))
        lines += ["%s=%s" % item for item in left.items()]
        self.env_file.write_text("\n".join(lines) + "\n")

    def setting(self, name):
        for line in self.env_file.read_text().splitlines():
            if line.startswith(name + "="):
                return line.partition("=")[2].strip("'\"")
        raise AssertionError("%s is not in %s" % (name, self.env_file))

    def secret(self, name):
        return (self.secrets / (name + ".txt")).read_text().strip()

    @property
    def tag(self):
        return self.setting("TAG")

    @property
    def ca(self):
        return str(self.secrets / "ca_cert.txt")

    @property
    def url(self):
        return "https://%s:%d" % (settings.DOMAIN, self.https_port)

    @property
    def monitor(self):
        return self.setting("MONITOR_USER"), self.secret("monitor_password")

    # The front door.

    def make(self, *targets, timeout=900, **variables):
        """Runs make; returns (status, output of both channels)."""
        values = {"ENV_FILE": str(self.env_file),
                  "SECRETS_DIR": str(self.secrets)}
        values.update(variables)
        command = ["make", "-C", str(self.repo), "--no-print-directory"]
        command += ["%s=%s" % item for item in values.items()]
        command += targets
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True, env={**os.environ, **self.environment})
        try:
            output, _ = process.communicate(timeout=timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        self.last_output = output
        log = settings.OUT / ("make-%s.log" % self.project)
        with log.open("a") as stream:
            stream.write("$ make %s\n%s\n" % (" ".join(targets), output))
        return process.returncode, output

    def must_make(self, *targets, **kwargs):
        status, output = self.make(*targets, **kwargs)
        assert status == 0, "make %s: status %d\n%s" % (
            " ".join(targets), status, output[-6000:])
        return output

    # What runs.

    def containers(self):
        return engine.project_containers(self.project)

    def container(self, service):
        found = self.containers()
        assert service in found, "%s has no container" % service
        return found[service]

    def health(self):
        return {service: document["State"].get("Health", {}).get(
                    "Status", "no check")
                for service, document in self.containers().items()}

    def wait_healthy(self, services=settings.SERVICES, seconds=90):
        deadline = time.monotonic() + seconds
        while True:
            health = self.health()
            ill = {name: health.get(name, "absent") for name in services
                   if health.get(name) != "healthy"}
            if not ill:
                return
            assert time.monotonic() < deadline, \
                "after %d s: %s\n%s" % (seconds, ill, "\n".join(
                    self.logs(name, 15) for name in ill))
            time.sleep(0.5)

    def logs(self, service, lines=40):
        document = self.containers().get(service)
        if document is None:
            return "%s: no container" % service
        done = engine.docker("logs", "--tail", str(lines), document["Id"],
                             check=False)
        return "--- %s\n%s%s" % (service, done.stdout, done.stderr)

    def exec(self, service, *command, check=True, timeout=60):
        return engine.docker("exec", self.container(service)["Id"], *command,
                             check=check, timeout=timeout)

    def kill(self, service):
        """Kills PID 1 from the host's side; waits until another one runs."""
        before = self.container(service)["State"]
        os.kill(before["Pid"], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while True:
            state = self.container(service)["State"]
            if state["Running"] and state["Pid"] not in (0, before["Pid"]):
                return
            assert time.monotonic() < deadline, \
                "%s was not restarted: %s" % (service, state)
            time.sleep(0.2)

    def stop(self, service):
        engine.docker("stop", self.container(service)["Id"])

    def start(self, service):
        engine.docker("start", self.container(service)["Id"])

    def save_logs(self):
        for service in self.containers():
            path = settings.OUT / ("%s-%s.log" % (self.project, service))
            path.write_text(self.logs(service, 2000))

    def remove(self):
        """Takes the project down by force; its data go with the scratch."""
        mark = "label=%s=%s" % (engine.PROJECT_LABEL, self.project)
        for listing, removal in (
                (("ps", "-aq"), ("rm", "-f", "-v")),
                (("network", "ls", "-q"), ("network", "rm")),
                (("volume", "ls", "-q"), ("volume", "rm", "-f"))):
            ids = engine.docker(*listing, "--filter", mark).stdout.split()
            if ids:
                engine.docker(*removal, *ids, check=False)
        if self.data.is_dir():
            shutil.rmtree(self.data, ignore_errors=True)

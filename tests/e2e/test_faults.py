"""What a person can get wrong: one clear line, and nothing half-made.

Each case says which words the message must hold: what is wrong, by the name
that the person knows it by."""

import json
import os
import re
import shutil
import socket
import subprocess

import pytest

from stack import engine, settings
from stack.stack import Stack


def complaint(output, *words):
    """The one line that says what is wrong; fails if there is none."""
    for line in output.splitlines():
        if all(word.lower() in line.lower() for word in words):
            assert len(line) < 400, line
            return line
    raise AssertionError("no line names %s:\n%s" % (words, output[-3000:]))


def refused(stack, *words, target="bonus", timeout=120):
    """make refuses, says why, and has started and kept nothing."""
    status, output = stack.make(target, timeout=timeout)
    assert status != 0, output[-3000:]
    complaint(output, *words)
    assert "Traceback" not in output
    assert engine.project_leftovers(stack.project) == []
    return output


@pytest.fixture
def ready_secrets(stack):
    """Secrets of the running stack, for a stack that lacks but one."""
    def copy(other):
        shutil.copytree(stack.secrets, other.secrets)
        return other
    return copy


def test_empty_secret(fault_stack, ready_secrets):
    other = ready_secrets(fault_stack("empty-secret"))
    path = other.secrets / "db_password.txt"
    path.chmod(0o600)
    path.write_text("")
    refused(other, "db_password", "empty")
    assert path.read_text() == "", "a person's file was overwritten"


@pytest.mark.parametrize("name, value", [
    ("HTTPS_PORT", "banana"), ("HTTPS_PORT", "70000"), ("FTP_PASV_MIN", "0"),
    ("DOMAIN_NAME", "not a domain"), ("WP_OWNER", "TheAdmin"),
    ("WP_OWNER_EMAIL", "nobody"), ("SMTP_SERVER", "smtp.example.org"),
    ("SMTP_SECURITY", "ssl"), ("TRUSTED_PROXIES", "my.proxy"),
    ("TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1"), ("BASE", "gentoo"),
    ("DATA_DIR", "relative/path")])
def test_wrong_setting(fault_stack, name, value):
    other = fault_stack("bad-%s-%s" % (name.lower().replace("_", "-"),
                                       re.sub(r"\W", "", value).lower()),
                        **{name: value})
    refused(other, name)


def test_taken_port(fault_stack):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        other = fault_stack("taken-port", HTTPS_PORT=port)
        refused(other, str(port), "HTTPS_PORT")


def test_full_disk(fault_stack):
    """A data folder on a disk of 16 MB with nothing left."""
    disk = os.statvfs(settings.SMALL_DISK)
    assert disk.f_blocks * disk.f_frsize <= 64 << 20, "not the small disk"
    filler = settings.SMALL_DISK / "filler"
    with filler.open("wb") as stream:
        try:
            while stream.write(bytes(1 << 16)):
                pass
        except OSError:
            pass
    try:
        other = fault_stack("full-disk",
                            DATA_DIR=str(settings.SMALL_DISK / "data"))
        refused(other, "space", "DATA_DIR")
    finally:
        filler.unlink()


def test_unreachable_mirror(stack):
    """A build that finds no package mirror names the service and the cause."""
    copy = settings.SCRATCH / "no-mirror"
    shutil.copytree(settings.REPO, copy, ignore=shutil.ignore_patterns(
        ".git", "build", "build-*", "secrets"))
    # Another first layer, so that no earlier build's layers are taken.
    for path in copy.glob("srcs/requirements/**/Dockerfile*"):
        first, _, rest = path.read_text().partition("\n")
        path.write_text("%s\nLABEL test.mirror=%s\n%s" % (
            first, settings.PROJECT, rest))
    # The person's own client configuration names a proxy that is down.
    config = settings.SCRATCH / "no-mirror-config"
    config.mkdir()
    dead = "http://127.0.0.1:9"
    (config / "config.json").write_text(json.dumps({"proxies": {"default": {
        "httpProxy": dead, "httpsProxy": dead}}}))
    other = Stack("no-mirror-stack", repo=copy, base=stack.setting("BASE"))
    other.environment = {"DOCKER_CONFIG": str(config)}
    mark = "label=test.mirror=" + settings.PROJECT
    try:
        refused(other, "could not be built", "mirror", timeout=300)
        left = engine.docker("ps", "-aq", "--filter", mark).stdout.split()
        assert left == [], "containers of the failed build"
    finally:
        other.remove()
        for command in (("ps", "-aq"), ("images", "-aq")):
            ids = engine.docker(*command, "--filter", mark).stdout.split()
            if ids:
                engine.docker("rm" if command[0] == "ps" else "rmi", "-f",
                              *ids, check=False)


# What each service itself says, should one start it past `make`.

def run_service(stack, service, *args):
    """Runs a service's image as its container runs, with other mounts."""
    document = stack.container(service)
    command = ["run", "--rm", "--read-only", "--cap-drop", "ALL",
               "--network", "none", "--tmpfs", "/tmp", "--sysctl",
               "net.ipv4.ip_unprivileged_port_start=0"]
    for mount in document["Mounts"]:
        if mount["Type"] == "volume":
            command += ["-v", mount["Destination"]]    # a fresh one
    for entry in document["Config"]["Env"]:
        command += ["-e", entry]
    command += list(args) + [document["Image"]]
    try:
        return engine.docker(*command, check=False, timeout=30)
    except subprocess.TimeoutExpired:
        raise AssertionError("%s went on without its secret" % service)


WITH_SECRETS = [service for service in settings.SERVICES
                if service not in ("staticd", "adminer")]


@pytest.mark.parametrize("service", WITH_SECRETS)
def test_service_without_its_secrets(stack, service):
    done = run_service(stack, service)
    assert done.returncode == 2, done.stderr
    assert "_FILE" in done.stderr or "/run/secrets/" in done.stderr
    assert len(done.stderr.splitlines()) <= 8, done.stderr


@pytest.mark.parametrize("service", WITH_SECRETS)
def test_service_with_an_empty_secret(stack, service):
    empty = settings.SCRATCH / "empty.txt"
    empty.write_text("")
    mounts = []
    for entry in stack.container(service)["Config"]["Env"]:
        name, _, path = entry.partition("=")
        if name.endswith("_FILE"):
            mounts += ["-v", "%s:%s:ro" % (empty, path)]
    done = run_service(stack, service, *mounts)
    assert done.returncode == 2, done.stderr
    assert "empty" in done.stderr
    assert len(done.stderr.splitlines()) <= 8, done.stderr


def test_wiped_secrets_of_a_running_stack_are_applied(stack, curl):
    """Missing files are made anew at the next make, and come into force."""
    names = ("monitor_password", "db_password", "redis_wordpress_password")
    old = {name: stack.secret(name) for name in names}
    for name in names:
        os.unlink(stack.secrets / (name + ".txt"))
    stack.must_make("bonus")
    for name in names:
        assert stack.secret(name) not in ("", old[name])
    stack.wait_healthy()
    assert curl.get("/metrics", "-u", "%s:%s" % (
        stack.setting("MONITOR_USER"), old["monitor_password"])).status == 401
    assert curl.monitor("/metrics").status == 200
    assert curl.get("/").status == 200
    done = stack.exec("mariadb", "sh", "-c",
                      'exec mariadb -u "$MYSQL_USER" -p"$0" -h 127.0.0.1'
                      ' --protocol tcp -P "$MARIADB_PORT" -e "SELECT 1"',
                      old["db_password"], check=False)
    assert done.returncode != 0 and "Access denied" in done.stderr


def test_no_address_left_for_networks(stack, tmp_path):
    """A Compose that is told so by Docker, and a person who is told more."""
    compose = tmp_path / "compose"
    compose.write_text(
        '#!/bin/sh\n'
        'echo "ERROR: could not find an available, non-overlapping IPv4 address'
        ' pool among the defaults to assign to the network" >&2\nexit 1\n')
    compose.chmod(0o755)
    done = subprocess.run(
        ["srcs/tools/start.sh"], cwd=settings.REPO, text=True,
        env={**os.environ, "ENV_FILE": str(stack.env_file),
             "SECRETS_OVERRIDE": str(stack.secrets), "ENGINE_FOUND": "1",
             "DOCKER": "docker", "COMPOSE": str(compose), "BUILDER": ""},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    line = complaint(done.stderr, "address", "docker network prune",
                     "default-address-pools", "daemon.json")
    assert line.startswith("error: ")

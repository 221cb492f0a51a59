"""What the four daemons owe to whoever runs them: a command line, signals, one
line of log for each event, and nothing that grows."""

import os
import re
import signal
import time

import pytest

from stack import engine, proc, settings
from stack.ftplib_tls import FtpTls

# The daemon's own lines; what its entry point says before is "NAME: text".
LINE = re.compile(r"time=\S+Z level=(error|warn|info|debug) daemon=(\w+) "
                  r"pid=\d+ event=[a-z0-9_]+( [a-z0-9_]+=(\"[^\"]*\"|\S*))*$")

# What test_static.py makes staticd say.
PROVOKED = """event=reload_failed fault="'broken.txt': """

each_daemon = pytest.mark.parametrize("daemon", settings.DAEMONS)


@each_daemon
def test_command_line(stack, daemon):
    assert stack.exec(daemon, daemon, "--check").returncode == 0
    assert stack.exec(daemon, daemon, "--healthcheck").returncode == 0
    version = stack.exec(daemon, daemon, "--version").stdout
    assert re.match(r"%s \d+\.\d+\.\d+" % daemon, version), version
    usage = stack.exec(daemon, daemon, "--help").stdout
    assert daemon.upper() + "_PORT" in usage
    done = stack.exec(daemon, daemon, "--nonsense", check=False)
    assert done.returncode == 2


@each_daemon
def test_check_names_every_fault_at_once(stack, daemon):
    usage = stack.exec(daemon, daemon, "--help").stdout
    names = set(re.findall(r"\b[A-Z_]+_PORT\b", usage))
    assert daemon.upper() + "_PORT" in names
    wrong = []
    for name in names:
        wrong += ["-e", name + "=banana"]
    done = engine.docker("exec", *wrong, stack.container(daemon)["Id"], daemon,
                         "--check", check=False)
    assert done.returncode == 2
    for name in names:
        assert name in done.stderr


@each_daemon
def test_hangup_reloads_without_a_restart(stack, daemon):
    before = stack.container(daemon)["State"]
    os.kill(before["Pid"], signal.SIGHUP)
    time.sleep(1)
    after = stack.container(daemon)["State"]
    assert (after["Pid"], after["StartedAt"]) == (
        before["Pid"], before["StartedAt"])
    assert stack.exec(daemon, daemon, "--healthcheck").returncode == 0


@each_daemon
def test_termination_drains(stack, daemon):
    started = time.monotonic()
    stack.stop(daemon)
    seconds = time.monotonic() - started
    state = stack.container(daemon)["State"]
    try:
        assert state["ExitCode"] == 0, state
        assert seconds < 10
    finally:
        stack.start(daemon)
        stack.wait_healthy((daemon,), 60)


def usage(stack, daemon):
    """(processes, descriptors) of a daemon."""
    pids = engine.processes(stack.container(daemon)["Id"])
    found = proc.each(pids, proc.descriptors)
    return len(found), sum(found)


def settled(stack, daemon, most):
    """Waits until a daemon holds no more than it did."""
    deadline = time.monotonic() + 20
    while any(now > once for now, once in zip(usage(stack, daemon), most)):
        assert time.monotonic() < deadline, "%s: %s, at first %s" % (
            daemon, usage(stack, daemon), most)
        time.sleep(0.5)


def test_sessions_leave_nothing_behind(stack):
    with FtpTls(stack) as ftp:
        ftp.nlst()
    time.sleep(1)
    before = usage(stack, "ftpd")
    for number in range(8):
        ftp = FtpTls(stack)
        ftp.nlst()
        if number % 2:
            ftp.quit()
        else:
            ftp.close()
    settled(stack, "ftpd", before)


def test_requests_leave_nothing_behind(stack, curl, scrape):
    def ask():
        curl.get("/site/")
        curl.monitor("/cache/")
        scrape()

    # The exporter keeps its connections where scrapes come often.
    for _ in range(2):
        ask()
        time.sleep(2)
    before = {name: usage(stack, name) for name in settings.DAEMONS}
    for _ in range(10):
        ask()
    for name, most in before.items():
        settled(stack, name, most)


@each_daemon
def test_log_is_one_event_a_line(stack, daemon):
    done = engine.docker("logs", stack.container(daemon)["Id"])
    lines = (done.stdout + done.stderr).splitlines()
    assert lines
    for line in lines:
        if line.startswith(daemon + ": "):
            continue
        match = LINE.match(line)
        assert match, line
        assert match.group(2) == daemon
        assert match.group(1) != "error" or PROVOKED in line, line


def test_no_log_holds_a_secret(stack):
    values = {path.stem: path.read_text().strip()
              for path in stack.secrets.glob("*.txt")}
    for service, document in stack.containers().items():
        done = engine.docker("logs", document["Id"])
        for name, value in values.items():
            assert value not in done.stdout + done.stderr, (service, name)

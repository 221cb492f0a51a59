"""Everything of ftp_hostile.py against the running stack's ftpd."""

import concurrent.futures
import os
import pathlib
import socket
import subprocess
import sys
import time

from stack import proc

SESSIONS = 10000 if os.environ.get("TEST_TIER") == "all" else 1000


def test_ftpd_survives_hostile_clients(stack):
    before = stack.container("ftpd")["State"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--noconftest", "-q", "--tb=short",
         "-p", "no:cacheprovider", "ftp_hostile.py"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=600,
        env={**os.environ, "FTP_HOST": "127.0.0.1",
             "FTP_PORT": str(stack.ftp_port),
             "FTP_USER": stack.setting("FTP_USER"),
             "FTP_PASSWORD": stack.secret("ftp_password")})
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout, done.stdout[-1000:]
    after = stack.container("ftpd")["State"]
    assert (before["Pid"], before["StartedAt"]) == (
        after["Pid"], after["StartedAt"]), "ftpd was restarted"
    stack.wait_healthy(("ftpd",))


def processes(stack):
    """Those of ftpd's container: what each holds of descriptors and memory.
    Health checks, which come and go, are not among its children."""
    every = [int(path.name) for path in pathlib.Path("/proc").glob("[0-9]*")]
    parents = dict(proc.each(
        every, lambda pid: (pid, int(proc.status(pid)["PPid"][0]))))
    found = {stack.container("ftpd")["State"]["Pid"]}
    for _ in range(3):
        found |= {pid for pid, parent in parents.items() if parent in found}
    return dict(proc.each(found, lambda pid: (
        pid, (proc.descriptors(pid), proc.anonymous_kib(pid)))))


def come_and_go(port, times):
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
            with sock.makefile("rb") as replies:
                assert replies.readline().startswith(b"220")
                sock.sendall(b"QUIT\r\n")
                assert replies.readline().startswith(b"221")
                assert replies.read() == b""


def test_many_sessions_leave_nothing(stack):
    come_and_go(stack.ftp_port, 100)
    before = processes(stack)
    assert len(before) >= 3
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, [stack.ftp_port] * 4, [SESSIONS // 4] * 4))
    deadline = time.monotonic() + 10
    after = processes(stack)
    while set(after) != set(before) and time.monotonic() < deadline:
        time.sleep(0.2)
        after = processes(stack)
    assert set(after) == set(before)
    for pid, (descriptors, kib) in after.items():
        assert descriptors == before[pid][0]
        assert kib <= before[pid][1] + 200

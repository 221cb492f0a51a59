"""Everything of ftp_hostile.py against the running stack's ftpd."""

import os
import subprocess
import sys


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

"""lftp, set as its users set it: explicit TLS required, certificates checked."""

import shlex
import subprocess

from . import settings


class Lftp:
    def __init__(self, stack, user=None, password=None):
        self.stack = stack
        self.login = "%s,%s" % (user or stack.setting("FTP_USER"),
                                password or stack.secret("ftp_password"))

    def run(self, *commands, timeout=60):
        """Runs lftp commands in one session; fails if one of them does."""
        lines = [
            "set cmd:fail-exit yes",
            "set net:max-retries 1",
            "set net:timeout 15",
            "set ftp:ssl-force yes",
            "set ftp:ssl-protect-data yes",
            "set ssl:check-hostname yes",
            "set ssl:verify-certificate yes",
            "set ssl:ca-file %s" % shlex.quote(self.stack.ca),
            "open -u %s ftp://%s:%d" % (
                self.login, settings.DOMAIN, self.stack.ftp_port),
        ] + list(commands)
        return subprocess.run(["lftp", "--norc", "-c", "; ".join(lines)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)

    def must(self, *commands, timeout=60):
        done = self.run(*commands, timeout=timeout)
        assert done.returncode == 0, "lftp %s: %s" % (commands, done.stderr)
        return done.stdout

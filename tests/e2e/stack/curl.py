"""curl as a visitor's and an FTP user's client, trusting only the stack's CA."""

import subprocess

from . import settings


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


class Curl:
    def __init__(self, stack):
        self.stack = stack

    def run(self, *args, timeout=60):
        """Runs curl; returns the finished process (bytes)."""
        command = ["curl", "-sS", "--max-time", str(timeout),
                   "--cacert", self.stack.ca, "--noproxy", "*"]
        for port in (self.stack.https_port, self.stack.ftp_port, 80, 443):
            command += ["--resolve", "%s:%d:127.0.0.1" % (
                settings.DOMAIN, port)]
        return subprocess.run(command + list(args), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout + 10,
                              stdin=subprocess.DEVNULL)

    def get(self, path, *args):
        """One request; the certificate must verify."""
        done = self.run("-i", *args, self.stack.url + path)
        assert done.returncode == 0, "curl %s: %s" % (
            path, done.stderr.decode())
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Reply(int(lines[0].split()[1]), headers, body)

    def monitor(self, path, *args):
        return self.get(path, "-u", "%s:%s" % self.stack.monitor, *args)


class CurlFtp:
    """curl as an FTP client with explicit TLS."""

    def __init__(self, stack, user=None, password=None):
        self.curl = Curl(stack)
        self.root = "ftp://%s:%d/" % (settings.DOMAIN, stack.ftp_port)
        self.login = "%s:%s" % (user or stack.setting("FTP_USER"),
                                password or stack.secret("ftp_password"))

    def run(self, path, *args, tls=True, timeout=60):
        secure = ("--ssl-reqd",) if tls else ()
        return self.curl.run(*secure, "-u", self.login, *args,
                             self.root + path, timeout=timeout)

    def must(self, path, *args):
        done = self.run(path, *args)
        assert done.returncode == 0, "curl %s %s: %s" % (
            args, path, done.stderr.decode())
        return done.stdout

    def upload(self, source, path):
        self.must(path, "--ftp-create-dirs", "-T", str(source))

    def download(self, path):
        return self.must(path)

    def names(self, folder):
        """NLST"""
        return self.must(folder, "-l").decode().split()

    def listing(self, folder):
        """LIST"""
        return self.must(folder).decode().splitlines()

    def facts(self, folder):
        """MLSD: a dictionary of facts for each name"""
        found = {}
        for line in self.must(folder, "-X", "MLSD").decode().splitlines():
            facts, _, name = line.partition(" ")
            found[name] = dict(fact.lower().split("=", 1)
                               for fact in facts.split(";") if fact)
        return found

    def quote(self, *commands):
        """Commands before a listing of the root folder."""
        args = []
        for command in commands:
            args += ["-Q", command]
        return self.must("", *args)

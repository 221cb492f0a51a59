"""ftpd and the three peers of Debian, each serving the same folder to the same
accounts with the same certificate, cipher and kind of password hash."""

import ctypes
import os
import pathlib
import socket
import subprocess
import time

import figures

WORK = pathlib.Path("/dev/shm/ftp")
ROOT = WORK / "root"
CERT, KEY = WORK / "cert.pem", WORK / "key.pem"
BINARY = pathlib.Path("/build/services/build/release-cc/bin/ftpd")
PASSWORD = "correct-horse-battery"
# The cheapest that ftpd takes, and what `ftpd --hash-password` makes.
HASHES = {kind: subprocess.run(
    command, input=PASSWORD, stdout=subprocess.PIPE, check=True,
    text=True).stdout.strip() for kind, command in (
        ("sha512-crypt",
         ("openssl", "passwd", "-6", "-salt", "benchmark", PASSWORD)),
        ("bcrypt", (str(BINARY), "--hash-password")))}
USERS = {"sha512-crypt": ["sha%d" % number for number in range(480)],
         "bcrypt": ["bcrypt%d" % number for number in range(96)]}
ACCOUNTS = [("bench", "sha512-crypt")] + [
    (user, kind) for kind, users in USERS.items() for user in users]
UID = 6000
# ftpd lets three quarters of them wait for a login at a time.
SESSIONS = 700
PASSIVE = 1000
# Of TLS 1.2; of 1.3 the clients ask for the same, as not all servers can.
CIPHER = "ECDHE-ECDSA-AES128-GCM-SHA256"
CIPHER_13 = "TLS_AES_128_GCM_SHA256"
GNUTLS_PRIORITY = "NORMAL:-CIPHER-ALL:+AES-128-GCM"


def prepare():
    """Certificate, folder, and accounts that the peers find in the system's
    files and ftpd in its own; all with one uid, as on a WordPress volume."""
    ROOT.mkdir(parents=True)
    subprocess.run(
        ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", KEY, "-out", CERT),
        check=True, stderr=subprocess.DEVNULL)
    with open("/etc/group", "a") as group, open("/etc/passwd", "a") as passwd, \
            open("/etc/shadow", "a") as shadow:
        group.write("bench:x:%d:\n" % UID)
        for user, kind in ACCOUNTS:
            passwd.write("%s:x:%d:%d::%s:/bin/sh\n" % (user, UID, UID, ROOT))
            shadow.write("%s:%s:19000:0:99999:7:::\n" % (user, HASHES[kind]))
    pathlib.Path("/etc/pam.d/bench").write_text(
        "auth required pam_unix.so\naccount required pam_unix.so\n"
        "session required pam_permit.so\n")
    os.chown(ROOT, UID, UID)
    os.chown(KEY, UID, UID)
    WORK.chmod(0o755)
    (WORK / "users").write_text("".join(
        "%s:%s:read,write,delete:/\n" % (user, HASHES[kind])
        for user, kind in ACCOUNTS[1:]))
    (WORK / "ftpd-password").write_text(PASSWORD)


def adopt_orphans():
    """Processes whose parent ends become children of this one."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def comm(pid):
    try:
        return pathlib.Path("/proc/%d/comm" % pid).read_text().strip()
    except OSError:
        return None


class Server:
    """One server, started once and kept for the whole run."""

    def __init__(self, number):
        self.port = 2100 + number
        self.passive = 20000 + number * 3000
        self.home = WORK / self.name
        self.home.mkdir()
        self.process = None
        self.reaped = 0.0

    def start(self):
        with open(self.home / "log", "w") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=WORK, env={**os.environ, **self.settings()})
        deadline = time.monotonic() + 15
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                    assert s.recv(3) == b"220"
                time.sleep(0.5)
                self.idle_processes = len(figures.tree(self.process.pid))
                return self
            except (OSError, AssertionError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError(
                        "%s does not start:\n%s" % (
                            self.name, (self.home / "log").read_text()))
                time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def settings(self):
        return {}

    def config(self, text):
        path = self.home / "config"
        path.write_text(text)
        return path

    def cpu(self):
        return figures.cpu_seconds(self.process.pid) + self.reaped

    def settle(self):
        """Waits until no session is left, so that all that they used counts;
        that of processes too whose parent went first (vsftpd's do)."""
        deadline = time.monotonic() + 10
        while True:
            mine = figures.tree(self.process.pid)
            orphans = [pid for pid in figures.tree(os.getpid())
                       if pid not in mine and comm(pid) == comm(self.process.pid)]
            for pid in orphans:
                ended, _, usage = os.wait4(pid, os.WNOHANG)
                if ended:
                    self.reaped += usage.ru_utime + usage.ru_stime
            if len(mine) <= self.idle_processes and not orphans:
                return
            if time.monotonic() > deadline:
                raise AssertionError("%s keeps a session" % self.name)
            time.sleep(0.02)

    def memory(self):
        return figures.memory_kib(self.process.pid)[0]

    def proportional(self):
        return figures.proportional_kib(self.process.pid)


class Ours(Server):
    name = figures.OURS

    def command(self):
        return ("setpriv", "--reuid", str(UID), "--regid", str(UID),
                "--clear-groups", "--no-new-privs", str(BINARY))

    def settings(self):
        return {
            "FTPD_PORT": str(self.port), "FTPD_HTTP_PORT": "8021",
            "FTPD_PASV_MIN": str(self.passive),
            "FTPD_PASV_MAX": str(self.passive + PASSIVE - 1),
            "FTPD_ROOT": str(ROOT), "FTPD_USER": "bench",
            "FTPD_PASSWORD_FILE": str(WORK / "ftpd-password"),
            "FTPD_USERS_FILE": str(WORK / "users"),
            "FTPD_CERT": str(CERT), "FTPD_KEY": str(KEY),
            "FTPD_TLS": "optional",
            "FTPD_MAX_SESSIONS": str(SESSIONS),
            "FTPD_MAX_PER_ADDRESS": str(SESSIONS)}


class Vsftpd(Server):
    name = "vsftpd"

    def command(self):
        (WORK / "empty").mkdir(exist_ok=True)
        return ("/usr/sbin/vsftpd", str(self.config("\n".join((
            "listen=YES", "background=NO", "listen_port=%d" % self.port,
            "anonymous_enable=NO", "local_enable=YES", "write_enable=YES",
            "local_umask=022", "chroot_local_user=YES",
            "allow_writeable_chroot=YES", "use_localtime=NO",
            "secure_chroot_dir=%s" % (WORK / "empty"), "pam_service_name=bench",
            "ssl_enable=YES", "force_local_logins_ssl=NO",
            "force_local_data_ssl=NO", "ssl_tlsv1=YES", "ssl_sslv2=NO",
            "ssl_sslv3=NO", "rsa_cert_file=%s" % CERT,
            "rsa_private_key_file=%s" % KEY, "ssl_ciphers=" + CIPHER,
            "pasv_min_port=%d" % self.passive,
            "pasv_max_port=%d" % (self.passive + PASSIVE - 1),
            "max_clients=%d" % SESSIONS, "max_per_ip=%d" % SESSIONS,
            "max_login_fails=3", "require_ssl_reuse=YES",
            "setproctitle_enable=NO", "check_shell=NO",
            "seccomp_sandbox=NO")) + "\n")))


class PureFtpd(Server):
    name = "pure-ftpd"

    def command(self):
        pem = self.home / "both.pem"
        pem.write_text(KEY.read_text() + CERT.read_text())
        return ("/usr/sbin/pure-ftpd", "-S", "127.0.0.1,%d" % self.port,
                "-l", "unix", "-A", "-E", "-j", "-H", "-Y", "1",
                "-J", CIPHER, "-2", str(pem), "-c", str(SESSIONS),
                "-C", str(SESSIONS), "-U", "133:022", "-u", "1000",
                "-p", "%d:%d" % (self.passive, self.passive + PASSIVE - 1),
                "-L", "20000:10", "-g", str(self.home / "pid"))


class Proftpd(Server):
    name = "proftpd"

    def command(self):
        return ("/usr/sbin/proftpd", "-n", "-q", "-c", str(self.config("""
ModulePath /usr/lib/proftpd
LoadModule mod_tls.c
ServerName bench
ServerType standalone
DefaultAddress 127.0.0.1
Port %(port)d
User nobody
Group nogroup
UseIPv6 off
UseReverseDNS off
DelayEngine off
AuthOrder mod_auth_unix.c
AuthPAM off
PersistentPasswd on
RequireValidShell off
DefaultRoot ~
AllowOverwrite on
AllowStoreRestart on
Umask 022
MaxInstances %(sessions)d
MaxClients %(sessions)d
ListOptions "" maxfiles 20000
PassivePorts %(first)d %(last)d
WtmpLog off
TransferLog none
SystemLog %(home)s/system.log
ScoreboardFile %(home)s/scoreboard
PidFile %(home)s/pid
TLSEngine on
TLSProtocol TLSv1.2 TLSv1.3
TLSCipherSuite %(cipher)s
TLSECCertificateFile %(cert)s
TLSECCertificateKeyFile %(key)s
TLSRequired off
TLSVerifyClient off
""" % {"port": self.port, "sessions": SESSIONS, "first": self.passive,
       "last": self.passive + PASSIVE - 1, "home": self.home, "cert": CERT,
       "key": KEY, "cipher": CIPHER})))


def start_all():
    prepare()
    adopt_orphans()
    return [kind(number).start() for number, kind in enumerate(
        (Ours, Vsftpd, PureFtpd, Proftpd))]

"""Certificates while the services run: renewed, and a person's own taken."""

import datetime
import os
import signal
import socket
import ssl
import subprocess

import pytest

from stack import settings
from stack.ftplib_tls import FtpTls

# service: where its pair lies, its owner, its private folder in the container
SERVICES = {"nginx": ("certs/server", 20101, "/tmp/nginx"),
            "ftpd": ("ftpcert/ftpd", 20102, "/tmp/ftpd")}

each_service = pytest.mark.parametrize("service", SERVICES)


def served(stack, service):
    """The certificate that a client is shown, as openssl sees it."""
    command = ["openssl", "s_client", "-connect"]
    if service == "nginx":
        command += ["127.0.0.1:%d" % stack.https_port]
    else:
        command += ["127.0.0.1:%d" % stack.ftp_port, "-starttls", "ftp"]
    done = subprocess.run(command + ["-servername", settings.DOMAIN],
                          input="", stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, timeout=30)
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate", "-serial", "-issuer"],
        input=done.stdout, stdout=subprocess.PIPE, text=True, check=True)
    return dict(line.split("=", 1) for line in shown.stdout.splitlines())


def days_left(facts):
    end = datetime.datetime.strptime(facts["notAfter"], "%b %d %H:%M:%S %Y GMT")
    return (end - datetime.datetime.utcnow()).days


def make_pair(tmp_path, days, name, *, ca=None):
    """A key and a certificate, signed by the stack's CA or by themselves."""
    key, crt = tmp_path / (name + ".key"), tmp_path / (name + ".crt")
    ext = tmp_path / "ext"
    ext.write_text("basicConstraints=critical,CA:FALSE\n"
                   "extendedKeyUsage=serverAuth\n"
                   "subjectAltName=DNS:%s\n" % settings.DOMAIN)
    request = ["openssl", "req", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=somebody",
               "-keyout", str(key)]
    if ca is None:
        run = request + ["-x509", "-days", str(days), "-addext",
                         "subjectAltName=DNS:" + settings.DOMAIN,
                         "-out", str(crt)]
        subprocess.run(run, check=True, stderr=subprocess.DEVNULL)
        return crt, key
    csr = tmp_path / "csr"
    subprocess.run(request + ["-out", str(csr)], check=True,
                   stderr=subprocess.DEVNULL)
    subprocess.run(["openssl", "x509", "-req", "-in", str(csr), "-days",
                    str(days), "-CA", ca, "-CAkey",
                    ca.replace("ca_cert", "ca_key"), "-set_serial", "7",
                    "-extfile", str(ext), "-out", str(crt)], check=True,
                   stderr=subprocess.DEVNULL)
    return crt, key


def make_expired(tmp_path):
    """A pair that was good in January 2024; -days takes no past."""
    key, crt, csr, conf = (tmp_path / ("over." + ending)
                           for ending in ("key", "crt", "csr", "conf"))
    (tmp_path / "index").write_text("")
    conf.write_text("[ca]\ndefault_ca = own\n[own]\ndatabase = %s/index\n"
                    "rand_serial = yes\nnew_certs_dir = %s\n"
                    "default_md = sha256\npolicy = any\n"
                    "x509_extensions = leaf\n[any]\ncommonName = supplied\n"
                    "[leaf]\nsubjectAltName = DNS:%s\n" % (
                        tmp_path, tmp_path, settings.DOMAIN))
    for command in (
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=somebody", "-keyout", key, "-out", csr],
            ["ca", "-batch", "-notext", "-selfsign", "-config", conf,
             "-keyfile", key, "-in", csr, "-startdate", "20240101000000Z",
             "-enddate", "20240201000000Z", "-out", crt]):
        subprocess.run(["openssl"] + command, check=True,
                       stderr=subprocess.DEVNULL)
    return crt, key


def put(stack, service, pair, name):
    """Installs a pair under a name beside the service's own. Over one that is
    there it is written in place, so that the folder does not change."""
    path, owner, _ = SERVICES[service]
    folder = (stack.data / path).parent
    for source, ending, mode in ((pair[1], "key", "600"),
                                 (pair[0], "crt", "644")):
        target = folder / (name + "." + ending)
        if target.exists():
            target.write_bytes(source.read_bytes())
            continue
        subprocess.run(["install", "-o", str(owner), "-g", str(owner), "-m",
                        mode, str(source), str(target)], check=True)
    return folder


def look(stack, service):
    """One health check; Docker runs one every few seconds by itself."""
    done = stack.exec(service, "healthcheck.sh", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wait_for(stack, service, condition):
    for _ in range(40):
        facts = served(stack, service)
        if condition(facts):
            return facts
        look(stack, service)
    raise AssertionError(facts)


@each_service
def test_renewed_while_it_runs(stack, service, tmp_path):
    """Five days are left, and nobody starts anything anew."""
    path, _, run = SERVICES[service]
    started = stack.container(service)["State"]["StartedAt"]
    put(stack, service, make_pair(tmp_path, 5, "short", ca=stack.ca),
        path.partition("/")[2])
    # By the engine it would count as stopped by hand, and not be restarted when
    # it dies later.
    os.kill(stack.container(service)["State"]["Pid"], signal.SIGHUP)
    for _ in range(50):
        if days_left(served(stack, service)) < 6:
            break
    assert days_left(served(stack, service)) < 6
    # It is looked at once a day.
    look(stack, service)
    assert days_left(served(stack, service)) < 6
    stack.exec(service, "touch", "-d", "2 days ago", run + "/checked")
    facts = wait_for(stack, service, lambda facts: days_left(facts) > 300)
    assert days_left(facts) in (396, 397)
    assert stack.container(service)["State"]["StartedAt"] == started
    context = ssl.create_default_context(cafile=stack.ca)
    if service == "nginx":
        with socket.create_connection(
                ("127.0.0.1", stack.https_port)) as plain:
            context.wrap_socket(plain, server_hostname=settings.DOMAIN).close()
    else:
        with FtpTls(stack, login=False) as ftp:
            ftp.auth()


@each_service
def test_own_certificate_that_has_expired(stack, service, tmp_path):
    """Nobody is shown it, whether it was good before or not."""
    folder = put(stack, service, make_expired(tmp_path), "custom")
    started = stack.container(service)["State"]["StartedAt"]
    try:
        for _ in range(3):
            look(stack, service)
            assert "local CA" in served(stack, service)["issuer"]
        put(stack, service, make_pair(tmp_path, 90, "own"), "custom")
        os.utime(folder)
        wait_for(stack, service, lambda facts: "somebody" in facts["issuer"])
        put(stack, service, make_expired(tmp_path), "custom")
        os.utime(folder)
        wait_for(stack, service, lambda facts: "local CA" in facts["issuer"])
        # ftpd's health checks say it to whoever runs them.
        if service == "nginx":
            assert "custom.crt has expired" in stack.logs(service, 200)
    finally:
        for name in ("custom.crt", "custom.key"):
            (folder / name).unlink()
    look(stack, service)
    assert stack.container(service)["State"]["StartedAt"] == started


@each_service
def test_own_certificate_is_taken_and_given_back(stack, service, tmp_path):
    good = make_pair(tmp_path, 90, "own")
    folder = put(stack, service, good, "custom")
    try:
        facts = wait_for(stack, service, lambda facts: "somebody" in
                         facts["issuer"])
        assert days_left(facts) in (89, 90)
        # Another key: refused in one line, and the site stays reachable.
        other = make_pair(tmp_path, 90, "other")
        put(stack, service, (good[0], other[1]), "custom")
        wait_for(stack, service, lambda facts: "local CA" in facts["issuer"])
        if service == "nginx":
            told = [line for line in stack.logs(service, 200).splitlines()
                    if "custom.key is not the key of custom.crt" in line]
            assert len(told) == 1, stack.logs(service)
    finally:
        for name in ("custom.crt", "custom.key"):
            (folder / name).unlink()
    wait_for(stack, service, lambda facts: "local CA" in facts["issuer"])


def test_other_faults_of_an_own_certificate_are_named(stack, tmp_path):
    """One line each, asked of the script itself with a folder of its own."""
    good = make_pair(tmp_path, 90, "own")

    def said(domain, *, pair=good, key=True):
        put(stack, "nginx", pair, "probe")
        script = (
            "mkdir -p /tmp/probe && cd /tmp/probe && rm -f * &&"
            " cp /var/lib/certs/probe.crt custom.crt &&"
            " %s DOMAIN_NAME=%s certificate.sh start nginx /tmp/probe/server"
            " /tmp/probe" % (
                "cp /var/lib/certs/probe.key custom.key &&" if key else "",
                domain))
        done = stack.exec("nginx", "sh", "-c", script)
        assert done.stdout == "changed\n"
        return done.stderr.splitlines()

    try:
        assert said(settings.DOMAIN)[-1] == "nginx: using custom.crt"
        assert "not both there" in said(settings.DOMAIN, key=False)[0]
        assert "is not for" in said("sub." + settings.DOMAIN)[0]
        told = said(settings.DOMAIN, pair=make_expired(tmp_path))
        assert told[0] == ("nginx: custom.crt has expired; using the local"
                           " CA's certificate"), told
        told = said(settings.DOMAIN, pair=make_pair(tmp_path, 5, "soon"))
        assert "ends within 30 days" in told[0], told
        assert told[-1] == "nginx: using custom.crt"
    finally:
        for name in ("probe.crt", "probe.key"):
            (stack.data / "certs" / name).unlink()
        stack.exec("nginx", "rm", "-rf", "/tmp/probe")


def test_credentials_show_the_fingerprint(stack):
    """As openssl and browsers show it."""
    done = subprocess.run(["openssl", "x509", "-in", stack.ca, "-noout",
                           "-fingerprint", "-sha256"], text=True, check=True,
                          stdout=subprocess.PIPE)
    output = stack.must_make("credentials")
    assert done.stdout.strip().partition("=")[2] in output
    for account in ("WP_OWNER", "WP_EDITOR", "FTP_USER", "MONITOR_USER"):
        assert stack.setting(account) in output
    assert stack.secret("wp_owner_password") in output

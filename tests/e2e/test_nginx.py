"""The web entrance: headers, what it does not serve, its limits, its pages."""

import gzip
import re
import socket
import ssl
import threading
import time
import uuid

import pytest

from stack import settings

HEADERS = {"strict-transport-security": "max-age=31536000",
           "x-content-type-options": "nosniff"}
PAGE_HEADERS = {"x-frame-options": "SAMEORIGIN",
                "referrer-policy": "strict-origin-when-cross-origin",
                "content-security-policy": "frame-ancestors 'self'"}


@pytest.fixture(scope="module")
def slow_client(stack):
    """Sends half a request when the first test begins, and then nothing."""
    context = ssl.create_default_context(cafile=stack.ca)
    plain = socket.create_connection(("127.0.0.1", stack.https_port))
    tls = context.wrap_socket(plain, server_hostname=settings.DOMAIN)
    started = time.monotonic()
    tls.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nX-Half: " %
                settings.DOMAIN.encode())
    seen = []

    def read():
        """Until the server closes; notes when that was."""
        try:
            while seen == [] or seen[-1]:
                seen.append(tls.recv(4096))
        except OSError:
            pass
        seen.append(time.monotonic() - started)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield thread, seen
    tls.close()


@pytest.mark.usefixtures("slow_client")
@pytest.mark.parametrize("path", ["/", "/wp-includes/css/buttons.css",
                                  "/no-such-page/", "/site/", "/metrics",
                                  "/wp-login.php", "/wp-json/", "/.hidden"])
def test_security_headers(curl, path):
    reply = curl.get(path)
    expected = dict(HEADERS)
    if path not in ("/site/", "/wp-login.php"):
        expected.update(PAGE_HEADERS)
    for name, value in expected.items():
        assert value in reply.headers.get(name, ""), (name, reply.headers)
    assert reply.headers.get("server") == "nginx"
    assert "x-powered-by" not in reply.headers


def test_http_2(curl, stack):
    done = curl.run("--http2", "-o", "/dev/null", "-w", "%{http_version}",
                    stack.url + "/")
    assert done.stdout == b"2", done.stderr


def test_static_files_are_cached_and_compressed(curl):
    path = "/wp-includes/js/jquery/jquery.min.js"
    plain = curl.get(path)
    packed = curl.get(path, "-H", "Accept-Encoding: gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    assert plain.headers["cache-control"] == "public, max-age=3600"
    versioned = curl.get(path + "?ver=1")
    assert "immutable" in versioned.headers["cache-control"]
    again = curl.get(path, "-H", "If-None-Match: " + plain.headers["etag"])
    assert again.status == 304


@pytest.fixture(scope="module")
def planted(stack):
    """Files that must not be served, put where people leave them."""
    root = stack.data / "wordpress"
    php = "<?php echo 6 * 7; ?>planted"
    names = {
        name: php for name in (
            "index.php.bak", "index.php~", "index.php.old", "index.php.orig",
            "index.php.save", "index.php.swp", "#index.php#", "dump.sql",
            "dump.sql.gz", "debug.log", ".env", ".htpasswd", ".git/config",
            "wp-config.php.txt", "wp-config-old.php", "page.phtml",
            "wp-content/uploads/planted.php", "wp-content/uploads/a.php5",
            "wp-content/uploads/x.php/nothing", "wp-content/uploads/b.phar",
            "wp-content/uploads/c.PHP", "wp-content/uploads/.stage/d.txt",
            "wp-content/themes/LICENSE.txt", "changelog.md")}
    made = []
    for name, text in names.items():
        path = root / name
        for folder in reversed(path.parents):
            if root in folder.parents and not folder.exists():
                folder.mkdir()
                made.append(folder)
        path.write_text(text)
        made.append(path)
    yield list(names) + ["readme.html", "license.txt", "wp-config.php",
                         "wp-config-sample.php"]
    for path in reversed(made):
        path.rmdir() if path.is_dir() else path.unlink()


def test_leftovers_and_php_of_uploads_are_not_served(curl, planted):
    wrong = []
    for name in planted:
        reply = curl.get("/" + name.replace("#", "%23"))
        if reply.status != 404 or "planted" in reply.text or "42" in re.sub(
                r"\S*42\S*\.fr\S*", "", reply.text):
            wrong.append((name, reply.status, reply.text[:80]))
    assert not wrong
    assert len(planted) > 25


def from_inside(stack, path, count, body="log=x&pwd=y"):
    """Requests of another client, the wordpress container: statuses, the last
    answer's headers and text."""
    script = """
        $all = [];
        for ($i = 0; $i < %d; $i++) {
            $c = stream_context_create([
                'http' => ['method' => 'POST', 'content' => '%s',
                           'ignore_errors' => true, 'follow_location' => 0,
                           'header' => "Content-Type: "
                           . "application/x-www-form-urlencoded"],
                'ssl' => ['cafile' => '/var/lib/certs/ca.crt']]);
            $text = file_get_contents('%s', false, $c);
            $all[] = explode(' ', $http_response_header[0])[1];
        }
        echo implode(' ', $all), "\\n", implode("\\n", $http_response_header),
            "\\n\\n", $text;
    """ % (count, body, stack.url + path)
    done = stack.exec("wordpress", "php", "-r", script)
    first, _, rest = done.stdout.partition("\n")
    head, _, text = rest.partition("\n\n")
    return first.split(), head.lower(), text


@pytest.mark.parametrize("path, free, body", [
    ("/wp-login.php", 11, "log=x&pwd=y"),
    ("/xmlrpc.php", 21, "<methodCall><methodName>demo.sayHello</methodName>"
                        "</methodCall>")])
def test_guessing_is_slowed_down_readably(stack, curl, path, free, body):
    statuses, head, text = from_inside(stack, path, free + 6, body)
    assert "429" not in statuses[:free - 1], statuses
    assert statuses[-1] == "429", statuses
    assert "retry-after: 30" in head
    assert "text/html" in head
    assert "Too many attempts" in text and "half a minute" in text
    # Each client is counted by itself, and looking at the form is free.
    assert curl.get("/wp-login.php").status == 200


def test_too_large_a_body_is_refused_readably(curl):
    reply = curl.get("/wp-login.php", "-X", "POST", "-H", "Expect:",
                     "-H", "Content-Length: 70000000", "--http1.1")
    assert reply.status == 413
    assert "too large" in reply.text


@pytest.mark.parametrize("status, words, path, args", [
    (400, "cannot be read", "/", ("-H", "X-Large: " + "x" * 70000)),
    (414, "address is too long", "/?" + "x" * 70000, ()),
    (405, "Not this way", "/wp-includes/css/buttons.css", ("-X", "POST"))])
def test_what_nginx_refuses_is_told_readably(curl, status, words, path, args):
    reply = curl.get(path, "--http1.1", *args)
    assert reply.status == status
    assert words in reply.text and "<main>" in reply.text


def test_another_name_is_sent_away(curl, stack):
    reply = curl.get("/", "-H", "Host: other.example")
    assert reply.status == 421
    assert stack.url in reply.text


@pytest.mark.parametrize("path", ["/site/../metrics", "/site/%2e%2e/metrics",
                                  "/adminer/..%2f..%2fetc/passwd"])
def test_dot_segments_get_nowhere(curl, path):
    reply = curl.get(path, "--path-as-is")
    assert reply.status in (400, 401, 404)
    assert "root:" not in reply.text and "# HELP" not in reply.text


def test_client_address_is_the_real_one(stack, curl):
    """WordPress and the log get the peer's address, whatever it claims."""
    script = stack.data / "wordpress" / ("e2e-%s.php" % uuid.uuid4().hex)
    script.write_text(
        "<?php header('Content-Type: text/plain'); foreach (["
        "'REMOTE_ADDR', 'HTTP_X_FORWARDED_FOR', 'HTTP_X_REAL_IP', 'HTTP_PROXY',"
        "'HTTP_X_FORWARDED_PROTO', 'HTTP_HOST'] as $n)"
        " echo $n, '=', $_SERVER[$n] ?? '', \"\\n\";")
    try:
        reply = curl.get("/" + script.name, "-H", "X-Forwarded-For: 6.6.6.6",
                         "-H", "X-Real-IP: 6.6.6.6", "-H", "Proxy: 6.6.6.6",
                         "-H", "X-Forwarded-Proto: http")
    finally:
        script.unlink()
    seen = dict(line.split("=", 1) for line in reply.text.splitlines())
    networks = stack.container("nginx")["NetworkSettings"]["Networks"]
    gateways = {network["Gateway"] for network in networks.values()}
    assert seen["REMOTE_ADDR"] in gateways
    assert seen["HTTP_X_FORWARDED_FOR"] == seen["REMOTE_ADDR"]
    assert seen["HTTP_X_REAL_IP"] == seen["REMOTE_ADDR"]
    assert seen["HTTP_PROXY"] == ""
    assert seen["HTTP_X_FORWARDED_PROTO"] == "https"
    assert seen["HTTP_HOST"] == stack.url.partition("//")[2]
    line = [line for line in stack.logs("nginx", 30).splitlines()
            if script.name in line][-1]
    assert line.startswith(seen["REMOTE_ADDR"] + " ")


def test_a_trusted_proxy_is_believed(stack):
    """One at the address of the wordpress container, which asks through it."""
    rules = "/tmp/nginx/real-ip.conf"
    assert stack.exec("nginx", "cat", rules).stdout.split() == [
        "set_real_ip_from", stack.setting("TRUSTED_PROXIES") + ";"]
    own = stack.container("wordpress")["NetworkSettings"]["Networks"]
    script = stack.data / "wordpress" / ("e2e-%s.php" % uuid.uuid4().hex)
    script.write_text("<?php echo $_SERVER['REMOTE_ADDR'];")
    ask = ("echo file_get_contents('%s/%s', false, stream_context_create(["
           "'http' => ['header' => 'X-Forwarded-For: 6.6.6.6, 203.0.113.5'],"
           "'ssl' => ['cafile' => '/var/lib/certs/ca.crt']]));" % (
               stack.url, script.name))

    def reload(text):
        stack.exec("nginx", "sh", "-c", "printf '%%s\\n' \"$0\" >%s;"
                   " kill -HUP 1" % rules, text)
        time.sleep(1)
        return stack.exec("wordpress", "php", "-r", ask).stdout

    before = stack.exec("nginx", "cat", rules).stdout.strip()
    try:
        addresses = {network["IPAddress"] for network in own.values()}
        assert reload(before) in addresses
        assert reload("".join("set_real_ip_from %s;" % address
                              for address in addresses)) == "203.0.113.5"
    finally:
        assert reload(before) in addresses
        script.unlink()


def test_a_fault_of_php_is_not_shown(stack, curl):
    root = stack.data / "wordpress"
    script = root / ("e2e-%s.php" % uuid.uuid4().hex)
    script.write_text("<?php echo $undefined; trigger_error('warned');"
                      " throw new RuntimeException('secret detail');")
    plugin = root / "wp-content/mu-plugins/e2e-fault.php"
    try:
        reply = curl.get("/" + script.name)
        assert reply.status == 500
        assert "detail" not in reply.text and "warned" not in reply.text
        assert "/var/www" not in reply.text
        # Within WordPress a person sees its own words.
        plugin.write_text("<?php add_action('init', static function () {"
                          " throw new RuntimeException('secret detail'); });")
        time.sleep(2.5)    # opcache looks every two seconds
        reply = curl.get("/")
        assert reply.status == 500
        assert "critical error" in reply.text
        assert "detail" not in reply.text and "/var/www" not in reply.text
    finally:
        script.unlink()
        plugin.unlink(missing_ok=True)
    assert "secret detail" in stack.logs("wordpress", 60)
    time.sleep(2.5)
    assert curl.get("/").status == 200


def test_a_page_tells_that_an_upstream_is_down(stack, curl):
    stack.stop("staticd")
    stack.stop("wordpress")
    try:
        for path in ("/", "/wp-login.php", "/site/"):
            reply = curl.get(path)
            assert reply.status in (502, 504), path
            assert "Back in a moment" in reply.text
            assert reply.headers["retry-after"] == "10"
            assert reply.headers["cache-control"] == "no-store"
            assert reply.headers["content-type"].startswith("text/html")
        # What nginx has itself is served all the same.
        assert curl.get("/wp-includes/css/buttons.css").status == 200
    finally:
        stack.start("wordpress")
        stack.start("staticd")
        stack.wait_healthy(("wordpress", "staticd"))
    assert curl.get("/").status == 200
    assert curl.get("/site/").status == 200


def test_a_slow_client_is_cut_off(slow_client):
    thread, seen = slow_client
    thread.join(40)
    assert not thread.is_alive(), "it may wait for ever"
    assert 10 < seen[-1] < 30
    assert b" 200 " not in b"".join(seen[:-1])


def test_slow_large_bodies_are_few(stack, curl):
    """One address cannot fill /tmp with bodies that never end."""
    context = ssl.create_default_context(cafile=stack.ca)

    def begin(fields):
        plain = socket.create_connection(("127.0.0.1", stack.https_port), 10)
        tls = context.wrap_socket(plain, server_hostname=settings.DOMAIN)
        tls.sendall(("POST /wp-admin/async-upload.php HTTP/1.1\r\nHost: %s:%d"
                     "\r\n%s\r\n\r\n" % (settings.DOMAIN, stack.https_port,
                                         fields)).encode())
        tls.settimeout(2)
        try:
            return tls, tls.recv(4096)
        except TimeoutError:
            return tls, b""        # it waits for the body

    held = []
    try:
        for _ in range(2):
            held.append(begin("Content-Length: 30000000"))
        assert [answer for _, answer in held] == [b"", b""]
        for fields in ("Content-Length: 30000000",
                       "Transfer-Encoding: chunked"):
            held.append(begin(fields))
            assert held[-1][1].startswith(b"HTTP/1.1 429"), held[-1][1]
        # Others, and smaller ones, are not concerned.
        held.append(begin("Content-Length: 9000000"))
        assert held[-1][1] == b""
        assert curl.get("/").status == 200
    finally:
        for tls, _ in held:
            tls.close()
    assert curl.get("/cache/", "--data-binary", "x" * 20000, "-u",
                    "%s:%s" % stack.monitor).status == 413

"""The showcase site at /site/."""

import concurrent.futures
import contextlib
import html
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from urllib.parse import urljoin

import pytest

from stack import engine, settings

TYPES = {"": "text/html", "css": "text/css", "js": "text/javascript",
         "svg": "image/svg+xml", "png": "image/png", "html": "text/html",
         "txt": "text/plain", "webp": "image/webp", "ico": "image/x-icon",
         "woff2": "font/woff2", "json": "application/json"}


def test_front_page(curl):
    reply = curl.get("/site/")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "<title>" in reply.text


def test_prefix_without_slash_leads_there(curl):
    reply = curl.get("/site")
    assert reply.status in (301, 308)
    assert reply.headers["location"].endswith("/site/")


def test_everything_that_the_page_names_is_there(curl):
    page = curl.get("/site/").text
    named = set(re.findall(r'(?:src|href)="([^"#:?]+)"', page))
    assert named, "the page names nothing: neither style nor picture"
    for name in sorted(named):
        path = urljoin("/site/", name)
        if not path.startswith("/site/"):
            continue
        reply = curl.get(path)
        assert reply.status == 200, path
        suffix = path.rpartition("/")[2].rpartition(".")
        kind = TYPES[suffix[2] if suffix[1] else ""]
        assert reply.headers["content-type"].startswith(kind), path
        assert reply.headers.get("content-length") == str(
            len(reply.body)), path


def test_unchanged_page_is_not_sent_again(curl):
    tag = curl.get("/site/").headers["etag"]
    reply = curl.get("/site/", "-H", "If-None-Match: " + tag)
    assert reply.status == 304
    assert reply.body == b""
    assert reply.headers["etag"] == tag
    assert curl.get("/site/", "-H", 'If-None-Match: "other"').status == 200


def test_head_is_get_without_body(curl):
    get, head = curl.get("/site/"), curl.get("/site/", "-I")
    assert (head.status, head.body) == (200, b"")
    for name in ("content-type", "content-length", "etag"):
        assert head.headers[name] == get.headers[name]


def test_absent_page(curl):
    assert curl.get("/site/absent").status == 404


def test_only_reading(curl):
    reply = curl.get("/site/", "-X", "DELETE")
    assert reply.status == 405
    assert "GET" in reply.headers["allow"]


def test_no_way_out_of_the_folder(curl):
    for path in ("/site/../etc/passwd", "/site/%2e%2e/etc/passwd",
                 "/site/..%2f..%2fetc/passwd"):
        reply = curl.get(path, "--path-as-is")
        assert reply.status in (400, 404), path
        assert "root:" not in reply.text


def test_codings_by_weight(curl):
    plain = curl.get("/site/")
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    tags, sizes = {plain.headers["etag"]}, {}
    for asked, coding in (
            ("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"),
            ("br;q=0, gzip;q=0.1", "gzip"), ("br;q=0.9, gzip", "gzip"),
            ("identity, gzip;q=0.5", None), ("*;q=0.1, gzip;q=0", "br")):
        reply = curl.get("/site/", "-H", "Accept-Encoding: " + asked)
        assert reply.status == 200, asked
        assert reply.headers.get("content-encoding") == coding, asked
        assert reply.headers["vary"] == "Accept-Encoding", asked
        assert len(reply.body) == int(reply.headers["content-length"])
        tags.add(reply.headers["etag"])
        sizes[coding] = len(reply.body)
        unpacked = curl.get("/site/", "--compressed", "-H",
                            "Accept-Encoding: " + asked)
        assert unpacked.body == plain.body, asked
    assert len(tags) == 4
    assert sizes["br"] < sizes["gzip"] < sizes[None] / 2
    assert sizes["zstd"] < sizes["gzip"]


PAGES = ["", "docker.html"] + ["service/%s.html" % name
                               for name in settings.SERVICES]


def steps_of(page):
    """(command, lines that it is said to print) of a page, in their order."""
    steps = []
    for block in re.findall(r"<pre><code>(.*?)</code></pre>", page, re.S):
        for line in block.splitlines():
            text = html.unescape(re.sub(r"<[^>]+>", "", line))
            if text.startswith("$ "):
                steps.append((text[2:], []))
            else:
                steps[-1][1].append(text)
    return steps


def test_commands_of_the_docker_page(curl, stack):
    """Each is typed as it stands there, and shows what the page says, but for
    the numbers. The names of this stack are put in the place of the usual."""
    steps = steps_of(curl.get("/site/docker.html").text)
    assert len(steps) > 15
    around = """
        docker() {
            [ "$1" = compose ] || { command docker "$@"; return; }
            shift
            [ "$1" != exec ] || { shift; set -- exec -T "$@"; }
            srcs/tools/compose.sh "$@"
        }
        sudo() { "$@"; }
        # There may be others of that name on this machine.
        pgrep() {
            command docker inspect -f '{{.State.Pid}}' "$(command docker ps \\
                -qf label=com.docker.compose.project=%s \\
                -f label=com.docker.compose.service=staticd)"
        }
        """ % stack.project
    for command, said in steps:
        typed = command.replace("staticd:1.0.0", "staticd:" + settings.TAG)
        typed = typed.replace("inception_site", stack.project + "_site")
        done = subprocess.run(
            ["bash", "-c", around + typed], cwd=stack.repo, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=120,
            env={**os.environ, "ENV_FILE": str(stack.env_file),
                 "SECRETS_DIR": str(stack.secrets),
                 "SECRETS_OVERRIDE": str(stack.secrets)})
        told = "$ %s\n%s(status %d)" % (typed, done.stdout, done.returncode)
        failing = any(line.startswith("touch:") for line in said)
        assert (done.returncode != 0) == failing, told
        assert done.stdout.strip(), told
        for line in said:
            line = line.replace("/home/login/data", str(stack.data))
            words = re.findall(r"\d+|[^\s\d:']+", line)
            pattern = ".*".join(r"\d+" if word.isdigit() else re.escape(word)
                                for word in words)
            assert any(re.search(pattern, shown)
                       for shown in done.stdout.splitlines()), (line, told)
    stack.wait_healthy(("staticd",))


def test_each_page_is_light(curl):
    """What a first visit to it moves, in today's coding."""
    for start in PAGES:
        page = curl.get("/site/" + start).text
        names = {urljoin("/site/" + start, name) for name in re.findall(
            r'(?:src|href)="([^"#:?]+\.(?:css|js|svg))"', page)}
        assert "/site/style.css" in names, start
        weight = sum(len(curl.get(name, "-H", "Accept-Encoding: br").body)
                     for name in names | {"/site/" + start})
        assert weight < 30000, (start, weight)


def test_links_of_all_pages_are_alive(curl):
    """Those to another page's part included; none leads out of the stack to be
    shown, only to be read about."""
    pages = {}

    def page(path):
        if path not in pages:
            pages[path] = curl.get(path)
        return pages[path]

    dead = []
    for start in PAGES:
        text = page("/site/" + start).text
        for name in set(re.findall(r'(?:src|href)="([^"]+)"', text)):
            target, _, part = urljoin("/site/" + start, name).partition("#")
            if target.startswith("https://") or not target.startswith("/site"):
                assert 'src="%s"' % name not in text
                continue
            reply = page(target)
            if reply.status != 200 or (
                    part and 'id="%s"' % part not in reply.text):
                dead.append((start, name))
    assert dead == []


def test_parts_of_a_file(curl):
    """Range, single and several, with and against If-Range, and out of it."""
    whole = curl.get("/site/")
    tag, body, size = whole.headers["etag"], whole.body, len(whole.body)

    def part(wanted, *more):
        return curl.get("/site/", "-H", "Range: bytes=" + wanted, *more)

    reply = part("10-19")
    assert (reply.status, reply.body) == (206, body[10:20])
    assert reply.headers["content-range"] == "bytes 10-19/%d" % size
    assert reply.headers["etag"] == tag
    assert part("-5").body == body[-5:]
    assert part("%d-" % (size - 3)).body == body[-3:]
    reply = part("0-1,20-24")
    assert reply.status == 206
    assert reply.headers["content-type"].startswith("multipart/byteranges")
    mark = reply.headers["content-type"].partition("boundary=")[2].strip('"')
    parts = reply.body.split(b"--" + mark.encode())[1:-1]
    assert [each.partition(b"\r\n\r\n")[2][:-2] for each in parts] == [
        body[:2], body[20:25]]
    reply = part("%d-" % size)
    assert reply.status == 416
    assert reply.headers["content-range"] == "bytes */%d" % size
    date = whole.headers["last-modified"]
    for validator, status in ((tag, 206), ('"other"', 200), ("W/" + tag, 200),
                              (date, 206),
                              ("Thu, 01 Jan 1970 00:00:00 GMT", 200)):
        assert part("0-3", "-H",
                    "If-Range: " + validator).status == status, validator


def exact(stack, path, **headers):
    connection = http.client.HTTPConnection(*address_of(stack), timeout=20)
    connection.request("GET", path, headers=headers)
    try:
        reply = connection.getresponse()
        return reply.status, reply.read()
    except http.client.IncompleteRead as cut:
        return reply.status, cut.partial
    except http.client.RemoteDisconnected:
        return 0, b""
    finally:
        connection.close()


def test_files_of_all_sizes(stack):
    """In memory, mapped, sent by the kernel alone, and where one begins and the
    other ends; some of each cut short while it is served."""
    folder = stack.data / "site/sizes"
    pid = stack.container("staticd")["State"]["Pid"]
    sizes = [0, 1] + [edge + more for edge in (1 << 16, 1 << 17, 1 << 19)
                      for more in (-1, 0, 1)] + [300001, 3 << 20]
    try:
        folder.mkdir(mode=0o755)
        for size in sizes:
            path = folder / ("%d.bin" % size)
            path.write_bytes(random.Random(size).randbytes(size))
            path.chmod(0o644)
        deadline = time.monotonic() + 20
        while any(direct(stack, "/site/sizes/%d.bin" % size)[0] != 200
                  for size in sizes):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        for size in sizes:
            path, body = "/site/sizes/%d.bin" % size, random.Random(
                size).randbytes(size)
            assert exact(stack, path) == (200, body), size
            if size > 5000:
                assert exact(stack, path, Range="bytes=4999-") == (
                    206, body[4999:]), size
                assert exact(stack, path, Range="bytes=4999-%d" % (
                    size - 2)) == (206, body[4999:-1]), size
        for size in (1 << 16, 300001, 3 << 20):
            os.truncate(folder / ("%d.bin" % size), 70)
            # Before it has noticed; then the rest cannot be sent any more.
            status, body = exact(stack, "/site/sizes/%d.bin" % size)
            assert status in (0, 200)
            assert random.Random(size).randbytes(size).startswith(body)
            assert size == 1 << 16 or len(body) <= 70
        assert direct(stack, "/healthz")[0] == 200
        assert stack.container("staticd")["State"]["Pid"] == pid
    finally:
        shutil.rmtree(folder)


def begin_slowly(stack, path):
    """A request whose answer does not fit into the buffers between: as small as
    they get. The socket and what has come of the answer."""
    slow = socket.socket()
    slow.settimeout(20)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    slow.connect(address_of(stack))
    slow.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
    return slow, slow.recv(500)


def rest_of_body(slow, got):
    """What comes of the body until the connection ends."""
    with slow, contextlib.suppress(ConnectionResetError):
        while chunk := slow.recv(65536):
            got += chunk
    return got.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("size", (300000, 3 << 20))
def test_cut_in_the_middle_of_an_answer(stack, size):
    """The connection ends, whether the client reads on or waits. Of what is
    copied out of a mapping nothing follows that the file did not have; what
    sendfile(2) has queued already are the file's own pages, zeros by now."""
    path = stack.data / "site/cut.bin"
    pid = stack.container("staticd")["State"]["Pid"]
    whole = random.Random(size).randbytes(size)
    try:
        for left, wait in ((70, 0), (size - 1, 4)):
            new = path.with_name(".cut.new")
            new.write_bytes(whole)
            new.chmod(0o644)
            new.rename(path)
            deadline = time.monotonic() + 20
            while exact(stack, "/site/cut.bin") != (200, whole):
                assert time.monotonic() < deadline
                time.sleep(0.2)
            slow, got = begin_slowly(stack, "/site/cut.bin")
            assert got.startswith(b"HTTP/1.1 200 ")
            os.truncate(path, left)
            time.sleep(wait)
            body = rest_of_body(slow, got)
            assert len(body) < size, left
            assert size > 1 << 19 or whole.startswith(body), left
        assert direct(stack, "/healthz")[0] == 200
        assert stack.container("staticd")["State"]["Pid"] == pid
    finally:
        path.unlink()


def test_conditions_in_their_order(curl):
    """RFC 9110 section 13.2.2: a tag goes before a date, failing before not
    modified."""
    whole = curl.get("/site/")
    tag, date = whole.headers["etag"], whole.headers["last-modified"]
    old = "Thu, 01 Jan 1970 00:00:00 GMT"
    for status, fields in (
            (412, {"If-Match": '"other"'}),
            (412, {"If-Match": '"other"', "If-None-Match": tag}),
            (200, {"If-Match": tag, "If-Unmodified-Since": old}),
            (412, {"If-Unmodified-Since": old, "If-None-Match": tag}),
            (304, {"If-None-Match": tag, "If-Modified-Since": old}),
            (200, {"If-None-Match": '"other"', "If-Modified-Since": date}),
            (304, {"If-None-Match": "W/" + tag}),
            (304, {"If-Modified-Since": date}),
            (200, {"If-Modified-Since": old}),
            (412, {"If-Match": '"other"', "Range": "bytes=0-3"}),
            (304, {"If-None-Match": tag, "Range": "bytes=0-3"})):
        asked = []
        for field in fields.items():
            asked += ["-H", "%s: %s" % field]
        assert curl.get("/site/", *asked).status == status, fields


def test_status_for_everybody(curl, stack):
    reply = curl.get("/site/status.json")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    told = json.loads(reply.text)
    assert set(told) == {"services", "time"}
    assert set(told["services"]) == set(settings.SERVICES)
    assert set(told["services"].values()) <= {"up", "down"}
    assert told["services"]["nginx"] == told["services"]["exporter"] == "up"
    assert abs(told["time"] - time.time()) < 60
    assert curl.get("/site/status.json", "-X", "POST").status == 404
    # The answer is kept: the exporter is not asked for each of these.
    first = curl.get("/site/status.json").body
    assert curl.get("/site/status.json?again").body == first
    many = curl.run("-o", "/dev/null", "-w", "%{http_code} ", "-Z",
                    *[stack.url + "/site/status.json?%d" % n
                      for n in range(80)]).stdout.split()
    assert many.count(b"429") > 20


def address_of(stack):
    networks = stack.container("staticd")["NetworkSettings"]["Networks"]
    return next(iter(networks.values()))["IPAddress"], int(
        stack.setting("STATICD_PORT"))


def direct(stack, path):
    """One request to staticd itself, past nginx."""
    connection = http.client.HTTPConnection(*address_of(stack), timeout=10)
    connection.request("GET", path)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, body


def gauge(stack, name):
    _, text = direct(stack, "/metrics")
    return float(re.search(r"^%s (\S+)" % re.escape(name), text.decode(),
                           re.M).group(1))


def test_own_pages_are_not_for_nginx(curl, stack):
    assert direct(stack, "/healthz")[0] == 200
    assert gauge(stack, "staticd_http_request_duration_seconds_count") > 0
    for path in ("/healthz", "/site/healthz", "/site/metrics"):
        assert curl.get(path).status == 404, path


def ask_container(container, path):
    """(status, headers, body) from a container that serves at port 8080."""
    networks = container["NetworkSettings"]["Networks"]
    connection = http.client.HTTPConnection(
        next(iter(networks.values()))["IPAddress"], 8080, timeout=10)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def test_other_settings(stack):
    """Root prefix, a fallback for pages that route in the browser, own headers
    and an access log that nobody can put a line of his own into."""
    folder = pathlib.Path(os.environ["TEST_SCRATCH"]) / "other-site"
    folder.mkdir(mode=0o755)
    (folder / "index.html").write_text("app")
    (folder / "index.html").chmod(0o644)
    wanted = {
        "STATICD_PREFIX": "/", "STATICD_FALLBACK": "index.html",
        "STATICD_HEADERS": "X-Own: 1\nContent-Security-Policy:",
        "STATICD_CACHE_PAGES": "max-age=5", "STATICD_ACCESS_LOG": "common"}
    own = engine.docker(
        "run", "-d", "--no-healthcheck", "-v", "%s:/srv/site:ro" % folder,
        *(word for pair in wanted.items()
          for word in ("-e", "%s=%s" % pair)),
        stack.container("staticd")["Image"]).stdout.strip()
    try:
        container = engine.inspect(own)[0]
        deadline = time.monotonic() + 20
        while "event=started" not in engine.docker("logs", own).stderr:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for path, status in (("/", 200), ("/users/7", 200), ("/a.js", 404),
                             ("/x%0A1.2.3.4%20-%20-", 404)):
            got, headers, body = ask_container(container, path)
            assert got == status, path
            assert headers["X-Own"] == "1"
            assert headers["Content-Security-Policy"] is None
            if status == 200:
                assert body == b"app"
                assert headers["Cache-Control"] == "max-age=5"
        lines = engine.docker("logs", own).stdout.splitlines()
        assert len(lines) == 4, lines
        assert all(re.fullmatch(
            r'\S+ - - \[[^]]+\] "GET /\S* HTTP/1\.1" (200|404) \d+', line)
            for line in lines), lines
    finally:
        engine.docker("rm", "-f", own)


def test_slow_clients_hold_nobody(stack):
    """Heads and answers in drops, from hundreds of clients at a time."""
    url = "http://%s:%d/site/" % address_of(stack)
    for mode in (("-H", "-i", "5"),
                 ("-X", "-r", "100", "-w", "1", "-y", "2", "-n", "5", "-z",
                  "1", "-k", "1")):
        slow = subprocess.Popen(
            ("slowhttptest", "-c", "600", "-r", "300", "-l", "12", "-u", url)
            + mode, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL)
        most = 0
        while slow.poll() is None:
            # Its own deadline is the bound; a busy machine takes a while.
            assert direct(stack, "/site/")[0] == 200
            most = max(most, gauge(stack, "staticd_http_connections"))
            time.sleep(0.5)
        assert most > 100, most


def test_drops_do_not_buy_time(stack):
    """A byte a second keeps no connection beyond the head's fifteen."""
    started = time.monotonic()
    with socket.create_connection(address_of(stack), 5) as slow:
        slow.sendall(b"GET /site/ HTTP/1.1\r\nHost: a\r\nX: ")
        slow.settimeout(1)
        while time.monotonic() - started < 40:
            try:
                slow.sendall(b"x")
                if slow.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    assert 10 < time.monotonic() - started < 30


def test_a_burst_of_changes_is_one_reload(stack):
    name = 'staticd_reloads_total{result="success"}'
    folder = stack.data / "site/burst"
    before = gauge(stack, name)
    try:
        folder.mkdir(mode=0o755)
        for number in range(40):
            (folder / ("%d.txt" % number)).write_text("x")
            (folder / ("%d.txt" % number)).chmod(0o644)
            time.sleep(0.01)
        deadline = time.monotonic() + 20
        while direct(stack, "/site/burst/39.txt")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1.5)
        assert 1 <= gauge(stack, name) - before <= 3
    finally:
        shutil.rmtree(folder)


def test_a_broken_site_keeps_the_old_one(stack):
    broken = stack.data / "site/broken.txt"
    failures = 'staticd_reloads_total{result="failure"}'
    before = gauge(stack, failures)
    page = direct(stack, "/site/")
    try:
        # root's own: the daemon may not read it
        broken.touch(mode=0o600)
        deadline = time.monotonic() + 20
        while gauge(stack, failures) == before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert direct(stack, "/site/") == page
        assert direct(stack, "/site/broken.txt")[0] == 404
        assert "event=reload_failed" in stack.logs("staticd", 20)
        assert direct(stack, "/healthz")[0] == 200
    finally:
        broken.unlink()


def ask_while_reloading(stack, requests):
    """Wrong answers among so many requests over one connection."""
    connection = http.client.HTTPConnection(*address_of(stack), timeout=20)
    wrong, newest = [], {"a": 0, "b": 0}
    for number in range(requests):
        name = "ab"[number % 2]
        connection.request("GET", "/site/reload-%s.txt" % name)
        reply = connection.getresponse()
        body = reply.read()
        lines = set(body.split())
        if reply.status != 200 or len(lines) != 1 or len(body) != 6000:
            wrong.append((reply.status, len(body), lines))
            continue
        version = int(lines.pop())
        if version < newest[name]:
            wrong.append("back from %d to %d" % (newest[name], version))
        newest[name] = version
    connection.close()
    return wrong, newest


def test_reload_under_load(stack, measure):
    """Each answer is of one state of the site, whole, and never an older one
    than before; make test-all asks 100,000 times."""
    total = 100000 if os.environ.get("TEST_TIER") == "all" else 6000
    site = stack.data / "site"
    pid = stack.container("staticd")["State"]["Pid"]

    def write(version):
        for name in "ab":
            new = site / (".reload-%s.new" % name)
            new.write_bytes(b"%05d\n" % version * 1000)
            new.chmod(0o644)
            new.rename(site / ("reload-%s.txt" % name))

    before = gauge(stack, 'staticd_reloads_total{result="success"}')
    version = 1
    write(version)
    deadline = time.monotonic() + 20
    while direct(stack, "/site/reload-b.txt")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask_while_reloading, stack, total // 4)
                      for _ in range(4)]
            while not all(each.done() for each in asking):
                version += 1
                write(version)
                # Sometimes it notices by itself, sometimes it is told.
                if version % 2:
                    os.kill(pid, signal.SIGHUP)
                time.sleep(0.2)
        for each in asking:
            wrong, newest = each.result()
            assert wrong == []
            assert min(newest.values()) > 1
        reloads = gauge(stack,
                        'staticd_reloads_total{result="success"}') - before
        assert reloads >= 3
        measure("staticd, reloads under load", "%d reloads, %d answers" % (
            reloads, total))
    finally:
        for name in "ab":
            (site / ("reload-%s.txt" % name)).unlink(missing_ok=True)
        time.sleep(1.5)

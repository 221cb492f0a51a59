"""staticd beside nginx (sendfile, open_file_cache, gzip_static) and lighttpd:
the same files, the same headers, no access log, two threads or processes each.

One run of wrk, a closed loop, gives requests and, from the server's own
scheduler statistics, the CPU time that a request cost it. Loopback only: what
the kernel does for the receiver is in part counted to whoever happens to run it.

Latency at 1,000 connections is measured at a fixed rate, the same for all
(pace.c). In the closed loop each connection asks again when it was answered, so
the faster server is asked more, until the client or the machine is full; the
time of a request is then a thousand connections' queue there, 1,000 divided by
the requests in a second, whoever serves. It is shown, but has no bar.
"""

import contextlib
import os
import pathlib
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from figures import OURS, Part, interleaved, memory_kib, tree

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parents[1]
STATICD = REPO / "services/build/release-cc/bin/staticd"
REPEATS = int(os.environ.get("BENCH_REPEATS", "7"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "1"))
# One answer of 16 MiB takes a third of a second.
LARGE_SECONDS = 2 * SECONDS
IDLE = int(os.environ.get("BENCH_IDLE", "10000"))

SIZES = {"1 KiB": ("1k.css", 1 << 10), "16 KiB": ("16k.css", 1 << 14),
         "64 KiB": ("64k.css", 1 << 16), "256 KiB": ("256k.bin", 1 << 18),
         "1 MiB": ("1m.bin", 1 << 20), "16 MiB": ("16m.bin", 1 << 24)}
# The ratio of CPU time that has to be reached, beside nginx and lighttpd.
NGINX_BARS = {"1 KiB": 1.33, "16 KiB": 1.2, "64 KiB": 1.05, "1 MiB": 1.0,
              "16 MiB": 1.0}
LOADS = [("small", "1 KiB", 32), ("small", "16 KiB", 32),
         ("small", "64 KiB", 32), ("large", "256 KiB", 32),
         ("large", "1 MiB", 32),
         ("large", "16 MiB", 32), ("many", "1 KiB", 1000),
         ("many", "16 KiB", 1000), ("many", "64 KiB", 1000)]
# Less than half of what the slowest did in the closed loop of 1,000 connections
# at 64 KiB in a bad second.
PACED_SIZES = ["1 KiB", "16 KiB", "64 KiB"]
PACED_RATE = 8000
PACED_MS = 250
PORTS = {OURS: 8090, "nginx": 8091, "lighttpd": 8092}
FRONT = {OURS: 8490, "nginx": 8491, "lighttpd": 8492}
REQUEST = (b"GET /site/index.html HTTP/1.1\r\nHost: bench\r\n"
           b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0\r\n"
           b"Accept: text/html,application/xhtml+xml\r\n"
           b"Accept-Language: en\r\nAccept-Encoding: gzip, br\r\n\r\n")

NGINX = """daemon off; worker_processes 2; pid %(work)s/nginx.pid;
error_log stderr error; worker_rlimit_nofile %(files)d;
events { worker_connections %(connections)d; }
http {
    types { text/html html; text/css css; application/octet-stream bin; }
    access_log off; server_tokens off; sendfile on; tcp_nopush on;
    keepalive_timeout 600s; keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s;
    gzip_static on; gzip_vary on;
    server { listen 8091 backlog=4096; root %(root)s; %(headers)s }
}
"""
LIGHTTPD = """server.modules = ("mod_setenv")
server.document-root = "%(root)s"
server.port = 8092
server.max-worker = 2
server.max-fds = %(files)d
server.max-connections = %(connections)d
server.listen-backlog = 4096
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 600
mimetype.assign = (".html" => "text/html", ".css" => "text/css",
    ".bin" => "application/octet-stream")
setenv.set-response-header = (%(headers)s)
"""
# As the stack's own: TLS and HTTP/2 in front, its proxy settings.
FRONT_NGINX = """daemon off; worker_processes 2; pid %(work)s/front.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
    access_log off; server_tokens off; keepalive_requests 1000000000;
    ssl_certificate %(work)s/front.crt; ssl_certificate_key %(work)s/front.key;
    ssl_protocols TLSv1.2 TLSv1.3; http2_max_requests 1000000000;
    map $request_uri $dot_segment { default 0; }
%(servers)s
}
"""
FRONT_SERVER = """    server { listen %d ssl http2;
        location /site/ { include %s; proxy_set_header Cookie "";
            proxy_pass http://127.0.0.1:%d; } }
"""


def text(size):
    """So many bytes of words: as compressible as prose."""
    pick = random.Random(size)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(pick.choices(letters, k=pick.randint(2, 9)))
             for _ in range(1500)]
    return " ".join(pick.choices(words, k=size // 3)).encode()[:size]


def make_site(folder):
    (folder / "index.html").write_text("<!doctype html><title>bench</title>")
    for name, size in SIZES.values():
        body = text(size) if name.endswith(".css") else random.Random(
            size).randbytes(size)
        (folder / name).write_bytes(body)
        if name.endswith(".css"):
            subprocess.run(["gzip", "-9k", folder / name], check=True)


def fetch_headers():
    """The headers that staticd sets, which the others are to send too."""
    shown = subprocess.run(
        ["curl", "-sI", "http://127.0.0.1:%d/site/1k.css" % PORTS[OURS]],
        check=True, capture_output=True, text=True).stdout
    skip = ("date", "content-length", "content-type", "etag", "last-modified",
            "accept-ranges", "vary", "connection")
    pairs = [line.split(": ", 1) for line in shown.splitlines()[1:] if line]
    return [(name, value) for name, value in pairs
            if name.lower() not in skip]


class Server:
    def __init__(self, argv, **env):
        self.process = subprocess.Popen(
            [str(word) for word in argv], env=dict(os.environ, **env),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            # lighttpd ends its whole process group
            start_new_session=True)
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)

    def cpu(self):
        """Nanoseconds that its threads have run."""
        spent = 0
        for pid in tree(self.pid):
            for stat in pathlib.Path("/proc/%d/task" % pid).glob(
                    "*/schedstat"):
                spent += int(stat.read_text().split()[0])
        return spent


def wait_for(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                sys.exit("nothing listens on port %d" % port)
            time.sleep(0.1)


@contextlib.contextmanager
def servers(work, root):
    """All three, started anew; {name: Server}."""
    values = {"work": work, "root": root, "connections": IDLE + 500,
              "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1]}
    running = {}
    try:
        running[OURS] = Server([STATICD], STATICD_PORT=str(PORTS[OURS]),
                               STATICD_ROOT=str(root / "site"),
                               STATICD_IDLE_SECONDS="600",
                               STATICD_CONNECTIONS=str(IDLE + 500),
                               MALLOC_ARENA_MAX="1")
        wait_for(PORTS[OURS])
        headers = fetch_headers()
        conf = work / "nginx.conf"
        conf.write_text(NGINX % dict(values, headers=" ".join(
            'add_header %s "%s";' % pair for pair in headers)))
        running["nginx"] = Server(["nginx", "-c", conf])
        conf = work / "lighttpd.conf"
        conf.write_text(LIGHTTPD % dict(values, headers=", ".join(
            '"%s" => "%s"' % pair for pair in headers)))
        running["lighttpd"] = Server(["lighttpd", "-D", "-f", conf])
        for port in PORTS.values():
            wait_for(port)
        yield running
    finally:
        for server in running.values():
            server.stop()


def in_ms(word):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", word).groups()
    return float(number) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[unit]


def client_cpu():
    """Nanoseconds that ended children have run: the clients, in a while that
    no server ends in."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e9


def load(server, port, name, size, connections):
    """One run of wrk: {"cpu": us a request, "both": with the client's, "rps",
    "p50", "p99": ms}."""
    before = server.cpu()
    client = client_cpu()
    shown = subprocess.run(
        ["wrk", "-t1", "-c%d" % connections, "-d%ds" % (
            LARGE_SECONDS if size >= 1 << 20 else SECONDS), "--latency",
         "--timeout", "20s", "http://127.0.0.1:%d/site/%s" % (port, name)],
        check=True, capture_output=True, text=True).stdout
    spent = server.cpu() - before
    client = client_cpu() - client
    if "Non-2xx" in shown or "Socket errors" in shown:
        sys.exit("port %d, %s: %s" % (port, name, shown))
    # What was on its way at the end counts as the part that has arrived.
    number, unit = re.search(r"requests in [^,]+, ([\d.]+)([KMG]B) read",
                             shown).groups()
    read = float(number) * {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}[unit]
    requests = read / size if size >= 1 << 20 else int(
        re.search(r"(\d+) requests in", shown).group(1))
    return {"cpu": spent / requests / 1e3,
            "both": (spent + client) / requests / 1e3,
            "rps": float(re.search(r"Requests/sec: *([\d.]+)",
                                   shown).group(1)),
            "p50": in_ms(re.search(r"50% +(\S+)", shown).group(1)),
            "p99": in_ms(re.search(r"99% +(\S+)", shown).group(1))}


def only(taken, key, names):
    return {name: [each[key] for each in taken[name]] for name in names}


def under_load(part, running, size, connections):
    name, length = SIZES[size]
    contestants = {
        who: lambda who=who: load(running[who], PORTS[who], name, length,
                                  connections)
        for who in PORTS}
    for warm in contestants.values():
        warm()
    # Many short rounds: the machine has bad seconds, which hit whom they hit.
    short = connections == 32 and length < 1 << 20
    taken = interleaved(2 * REPEATS + 1 if short else REPEATS, contestants)
    label = "%s, %d connections" % (size, connections)
    bars = NGINX_BARS if connections == 32 else {}
    part.add("CPU per request, %s, beside nginx" % label, "us", "less",
             only(taken, "cpu", (OURS, "nginx")), bars.get(size))
    part.add("CPU per request, %s, beside lighttpd" % label, "us", "less",
             only(taken, "cpu", (OURS, "lighttpd")),
             1.0 if size in bars else None)
    part.add("CPU per request of server and client, %s" % label, "us", "less",
             only(taken, "both", PORTS), None)
    part.add("requests/s, %s" % label, "1/s", "more",
             only(taken, "rps", PORTS), None)
    part.add("p50, %s" % label, "ms", "less", only(taken, "p50", PORTS), None)
    part.add("p99, %s, beside nginx" % label, "ms", "less",
             only(taken, "p99", (OURS, "nginx")), None)
    part.add("p99, %s, beside lighttpd" % label, "ms", "less",
             only(taken, "p99", (OURS, "lighttpd")), None)


def make_pace(work):
    program = work / "pace"
    subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-o", program,
                    HERE / "pace.c", "-lm"], check=True)
    return program


def paced(part, pace, size):
    """Latency of 1,000 connections at the same rate for all: of each window by
    itself, and of all windows of a server together."""
    shown = subprocess.run(
        [pace, "1000", str(PACED_RATE), str(6 * REPEATS), str(PACED_MS),
         "/site/" + SIZES[size][0]] + [str(port) for port in PORTS.values()],
        check=True, capture_output=True, text=True).stdout
    rows = [[float(word) for word in line.split()]
            for line in shown.splitlines()]
    label = "%s, %d requests/s, 1000 connections" % (size, PACED_RATE)
    for column, name in ((2, "p50"), (3, "p99")):
        windows = {who: [row[column] / 1e3 for row in rows if row[0] == port]
                   for who, port in PORTS.items()}
        for peer in ("nginx", "lighttpd"):
            part.add("%s, %s, beside %s" % (name, label, peer), "ms", "less",
                     {who: windows[who] for who in (OURS, peer)},
                     1.0 if (name, peer) == ("p99", "nginx") else None)
    for column, name in ((3, "p99"), (4, "longest")):
        part.add("%s of all windows together, %s" % (name, label), "ms",
                 "less", {who: [row[column] / 1e3 for row in rows
                                if row[0] == -port]
                          for who, port in PORTS.items()}, None)


def hold_idle(port):
    """IDLE connections, each of which has had one answer."""
    held = []
    for number in range(IDLE):
        connection = socket.create_connection(("127.0.0.1", port), 20)
        connection.sendall(REQUEST)
        held.append(connection)
        if len(held) % 100 == 0 or number == IDLE - 1:
            for each in held[-100:]:
                each.recv(65536)
    return held


def idle_connections(server, port):
    """KiB of anonymous memory and page tables for one idle connection."""
    before = memory_kib(server.pid)[0]
    held = hold_idle(port)
    time.sleep(1)
    after = memory_kib(server.pid)[0]
    for each in held[::97]:
        each.sendall(REQUEST)
        if not each.recv(100).startswith(b"HTTP/1.1 200"):
            sys.exit("port %d: an idle connection has died" % port)
    for each in held:
        each.close()
    return (after - before) / IDLE


def memory(part, work, root):
    """Idle with the showcase site, then with idle connections."""
    shutil.copytree(REPO / "static-site", root / "site", dirs_exist_ok=True)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with servers(work, root) as running:
        time.sleep(2)
        idle = {who: memory_kib(server.pid)
                for who, server in running.items()}
        for who, (counted, resident) in idle.items():
            print("%s idle: %d KiB anonymous and page tables, %d KiB resident"
                  % (who, counted, resident))
        part.limit("anonymous memory idle", "KiB", idle[OURS][0], 3072)
        part.add("anonymous memory idle, beside the peers", "KiB", "less",
                 {who: [each[0]] for who, each in idle.items()}, None)
        if files < IDLE + 200:
            part.missing("memory per idle connection at %d" % IDLE, "KiB",
                         "less", 1.0, "only %d open files allowed" % files)
            return
        taken = {who: [idle_connections(server, PORTS[who])]
                 for who, server in running.items()}
    part.limit("memory per idle connection at %d" % IDLE, "KiB",
               taken[OURS][0], 9)
    part.add("memory per idle connection, beside the peers", "KiB", "less",
             taken, None)


def front_conf(work):
    proxy = work / "proxy.conf"
    proxy.write_text((REPO / "srcs/requirements/nginx/conf/proxy.conf")
                     .read_text().replace("@AUTHORITY@", "bench.42.fr"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=bench.42.fr", "-keyout", work / "front.key", "-out",
         work / "front.crt"], check=True, stderr=subprocess.DEVNULL)
    conf = work / "front.conf"
    conf.write_text(FRONT_NGINX % {"work": work, "servers": "".join(
        FRONT_SERVER % (FRONT[who], proxy, PORTS[who]) for who in PORTS)})
    return conf


def through_front(front, server, port, name, requests):
    """CPU of the front and what is behind it, us a request; HTTP/2."""
    before = front.cpu() + server.cpu()
    shown = subprocess.run(
        ["h2load", "-n%d" % requests, "-c32", "-m1", "-t1",
         "https://127.0.0.1:%d/site/%s" % (port, name)],
        check=True, capture_output=True, text=True).stdout
    spent = front.cpu() + server.cpu() - before
    if " %d succeeded" % requests not in shown:
        sys.exit("through the front, port %d: %s" % (port, shown))
    return spent / requests / 1e3


def behind_nginx(part, work, running):
    front = Server(["nginx", "-c", front_conf(work)])
    try:
        for port in FRONT.values():
            wait_for(port)
        for size, requests in (("1 KiB", 4000), ("64 KiB", 2000),
                               ("1 MiB", 200)):
            contestants = {
                who: lambda who=who: through_front(
                    front, running[who], FRONT[who], SIZES[size][0], requests)
                for who in PORTS}
            part.add("CPU with the stack's nginx in front, %s" % size, "us",
                     "less", interleaved(max(3, REPEATS // 2), contestants),
                     None)
    finally:
        front.stop()


def main():
    """Names of stages as arguments: these only."""
    part = Part("static")
    chosen = sys.argv[1:] or ["small", "large", "many", "paced", "front",
                               "memory"]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        work.chmod(0o755)
        root = work / "root"
        (root / "site").mkdir(parents=True)
        make_site(root / "site")
        with servers(work, root) as running:
            for stage, size, connections in LOADS:
                if stage in chosen:
                    under_load(part, running, size, connections)
            pace = make_pace(work) if "paced" in chosen else None
            for size in PACED_SIZES if "paced" in chosen else []:
                paced(part, pace, size)
            if "front" in chosen:
                behind_nginx(part, work, running)
        shutil.rmtree(root / "site")
        if "memory" in chosen:
            memory(part, work, root)
    part.write()


if __name__ == "__main__":
    main()

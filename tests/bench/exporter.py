"""Our exporter beside Debian's for MariaDB, Redis and nginx together, against
the same servers.  A round asks each of them once, as Prometheus does, and not
one of them in a row: what a program does between two scrapes counts as well.

There is no exporter for php-fpm in Debian: ours asks php-fpm all the same, and
looks after WordPress, its own container and text files in these figures, while
its peers are three and not four.
"""

import concurrent.futures
import math
import os
import pathlib
import socket
import threading
import time
import urllib.request

import exporter_names
import exporter_targets
import figures

# As Prometheus 2.42 asks.
HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,"
              "application/openmetrics-text;version=0.0.1;q=0.75,"
              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "X-Prometheus-Scrape-Timeout-Seconds": "10"}
PEERS = ("mysqld", "redis", "nginx")
TOGETHER = "three peers"
REPEATS = int(os.environ.get("BENCH_REPEATS", "10"))
# Rounds of each repeat: a 99th percentile of fewer is nearly their longest.
SCRAPES = int(os.environ.get("BENCH_SCRAPES", "200"))
HUNG_SCRAPES = 1000
# How many ask at once, sharing runs, where each run lasts until its deadline.
HUNG_ASKERS = 4


def ask(url):
    """Seconds that one scrape takes."""
    request = urllib.request.Request(url, headers=HEADERS)
    start = time.monotonic()
    with urllib.request.urlopen(request, timeout=30) as reply:
        reply.read()
    return time.monotonic() - start


def percentile(values, share):
    """By nearest rank: the smallest that a share of all does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def run(exporters):
    """One repeat: CPU per scrape and the times of all, by exporter."""
    before = {name: figures.cpu_seconds(each.pid)
              for name, each in exporters.items()}
    times = {name: [] for name in exporters}
    for turn in range(SCRAPES):
        names = list(exporters)
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(ask(exporters[name].url))
    # What the peers' collectors of garbage still have to do is theirs.
    time.sleep(0.5)
    return {name: (figures.cpu_seconds(each.pid) - before[name]) / SCRAPES
            for name, each in exporters.items()}, times


def with_peers(part, targets):
    exporters = {
        figures.OURS: exporter_targets.ours(targets),
        "mysqld": exporter_targets.mysqld(targets),
        "redis": exporter_targets.redis(targets),
        "nginx": exporter_targets.nginx(targets)}
    cpu = {figures.OURS: [], TOGETHER: []}
    wall = {name: [] for name in exporters}
    for _ in range(REPEATS):
        used, times = run(exporters)
        cpu[figures.OURS].append(used[figures.OURS] * 1000)
        cpu[TOGETHER].append(sum(used[name] for name in PEERS) * 1000)
        for name in exporters:
            wall[name].append(percentile(times[name], 0.99) * 1000)
    anonymous, resident = {}, {}
    for name, each in exporters.items():
        anonymous[name], resident[name] = figures.memory_kib(each.pid)
    part.add("anonymous memory after %d scrapes" % (REPEATS * SCRAPES), "KiB",
             "less", {figures.OURS: [anonymous[figures.OURS]],
                      TOGETHER: [sum(anonymous[name] for name in PEERS)]},
             bar=10, note="resident: ours %d, peers together %d KiB; %s" % (
                 resident[figures.OURS],
                 sum(resident[name] for name in PEERS), WITHOUT))
    part.add("CPU per full scrape", "ms", "less", cpu, bar=4, note=WITHOUT)
    slowest = max(PEERS, key=lambda name: sum(wall[name]))
    part.add("wall time of a full scrape, p99", "ms", "less",
             {figures.OURS: wall[figures.OURS], slowest: wall[slowest]},
             bar=1.0, note="against the slowest of the peers; aim 2")
    part.missing("php-fpm's exporter among the peers", "", "less", None,
                 "Debian has none; the sums above are of three, not four")
    for each in exporters.values():
        each.stop()


WITHOUT = "without a peer for php-fpm, which ours asks as well"


class Hung:
    """Takes connections and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.held = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while self.listener.fileno() >= 0:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.held = self.held[-50:] + [connection]


def state(exporter):
    """(threads, descriptors, KiB of anonymous memory and page tables)"""
    base = pathlib.Path("/proc/%d" % exporter.pid)
    return (len(list((base / "task").iterdir())),
            len(list((base / "fd").iterdir())),
            figures.memory_kib(exporter.pid)[0])


# What hangs: the setting that leads there, and the series that read 0 then.
HUNG = (
    ("MariaDB", "DB_PORT", "%d", ("mysql_up", "wordpress_up")),
    ("Redis", "REDIS_PORT", "%d", ("redis_up",)),
    ("nginx", "NGINX_STATUS_URL", "http://127.0.0.1:%d/nginx_status",
     ("nginx_up",)),
    ("php-fpm", "PHPFPM_STATUS_URL", "http://127.0.0.1:%d/fpm_status",
     ("phpfpm_up",)),
    ("TLS", "TLS_TARGETS", "https://127.0.0.1:%d", ("probe_success",)),
    ("a daemon", "MERGE_TARGETS", "http://127.0.0.1:%d/metrics",
     ("exporter_target_up",)))
UP = ("mysql_up", "wordpress_up", "redis_up", "nginx_up", "phpfpm_up")


def complete(text, down):
    """Are exactly these down?"""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition("{")
        if not rest:
            name, _, rest = line.partition(" ")
        if name in UP or name in down:
            found[name] = line.rpartition(" ")[2]
    return found == {**dict.fromkeys(UP, "1"), **dict.fromkeys(down, "0")}


class OneHung:
    """Our exporter while one target takes connections and says nothing."""

    def __init__(self, targets, what, setting, value, down):
        self.what = what
        self.down = down
        self.hung = Hung()
        self.exporter = exporter_targets.ours(
            targets, "hung-" + setting, **{setting: value % self.hung.port})
        self.request = urllib.request.Request(
            self.exporter.url,
            headers={"X-Prometheus-Scrape-Timeout-Seconds": "1"})
        self.answers = []
        self.states = []

    def _scrape(self, _):
        start = time.monotonic()
        with urllib.request.urlopen(self.request, timeout=30) as reply:
            text = reply.read().decode()
        return time.monotonic() - start, complete(text, self.down)

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(HUNG_ASKERS) as pool:
            for _ in range(10):
                self.answers += pool.map(self._scrape,
                                         range(HUNG_SCRAPES // 10))
                self.states.append(state(self.exporter))
        self.exporter.stop()
        self.hung.listener.close()

    def _limit(self, part, name, *rest):
        part.limit("%s hung: %s" % (self.what, name), *rest)

    def report(self, part):
        """What the first two tenths add is the warming up; then the least of
        three looks counts, since one may come amid a run."""
        series = list(zip(*self.states))
        print("%s hung, after each %d scrapes: %s" % (
            self.what, HUNG_SCRAPES // 10, "; ".join(
                "%s %s" % (name, " ".join(map(str, taken))) for name, taken in
                zip(("threads", "descriptors", "KiB"), series))))
        self._limit(part, "longest answer to a timeout of 1 s", "s",
                    max(seconds for seconds, _ in self.answers), 1.0)
        self._limit(part, "answers without the others", "",
                    sum(not good for _, good in self.answers), 0)
        # Of memory glibc holds back up to its top pad, 128 KiB.
        for name, unit, slack, taken in zip(
                ("threads", "descriptors", "memory"), ("", "", "KiB"),
                (0, 1, 128), series):
            self._limit(part, "growth of %s over %d scrapes" % (
                name, HUNG_SCRAPES), unit,
                max(0, min(taken[-3:]) - min(taken[2:5])), slack)


def one_hung(part, targets):
    """One target hangs: the others complete, and nothing grows. Each with an
    exporter of its own, all at the same time: they wait nearly always."""
    hung = [OneHung(targets, *each) for each in HUNG]
    with concurrent.futures.ThreadPoolExecutor(len(hung)) as pool:
        list(pool.map(OneHung.run, hung))
    for each in hung:
        each.report(part)


def main():
    part = figures.Part("exporter")
    with exporter_targets.Targets() as targets:
        ours = exporter_targets.ours(targets, "names")
        found = exporter_names.differences(targets, ours)
        ours.stop()
        for line in found:
            print(line)
        part.limit("differences from the peers that no reason allows", "",
                   len(found), 0)
        with_peers(part, targets)
        one_hung(part, targets)
    part.write()


if __name__ == "__main__":
    main()

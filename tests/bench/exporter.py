"""Our exporter beside Debian's for MariaDB, Redis and nginx together, against
the same servers.  A round asks each of them once, as Prometheus does, and not
one of them in a row: what a program does between two scrapes counts as well.

There is no exporter for php-fpm in Debian: ours asks php-fpm all the same, and
looks after WordPress, its own container and text files in these figures, while
its peers are three and not four.
"""

import concurrent.futures
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
# Rounds of each repeat: with ten repeats 1,000 scrapes.
SCRAPES = int(os.environ.get("BENCH_SCRAPES", "100"))


def ask(url):
    """Seconds that one scrape takes."""
    request = urllib.request.Request(url, headers=HEADERS)
    start = time.monotonic()
    with urllib.request.urlopen(request, timeout=30) as reply:
        reply.read()
    return time.monotonic() - start


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


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


def threads_and_descriptors(pid):
    base = pathlib.Path("/proc/%d" % pid)
    return (len(list((base / "task").iterdir())),
            len(list((base / "fd").iterdir())))


def one_hung(part, targets):
    """Redis hangs: the others complete, and nothing grows."""
    hung = Hung()
    exporter = exporter_targets.ours(targets, "hung", REDIS_PORT=hung.port)
    request = urllib.request.Request(
        exporter.url, headers={"X-Prometheus-Scrape-Timeout-Seconds": "1"})
    scrapes = REPEATS * SCRAPES

    def scrape(_):
        """(seconds, whether the others' part is complete)"""
        start = time.monotonic()
        with urllib.request.urlopen(request, timeout=30) as reply:
            text = reply.read().decode()
        return time.monotonic() - start, "\nredis_up 0\n" in text and all(
            "\n%s 1\n" % name in text for name in ("mysql_up", "nginx_up"))

    def state():
        return (*threads_and_descriptors(exporter.pid),
                figures.memory_kib(exporter.pid)[0])

    # Ten at a time share their runs; else it would take an hour's part.
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(scrape, range(scrapes // 4)))
        time.sleep(1)
        at = state()
        answers += list(pool.map(scrape, range(scrapes - len(answers))))
        time.sleep(1)
        end = state()
    worst = max(seconds for seconds, _ in answers)
    incomplete = sum(not complete for _, complete in answers)
    part.limit("one target hung: longest answer to a timeout of 1 s", "s",
               worst, 1.0)
    part.limit("one target hung: answers without the other targets", "",
               incomplete, 0)
    # Memory goes back to the kernel in steps: glibc keeps up to its top pad and
    # trim threshold, 192 KiB together.
    for name, unit, one, two, slack in zip(
            ("threads", "descriptors", "memory"), ("", "", "KiB"), at, end,
            (0, 1, 192)):
        part.limit("one target hung: growth of %s over %d scrapes" % (
            name, len(answers)), unit, max(0, two - one), slack)
    exporter.stop()
    hung.listener.close()


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

"""cachemon beside redis-cli --memkeys, --bigkeys and redis_exporter's key
groups, on one Redis with a million keys; its counts beside what was put there;
what watching costs Redis; memory with fifty live viewers; answers while Redis
hangs.

  cache.py [FIGURES...]    names of functions in FIGURES, below; all without
"""

import itertools
import os
import pathlib
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

import figures

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRATCH = pathlib.Path("/tmp/bench-cache")
for name, value in {"TEST_REPO": ROOT, "TEST_SCRATCH": SCRATCH,
                    "TEST_OUT": SCRATCH, "TEST_SMALL_DISK": SCRATCH,
                    "TEST_PROJECT": "bench-1", "TEST_TAG": "bench"}.items():
    os.environ.setdefault(name, str(value))
sys.path.insert(0, str(ROOT / "tests/e2e"))
from stack import cachemon  # noqa: E402, it reads the environment

PROGRAM = ROOT / "services/build/release-cc/bin/cachemon"
KEYS = int(os.environ.get("BENCH_KEYS", "1000000"))
REPEATS = int(os.environ.get("BENCH_REPEATS", "5"))
VIEWERS = 50


def keys():
    """(group, key, value) of 40 groups of unequal size, as a large site's."""
    pick = random.Random(3)
    for i in range(KEYS):
        group = "group%d" % min(39, int(pick.expovariate(0.2)))
        yield (group, "wp:wp:%s:%d" % (group, i),
               "x" * int(pick.lognormvariate(4, 1)))


def pieces(every):
    every = iter(every)
    return iter(lambda: list(itertools.islice(every, 20000)), [])


def load(redis):
    client = redis.client()
    for piece in pieces(keys()):
        client.pipe([("SET", key, value) for _, key, value in piece])
    client.close()


def truth(redis):
    """Group -> (keys, bytes), each key asked for by itself."""
    client = redis.client()
    groups = {}
    for piece in pieces(keys()):
        sizes = client.pipe([("MEMORY", "USAGE", key, "SAMPLES", "0")
                             for _, key, _ in piece])
        for (group, _, _), size in zip(piece, sizes):
            count, total = groups.get(group, (0, 0))
            groups[group] = count + 1, total + int(size)
    client.close()
    return groups


def counts(part, redis):
    """A pass over an idle Redis beside the truth, all groups."""
    monitor = cachemon.Cachemon(SCRATCH / "counts", redis, PROGRAM,
                                CACHEMON_SCAN_PERCENT=100)
    rows = {row["name"]: row for row in monitor.wait_pass(0, 600)["rows"]
            if row["kind"] == "group"}
    monitor.kill()
    wrong, off = 0, 0.0
    for name, (count, total) in truth(redis).items():
        row = rows.get(name, {"keys": 0, "bytes": 0})
        wrong += row["keys"] != count
        off = max(off, 100 * abs(row["bytes"] - total) / total)
    part.limit("groups whose count is not the truth, %d keys" % KEYS, "",
               wrong, 0)
    part.limit("bytes of a group, furthest from the truth", "%", off, 5)


class Passes:
    """One full pass of each contestant: (seconds, Redis' CPU seconds)."""

    def __init__(self, redis):
        self.redis = redis
        self.cpu = {}

    def _timed(self, name, run):
        before = figures.cpu_seconds(self.redis.process.pid)
        seconds = run()
        self.cpu.setdefault(name, []).append(
            figures.cpu_seconds(self.redis.process.pid) - before)
        return seconds

    def ours(self):
        def run():
            monitor = cachemon.Cachemon(SCRATCH / "full", self.redis, PROGRAM,
                                        CACHEMON_SCAN_PERCENT=100)
            groups = monitor.wait_pass(0, 600)
            monitor.kill()
            assert groups["keys"] >= KEYS
            return (groups["finished_ms"] - groups["started_ms"]) / 1000
        return self._timed(figures.OURS, run)

    def redis_cli(self, option):
        def run():
            begun = time.monotonic()
            subprocess.run(
                ["redis-cli", "-p", str(self.redis.port), "--user", "root",
                 "-a", cachemon.SECRET, "--no-auth-warning", option],
                check=True, stdout=subprocess.DEVNULL)
            return time.monotonic() - begun
        return self._timed("redis-cli " + option, run)

    def exporter(self):
        def run():
            port = cachemon.free_port()
            process = subprocess.Popen(
                ["prometheus-redis-exporter",
                 "--redis.addr=redis://127.0.0.1:%d" % self.redis.port,
                 "--redis.user=root", "--redis.password=" + cachemon.SECRET,
                 "--web.listen-address=127.0.0.1:%d" % port,
                 "--check-key-groups=^wp:wp:([^:]+):", "--check-keys-batch-size=1000"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                for _ in range(100):
                    try:
                        socket.create_connection(("127.0.0.1", port)).close()
                        break
                    except OSError:
                        time.sleep(0.05)
                begun = time.monotonic()
                with urllib.request.urlopen(
                        "http://127.0.0.1:%d/metrics" % port,
                        timeout=600) as page:
                    text = page.read().decode()
                took = time.monotonic() - begun
            finally:
                process.kill()
                process.wait()
            assert "redis_key_group_count{" in text
            return took
        return self._timed("redis_exporter", run)


def pick(taken, *names):
    return {name: taken[name] for name in names if name in taken}


def full_pass(part, redis):
    passes = Passes(redis)
    contestants = {
        figures.OURS: passes.ours,
        "redis-cli --memkeys": lambda: passes.redis_cli("--memkeys"),
        "redis-cli --bigkeys": lambda: passes.redis_cli("--bigkeys")}
    reason = ""
    try:
        passes.exporter()
        contestants["redis_exporter"] = passes.exporter
    except (OSError, AssertionError) as fault:
        reason = "redis_exporter's key groups: %s" % (str(fault) or "none")
    passes.cpu.clear()
    taken = figures.interleaved(REPEATS, contestants)
    memkeys = (figures.OURS, "redis-cli --memkeys")
    part.add("full pass, %d keys, against --memkeys" % KEYS, "s", "less",
             pick(taken, *memkeys), bar=2.0)
    part.add("full pass, against all", "s", "less", taken, bar=None)
    part.add("Redis' CPU of a full pass, against --memkeys", "s", "less",
             pick(passes.cpu, *memkeys), bar=None)
    part.add("Redis' CPU of a full pass, against all", "s", "less",
             passes.cpu, bar=None)
    if reason:
        part.missing("full pass against redis_exporter", "s", "less", None,
                     reason)


def view(port):
    viewer = socket.create_connection(("127.0.0.1", port), 10)
    viewer.sendall(b"GET /cache/events HTTP/1.1\r\nHost: x\r\n\r\n")
    viewer.setblocking(False)
    return viewer


def drain(viewers, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for viewer in viewers:
            try:
                while viewer.recv(65536):
                    pass
            except BlockingIOError:
                pass
        time.sleep(0.05)


def default_pace(part, redis):
    """A running pass over all keys, as it is by default, and fifty viewers."""
    monitor = cachemon.Cachemon(SCRATCH / "pace", redis, PROGRAM)
    monitor.wait(lambda now: now["live"]["scan_progress"])
    viewers = [view(monitor.port) for _ in range(VIEWERS)]
    drain(viewers, 2)
    before = figures.cpu_seconds(redis.process.pid)
    own = figures.cpu_seconds(monitor.process.pid)
    begun = time.monotonic()
    drain(viewers, 30)
    took = time.monotonic() - begun
    part.limit("Redis' CPU at the default pace, %d keys" % KEYS, "% core",
               100 * (figures.cpu_seconds(redis.process.pid) - before) / took,
               5)
    part.limit("cachemon's own CPU then, %d viewers" % VIEWERS, "% core",
               100 * (figures.cpu_seconds(monitor.process.pid) - own) / took,
               5)
    counted, resident = figures.memory_kib(monitor.process.pid)
    part.limit("anonymous memory, %d viewers" % VIEWERS, "MiB",
               counted / 1024, 12)
    print("resident then: %.1f MiB" % (resident / 1024), flush=True)
    for viewer in viewers:
        viewer.close()
    monitor.kill()


def latencies(part, redis):
    monitor = cachemon.Cachemon(SCRATCH / "late", redis, PROGRAM,
                                CACHEMON_SCAN_PERCENT=0)
    monitor.wait_up()
    client = redis.client()
    waited = []
    for i in range(10):
        time.sleep(random.uniform(0.2, 1.2))
        keys = monitor.api()["live"]["keys"]["total"]
        client.ask("SET", "wp:wp:late:%d" % i, "x")
        begun = time.monotonic()
        while monitor.api()["live"]["keys"]["total"] <= keys:
            time.sleep(0.01)
            assert time.monotonic() - begun < 10
        waited.append(time.monotonic() - begun)
    part.limit("a new key is in the API, slowest of 10", "s", max(waited), 2)
    monitor.kill()


PATHS = ("", "api/v1/snapshot", "api/v1/history?range=1h",
         "api/v1/history?range=7d", "api/v1/groups", "api/v1/control")


def hung(part, redis):
    """A thousand answers of cachemon itself, from the moment that Redis is
    stopped to long after it is called down."""
    monitor = cachemon.Cachemon(SCRATCH / "hung", redis, PROGRAM)
    monitor.wait_up()
    threads = threads_of(monitor)
    times = {}
    redis.send(signal.SIGSTOP)
    try:
        for turn in range(1000):
            path = "/cache/" + PATHS[turn % len(PATHS)]
            begun = time.monotonic()
            status, _ = monitor.get(path)
            times.setdefault(path, []).append(
                1000 * (time.monotonic() - begun))
            assert status == 200
            time.sleep(0.012)
        state = monitor.api()["live"]["redis"]
        grown = threads_of(monitor) - threads
    finally:
        redis.send(signal.SIGCONT)
    assert state["state"] == "down" and state["since_ms"], state
    every = sorted(sum(times.values(), []))
    part.limit("an answer while Redis hangs, slowest of 1000", "ms",
               every[-1], 100)
    part.limit("threads more than before, then", "", max(0, grown), 0)
    print("median %.2f ms, p99 %.1f ms; slowest of each: %s" % (
        statistics.median(every), every[989], ", ".join(
            "%s %.1f" % (path, max(took)) for path, took in times.items())),
        flush=True)
    monitor.kill()


def threads_of(monitor):
    return len(os.listdir("/proc/%d/task" % monitor.process.pid))


def writes(part, redis):
    """What following the keys costs Redis: CPU of a write with and without."""
    def cost(watched):
        monitor = None
        if watched:
            monitor = cachemon.Cachemon(SCRATCH / "writes", redis, PROGRAM,
                                        CACHEMON_SCAN_PERCENT=0)
            monitor.wait_up()
        client = redis.client()
        before = figures.cpu_seconds(redis.process.pid)
        for turn in range(4):
            client.pipe(("SET", "wp:wp:cost:%d" % i, "x" * 100)
                        for i in range(50000))
            client.pipe(("UNLINK", "wp:wp:cost:%d" % i)
                        for i in range(50000))
        spent = figures.cpu_seconds(redis.process.pid) - before
        client.close()
        if monitor:
            monitor.kill()
        return 1e6 * spent / 400000

    taken = figures.interleaved(REPEATS, {
        figures.OURS: lambda: cost(True), "not watched": lambda: cost(False)})
    part.add("Redis' CPU of a write that makes or removes a key", "us", "less",
             taken, bar=None)


def killed(part, redis):
    part.missing("history after kill -9, a hundred times", "s lost", "less",
                 None, "tests/e2e/test_cachemon.py, test_killed_while_it_writes")


FIGURES = (counts, full_pass, default_pace, latencies, hung, writes, killed)


def main():
    SCRATCH.mkdir(parents=True, exist_ok=True)
    redis = cachemon.Redis(SCRATCH / "redis", maxmemory="3gb")
    part = figures.Part("cache")
    try:
        load(redis)
        for figure in FIGURES:
            if not sys.argv[1:] or figure.__name__ in sys.argv[1:]:
                figure(part, redis)
    finally:
        redis.end()
    part.write()


main()

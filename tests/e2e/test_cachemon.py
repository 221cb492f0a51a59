"""cachemon and a Redis of its own: figures against ground truth counted
independently, a Redis in every sick state, hostile key names, actions."""

import collections
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stack import cachemon

# The slower tiers.
LONG = os.environ.get("TEST_TIER") == "all"
CHAOS = os.environ.get("TEST_CHAOS") == "1"
KEYS = 1000000
KILLS = 100


@pytest.fixture(scope="module")
def program():
    return cachemon.build()


@pytest.fixture
def alone(program, request):
    with cachemon.pair(request.node.name, program,
                       CACHEMON_ACTIONS="on") as both:
        both[1].wait_up()
        yield both


def totals(now):
    return now["live"]["totals"]["hits"], now["live"]["totals"]["misses"]


def now_ms():
    return int(time.time() * 1000)


def test_watching_changes_no_figure(alone):
    """The reported hit ratio of an idle site, over passes and a restart."""
    redis, monitor = alone
    client = redis.client()
    client.pipe(("SET", "wp:wp:posts:%d" % i, "x" * i) for i in range(300))
    client.pipe(("GET", "wp:wp:posts:%d" % i) for i in range(90))
    client.pipe(("GET", "wp:wp:none:%d" % i) for i in range(10))
    monitor.wait_pass(now_ms())
    # The next one comes by itself.
    monitor.wait_pass(now_ms())
    now = monitor.wait(lambda now: totals(now) == (90, 10))
    assert now["live"]["hit_ratio"]["total"] == 0.9
    root = redis.client("root")
    info = root.ask("INFO", "stats").decode()
    raw = dict(line.split(":") for line in info.split("\r\n") if ":" in line)
    # It did ask, and Redis did count that.
    assert int(raw["keyspace_hits"]) > 90
    monitor.end()
    monitor.start()
    now = monitor.wait(lambda now: now["live"]["redis"]["state"] == "up")
    assert totals(now) == (90, 10)
    time.sleep(3)
    now = monitor.api()
    assert totals(now) == (90, 10)
    assert now["live"]["per_second"]["commands"] < 0.5
    assert now["live"]["clients"]["connected"] == 2    # the two above


def test_a_change_is_on_the_page_within_two_seconds(alone):
    redis, monitor = alone
    client = redis.client()
    connection = socket.create_connection(("127.0.0.1", monitor.port), 10)
    connection.sendall(b"GET /cache/events HTTP/1.1\r\nHost: x\r\n\r\n")
    stream = connection.makefile("rb")

    def parts():
        name = None
        for line in stream:
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield name, json.loads(line[6:])

    waited = []
    seen = parts()
    for i in range(5):
        time.sleep(random.uniform(0, 1))
        group = "group%d" % i
        client.ask("SET", "wp:wp:%s:1" % group, "x")
        client.ask("PUBLISH", "wp:stack:report",
                   "stack1 9 8 7\n1 2 3 4 5 %s\n" % group)
        begun = time.monotonic()
        missing = {"live", "activity"}
        while missing:
            name, part = next(seen)
            if name == "live" and part["keys"]["total"] >= i + 1:
                missing.discard("live")
            if name == "activity" and any(
                    row["name"] == group and row["window"]["misses"] == 3
                    for row in part["rows"]):
                missing.discard("activity")
        waited.append(time.monotonic() - begun)
    connection.close()
    assert max(waited) < 2, waited


def test_reports_add_up(alone):
    """Hits and misses by group: what was sent is what is shown and exported."""
    redis, monitor = alone
    client = redis.client()
    pick = random.Random(7)
    truth = collections.defaultdict(collections.Counter)
    names = ["options", "posts", "ünï", "a b", '<i>"x"', "transient"]
    for _ in range(200):
        lines = ["stack1 40000 1500 4"]
        for name in pick.sample(names, 3):
            row = [pick.randrange(50) for _ in range(5)]
            lines.append("%s %s" % (" ".join(map(str, row)), name))
            truth[name].update(dict(zip(
                ("memory_hits", "hits", "misses", "writes", "us"), row),
                views=1))
        client.ask("PUBLISH", "wp:stack:report", "\n".join(lines) + "\n")
    # Somebody else's messages count for nothing.
    for junk in ("", "stack1 x", "stack2 1 1 1\n1 1 1 1 1 options\n", "\0" * 99):
        client.ask("PUBLISH", "wp:stack:report", junk)
    now = monitor.wait(lambda now: now["activity"]
                       and now["activity"]["total"]["views"] == 200)
    shown = {row["name"]: row["total"] for row in now["activity"]["rows"]
             if row["total"]["views"]}
    assert shown == {name: dict(row) for name, row in truth.items()}
    assert now["activity"]["total"]["us"] == 200 * 1500
    _, page = monitor.get("/metrics")
    exported = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            if sample.name == "redis_key_group_misses_total":
                exported[sample.labels["key_group"]] = sample.value
    assert exported == {name: row["misses"] for name, row in truth.items()}


def group_of(key):
    """The rule, written down independently."""
    parts = key.split(b":")
    return None if len(parts) == 1 else parts[-2]


HOSTILE = [
    b"wp:wp:posts:1", b"wp:posts:<img src=x onerror=alert(1)>",
    b"wp:<script>alert(1)</script>:1", b"wp:" + b"g" * 10240 + b":1",
    b"wp:posts:" + b"k" * 10240, b"", b":", b"::", b":" * 300, b"none",
    b"wp:\0\xff\xfe\x80:1", b"wp:new\nline:1", b"wp:quote\"\\:1",
    b"wp:\xe2\x82:cut", "wp:größe:1".encode(), b"wp:a b:\r\n",
    b"wp:" + "é".encode() * 60 + b":1", b"wp:posts:*?[x]",
]


def test_hostile_key_names(alone):
    redis, monitor = alone
    root = redis.client("root")
    root.ask("FLUSHALL")
    root.pipe(("SET", key, "x") for key in HOSTILE)
    found = set()
    cursor = b"0"
    while True:
        cursor, keys = root.ask("SCAN", cursor)
        found.update(keys)
        if cursor == b"0":
            break
    truth = collections.Counter(group_of(key) for key in found)
    groups = monitor.wait(lambda now: now["groups"]
                          and now["groups"]["keys"] >= len(HOSTILE))["groups"]
    assert sum(row["keys"] for row in groups["rows"]) == groups["keys"]
    shown = {row["name"]: row["keys"] for row in groups["rows"]
             if row["kind"] == "group"}
    assert shown["posts"] == truth[b"posts"] == 4
    assert shown[""] == truth[b""]
    assert shown["größe"] == 1 and shown["new\nline"] == 1
    unnamed = [row["keys"] for row in groups["rows"] if row["kind"] == "none"]
    assert unnamed == [truth[None]]
    # Names so long that they are cut are of one group each nevertheless.
    assert len([row for row in groups["rows"] if row["name"] != "cachemon"]) \
        == len(truth.keys() - {b"cachemon"})
    status, page = monitor.get("/metrics")
    assert status == 200
    exported = {
        sample.labels["key_group"]: sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples if sample.name == "redis_key_group_count"}
    assert exported["posts"] == 4


def test_counts_follow_the_keys(alone):
    """Between two passes, from what Redis tells."""
    redis, monitor = alone
    client = redis.client()
    client.pipe(("SET", "wp:wp:posts:%d" % i, "x") for i in range(500))
    groups = monitor.wait(lambda now: now["groups"]
                          and now["groups"]["keys"] >= 500)["groups"]
    begun = groups["started_ms"]
    client.pipe(("UNLINK", "wp:wp:posts:%d" % i) for i in range(20))
    client.pipe(("SET", "wp:wp:posts:%d" % i, "y") for i in range(100, 200))
    client.pipe(("SET", "wp:wp:terms:%d" % i, "y", "PX", 100)
                for i in range(7))
    client.pipe(("SET", "wp:wp:terms:%d" % i, "y") for i in range(50, 60))
    time.sleep(0.3)
    client.pipe(("GET", "wp:wp:terms:%d" % i) for i in range(7))

    def moved(now):
        if now["groups"]["started_ms"] != begun:
            pytest.skip("a pass came in between")
        rows = {row["name"]: row for row in now["activity"]["rows"]}
        return rows["posts"]["moved"] == -20 and "terms" in rows \
            and rows["terms"]["moved"] == 10 and rows["terms"]["expired"] == 7

    monitor.wait(moved, 5)


def test_times_to_live(alone):
    redis, monitor = alone
    client = redis.client()
    lives = [30, 3000, 80000, 500000, 5000000, None]
    client.pipe(("SET", "wp:wp:posts:%d" % i, "x",
                 *(("EX", lives[i % 6]) if lives[i % 6] else ()))
                for i in range(36))
    groups = monitor.wait(lambda now: now["groups"]
                          and now["groups"]["keys"] >= 36)["groups"]
    row = next(row for row in groups["rows"] if row["name"] == "posts")
    assert row["ttl"] == [6] * 6


def test_the_plugins_own_metrics(alone):
    redis, monitor = alone
    client = redis.client()
    for i in range(60):
        member = ('O:26:"Rhubarb\\RedisCache\\Metrics":8:{s:2:"id";s:3:"%03d";'
                  's:4:"hits";i:%d;s:6:"misses";i:10;s:5:"ratio";d:90.5;'
                  's:5:"bytes";i:1000;s:4:"time";d:0.002;s:5:"calls";i:5;'
                  's:9:"timestamp";d:%d.5;}' % (i, 90, 1700000000 + i))
        client.ask("ZADD", "wp:redis-cache:metrics", 1700000000 + i, member)
    client.ask("ZADD", "wp:redis-cache:metrics", 1700009999, 'a:1:{i:0;O:1:"')
    shown = monitor.wait(lambda now: now["plugin"], 40)["plugin"]
    assert shown["kept"] == 61 and shown["requests"] == 49
    assert shown["hit_ratio"] == 0.9 and shown["us"] == 2000
    assert shown["set_bytes"] > 1000
    # Reading them is a lookup, too, and is taken out.
    assert totals(monitor.api()) == (0, 0)


def quick(monitor, path):
    begun = time.monotonic()
    status, body = monitor.get(path)
    assert status == 200
    return time.monotonic() - begun, body


def test_redis_hangs(alone):
    redis, monitor = alone
    tasks = pathlib.Path("/proc/%d/task" % monitor.process.pid)
    threads = len(list(tasks.iterdir()))
    redis.send(signal.SIGSTOP)
    begun = time.time()
    try:
        times = []
        while time.time() - begun < 8:
            for path in ("/cache/", "/cache/api/v1/snapshot",
                         "/cache/api/v1/history?range=1h", "/metrics"):
                times.append(quick(monitor, path)[0])
            time.sleep(0.05)
        # A sanitized program on a busy machine; the bench has the bar.
        assert statistics.median(times) < 0.1, sorted(times)[-5:]
        live = monitor.api()["live"]
        assert live["redis"]["state"] == "down"
        assert "does not answer" in live["redis"]["error"]
        assert begun - 3 < live["redis"]["answered_ms"] / 1000 < begun + 1
        assert begun < live["redis"]["since_ms"] / 1000 < begun + 5
        assert live["per_second"]["hits"] is None
        assert len(list(tasks.iterdir())) == threads
        assert b"cachemon_redis_up 0" in monitor.get("/metrics")[1]
    finally:
        redis.send(signal.SIGCONT)
    monitor.wait_up()


def test_redis_restarts_empty_and_with_content(alone):
    redis, monitor = alone
    client = redis.client()
    client.pipe(("SET", "wp:wp:posts:%d" % i, "x") for i in range(100))
    client.pipe(("GET", "wp:wp:posts:%d" % i) for i in range(100))
    monitor.wait(lambda now: totals(now) == (100, 0) and now["groups"]
                 and now["groups"]["keys"] >= 100)
    redis.end()
    now = monitor.wait(lambda now: now["live"]["redis"]["state"] == "down")
    assert "Nothing listens" in now["live"]["redis"]["error"] \
        or "closed" in now["live"]["redis"]["error"]
    # What was known then still is, and is said to be of then.
    assert now["live"]["keys"]["total"] >= 100
    redis.start()
    now = monitor.wait_up()
    assert totals(now) == (0, 0)
    monitor.wait(lambda now: now["groups"] and now["groups"]["keys"] <= 1)
    redis.client("root").ask("DEBUG", "RELOAD", "NOSAVE")
    client = redis.client()
    client.pipe(("SET", "wp:wp:posts:%d" % i, "x") for i in range(300))
    root = redis.client("root")
    assert root.ask("SAVE") == b"OK"
    redis.end(signal.SIGKILL)
    redis.start()
    now = monitor.wait(lambda now: now["live"]["redis"]["state"] == "up"
                       and now["live"]["keys"]["total"] >= 300)
    monitor.wait(lambda now: now["groups"] and now["groups"]["keys"] >= 300)
    series = monitor.api("history?range=10m")["series"]
    known = [v for v in series["hit_ratio"] if v is not None]
    assert known and all(0 <= v <= 1 for v in known)


def test_redis_changes_its_password(alone):
    redis, monitor = alone
    root = redis.client("root")
    root.ask("ACL", "SETUSER", "cachemon", "resetpass", ">another")
    root.ask("CLIENT", "KILL", "USER", "cachemon")
    now = monitor.wait(lambda now: "refuses the login of user 'cachemon'" in (
        now["live"]["redis"]["error"] or ""))
    assert now["live"]["redis"]["state"] == "down"
    assert cachemon.SECRET not in json.dumps(now)
    root.ask("ACL", "SETUSER", "cachemon", ">" + cachemon.SECRET)
    monitor.wait_up()
    log = monitor.log.read_text()
    assert cachemon.SECRET not in log
    assert log.count("event=redis_down") <= 3     # said when it begins


def test_redis_is_full(program):
    with cachemon.pair("full", program, redis={
            "maxmemory": "6mb", "policy": "noeviction"}) as (redis, monitor):
        monitor.wait_up()
        redis.client().pipe(("SET", "wp:wp:posts:%d" % i, "x" * 5000)
                            for i in range(2000))
        now = monitor.wait(lambda now: "memory" in now["advice"]["alerts"])
        texts = " ".join(item["text"] for item in now["advice"]["items"])
        assert "can store nothing new" in texts
        assert now["live"]["redis"]["state"] == "up"
        redis.client("root").ask("CONFIG", "SET", "maxmemory-policy",
                                 "allkeys-lru")
        redis.client().pipe(("SET", "wp:wp:terms:%d" % i, "x" * 5000)
                            for i in range(2000))
        now = monitor.wait(lambda now: "evictions" in now["advice"]["alerts"])
        texts = " ".join(item["text"] for item in now["advice"]["items"])
        assert "to make room" in texts


def test_live_commands_without_values(alone):
    redis, monitor = alone
    client = redis.client(source="127.0.0.2")
    status, _ = monitor.order("monitor", seconds=2)
    assert status == 202
    time.sleep(0.7)
    client.ask("SET", "wp:wp:posts:1", "hush-hush")
    client.ask("AUTH", "wordpress", cachemon.SECRET)
    client.ask("GET", "wp:wp:posts:1")
    # One at a time.
    assert monitor.order("monitor", seconds=2)[0] == 409
    shown = monitor.wait(lambda now: now["monitor"]
                         and now["monitor"]["state"] == "done")["monitor"]
    text = json.dumps(shown)
    assert "hush-hush" not in text and cachemon.SECRET not in text
    assert [(line["command"], line["key"]) for line in shown["lines"]
            if line["key"]] == [("SET", "wp:wp:posts:1"),
                                ("GET", "wp:wp:posts:1")]
    assert {"name": "posts", "count": 2} in shown["by_group"]
    assert shown["who"] == "anna"
    for seconds in ("0", "11", "x"):
        assert monitor.order("monitor", seconds=seconds)[0] == 400


def keys_of(redis):
    root = redis.client("root")
    return set(root.ask("KEYS", "*"))


def test_actions_remove_what_they_say(alone):
    redis, monitor = alone
    client = redis.client()
    root = redis.client("root")
    client.pipe(("SET", "wp:wp:%s:%d" % (group, i), "x")
                for group in ("posts", "po*s", "terms") for i in range(700))
    root.ask("SET", "other:posts:1", "x")
    client.ask("SET", "wp:wp:stack:clock", "9")

    def done(job_id):
        return monitor.wait(lambda now: now["job"] and now["job"]["id"] == job_id
                            and now["job"]["state"] != "running")["job"]

    assert monitor.order("flush-group", group="po*s")[0] == 202
    job = done(1)
    assert job["state"] == "done" and job["removed"] == 700
    assert job["who"] == "anna" and job["target"] == "po*s"
    left = keys_of(redis)
    assert sum(b":posts:" in key for key in left) == 701
    assert not any(b"po*s" in key for key in left)
    assert monitor.order("delete-key", key="wp:wp:terms:1")[0] == 202
    assert done(2)["removed"] == 1
    assert monitor.order("delete-key", key="wp:wp:terms:1")[0] == 202
    assert done(3)["removed"] == 0
    # Not the site's, and what the drop-in needs.
    for key in ("other:posts:1", "wp:wp:stack:clock", "cachemon:live", ""):
        assert monitor.order("delete-key", key=key)[0] == 400, key
    assert monitor.order("flush-group", group="stack")[0] == 400
    assert monitor.order("flush-group")[0] == 400
    assert monitor.order("flush-site")[0] == 202
    assert done(4)["removed"] == 1399
    assert keys_of(redis) - {b"cachemon:live"} == {
        b"other:posts:1", b"wp:wp:stack:clock"}
    log = [line for line in monitor.log.read_text().splitlines()
           if "event=action_ended" in line]
    assert len(log) == 4
    assert 'what=flush_group target="po*s" user=anna' in log[0]
    assert "removed=700" in log[0]


def test_only_the_page_may_ask(alone):
    redis, monitor = alone
    redis.client().ask("SET", "wp:wp:posts:1", "x")
    token = monitor.token()
    assert len(token) == 32
    refused = [
        {"token": ""}, {"token": "0" * 32}, {"token": token[:-1]},
        {"user": ""}, {"user": "u" * 64},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"headers": {"Sec-Fetch-Site": "same-site"}},
        {"headers": {"Origin": "https://evil.example"}},
        {"headers": {"Origin": "null"}},
    ]
    for case in refused:
        status, body = monitor.order("flush-site", **{"token": token, **case})
        assert status == 403, (case, status, body)
    # A body, another method, GET.
    assert monitor.request("POST", "/cache/api/v1/flush-site", body=b"a=1",
                           headers={"X-Cachemon-Token": token})[0] == 413
    assert monitor.request("PUT", "/cache/api/v1/flush-site")[0] == 405
    assert monitor.get("/cache/api/v1/flush-site")[0] == 404
    assert monitor.request("POST", "/cache/api/v1/snapshot")[0] == 405
    # Nobody but who came through the proxy learns the token.
    assert monitor.api("control")["token"] is None
    assert b"wp:wp:posts:1" in keys_of(redis)
    assert monitor.api()["job"] is None
    status, _ = monitor.order("flush-site", headers={
        "Origin": "http://127.0.0.1:%d" % monitor.port,
        "Sec-Fetch-Site": "same-origin"})
    assert status == 202


def test_off_unless_switched_on(program):
    with cachemon.pair("off", program, CACHEMON_MONITOR="off",
                       CACHEMON_PROXY="127.0.0.1") as (redis, monitor):
        monitor.wait_up()
        redis.client().ask("SET", "wp:wp:posts:1", "x")
        control = monitor.api("control", headers={"X-Forwarded-User": "anna"})
        assert not control["actions"] and not control["monitor"]
        for what in ("flush-site", "flush-group", "delete-key", "monitor"):
            assert monitor.order(what, group="posts", key="wp:wp:posts:1")[
                0] == 403
        assert b"wp:wp:posts:1" in keys_of(redis)


def test_nobody_but_the_proxy_is_believed(program):
    with cachemon.pair("proxy", program, CACHEMON_ACTIONS="on",
                       CACHEMON_PROXY="192.0.2.1") as (redis, monitor):
        monitor.wait_up()
        assert monitor.token() is None
        assert monitor.order("flush-site", token="0" * 32)[0] == 403


def load(redis, count):
    """A million keys in 40 groups of unequal size; returns the truth."""
    client = redis.client()
    pick = random.Random(3)
    truth = collections.Counter()
    commands = []
    for i in range(count):
        group = "group%d" % min(39, int(pick.expovariate(0.2)))
        size = int(pick.lognormvariate(4, 1))
        truth[group] += 1
        commands.append(("SET", "wp:wp:%s:%d" % (group, i), "x" * size))
        if len(commands) == 20000:
            client.pipe(commands)
            commands = []
    client.pipe(commands)
    client.close()
    return truth


def cpu_seconds(pid):
    stat = pathlib.Path("/proc/%d/stat" % pid).read_text()
    ticks = sum(map(int, stat.rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not LONG, reason="takes minutes; make test-all has it")
def test_a_million_keys(measure):
    plain = cachemon.build(sanitized=False)
    with cachemon.pair("million", plain, redis={"maxmemory": "2gb"},
                       CACHEMON_SCAN_PERCENT=100) as (redis, monitor):
        truth = load(redis, KEYS)
        loaded = now_ms()
        groups = monitor.wait_pass(loaded, 300)
        rows = {row["name"]: row for row in groups["rows"]}
        counted = {name: rows[name]["keys"] for name in truth}
        assert counted == dict(truth)
        # Bytes, of each key.
        exact = collections.Counter()
        root = redis.client("root")
        cursor = b"0"
        while True:
            cursor, keys = root.ask("SCAN", cursor, "COUNT", 5000)
            for key, size in zip(keys, root.pipe(
                    ("MEMORY", "USAGE", key) for key in keys)):
                exact[group_of(key).decode()] += size or 0
            if cursor == b"0":
                break
        total = sum(rows[name]["bytes"] for name in truth)
        true = sum(exact[name] for name in truth)
        assert abs(total - true) < 0.05 * true
        for name in truth:
            if truth[name] > 5000:
                assert abs(rows[name]["bytes"] - exact[name]) \
                    < 0.05 * exact[name], name
        monitor.end()
        # The default pace.
        monitor.environment["CACHEMON_SCAN_PERCENT"] = "3"
        monitor.start()
        monitor.wait(lambda now: now["live"]["scan_progress"])
        before, begun = cpu_seconds(redis.process.pid), time.monotonic()
        time.sleep(20)
        share = (cpu_seconds(redis.process.pid) - before) / (
            time.monotonic() - begun)
        measure("Redis' CPU at cachemon's default pace, a million keys",
                "%.1f %% of one core" % (100 * share))
        assert share < 0.05


@pytest.mark.skipif(not CHAOS, reason="takes minutes; make test-chaos has it")
def test_killed_while_it_writes(measure):
    """History stays sound, and misses ten seconds at most each time."""
    plain = cachemon.build(sanitized=False)
    with cachemon.pair("killed", plain) as (redis, monitor):
        client = redis.client()
        client.ask("SET", "wp:wp:posts:1", "x")
        monitor.wait_up()
        killed = []
        for _ in range(KILLS):
            time.sleep(random.uniform(0.5, 4))
            client.pipe([("GET", "wp:wp:posts:1")] * 50)
            monitor.kill()
            killed.append(time.time())
            monitor.start()
            history = monitor.api("history?range=6h")
            values = history["series"]["keys"]
            assert all(v is None or 0 <= v <= 3 for v in values)
            ratios = history["series"]["hit_ratio"]
            assert all(v is None or 0 <= v <= 1 for v in ratios)
            assert monitor.api()["live"]["history_kept"]
        # From the first to the last moment there is no hole: each stretch of
        # the file's ten seconds is known, but the last before each kill.
        end = time.time()
        history = monitor.api("history?from=%d&to=%d" % (
            killed[0] - 5, end))
        step, start = history["step_s"], history["from"]
        holes = [start + i * step for i, v in
                 enumerate(history["series"]["keys"])
                 if v is None and killed[0] < start + i * step < end - 15]
        longest, run = 0, 0
        for i, v in enumerate(history["series"]["keys"]):
            at = start + i * step
            run = run + step if v is None and killed[0] < at < end - 15 else 0
            longest = max(longest, run)
        measure("cachemon killed %d times" % KILLS,
                "longest hole %d s, %d stretches of %d s missing" % (
                    longest, len(holes), step))
        assert longest <= 10 + step

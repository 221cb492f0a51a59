"""The object cache in a browser at /cache/, and its API."""

import json
import time

SNAPSHOT = "/cache/api/v1/snapshot"


def snapshot(curl):
    reply = curl.monitor(SNAPSHOT)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("application/json")
    return json.loads(reply.body)


def wait_live(curl, condition, seconds=20):
    """The live part of the snapshot, as soon as it meets a condition."""
    deadline = time.monotonic() + seconds
    while True:
        live = snapshot(curl)["live"]
        if live and condition(live):
            return live
        assert time.monotonic() < deadline, live
        time.sleep(0.5)


def info(stack):
    """What Redis says itself, asked as cachemon's user."""
    done = stack.exec(
        "redis", "sh", "-c",
        'REDISCLI_AUTH=$(cat /run/secrets/redis_cachemon_password)'
        ' exec redis-cli --no-auth-warning --user cachemon'
        ' -p "$REDIS_PORT" INFO')
    return dict(line.split(":", 1) for line in done.stdout.splitlines()
                if ":" in line)


def test_needs_the_monitor_user(curl):
    for path in ("/cache/", SNAPSHOT, "/cache/events"):
        reply = curl.get(path)
        assert reply.status == 401, path
        assert "hit_ratio" not in reply.text
    assert curl.get("/cache/", "-u", "monitor:wrong").status == 401


def test_page_opens(curl):
    reply = curl.monitor("/cache/")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "hit ratio" in reply.text.lower()


def test_numbers_are_those_of_redis(curl, stack):
    assert curl.get("/").status == 200
    live = wait_live(curl, lambda live: live["redis"]["state"] == "up"
                     and live["hit_ratio"]["total"] is not None)
    truth = info(stack)
    assert live["redis"]["version"] == truth["redis_version"]
    assert live["memory"]["limit"] == int(truth["maxmemory"]) > 0

    def agrees(live):
        """Nearly: a moment lies between the two readings."""
        truth = info(stack)
        used = int(truth["used_memory"])
        keys = int(truth["db0"].split(",")[0].partition("=")[2])
        hits = int(truth["keyspace_hits"])
        ratio = hits / (hits + int(truth["keyspace_misses"]))
        return (keys > 0 and abs(live["memory"]["used"] - used) < 0.2 * used
                and abs(live["keys"]["total"] - keys) <= 5
                and abs(live["hit_ratio"]["total"] - ratio) < 0.02)

    wait_live(curl, agrees)


def test_it_follows_what_visitors_do(curl):
    before = wait_live(curl, lambda live: live["redis"]["state"] == "up")
    for _ in range(5):
        assert curl.get("/").status == 200
    after = wait_live(curl, lambda live: live["totals"]["hits"]
                      > before["totals"]["hits"])
    assert after["tried_ms"] > before["tried_ms"]


def test_groups_are_wordpress_ones(curl):
    deadline = time.monotonic() + 90
    names = set()
    while not {"options", "posts"} <= names:
        assert time.monotonic() < deadline, names
        assert curl.get("/").status == 200
        time.sleep(1)
        groups = snapshot(curl)["groups"] or {"rows": []}
        names = {row["name"] for row in groups["rows"]}


def test_events_come_by_themselves(curl, stack):
    """Two live events within one open request."""
    done = curl.run("-N", "-u", "%s:%s" % stack.monitor,
                    stack.url + "/cache/events", timeout=7)
    assert done.returncode == 28, done.stderr    # cut by its own time limit
    assert done.stdout.count(b"event: live") >= 2, done.stdout[:500]


def test_page_shows_live_numbers(browser, stack):
    browser.authorize(*stack.monitor)
    browser.open("/cache/")
    browser.wait(lambda: "%" in browser.script(
        "return document.body.innerText"), message="no ratio on the page")


def test_a_dead_redis_is_shown(curl, stack):
    stack.stop("redis")
    try:
        live = wait_live(curl, lambda live: live["redis"]["state"] == "down")
        assert live["redis"]["error"]
        assert curl.monitor("/cache/").status == 200
        assert stack.health()["cachemon"] == "healthy"
    finally:
        stack.start("redis")
        stack.wait_healthy(("redis",))
    wait_live(curl, lambda live: live["redis"]["state"] == "up")

"""The object cache in a browser at /cache/, and its API."""

import gzip
import json
import re
import time

import pytest

from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from stack import settings

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


def test_page_weighs_little(curl):
    """All that the page loads, as it goes over the wire."""
    page = curl.monitor("/cache/").text
    names = set(re.findall(r'(?:src|href)="([\w-]+\.(?:js|css|svg))"', page))
    seen = names | {""}
    todo = sorted(seen)
    weight = 0
    while todo:
        reply = curl.monitor("/cache/" + todo.pop(), "-H",
                             "Accept-Encoding: gzip")
        assert reply.status == 200
        weight += len(reply.body)
        body = reply.body
        if reply.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        for name in re.findall(rb'from "\./(\w+\.js)"', body):
            if name.decode() not in seen:
                seen.add(name.decode())
                todo.append(name.decode())
    assert {"app.js", "plot.js", "uplot.js", "uplot.css", "style.css"} <= seen
    assert weight < 60000, weight


@pytest.mark.skipif(settings.CHARTS == "off", reason="built without uPlot")
def test_charts_are_those_of_npm(curl, stack):
    """What is served is what the lock file names, its licence beside it."""
    reply = curl.monitor("/cache/uplot.js")
    folder = settings.REPO / "srcs/requirements/bonus/cachemon/charts"
    lock = json.loads((folder / "package-lock.json").read_text())
    version = lock["packages"]["node_modules/uplot"]["version"]
    assert "uPlot (v%s)" % version in reply.text[:100]
    assert curl.monitor("/cache/uplot.js", "-H", "If-None-Match: %s"
                        % reply.headers["etag"]).status == 304
    assert "MIT License" in curl.monitor("/cache/uplot-licence.txt").text
    # Of the build's helpers nothing is left in the image.
    left = stack.exec("cachemon", "sh", "-c", "ls /charts /usr/bin/npm"
                      " /usr/local/share/cachemon 2>/dev/null || :").stdout
    assert left.split("\n")[-4:] == ["LICENSE", "uPlot.iife.min.js",
                                     "uPlot.min.css", ""], left
    assert "charts" not in left and "npm" not in left


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
        # Redis counts what cachemon looks up, too (see test_cachemon.py).
        hits, misses = live["totals"]["hits"], live["totals"]["misses"]
        return (keys > 0 and abs(live["memory"]["used"] - used) < 0.2 * used
                and abs(live["keys"]["total"] - keys) <= 5
                and 0 < hits <= int(truth["keyspace_hits"])
                and misses <= int(truth["keyspace_misses"])
                and abs(live["hit_ratio"]["total"]
                        - hits / (hits + misses)) < 0.0001)

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


def activity(curl):
    return snapshot(curl)["activity"] or {"total": {"views": 0}, "rows": []}


def test_wordpress_reports_each_request_by_group(curl):
    """After the page was sent; on the page and in /metrics within seconds."""
    assert curl.get("/").status == 200
    wait_live(curl, lambda live: live["feed"])
    before = activity(curl)["total"]
    for _ in range(5):
        assert curl.get("/").status == 200
    deadline = time.monotonic() + 5
    now = activity(curl)
    while now["total"]["views"] < before["views"] + 5:
        assert time.monotonic() < deadline, now["total"]
        time.sleep(0.2)
        now = activity(curl)
    total = now["total"]
    assert total["hits"] > before.get("hits", 0) and total["us"] > 0
    rows = {row["name"]: row["total"] for row in now["rows"]}
    assert rows["options"]["hits"] > 0
    assert rows["options"]["memory_hits"] > rows["options"]["misses"]
    assert sum(row["hits"] for row in rows.values()) == total["hits"]
    page = curl.monitor("/metrics").text
    assert 'redis_key_group_hits_total{' in page
    assert 'redis_key_group_misses_total{' in page


def order(curl, path, token, *more):
    return curl.monitor("/cache/api/v1/" + path, "-X", "POST", "-H",
                        "X-Cachemon-Token: " + token, *more)


def test_a_group_is_flushed_by_who_logged_in(curl, stack):
    control = json.loads(curl.monitor("/cache/api/v1/control").body)
    assert control["actions"] and control["user"] == stack.monitor[0]
    assert curl.get("/").status == 200
    # A stranger, a forged name, a foreign page.
    assert curl.get("/cache/api/v1/flush-group?group=options",
                    "-X", "POST").status == 401
    assert order(curl, "flush-group?group=options", "0" * 32).status == 403
    assert order(curl, "flush-group?group=options", control["token"],
                 "-H", "Origin: https://evil.example").status == 403
    reply = order(curl, "flush-group?group=options", control["token"],
                  "-H", "X-Forwarded-User: somebody",
                  "-H", "Origin: " + stack.url)
    assert reply.status == 202, reply.text
    deadline = time.monotonic() + 20
    while True:
        job = snapshot(curl)["job"]
        if job and job["state"] != "running":
            break
        assert time.monotonic() < deadline, job
        time.sleep(0.2)
    assert job["state"] == "done" and job["removed"] > 0, job
    assert job["who"] == stack.monitor[0]
    assert "user=%s" % stack.monitor[0] in stack.logs("cachemon", 50)
    assert curl.get("/").status == 200


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


def test_the_page_works_by_keyboard_and_asks_before_it_removes(browser, stack):
    browser.authorize(*stack.monitor)
    browser.open("/cache/")
    browser.wait(lambda: browser.script(
        "return document.querySelectorAll('#groups tbody button.small').length > 0"))
    # Sorted by another column, and filtered.
    first = browser.script("""
        document.querySelector('[data-sort=name]').click();
        const filter = document.querySelector('#filter');
        filter.value = 'opt';
        filter.dispatchEvent(new Event('input'));
        return [...document.querySelectorAll('#groups tbody tr')].map(
            (row) => row.firstChild.textContent);""")
    assert first and all("opt" in name for name in first), first
    # "Keep" removes nothing.
    browser.script("document.querySelector('#groups tbody button.small').click()")
    assert browser.script("return document.querySelector('#confirm').open")
    assert browser.script("return document.activeElement.id") == "confirm-no"
    browser.script("document.querySelector('#confirm-no').click()")
    assert not browser.script("return document.querySelector('#confirm').open")
    assert not browser.console()


def test_charts_read_and_zoom(browser, stack):
    browser.authorize(*stack.monitor)
    browser.open("/cache/")
    if settings.CHARTS == "off":
        browser.wait(lambda: browser.script(
            "return document.querySelectorAll('.chart td').length > 6"))
        return
    browser.wait(lambda: browser.script(
        "return document.querySelectorAll('.chart canvas').length === 6"))
    key = "document.querySelector('.chart .plot').dispatchEvent(" \
        "new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
    browser.script(key % "+")
    browser.wait(lambda: browser.script(
        "return !document.querySelector('#zoom').hidden"))
    browser.script(key % "Escape")
    assert browser.script("return document.querySelector('#zoom').hidden")
    # The picture changes with the colours, by the page's button or the system.
    picture = "return document.querySelector('.chart canvas').toDataURL()"
    browser.scheme("light")
    browser.wait(lambda: "at the end" in (browser.script(
        "return document.querySelector('.chart .plot').ariaLabel") or ""))
    pictures = {browser.script(picture)}
    browser.scheme("dark")
    browser.wait(lambda: browser.script(picture) not in pictures)
    browser.screenshot("cache-dark")
    # A drag over a chart zooms; arrow keys read one value after the other.
    browser.script("document.querySelector('#charts').scrollIntoView()")
    plot = browser.driver.find_element("css selector", ".chart .plot")
    ActionChains(browser.driver).move_to_element_with_offset(plot, -40, 0) \
        .click_and_hold().move_by_offset(90, 0).release().perform()
    browser.wait(lambda: browser.script(
        "return !document.querySelector('#zoom').hidden"))
    plot.send_keys(Keys.ARROW_LEFT)
    words = "return document.querySelector('.chart output').textContent"
    first = browser.script(words)
    assert " · " in first
    plot.send_keys(Keys.ARROW_LEFT)
    assert browser.script(words) != first
    for width in (360, 1440):
        browser.resize(width)
        browser.wait(lambda: browser.script("""
            return [...document.querySelectorAll('.chart canvas')].every((c) =>
                Math.abs(c.clientWidth - c.closest('.plot').clientWidth) < 2
            )"""))
    assert not browser.console()

"""A real Prometheus scrapes the stack, its alerts fire, and whatever the rules
and the dashboard ask for is there."""

import json
import subprocess
import time

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as strict_families)

from stack import queries, settings
from stack.prometheus_server import MONITORING, PrometheusServer

# What `promtool check metrics` finds in names that others have given.
LINT_STATUS = 3


@pytest.fixture(scope="module")
def prometheus(stack):
    with PrometheusServer(stack) as server:
        server.wait(lambda: server.query("up == 1"), "a good scrape")
        yield server


@pytest.fixture
def status(stack):
    """The public list, asked at the exporter itself."""
    networks = stack.container("exporter")["NetworkSettings"]["Networks"]
    address = next(iter(networks.values()))["IPAddress"]
    url = "http://%s:%s/status.json" % (address,
                                        stack.setting("EXPORTER_PORT"))

    def ask():
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "10", url],
            stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)
    return ask


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(1)


def test_nobody_is_missing(scrape):
    taken = scrape()
    assert taken.value("adminer_up") == 1
    for target in ("ftpd", "staticd", "cachemon"):
        assert any(sample.labels["target"].startswith(target + ":")
                   and sample.value == 1 for sample in taken.samples
                   if sample.name == "exporter_target_up"), target
    failed = [sample.labels["collector"] for sample in taken.samples
              if sample.name in ("exporter_collector_success",
                                 "mysql_exporter_collector_success")
              and sample.value != 1]
    assert not failed
    assert not [sample for sample in taken.samples
                if sample.name == "exporter_collector_dropped_lines"
                and sample.value]


def test_updates_are_counted_with_the_object_cache_on(owner, scrape):
    """The transients are in Redis alone then."""
    owner.get("/wp-admin/update-core.php?force-check=1")
    until(lambda: scrape().values("wordpress_theme_count"))
    taken = scrape()
    assert taken.value("wordpress_theme_count") == len(owner.themes())
    for component in ("core", "themes"):
        assert len(taken.values("wordpress_updates_available",
                                component=component)) == 1, component
    info = [sample.labels for sample in taken.samples
            if sample.name == "wordpress_info"]
    assert len(info) == 1 and info[0]["version"][:1].isdigit(), info


def test_tables_are_counted(scrape):
    tables = {sample.labels["table"] for sample in scrape().samples
              if sample.name == "mysql_info_schema_table_rows"}
    assert {"wp_posts", "wp_options", "wp_users"} <= tables


def test_volumes_have_the_names_of_node_exporter(scrape):
    taken = scrape()
    for point in ("/srv/site", "/var/lib/cachemon", "/var/lib/exporter"):
        size, free, avail = (taken.values(
            "node_filesystem_%s_bytes" % what, mountpoint=point)
            for what in ("size", "free", "avail"))
        assert len(size) == len(free) == len(avail) == 1, point
        assert size[0] >= free[0] >= avail[0] > 0, point


def test_strict_openmetrics(curl):
    reply = curl.monitor("/metrics", "-H",
                         "Accept: application/openmetrics-text;version=1.0.0")
    assert reply.headers["content-type"].startswith(
        "application/openmetrics-text; version=1.0.0")
    families = list(strict_families(reply.text))
    names = [family.name for family in families]
    assert len(names) == len(set(names)) and len(names) > 800


def test_promtool_reads_it(curl):
    """It has to be readable; as for names, those of others are as they are."""
    reply = curl.monitor("/metrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=reply.body,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode in (0, LINT_STATUS), done.stdout.decode()[-2000:]
    ours = [line for line in done.stdout.decode().splitlines()
            if line.startswith(("exporter_", "wordpress_", "tls_", "adminer_"))
            # The dashboard of another WordPress exporter has these names.
            and "_count" not in line.split()[0]]
    assert not ours


def test_gzip_and_filter(curl):
    plain = curl.monitor("/metrics?collect[]=redis", "-g")
    assert "\nredis_up 1\n" in plain.text
    assert "mysql_up" not in plain.text
    packed = curl.monitor("/metrics?collect[]=redis", "-g", "--compressed")
    assert packed.headers["content-encoding"] == "gzip"
    assert "\nredis_up 1\n" in packed.text
    refused = curl.monitor("/metrics?collect[]=nobody", "-g")
    assert refused.status == 400 and "mariadb" in refused.text


def test_every_name_that_is_asked_for_exists(prometheus):
    known = prometheus.names()
    asked = queries.of_alerts(MONITORING / "alerts.yml") + [
        (title, expression) for title, expression, _ in
        queries.of_dashboard(MONITORING / "dashboard.json")]
    assert len(asked) > 80
    unknown = {(title, name) for title, expression in asked
               for name in queries.names(expression) if name not in known}
    assert not unknown


def test_every_panel_has_something_to_show(prometheus):
    """Whether its labels are right, too: a wrong one finds nothing."""
    # A rate takes two scrapes.
    prometheus.wait(lambda: prometheus.query(
        "count_over_time(mysql_up[1m]) > 3"), "some scrapes")
    instance = prometheus.query("exporter_build_info")[0][0]["instance"]
    empty, unnamed = [], []
    for title, expression, legend in queries.of_dashboard(
            MONITORING / "dashboard.json"):
        expression = expression.replace("$job", "stack").replace(
            "$instance", instance).replace("$__rate_interval", "1m")
        # A rate of commands that nobody gives right now may be nothing.
        expression = expression.replace(" > 0)", ")")
        found = prometheus.query(expression)
        if not found:
            empty.append((title, expression))
        elif not all(set(legend) <= set(labels) for labels, _ in found):
            unnamed.append((title, legend))
    assert not empty
    assert not unnamed, "a legend names labels that a series does not have"


def test_alerts_fire_while_services_are_stopped(stack, prometheus, status):
    names = set(settings.SERVICES)
    until(lambda: status()["services"] == dict.fromkeys(names, "up"))
    quiet = {("RedisDown", ""), ("AdminerDown", "")}
    prometheus.wait(lambda: not quiet & prometheus.firing(), "all is quiet")
    staticd = "staticd:" + stack.setting("STATICD_PORT")
    stopped = ("redis", "staticd", "adminer")
    try:
        for service in stopped:
            stack.stop(service)
        expected = quiet | {("DaemonDown", staticd)}
        prometheus.wait(lambda: expected <= prometheus.firing(),
                        "alerts of %s" % (stopped,), 90)
        # The rest of the stack is still there, and nobody else is accused.
        assert prometheus.query("mysql_up")[0][1] == 1
        assert {alert for alert in prometheus.firing()
                if alert[0].endswith("Down")} == expected
        until(lambda: status()["services"] == {
            name: "down" if name in stopped else "up" for name in names})
        assert abs(status()["time"] - time.time()) < 15
    finally:
        for service in stopped:
            stack.start(service)
        stack.wait_healthy(stopped)
    prometheus.wait(lambda: not expected & prometheus.firing(),
                    "the alerts end", 90)
    until(lambda: status()["services"] == dict.fromkeys(names, "up"))


def test_alert_when_the_whole_page_is_gone(stack, prometheus):
    stack.stop("exporter")
    try:
        prometheus.wait(lambda: ("StackUnreachable", "")
                        in prometheus.firing(), "StackUnreachable", 90)
    finally:
        stack.start("exporter")
        stack.wait_healthy(("exporter",))
    prometheus.wait(lambda: prometheus.query("up == 1"), "a good scrape again")

"""Our exporter beside Debian's against the same servers: names, types, labels
and values. Ends with status 1 and a list when something differs that allowed.txt
does not allow. php-fpm's exporter is not in Debian: its families are written
down here, and their values are compared with php-fpm's own page."""

import sys

import exporter_targets
from exposition import Allowed, Exposition, compare, fetch

# hipages/php-fpm_exporter: name, type, the key on php-fpm's page.
POOL = (
    ("phpfpm_start_since", "counter", "start since"),
    ("phpfpm_accepted_connections", "counter", "accepted conn"),
    ("phpfpm_listen_queue", "gauge", "listen queue"),
    ("phpfpm_max_listen_queue", "counter", "max listen queue"),
    ("phpfpm_listen_queue_length", "gauge", "listen queue len"),
    ("phpfpm_idle_processes", "gauge", "idle processes"),
    ("phpfpm_active_processes", "gauge", "active processes"),
    ("phpfpm_total_processes", "gauge", "total processes"),
    ("phpfpm_max_active_processes", "counter", "max active processes"),
    ("phpfpm_max_children_reached", "counter", "max children reached"),
    ("phpfpm_slow_requests", "counter", "slow requests"))
CHILD = (
    ("phpfpm_process_requests", "counter", "requests"),
    ("phpfpm_process_last_request_memory", "gauge", "last request memory"),
    ("phpfpm_process_last_request_cpu", "gauge", "last request cpu"),
    ("phpfpm_process_request_duration", "gauge", "request duration"))
STATES = ("Idle", "Running", "Finishing", "Reading headers",
          "Getting request informations", "Ending")


def fpm_differences(targets, ours):
    """(number of series compared, differences)"""
    before = targets.fpm_page()
    taken = Exposition(fetch(ours.url))
    after = targets.fpm_page()
    uri = "http://127.0.0.1:%d/fpm_status" % targets.nginx
    pool = (("pool", "www"), ("scrape_uri", uri))
    found, count = [], 0

    def check(name, kind, labels, low, high):
        nonlocal count
        count += 1
        value = taken.series.get((name, frozenset(labels)))
        if taken.types.get(name) != kind or value is None or not (
                min(low, high) <= value <= max(low, high)):
            found.append("php-fpm: %s %s: %s %r, not %s from %r to %r" % (
                name, labels, taken.types.get(name), value, kind, low, high))

    check("phpfpm_up", "gauge", pool, 1, 1)
    check("phpfpm_scrape_failures", "counter", pool, 0, 0)
    for name, kind, key in POOL:
        check(name, kind, pool, before[key], after[key])
    for number, (one, two) in enumerate(zip(before["processes"],
                                            after["processes"])):
        child = pool + (("child", str(number)),)
        for name, kind, key in CHILD:
            check(name, kind, child, one[key], two[key])
        for state in STATES:
            check("phpfpm_process_state", "gauge", child + (("state", state),),
                  one["state"] == state, two["state"] == state)
    return count, found


def slow_log(targets, ours):
    """What ours leaves in the slow log when every statement is slow."""
    path = targets.home / "slow.log"
    targets.sql("SET GLOBAL slow_query_log_file = '%s', slow_query_log = 1, "
                "long_query_time = 0" % path)
    for _ in range(2):
        fetch(ours.url)
    found = path.read_text().count("User@Host: exporter")
    peer = exporter_targets.mysqld(targets)
    fetch(peer.url)
    peer.stop()
    seen = path.read_text().count("User@Host: exporter")
    targets.sql("SET GLOBAL slow_query_log = 0, long_query_time = 10")
    print("slow log %d statements of ours, %d of mysqld_exporter" % (
        found, seen - found))
    if seen == found:
        return ["slow log: it does not even show the peer"]
    return ["slow log: %d statements of ours" % found] if found else []


def differences(targets, ours):
    """Compares with every peer; prints what was compared, returns what must
    not differ and does."""
    allowed = Allowed()
    found = slow_log(targets, ours)
    # Rows of innodb_metrics that are off by default and have labels.
    targets.sql("SET GLOBAL innodb_monitor_enable = 'module_buffer_page'")
    peers = (
        ("mysqld", exporter_targets.mysqld(
            targets, "--collect.info_schema.innodb_metrics",
            "--collect.info_schema.processlist",
            "--collect.info_schema.tables",
            "--collect.info_schema.tables.databases=wordpress")),
        ("redis", exporter_targets.redis(targets)),
        ("nginx", exporter_targets.nginx(targets)))
    for name, peer in peers:
        comparison, count = compare(name, peer.url, ours.url)
        judged = comparison.judge(allowed)
        print("%-8s %4d series with values compared, %d allowed to differ, "
              "%d not" % (name, count, len(comparison.found) - len(judged),
                          len(judged)))
        found += judged
        peer.stop()
    targets.sql("SET GLOBAL innodb_monitor_disable = 'module_buffer_page'")
    count, judged = fpm_differences(targets, ours)
    print("%-8s %4d series with values compared, %d differ" % (
        "php-fpm", count, len(judged)))
    return found + judged + allowed.unused()


def main():
    with exporter_targets.Targets() as targets:
        found = differences(targets, exporter_targets.ours(targets))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""One Prometheus endpoint for the whole stack."""

import time


def test_needs_the_monitor_user(curl):
    reply = curl.get("/metrics")
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Basic")
    assert "mysql_up" not in reply.text
    assert curl.get("/metrics", "-u", "monitor:wrong").status == 401


def test_every_source_is_up(scrape):
    taken = scrape()
    for name in ("mysql_up", "redis_up", "nginx_up", "phpfpm_up"):
        assert taken.value(name) == 1, name


def test_format_has_types_and_help(curl):
    reply = curl.monitor("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    assert "# HELP mysql_up" in reply.text
    assert "# TYPE mysql_up gauge" in reply.text


def test_wordpress_counts_are_true(scrape, visitor):
    families = [name for name in scrape().families
                if name.startswith("wordpress_")]
    assert families
    expected = visitor.post_count()
    deadline = time.monotonic() + 90
    while not any(value == expected for value in scrape().values(
            "wordpress_posts", post_type="post", status="publish")):
        assert time.monotonic() < deadline, scrape().values("wordpress_posts")
        time.sleep(2)


def test_certificates_end_in_time(scrape):
    ends = scrape().values("tls_certificate_not_after_timestamp_seconds")
    assert len(ends) >= 2, "one for nginx, one for ftpd"
    for end in ends:
        assert 300 < (end - time.time()) / 86400 < 400


def test_a_source_that_is_gone_reads_zero(stack, scrape):
    stack.stop("redis")
    try:
        deadline = time.monotonic() + 60
        while scrape().value("redis_up") != 0:
            assert time.monotonic() < deadline
            time.sleep(1)
        assert scrape().value("mysql_up") == 1
    finally:
        stack.start("redis")
        stack.wait_healthy(("redis",))
    deadline = time.monotonic() + 60
    while scrape().value("redis_up") != 1:
        assert time.monotonic() < deadline
        time.sleep(1)

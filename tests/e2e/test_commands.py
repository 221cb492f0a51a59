"""What a person types beside `make` and `make bonus`."""

import re
import subprocess
import time
import uuid

from stack import settings


def test_hosts_adds_the_domain_once(stack, tmp_path):
    hosts = tmp_path / "hosts"
    entry = "127.0.0.1\t" + settings.DOMAIN
    # The last line has no end.
    hosts.write_text("127.0.0.1\tlocalhost")
    status, output = stack.make("hosts", HOSTS_FILE=str(hosts))
    assert status != 0 and "FORCE=1" in output
    assert hosts.read_text() == "127.0.0.1\tlocalhost"
    stack.must_make("hosts", HOSTS_FILE=str(hosts), FORCE="1")
    wanted = "127.0.0.1\tlocalhost\n%s\n" % entry
    assert hosts.read_text() == wanted
    assert "already" in stack.must_make("hosts", HOSTS_FILE=str(hosts))
    assert hosts.read_text() == wanted


def test_hosts_does_not_overrule_a_person(stack, tmp_path):
    hosts = tmp_path / "hosts"
    text = "10.0.0.9 other.example %s # mine\n" % settings.DOMAIN.upper()
    hosts.write_text(text)
    status, output = stack.make("hosts", HOSTS_FILE=str(hosts), FORCE="1")
    assert status != 0
    assert "10.0.0.9" in output and "by hand" in output
    assert hosts.read_text() == text


def test_format_puts_c_code_right(stack):
    path = settings.REPO / "tests/unit/base/test_view.c"
    before = path.read_text()
    assert "(void)state;" in before
    path.write_text(before.replace("(void)state;", "( void )state ;", 1))
    try:
        stack.must_make("format")
        assert path.read_text() == before
    finally:
        path.write_text(before)


def test_help_names_every_target():
    text = (settings.REPO / "Makefile").read_text()
    targets = text.partition(".PHONY:")[2].replace("\\", "").split()
    done = subprocess.run(["make", "-C", str(settings.REPO), "help"],
                          stdout=subprocess.PIPE, text=True, check=True)
    assert len(targets) > 15
    for target in targets:
        assert "make %s " % target in done.stdout, target


def queries(stack, curl):
    """Database queries of the front page, once its keys are in the cache."""
    path = stack.data / "wordpress/wp-content/mu-plugins/e2e-queries.php"
    path.write_text("<?php add_action('shutdown', static function () {"
                    " echo '<!-- queries ', get_num_queries(), ' -->'; }, 0);")
    try:
        time.sleep(2.5)    # opcache looks every two seconds
        for _ in range(6):
            reply = curl.get("/")
            assert reply.status == 200
        return int(re.search(r"<!-- queries (\d+) -->", reply.text).group(1))
    finally:
        path.unlink()


def test_bonus_and_back_and_again(stack, curl, owner, visitor, measure):
    """`make up` takes the object cache away, `make bonus` brings it back; what
    was written in between is what the cache shows then."""
    dropin = stack.data / "wordpress/wp-content/object-cache.php"
    assert dropin.exists()
    with_cache = queries(stack, curl)
    mark = "written without the cache " + uuid.uuid4().hex
    try:
        stack.must_make("up")
        assert sorted(stack.containers()) == sorted(settings.MANDATORY)
        assert not dropin.exists()
        without = queries(stack, curl)
        owner.rest("POST", "/wp/v2/settings", json={"description": mark})
        assert curl.get("/site/").status == 502
    finally:
        stack.must_make("bonus")
        stack.wait_healthy()
    assert dropin.exists()
    assert owner.rest("GET", "/wp/v2/settings")["description"] == mark
    again = queries(stack, curl)
    measure("database queries of the front page",
            "%d with the object cache, %d without" % (with_cache, without))
    assert with_cache <= 10 and again <= 10
    assert without > with_cache

"""WordPress with its object cache, and without it."""

import time


def keys(stack):
    """Key names, asked as WordPress' own user."""
    done = stack.exec(
        "redis", "sh", "-c",
        'REDISCLI_AUTH=$(cat /run/secrets/redis_wordpress_password)'
        ' exec redis-cli --no-auth-warning --user wordpress'
        ' -p "$REDIS_PORT" --scan')
    return done.stdout.split()


def used_again(stack, curl):
    """Visitors bring WordPress' keys back within seconds."""
    deadline = time.monotonic() + 30
    while not any(":options:" in key for key in keys(stack)):
        assert time.monotonic() < deadline, keys(stack)
        assert curl.get("/").status == 200
        time.sleep(1)


def test_object_cache_is_in_use(stack, curl):
    assert curl.get("/").status == 200
    found = keys(stack)
    assert any(key.startswith("wp:") for key in found), found[:10]


def test_what_the_cache_holds_is_invalidated(owner, visitor):
    """A change by one person is what the next one sees."""
    for title in ("first", "second", "third"):
        owner.rest("POST", "/wp/v2/settings", json={"description": title})
        settings = owner.rest("GET", "/wp/v2/settings")
        assert settings["description"] == title


def test_strangers_are_refused(stack):
    done = stack.exec("redis", "sh", "-c",
                      'redis-cli -p "$REDIS_PORT" GET wp:anything')
    assert "NOAUTH" in done.stdout + done.stderr


def test_site_works_while_redis_is_stopped(stack, curl, owner):
    stack.stop("redis")
    try:
        started = time.monotonic()
        for _ in range(3):
            reply = curl.get("/")
            assert reply.status == 200
            assert "wp-content" in reply.text
        assert time.monotonic() - started < 15
        owner.rest("POST", "/wp/v2/posts", json={
            "title": "Written while Redis was stopped", "status": "publish"})
    finally:
        stack.start("redis")
        stack.wait_healthy(("redis",))
    # What was cached before must not hide what was written meanwhile.
    titles = [post["title"]["rendered"]
              for post in owner.rest("GET", "/wp/v2/posts")]
    assert "Written while Redis was stopped" in titles
    used_again(stack, curl)


def ask(stack, user, secret, *commands):
    """One connection's answers to commands, one line each."""
    script = ("export REDISCLI_AUTH=$(cat /run/secrets/%s);"
              " printf '%%s\\n' \"$@\" | redis-cli --no-auth-warning"
              ' --user %s -p "$REDIS_PORT"' % (secret, user))
    done = stack.exec("redis", "sh", "-c", script, "sh", *commands)
    return [line for line in done.stdout.splitlines() if line]


def test_wordpress_may_use_its_own_keys_only(stack):
    refused = ask(stack, "wordpress", "redis_wordpress_password",
                  "SET other 1", "GET other", "FLUSHALL", "FLUSHDB", "KEYS *",
                  "CONFIG GET maxmemory", "ACL LIST", "CLIENT LIST",
                  "BLPOP wp:list 1", "EVAL \"return redis.call('get','x')\" 0")
    assert len(refused) == 10, refused
    assert all("NOPERM" in line or "can't access" in line
               for line in refused), refused
    allowed = ask(stack, "wordpress", "redis_wordpress_password",
                  "SET wp:probe 1 EX 60", "INCRBY wp:probe 2", "WATCH wp:probe",
                  "UNLINK wp:probe")
    assert allowed == ["OK", "3", "OK", "1"]


def test_cachemon_removes_keys_as_another_user(stack):
    """The one that looks on cannot remove; the other one cannot read."""
    assert ask(stack, "wordpress", "redis_wordpress_password",
               "SET wp:probe secret EX 60", "SET wp:probe2 secret EX 60"
               ) == ["OK", "OK"]
    watcher = ask(stack, "cachemon", "redis_cachemon_password",
                  "PTTL wp:probe", "GET wp:probe", "UNLINK wp:probe",
                  "TYPE wp:probe", "OBJECT ENCODING wp:probe",
                  "CONFIG SET maxmemory 0", "SUBSCRIBE other")
    assert 0 < int(watcher[0]) <= 60000
    assert len(watcher) == 7, watcher
    assert all("NOPERM" in line for line in watcher[1:]), watcher
    actions = ask(stack, "cachemon_actions", "redis_cachemon_actions_password",
                  "UNLINK wp:probe", "UNLINK wp:probe2", "UNLINK wp:probe")
    assert actions == ["1", "1", "0"]
    refused = ask(stack, "cachemon_actions", "redis_cachemon_actions_password",
                  "GET wp:probe", "SET wp:probe 1", "UNLINK other", "FLUSHALL",
                  "CONFIG GET maxmemory", "MONITOR", "EXISTS wp:probe")
    assert len(refused) == 7, refused
    assert all("NOPERM" in line for line in refused), refused


def test_memory_is_limited_and_a_restart_starts_warm(stack, curl):
    settings = ask(stack, "cachemon", "redis_cachemon_password",
                   "CONFIG GET maxmemory", "CONFIG GET maxmemory-policy")
    assert settings == ["maxmemory", str(64 << 20),
                        "maxmemory-policy", "allkeys-lru"]
    for last in (False, False, True):
        used_again(stack, curl)
        before = {key for key in keys(stack) if ":options:" in key}
        stack.stop("redis")
        stack.start("redis")
        stack.wait_healthy(("redis",))
        # Nobody was on the site: all of it is from the snapshot. But a page may
        # have started a cron run, which finds Redis away and has it emptied.
        after = set(keys(stack))
        if before and before <= after:
            return
        assert not last, (before, after)


def test_values_are_igbinary(stack, curl):
    """Smaller, and quicker to read, than PHP's own serialization."""
    used_again(stack, curl)
    key = next(key for key in keys(stack) if key.endswith(":alloptions"))
    value = ask(stack, "wordpress", "redis_wordpress_password",
                "GETRANGE %s 0 3" % key)
    assert value == ["sc1i"]

"""That the daemons under test are the variant's (tests/variant.sh), and how
much of their threads' stacks they use: musl gives little by itself."""

import pathlib
import re

import pytest

from stack import engine, proc, settings
from stack.ftplib_tls import FtpTls

each_daemon = pytest.mark.parametrize("daemon", settings.DAEMONS)

LIBRARIES = {
    "ftpd": {"libmicrohttpd", "libmariadb", "libssl"},
    "staticd": {"libmicrohttpd", "libz"},
    "cachemon": {"libmicrohttpd", "libhiredis"},
    "exporter": {"libmicrohttpd", "libhiredis", "libmariadb", "libssl"},
}


def smaps(pid):
    """(permissions, name, KiB in all, KiB in memory) of each mapping."""
    found = []
    for line in pathlib.Path("/proc/%d/smaps" % pid).read_text().splitlines():
        head = re.match(r"[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \d+ *(.*)$", line)
        if head:
            found.append([head.group(1), head.group(2), 0, 0])
        elif line.startswith("Size:"):
            found[-1][2] = int(line.split()[1])
        elif line.startswith("Rss:"):
            found[-1][3] = int(line.split()[1])
    return found


def stacks(pid):
    """(KiB in all, KiB used) of the stack of each thread but the first: what
    can be written and lies on an unmapped guard."""
    maps = smaps(pid)
    return [(size, used)
            for below, (mode, name, size, used) in zip(maps, maps[1:])
            if below[0].startswith("---p") and mode == "rw-p" and not name
            and below[2] <= 64 and size <= 1024]


@each_daemon
def test_daemon_is_the_variant(stack, daemon):
    pid = stack.container(daemon)["State"]["Pid"]
    mapped = {pathlib.Path(name).name.partition(".so")[0]
              for _, name, _, _ in smaps(pid) if ".so" in name}
    release = stack.exec(daemon, "cat", "/etc/os-release").stdout
    if settings.VARIANT == "musl":
        assert not mapped
    else:
        assert "VERSION_CODENAME=" + settings.VARIANT in release
        assert LIBRARIES[daemon] <= mapped


def test_threads_have_room_on_their_stacks(stack, curl, scrape, measure):
    for _ in range(3):
        for path in ("/site/", "/site/none", "/", "/wp-login.php"):
            curl.get(path)
        curl.monitor("/cache/")
        scrape()
        with FtpTls(stack) as ftp:
            ftp.nlst()
    for daemon in settings.DAEMONS:
        pids = engine.processes(stack.container(daemon)["Id"])
        found = [pair for pairs in proc.each(pids, stacks) for pair in pairs]
        assert found, "%s: no thread has a guarded stack" % daemon
        size, used = max(found, key=lambda pair: pair[1] / pair[0])
        measure("%s: stack of a thread, most used of %d" % (daemon, len(found)),
                "%d of %d KiB" % (used, size))
        for size, used in found:
            assert used <= size / 2, (daemon, size, used)

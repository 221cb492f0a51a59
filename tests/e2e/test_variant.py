"""That the daemons under test are the variant's (tests/variant.sh), and that
their threads have room on their stacks: musl gives little by itself."""

import mmap
import pathlib
import struct

import pytest

from stack import engine, proc, settings
from stack.ftplib_tls import FtpTls

each_daemon = pytest.mark.parametrize("daemon", settings.DAEMONS)

PAGE = mmap.PAGESIZE
STACK = 256 * 1024  # the smallest that a thread is given

LIBRARIES = {
    "ftpd": {"libmicrohttpd"},
    "staticd": {"libmicrohttpd", "libz"},
    "cachemon": {"libmicrohttpd", "libhiredis"},
    "exporter": {"libmicrohttpd", "libhiredis", "libmariadb", "libssl"},
}


def maps(pid):
    """(first address, end, permissions, name) of each mapping."""
    found = []
    for line in pathlib.Path("/proc/%d/maps" % pid).read_text().splitlines():
        span, mode, _, _, _, *name = line.split(None, 5)
        first, end = (int(word, 16) for word in span.split("-"))
        found.append((first, end, mode, name[0] if name else ""))
    return found


def untouched(pid, first, end):
    """Bytes from `first` on that have never been in memory."""
    with open("/proc/%d/pagemap" % pid, "rb") as pagemap:
        pagemap.seek(first // PAGE * 8)
        entries = pagemap.read((end - first) // PAGE * 8)
    for number, (entry,) in enumerate(struct.iter_unpack("=Q", entries)):
        if entry >> 62:  # present or swapped out
            return number * PAGE
    return end - first


def room_on_stacks(pid):
    """KiB that each thread but the first has never used of its stack, which
    lies on an unmapped guard."""
    mapped = maps(pid)
    return [untouched(pid, first, end) // 1024
            for guard, (first, end, mode, name) in zip(mapped, mapped[1:])
            if guard[2].startswith("---") and guard[1] == first
            and guard[1] - guard[0] <= 64 * 1024
            and mode == "rw-p" and not name
            and end - first >= STACK]


@each_daemon
def test_daemon_is_the_variant(stack, daemon):
    pids = engine.processes(stack.container(daemon)["Id"])
    mapped = {pathlib.Path(name).name.partition(".so")[0]
              for each in proc.each(pids, maps)
              for *_, name in each if ".so" in name}
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
        found = [room for rooms in proc.each(pids, room_on_stacks)
                 for room in rooms]
        assert found, "%s: no thread has a guarded stack" % daemon
        measure("%s: never used of a thread's stack, least of %d" % (
            daemon, len(found)), "%d KiB" % min(found))
        assert min(found) >= STACK / 2 / 1024, (daemon, found)

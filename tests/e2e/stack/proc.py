"""Processes as /proc shows them: the tests share the host's numbering."""

import pathlib


def status(pid):
    """/proc/PID/status as a dictionary of words."""
    fields = {}
    for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines():
        name, _, rest = line.partition(":")
        fields[name] = rest.split()
    return fields


def comm(pid):
    return pathlib.Path("/proc/%d/comm" % pid).read_text().strip()


def anonymous_kib(pid):
    return int(status(pid).get("RssAnon", ["0"])[0])


def descriptors(pid):
    return len(list(pathlib.Path("/proc/%d/fd" % pid).iterdir()))


def each(pids, read):
    """read(pid) of those processes that are still there: a container's health
    checks come and go while one looks."""
    found = []
    for pid in pids:
        try:
            found.append(read(pid))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found

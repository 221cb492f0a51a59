"""What the four daemons cost."""

from stack import engine, proc, settings

LIMIT_KIB = 12 * 1024


def test_daemons_share_twelve_megabytes(stack, measure):
    used = {}
    for service in settings.DAEMONS:
        pids = engine.processes(stack.container(service)["Id"])
        used[service] = sum(proc.each(pids, proc.anonymous_kib))
    measure("anonymous memory of the daemons", "%d KiB: %s" % (
        sum(used.values()), used))
    assert sum(used.values()) <= LIMIT_KIB, used

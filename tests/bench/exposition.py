"""What two exporters say about the same servers, compared.

A family of the peer has to be in ours with the same type, and each of its
series with the same labels. Values are compared over several rounds of peer,
ours, peer: in one of them at least ours has to lie between the peer's two.

What may differ is in allowed.txt beside this file, each line with its reason;
a line that nothing needs any more is a difference itself.
"""

import fnmatch
import pathlib
import re
import urllib.request

ALLOWED = pathlib.Path(__file__).with_name("allowed.txt")
# Of what differs by allowance, values may happen to agree in a run.
KINDS = ("missing", "type", "series", "value")


def fetch(url):
    request = urllib.request.Request(url, headers={"Accept": "text/plain"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read().decode()


SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)\Z")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Exposition:
    """One scrape: families with their types, series with their values. Read
    here and not by Prometheus' client library, which renames counters."""

    def __init__(self, text):
        self.types = {}
        self.series = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.types[name] = kind
            elif line and not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                key = (name, frozenset(LABEL.findall(labels or "")))
                self.series[key] = float(value)

    def family(self, name):
        """The family of a series' name on the wire."""
        if name in self.types:
            return name
        for suffix in ("_sum", "_count", "_bucket"):
            if name.endswith(suffix) and name[:-len(suffix)] in self.types:
                return name[:-len(suffix)]
        return name


def show(key):
    name, labels = key
    return "%s{%s}" % (name, ",".join(
        '%s="%s"' % item for item in sorted(labels)))


def between(value, a, b):
    """Between two of the peer's values, or equal but for their last digits."""
    if value != value:
        return a != a or b != b
    low, high = min(a, b), max(a, b)
    slack = 1e-9 * max(abs(low), abs(high))
    return low - slack <= value <= high + slack


class Comparison:
    def __init__(self, peer):
        self.peer = peer
        self.found = {}

    def note(self, kind, what, family, detail):
        self.found.setdefault((kind, what), (family, detail))

    def names(self, peer, ours):
        """Families, types, series of one pair of scrapes."""
        for name, kind in peer.types.items():
            if name not in ours.types:
                self.note("missing", name, name, kind)
            elif ours.types[name] != kind:
                self.note("type", name, name, "%s, not %s" % (
                    ours.types[name], kind))
        for key in peer.series:
            family = peer.family(key[0])
            if family in ours.types and key not in ours.series:
                self.note("series", show(key), family, "")

    def values(self, rounds):
        """rounds: [(peer, ours, peer)]"""
        agreed, seen = set(), {}
        for before, ours, after in rounds:
            for key, value in ours.series.items():
                if key in before.series and key in after.series:
                    seen[key] = (before.family(key[0]), "%r, not %r to %r" % (
                        value, before.series[key], after.series[key]))
                    if between(value, before.series[key], after.series[key]):
                        agreed.add(key)
        for key in set(seen) - agreed:
            self.note("value", show(key), *seen[key])
        return len(seen)

    def judge(self, allowed):
        """The differences that no line allows."""
        return ["%s: %s %s %s" % (self.peer, kind, what, detail)
                for (kind, what), (family, detail) in sorted(
                    self.found.items())
                if not allowed.covers(self.peer, kind, family, what)]


class Allowed:
    def __init__(self, path=ALLOWED):
        self.lines = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line and not line.startswith("#"):
                what, _, reason = line.partition(" : ")
                peer, kind, pattern = what.split()
                assert kind in KINDS and reason.strip(), \
                    "%s:%d: %s" % (path.name, number, line)
                self.lines.append([peer, kind, pattern, 0])

    def covers(self, peer, kind, family, what):
        """A pattern is of a family's name, or with `{` of a series."""
        covered = False
        for line in self.lines:
            name = what if "{" in line[2] else family
            if line[:2] == [peer, kind] and fnmatch.fnmatchcase(name, line[2]):
                line[3] += 1
                covered = True
        return covered

    def unused(self):
        """Lines that nothing needed, values aside: those come and go."""
        return ["allowed.txt: %s %s %s allows nothing" % tuple(line[:3])
                for line in self.lines
                if not line[3] and line[1] != "value"]


def compare(peer_name, peer_url, ours_url, rounds=10, get=fetch):
    """Scrapes both in turn; returns the Comparison and the number of series
    whose values were compared."""
    taken = []
    before = Exposition(get(peer_url))
    for _ in range(rounds):
        ours = Exposition(get(ours_url))
        after = Exposition(get(peer_url))
        taken.append((before, ours, after))
        before = after
    comparison = Comparison(peer_name)
    comparison.names(*taken[0][:2])
    return comparison, comparison.values(taken)

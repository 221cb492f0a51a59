"""Figures of one benchmark part: taken interleaved, compared with the best peer,
written as out/PART.json and printed as a table.

    part = Part("static")
    taken = interleaved(9, {"ours": run_ours, "nginx": run_nginx})
    part.add("CPU per request, 1 KiB", "us", "less", taken, bar=1.33)
    part.missing("p99 at 1,000 connections", "ms", "less", 1.0, "why not")
    part.write()
"""

import datetime
import json
import os
import pathlib
import platform
import random
import statistics

OURS = "ours"
OUT = pathlib.Path(os.environ.get("BENCH_OUT", "out"))
TICK = os.sysconf("SC_CLK_TCK")


def interleaved(repeats, contestants):
    """Calls each contestant's function `repeats` times, in turn, each round
    beginning with another, so that the machine's drift hits all alike.
    Returns {name: [value of each round]}; a round's values stay aligned."""
    names = list(contestants)
    taken = {name: [] for name in names}
    for turn in range(repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            taken[name].append(contestants[name]())
    return taken


def interval_low(ours, peer, better, rounds=2000):
    """Lower end of the 95 % interval of the ratio of medians, by a paired
    bootstrap over the rounds; above 1 is better for us."""
    pick = random.Random(1)
    pairs = list(zip(ours, peer))
    ratios = []
    for _ in range(rounds):
        sample = [pick.choice(pairs) for _ in pairs]
        ratios.append(ratio(statistics.median(a for a, _ in sample),
                            statistics.median(b for _, b in sample), better))
    return sorted(ratios)[int(0.025 * rounds)]


def ratio(ours, peer, better):
    """Ours to a peer's, turned so that above 1 is better for us."""
    if ours == peer:
        return 1.0
    top, bottom = (ours, peer) if better == "more" else (peer, ours)
    # JSON knows no infinity.
    return top / bottom if bottom else 1e6


def tree(pid):
    """A process and all that descend from it."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu_seconds(pid):
    """User and system time that a server has used, its children's included,
    those that ended and were waited for too."""
    ticks = 0
    for each in tree(pid):
        try:
            stat = pathlib.Path("/proc/%d/stat" % each).read_text()
        except OSError:
            continue
        ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return ticks / TICK


def memory_kib(pid):
    """(anonymous memory and page tables, resident set) of a process tree."""
    counted, resident = 0, 0
    for each in tree(pid):
        try:
            text = pathlib.Path("/proc/%d/status" % each).read_text()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in text.splitlines())
        counted += sum(int(fields[name].split()[0])
                       for name in ("RssAnon", "VmPTE") if name in fields)
        resident += int(fields.get("VmRSS", "0").split()[0])
    return counted, resident


def proportional_kib(pid):
    """Proportional set size of a process tree."""
    counted = 0
    for each in tree(pid):
        try:
            text = pathlib.Path("/proc/%d/smaps_rollup" % each).read_text()
        except OSError:
            continue
        counted += sum(int(line.split()[1]) for line in text.splitlines()
                       if line.startswith("Pss:"))
    return counted


class Part:
    def __init__(self, name):
        self.name = name
        self.figures = []

    def add(self, name, unit, better, taken, bar, note=None):
        """One figure from what interleaved() returned; it must hold OURS."""
        ours = statistics.median(taken[OURS])
        peers = {peer: statistics.median(values)
                 for peer, values in taken.items() if peer != OURS}
        best = (max if better == "more" else min)(peers, key=peers.get)
        figure = {
            "name": name, "unit": unit, "better": better, "ours": ours,
            "peers": peers, "ratio": ratio(ours, peers[best], better),
            "low": interval_low(taken[OURS], taken[best], better), "bar": bar}
        if note:
            figure["note"] = note
        self.figures.append(figure)
        self._print(figure)

    def limit(self, name, unit, value, most):
        """A figure of ours alone that has an upper bound."""
        figure = {
            "name": name, "unit": unit, "better": "less", "ours": value,
            "peers": {"limit": most}, "ratio": ratio(value, most, "less"),
            "low": ratio(value, most, "less"), "bar": 1.0}
        self.figures.append(figure)
        self._print(figure)

    def missing(self, name, unit, better, bar, reason):
        """A figure that could not be taken."""
        self.figures.append({
            "name": name, "unit": unit, "better": better, "ours": None,
            "peers": {}, "ratio": None, "low": None, "bar": bar,
            "reason": reason})
        print("%-52s not taken: %s" % (name, reason), flush=True)

    @staticmethod
    def _print(figure):
        met = figure["bar"] is None or figure["ratio"] >= figure["bar"] or (
            figure["bar"] == 1.0 and figure["low"] >= 0.97)
        print("%-52s %10.4g %-8s ratio %5.2f (low %5.2f, bar %s) %-4s %s" % (
            figure["name"], figure["ours"], figure["unit"], figure["ratio"],
            figure["low"], figure["bar"], "met" if met else "NOT",
            " ".join("%s=%.4g" % peer for peer in figure["peers"].items())),
            flush=True)

    def write(self):
        OUT.mkdir(parents=True, exist_ok=True)
        path = OUT / (self.name + ".json")
        path.write_text(json.dumps({
            "part": self.name,
            "machine": "%s, %d cores" % (platform.machine(), os.cpu_count()),
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(
                timespec="seconds"),
            "figures": self.figures}, indent=1) + "\n")
        print("written: %s" % path.name)

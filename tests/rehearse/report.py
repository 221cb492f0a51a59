"""What alpine-check finds, as a text to send: which packages the real base
gave, and where the table (tests/rehearse/tables) says otherwise."""

import re
import time

import table
from engine import docker


def installed(image):
    """Name -> version of every package in an image, as its apk tells."""
    done = docker("run", "--rm", "--network", "none", "--user", "0",
                  "--entrypoint", "/sbin/apk", image, "info", "-v", check=False)
    found = {}
    for line in done.stdout.splitlines():
        match = re.match(r"(\S+)-(\d[^-\s]*-r\d+)$", line.strip())
        if match:
            found[match.group(1)] = match.group(2)
    return found


def order(version):
    """Something that compares as two versions do, well enough for a report."""
    return [int(part) for part in re.findall(r"\d+", version)]


def differences(packages, found, asked, real=True):
    """One line for each point where what was found is not what the table has.
    The simulated base knows no more than the table does."""
    lines = []
    for name in sorted(found):
        if name not in packages:
            if name in asked:
                lines.append("%s: %s, not in the table" % (name, found[name]))
            continue
        stated = packages[name]["version"][0]
        if order(found[name]) < order(stated):
            lines.append("%s: %s, older than the table's %s"
                         % (name, found[name], stated))
        elif order(found[name])[:2] != order(stated)[:2]:
            lines.append("%s: %s, another branch than the table's %s"
                         % (name, found[name], stated))
        if real and packages[name].get("measured") == ["no"]:
            lines.append("%s: is there; `measured: no` can go" % name)
    lines += ["%s: was asked for and is not there" % name
              for name in sorted(asked) if name not in found
              and not any(name in " ".join(package.get("provides", [])).split()
                          for package in packages.values())]
    return lines


def missing_paths(packages, asked, image):
    """Paths that the table promises, in a fresh container with these packages."""
    wanted = [(name, path) for name in sorted(asked) if name in packages
              for path in packages[name].get("path", [])]
    script = "apk add --no-cache %s >/tmp/log 2>&1 || { cat /tmp/log; exit 9; }\n" \
        % " ".join(sorted(asked))
    script += "".join("[ -e %s ] || echo '%s: %s is not there'\n"
                      % (path, name, path) for name, path in wanted)
    done = docker("run", "--rm", "-i", image, "/bin/sh", "-s", stdin=script,
                  check=False, timeout=900)
    return done.stdout.splitlines()


def is_simulated(image):
    """By its label, whatever it is called."""
    return docker("image", "inspect", "-f",
                  '{{index .Config.Labels "inception.simulated"}}',
                  image).stdout.strip() == "yes"


def write(rehearsal, services, failed):
    simulated = is_simulated(rehearsal.base)
    packages = table.read(rehearsal.table)
    asked, found, lines = set(), {}, []
    for service in services:
        asked.update(table.asked_for(rehearsal.tree.read(
            rehearsal.tree.dockerfile(service))))
        if service not in failed:
            found.update(installed(rehearsal.image(service)))
    engine = docker("version", "--format", "{{.Server.Version}}").stdout.strip()
    lines += ["Alpine check: %s, %s, engine %s" % (
        rehearsal.base, time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        engine)]
    if simulated:
        lines += ["SIMULATED: none of this was seen on Alpine."]
    lines += ["", "Dockerfiles"]
    for service in services:
        faults = failed.get(service)
        lines.append("  %-10s %s" % (service, "passed" if not faults else "FAILED"))
        lines += ["    " + line for fault in faults or ()
                  for line in fault.splitlines()]
    lines += ["", "Packages asked for"]
    lines += ["  %-28s %s" % (name, found.get(name, "?")) for name in sorted(asked)]
    lines += ["", "Otherwise than the table has it"]
    others = differences(packages, found, asked, not simulated)
    others += missing_paths(packages, asked, rehearsal.base)
    lines += ["  " + line for line in others] or ["  nothing"]
    return "\n".join(lines) + "\n"

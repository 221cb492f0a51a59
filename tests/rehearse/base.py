"""The simulated base image: made once for each state of the files that it is
made of, and never called what the real one is called."""

import hashlib
import pathlib
import re
import sys

from engine import docker, has_image

HERE = pathlib.Path(__file__).resolve().parent
NAME = "simulated-alpine"
INPUTS = ("image", "files", "tables/downloads.table")


def table_path(minor):
    return HERE / "tables" / ("alpine-%s.table" % minor)


def minor_of(version):
    """3.23.6 -> 3.23"""
    return ".".join(version.split(".")[:2])


def release_of(table):
    """The release that a table is about: alpine-release's version."""
    text = table.read_text()
    match = re.search(r"^package: alpine-release\n(?:.+\n)*?version: (\S+)-r\d+$",
                      text, re.M)
    if not match:
        sys.exit("%s: no version of alpine-release" % table.name)
    return match.group(1)


def digest(minor):
    """One word for all that the base is made of."""
    paths = [table_path(minor)]
    for name in INPUTS:
        paths += [HERE / name] + sorted((HERE / name).rglob("*"))
    whole = hashlib.sha256()
    for path in paths:
        if path.is_file():
            whole.update(str(path.relative_to(HERE)).encode() + b"\0")
            whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def ensure(minor):
    """Its name; built first where it is not there yet."""
    name = "%s:%s-%s" % (NAME, minor, digest(minor))
    if has_image(name):
        return name
    print("   making the simulated base %s (once; two to five minutes)" % name,
          flush=True)
    done = docker("build", "--progress=plain", "--build-arg", "ALPINE=" + minor,
                  "-t", name, "-f", HERE / "image/Dockerfile", HERE,
                  check=False, timeout=1800)
    if done.returncode != 0:
        sys.exit("the simulated base could not be made:\n" + done.stdout[-4000:])
    for old in docker("images", "--format", "{{.Repository}}:{{.Tag}}",
                      NAME).stdout.split():
        if old != name and old.startswith("%s:%s-" % (NAME, minor)):
            docker("rmi", old, check=False)
    return name

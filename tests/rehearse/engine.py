"""The Docker engine, as the rehearsal uses it. Whatever is made here carries
this run's mark, and goes at the end."""

import os
import subprocess
import uuid

# tests/run.sh gives the mark, and removes what a broken-off run leaves.
MARK = os.environ.get("REHEARSAL_MARK") or uuid.uuid4().hex[:8]
LABELS = ("--label", "inception.rehearsal=" + MARK)


def docker(*words, check=True, timeout=300, stdin=None):
    """Runs the client; both channels end up in .stdout."""
    done = subprocess.run(
        ("docker",) + tuple(str(word) for word in words), input=stdin,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", timeout=timeout,
        env={**os.environ, "DOCKER_BUILDKIT": "1"})
    if check and done.returncode != 0:
        raise RuntimeError("docker %s: %s" % (words[0], done.stdout[-3000:]))
    return done


def has_image(name):
    return docker("image", "inspect", name, check=False).returncode == 0


def remove_all():
    """This run's containers, volumes, networks and images."""
    mark = "label=inception.rehearsal=" + MARK
    for listing, removal in (
            (("ps", "-aq"), ("rm", "-f", "-v")),
            (("volume", "ls", "-q"), ("volume", "rm", "-f")),
            (("network", "ls", "-q"), ("network", "rm")),
            (("images", "-q"), ("rmi", "-f"))):
        ids = docker(*listing, "--filter", mark, check=False).stdout.split()
        if ids:
            docker(*removal, *sorted(set(ids)), check=False)

"""The Docker engine, through its command line client."""

import json
import subprocess

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"


def docker(*args, check=True, timeout=60, **kwargs):
    """Runs the client and returns the finished process, output as text."""
    done = subprocess.run(("docker",) + args, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError("docker %s: status %d: %s" % (
            " ".join(args), done.returncode, done.stderr.strip()))
    return done


def inspect(*ids):
    return json.loads(docker("inspect", *ids).stdout) if ids else []


def project_containers(project):
    """The inspect documents of a project's containers, by service."""
    ids = docker("ps", "-aq", "--no-trunc", "--filter", "label=%s=%s" % (
        PROJECT_LABEL, project)).stdout.split()
    return {document["Config"]["Labels"][SERVICE_LABEL]: document
            for document in inspect(*ids)}


def project_leftovers(project):
    """Names of everything a project has in the engine, images left out."""
    found = []
    mark = "label=%s=%s" % (PROJECT_LABEL, project)
    for kind, form in (("container", "{{.Names}}"), ("network", "{{.Name}}"),
                       ("volume", "{{.Name}}")):
        command = ("ps", "-a") if kind == "container" else (kind, "ls")
        out = docker(*command, "--filter", mark, "--format", form).stdout
        found += ["%s %s" % (kind, name) for name in out.split()]
    return found


def processes(container_id):
    """Process ids, as the host numbers them, of a container."""
    out = docker("top", container_id, "-eo", "pid").stdout.split()
    return [int(word) for word in out[1:]]

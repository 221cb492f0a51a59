"""The rules of the exercise that only the life of a stack shows: the wipe of
the evaluation sheet, a reboot, changed ports, a brief change. Each test leaves
the stack as it found it.

The engine itself is not stopped here, since it may serve others; that is done
to an engine of its own by tests/engine-restart.sh (make test-all)."""

import os
import socket
import time
import uuid

import pytest

from stack import engine, settings
from stack.curl import Curl, CurlFtp
from stack.stack import free_port
from stack.wordpress import WordPress

ALL = os.environ.get("TEST_TIER") == "all"


class Mark:
    """An edited page and an uploaded file, looked for again later."""

    def __init__(self, stack, tmp_path):
        self.stack = stack
        self.word = uuid.uuid4().hex
        self.file = "wp-content/uploads/life-%s.txt" % self.word[:8]
        source = tmp_path / "life.txt"
        source.write_text(self.word)
        owner = WordPress.owner(stack)
        self.page = owner.rest("GET", "/wp/v2/pages",
                               params={"per_page": 1})[0]["id"]
        owner.rest("POST", "/wp/v2/pages/%d" % self.page,
                   json={"title": "Life " + self.word})
        CurlFtp(stack).upload(source, self.file)

    def must_be_there(self):
        curl = Curl(self.stack)
        assert self.word in curl.get("/?page_id=%d" % self.page, "-L").text
        assert curl.get("/" + self.file).text == self.word
        assert CurlFtp(self.stack).download(self.file).decode() == self.word
        WordPress.owner(self.stack)


def everything_answers(stack):
    curl = Curl(stack)
    assert stack.setting("WP_TITLE") in curl.get("/").text
    assert curl.get("/site/").status == 200
    for path in ("/cache/", "/metrics", "/adminer/"):
        assert curl.monitor(path).status == 200, path
    metrics = curl.monitor("/metrics").text
    for line in ("nginx_up", "mysql_up", "redis_up"):
        assert "\n%s 1" % line in metrics, line
    assert "wp-content" in CurlFtp(stack).names("")


def project_images(stack):
    return engine.docker("images", "-q", "--no-trunc", "--filter",
                         "label=inception.project=" + stack.project
                         ).stdout.split()


def test_r36_fresh_start_after_the_wipe(stack, tmp_path, measure):
    """The sheet's own commands, on this project's things only."""
    mark = Mark(stack, tmp_path)
    label = "label=%s=%s" % (engine.PROJECT_LABEL, stack.project)
    containers = engine.docker("ps", "-qa", "--filter", label).stdout.split()
    # In the short run another name keeps the layers, so that building again
    # takes seconds; make still finds none of its images.
    images = sorted(set(project_images(stack)))
    kept = {}
    if not ALL:
        for number, image in enumerate(images):
            kept[image] = "%s-kept:%d" % (stack.project, number)
            engine.docker("tag", image, kept[image])
    tags = [tag for document in engine.inspect(*images)
            for tag in document["RepoTags"] if tag not in kept.values()]
    try:
        engine.docker("stop", *containers, timeout=180)
        engine.docker("rm", *containers)
        engine.docker("rmi", "-f", *(tags if kept else images))
        for kind in ("volume", "network"):
            names = engine.docker(kind, "ls", "-q", "--filter",
                                  label).stdout.split()
            assert names
            engine.docker(kind, "rm", *names)
        assert engine.project_leftovers(stack.project) == []
        assert not [tag for tag in tags if engine.docker(
            "image", "inspect", tag, check=False).returncode == 0]

        started = time.monotonic()
        stack.must_make("bonus", timeout=1200)
        measure("make bonus after the wipe", "%.0f s" % (
            time.monotonic() - started))
    finally:
        for name in kept.values():
            engine.docker("rmi", name, check=False)
    stack.wait_healthy()
    mark.must_be_there()
    everything_answers(stack)


def test_r37_after_a_reboot_all_is_still_there(stack, tmp_path, measure):
    """As the machine goes down, everything stops at once; as it comes up,
    Docker starts everything in no particular order: here in the worst one."""
    mark = Mark(stack, tmp_path)
    documents = stack.containers()
    ids = [documents[service]["Id"] for service in settings.SERVICES]
    engine.docker("stop", *ids, timeout=180)
    assert not [service for service, document in stack.containers().items()
                if document["State"]["Running"]]
    started = time.monotonic()
    # Whoever needs another comes well before it.
    last = {"wordpress": 1, "redis": 2, "mariadb": 2}
    for turn in range(3):
        engine.docker("start", *(
            documents[service]["Id"] for service in settings.SERVICES
            if last.get(service, 0) == turn), timeout=180)
        time.sleep(5 if turn < 2 else 0)
    stack.wait_healthy(seconds=120)
    measure("healthy after a reboot", "%.0f s" % (time.monotonic() - started))
    mark.must_be_there()
    everything_answers(stack)
    # The same containers, which make finds as they should be.
    stack.must_make("bonus")
    assert sorted(document["Id"] for document
                  in stack.containers().values()) == sorted(ids)
    mark.must_be_there()


# --- configuration -----------------------------------------------------------

# The service that listens on a port, and whether this machine opens it.
PORTS = {
    "HTTPS_PORT": ("nginx", True), "FTP_PORT": ("ftpd", True),
    "FTP_PASV_MIN": ("ftpd", True), "FTP_PASV_MAX": ("ftpd", True),
    "NGINX_STATUS_PORT": ("nginx", False),
    "PHP_FPM_PORT": ("wordpress", False),
    "PHP_FPM_STATUS_PORT": ("wordpress", False),
    "MARIADB_PORT": ("mariadb", False), "REDIS_PORT": ("redis", False),
    "ADMINER_PORT": ("adminer", False), "FTPD_HTTP_PORT": ("ftpd", False),
    "STATICD_PORT": ("staticd", False), "CACHEMON_PORT": ("cachemon", False),
    "EXPORTER_PORT": ("exporter", False),
}


def other_ports(stack):
    """A new value for each."""
    values = {name: str(int(stack.setting(name)) + 40)
              for name, (_, outside) in PORTS.items() if not outside}
    values["HTTPS_PORT"] = str(free_port(30443))
    values["FTP_PORT"] = str(free_port(30021))
    passive = free_port(30100, 20)
    values["FTP_PASV_MIN"] = str(passive)
    values["FTP_PASV_MAX"] = str(passive + 19)
    return values


def use(stack, values):
    """Edits the lines as a person would, runs make, and tells the clients."""
    lines = stack.env_file.read_text().splitlines()
    for number, line in enumerate(lines):
        name = line.partition("=")[0]
        if name in values:
            lines[number] = "%s=%s" % (name, values[name])
    stack.env_file.write_text("\n".join(lines) + "\n")
    stack.must_make("bonus")
    stack.https_port = int(stack.setting("HTTPS_PORT"))
    stack.ftp_port = int(stack.setting("FTP_PORT"))
    stack.passive = int(stack.setting("FTP_PASV_MIN"))
    stack.wait_healthy()


def listening(stack, name, value):
    """Asked where it can be: on this machine, or in the container's network."""
    service, outside = PORTS[name]
    places = ["127.0.0.1"] if outside else [
        network["IPAddress"] for network in stack.container(service)
        ["NetworkSettings"]["Networks"].values()]
    for place in places:
        with socket.socket() as client:
            client.settimeout(3)
            if client.connect_ex((place, int(value))) == 0:
                return True
    return False


def changed(stack, tmp_path, names):
    mark = Mark(stack, tmp_path)
    before = {name: stack.setting(name) for name in PORTS}
    new = other_ports(stack)
    wanted = dict(before, **{name: new[name] for name in names})
    if "FTP_PASV_MIN" in names and "FTP_PASV_MAX" not in names:
        wanted["FTP_PASV_MIN"] = str(int(before["FTP_PASV_MIN"]) + 5)
    if "FTP_PASV_MAX" in names and "FTP_PASV_MIN" not in names:
        wanted["FTP_PASV_MAX"] = str(int(before["FTP_PASV_MAX"]) - 5)
    try:
        use(stack, wanted)
        for name in names:
            if not name.startswith("FTP_PASV"):
                assert listening(stack, name, wanted[name]), name
                assert not listening(stack, name, before[name]), name
        everything_answers(stack)
        mark.must_be_there()
        assert stack.url in Curl(stack).get("/").text
    finally:
        use(stack, before)
    everything_answers(stack)
    mark.must_be_there()


def test_r38_every_port_can_be_another(stack, tmp_path):
    changed(stack, tmp_path, list(PORTS))


@pytest.mark.skipif(not ALL, reason="one by one in make test-all")
@pytest.mark.parametrize("name", PORTS)
def test_r38_one_port_is_another(stack, tmp_path, name):
    changed(stack, tmp_path, [name])


def test_r39_a_brief_change_takes_seconds(stack, measure):
    """One line of one service; make builds and replaces that one only. The
    repository is this run's own copy."""
    headers = stack.repo / "srcs/requirements/nginx/conf/headers.conf"
    original = headers.read_text()
    ids = {service: document["Id"]
           for service, document in stack.containers().items()}
    try:
        headers.write_text(original
                           + 'add_header X-Brief-Change "seen" always;\n')
        started = time.monotonic()
        stack.must_make("bonus")
        seconds = time.monotonic() - started
        reply = Curl(stack).get("/")
        assert reply.headers.get("x-brief-change") == "seen"
        assert reply.status == 200
        others = {service for service, document in stack.containers().items()
                  if document["Id"] == ids[service]}
        assert others == set(settings.SERVICES) - {"nginx"}
    finally:
        headers.write_text(original)
        stack.must_make("bonus")
    assert "x-brief-change" not in Curl(stack).get("/").headers
    measure("a brief change of nginx", "%.0f s" % seconds)
    assert seconds < 120

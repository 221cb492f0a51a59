"""The same stack under Compose 2.26, which has its own project and data."""

import time

import pytest

from stack import engine, settings
from stack.curl import Curl
from stack.stack import Stack


@pytest.fixture(scope="module")
def second(stack):
    """A stack whose client finds the plugin, and so Compose 2. The first one
    makes room: the engine has networks for three such stacks, hardly more."""
    stack.save_logs()
    stack.must_make("down")
    second = Stack("compose2", base=stack.setting("BASE"))
    second.environment = {"DOCKER_CONFIG": "/opt/compose2"}
    yield second
    second.save_logs()
    second.remove()


def test_up_down_and_again(second, measure):
    second.must_make("bonus", timeout=1200)
    versions = {document["Config"]["Labels"]["com.docker.compose.version"]
                for document in second.containers().values()}
    assert all(version.startswith("2.") for version in versions), versions
    second.wait_healthy(seconds=60)
    curl = Curl(second)
    assert curl.get("/").status == 200
    assert curl.get("/site/").status == 200
    for path in ("/cache/", "/metrics", "/adminer/"):
        assert curl.monitor(path).status == 200

    second.must_make("down")
    assert [name for name in engine.project_leftovers(second.project)
            if name.startswith("container")] == []

    started = time.monotonic()
    second.must_make("bonus")
    measure("make bonus after down, Compose 2",
            "%.1f s" % (time.monotonic() - started))
    second.wait_healthy(seconds=60)
    before = {name: document["Id"]
              for name, document in second.containers().items()}
    assert set(before) == set(settings.SERVICES)
    second.must_make("bonus")
    after = {name: document["Id"]
             for name, document in second.containers().items()}
    assert after == before, "something was recreated"

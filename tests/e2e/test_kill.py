"""Each service's PID 1 dies; it comes back with its data."""

import uuid

import pytest

from stack import settings

UPLOAD = "wp-content/uploads/survivor.txt"


@pytest.mark.parametrize("service", settings.SERVICES)
def test_killed_service_comes_back(stack, service, curl, curl_ftp, visitor,
                                   tmp_path):
    posts = visitor.post_count()
    survivor = tmp_path / "survivor.txt"
    survivor.write_text(uuid.uuid4().hex)
    curl_ftp.upload(survivor, UPLOAD)
    stack.kill(service)
    stack.wait_healthy((service,), 90)
    stack.wait_healthy(seconds=60)
    assert curl.get("/").status == 200
    assert visitor.post_count() == posts
    assert curl_ftp.download(UPLOAD) == survivor.read_bytes()
    assert curl.get("/" + UPLOAD).body == survivor.read_bytes()
    assert curl.get("/site/").status == 200
    for path in ("/cache/", "/metrics", "/adminer/"):
        assert curl.monitor(path).status == 200, path

"""The showcase site at /site/."""

import re
from urllib.parse import urljoin

TYPES = {"": "text/html", "css": "text/css", "js": "text/javascript",
         "svg": "image/svg+xml", "png": "image/png", "html": "text/html",
         "txt": "text/plain", "webp": "image/webp", "ico": "image/x-icon",
         "woff2": "font/woff2", "json": "application/json"}


def test_front_page(curl):
    reply = curl.get("/site/")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "<title>" in reply.text


def test_prefix_without_slash_leads_there(curl):
    reply = curl.get("/site")
    assert reply.status in (301, 308)
    assert reply.headers["location"].endswith("/site/")


def test_everything_that_the_page_names_is_there(curl):
    page = curl.get("/site/").text
    named = set(re.findall(r'(?:src|href)="([^"#:?]+)"', page))
    assert named, "the page names nothing: neither style nor picture"
    for name in sorted(named):
        path = urljoin("/site/", name)
        if not path.startswith("/site/"):
            continue
        reply = curl.get(path)
        assert reply.status == 200, path
        suffix = path.rpartition("/")[2].rpartition(".")
        kind = TYPES[suffix[2] if suffix[1] else ""]
        assert reply.headers["content-type"].startswith(kind), path
        assert reply.headers.get("content-length") == str(
            len(reply.body)), path


def test_unchanged_page_is_not_sent_again(curl):
    tag = curl.get("/site/").headers["etag"]
    reply = curl.get("/site/", "-H", "If-None-Match: " + tag)
    assert reply.status == 304
    assert reply.body == b""
    assert reply.headers["etag"] == tag
    assert curl.get("/site/", "-H", 'If-None-Match: "other"').status == 200


def test_head_is_get_without_body(curl):
    get, head = curl.get("/site/"), curl.get("/site/", "-I")
    assert (head.status, head.body) == (200, b"")
    for name in ("content-type", "content-length", "etag"):
        assert head.headers[name] == get.headers[name]


def test_absent_page(curl):
    assert curl.get("/site/absent").status == 404


def test_only_reading(curl):
    reply = curl.get("/site/", "-X", "DELETE")
    assert reply.status == 405
    assert "GET" in reply.headers["allow"]


def test_no_way_out_of_the_folder(curl):
    for path in ("/site/../etc/passwd", "/site/%2e%2e/etc/passwd",
                 "/site/..%2f..%2fetc/passwd"):
        reply = curl.get(path, "--path-as-is")
        assert reply.status in (400, 404), path
        assert "root:" not in reply.text

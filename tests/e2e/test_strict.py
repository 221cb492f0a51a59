"""Raw lines to each daemon's HTTP port, past nginx, and the same lines to nginx.
What libmicrohttpd swallows before the daemons see it depends on its version and
stands in SECURITY.md; everything else is refused and ends the connection."""

import re
import socket
import ssl

import pytest

from stack import settings

PORTS = {"ftpd": "FTPD_HTTP_PORT", "staticd": "STATICD_PORT",
         "cachemon": "CACHEMON_PORT", "exporter": "EXPORTER_PORT"}
each_daemon = pytest.mark.parametrize("daemon", PORTS)


def head(rest=b"", method=b"GET", target=b"/healthz"):
    return (method + b" " + target + b" HTTP/1.1\r\nHost: a\r\n" + rest
            + b"\r\n")


REFUSED = {
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": head(b"Host: a\r\n"),
    "bad Host": b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
    "two lengths": head(b"Content-Length: 0\r\nContent-Length: 0\r\n"),
    "length and coding": head(
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
    "two codings": head(b"Transfer-Encoding: chunked\r\n" * 2),
    "chunked not last": head(b"Transfer-Encoding: chunked, gzip\r\n"),
    "chunked, old": b"GET /healthz HTTP/1.0\r\nHost: a\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "body on GET": head(b"Content-Length: 5\r\n") + b"hello",
    "body on HEAD": head(b"Content-Length: 5\r\n", b"HEAD") + b"hello",
    "body on OPTIONS": head(b"Content-Length: 5\r\n", b"OPTIONS") + b"hello",
    "space before colon": head(b"X : y\r\n"),
    "no colon": head(b"X\r\n"),
    "bare CR": head(b"X: a\rb\r\n"),
    "NUL in a name": head(b"X\0Y: a\r\n"),
    "folded coding": head(b"Transfer-Encoding:\r\n chunked\r\n")
                     + b"0\r\n\r\n",
    "folded length": head(b"Content-Length:\r\n 5\r\n") + b"hello",
    "escaped NUL": head(target=b"/healthz%00"),
    "bad escape": head(target=b"/healthz%zz"),
    "climbing": head(target=b"/x/../healthz"),
    "climbing, escaped": head(target=b"/x/%2e%2e/healthz"),
    "fragment": head(target=b"/healthz#x"),
    "asterisk": head(target=b"*"),
    "CONNECT": head(method=b"CONNECT", target=b"a:1"),
    "version 2": b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
    "large head": head(b"X: " + b"x" * 70000 + b"\r\n"),
    "many fields": head(b"X: y\r\n" * 3000),
    "many arguments": head(target=b"/healthz?" + b"a&" * 3000),
}
# By libmicrohttpd 0.9.75; 1.0 refuses these itself.
SWALLOWED = {
    "folded": head(b"X: a\r\n b\r\n"),
    "empty name": head(b": y\r\n"),
    "NUL in a value": head(b"X: a\0b\r\n"),
    "NUL in the target": head(target=b"/healthz\0/x"),
    "bare LF": b"GET /healthz HTTP/1.1\nHost: a\n\n",
    "two blanks": b"GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
}


def address(stack, daemon):
    networks = stack.container(daemon)["NetworkSettings"]["Networks"]
    web = next(network["IPAddress"] for name, network in networks.items()
               if name.endswith("_web"))
    return web, int(stack.setting(PORTS[daemon]))


def exchange(connection, request):
    """(status of the first answer, how many came, closed by the server)."""
    connection.settimeout(5)
    heard = b""
    try:
        connection.sendall(request)
        while True:
            piece = connection.recv(65536)
            if not piece:
                closed = True
                break
            heard += piece
            connection.settimeout(0.7)
    except TimeoutError:
        closed = False
    except OSError:
        closed = True
    answers = re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)
    return int((answers or [b"0"])[0]), len(answers), closed


def ask(stack, daemon, request):
    with socket.create_connection(address(stack, daemon), 10) as connection:
        return exchange(connection, request)


def library_is_old(stack):
    return not settings.VARIANT and stack.setting("BASE") == "debian"


@each_daemon
def test_sound_requests_are_answered(stack, daemon):
    assert ask(stack, daemon, head(b"Connection: close\r\n")) == (
        200, 1, True)
    assert ask(stack, daemon, head() * 3) == (200, 3, False)


@each_daemon
def test_each_line_is_refused(stack, daemon):
    wrong = {}
    for what, request in REFUSED.items():
        status, answers, closed = ask(stack, daemon, request)
        # The library may close at once what is no HTTP to it at all; 0.9.75
        # sends the head of its own answer twice when there is no Host.
        if (answers > (2 if what == "no Host" else 1) or not closed
                or 0 < status < 400):
            wrong[what] = (status, answers, closed)
    assert wrong == {}


@each_daemon
def test_what_the_library_swallows(stack, daemon):
    """As SECURITY.md says: neither more nor less."""
    taken = {what for what, request in SWALLOWED.items()
             if ask(stack, daemon, request)[0] == 200}
    assert taken == (set(SWALLOWED) if library_is_old(stack) else set())


@each_daemon
def test_a_head_that_just_does_not_fit(stack, daemon):
    """Whatever its length: an answer, 431 from some length on."""
    told = []
    for size in range(1000, 20000, 250):
        status = ask(stack, daemon, head(
            b"Connection: close\r\nX: " + b"x" * size + b"\r\n"))[0]
        assert status in (200, 431), size
        told.append(status)
    assert told == sorted(told)
    assert set(told) == {200, 431}


def test_nginx_hands_on_none_of_it(stack):
    """One answer at most to each line; what is hidden does not arrive."""
    context = ssl.create_default_context(cafile=stack.ca)
    for what, request in {**REFUSED, **SWALLOWED}.items():
        request = request.replace(b"/healthz", b"/site/").replace(
            b"Host: a\r", b"Host: %s\r" % settings.DOMAIN.encode())
        with socket.create_connection(
                ("127.0.0.1", int(stack.setting("HTTPS_PORT"))), 10) as plain:
            with context.wrap_socket(
                    plain, server_hostname=settings.DOMAIN) as connection:
                _, answers, _ = exchange(connection, request)
        assert answers <= 1, what

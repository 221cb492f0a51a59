"""What an FTP server has to survive. Needs FTP_HOST, FTP_PORT, FTP_USER and
FTP_PASSWORD of a running ftpd whose TLS is required; runs by itself:

    pytest --noconftest ftp_hostile.py

Each test says what must happen. The certificate is not checked: this is about
the protocol.
"""

import contextlib
import ftplib
import io
import os
import socket
import ssl
import struct
import threading
import time

import pytest

HOST = os.environ.get("FTP_HOST", "127.0.0.1")
PORT = int(os.environ.get("FTP_PORT", "21"))
USER = os.environ.get("FTP_USER", "")
PASSWORD = os.environ.get("FTP_PASSWORD", "")
# What FTPD_LOGIN_SECONDS is there.
LOGIN_SECONDS = int(os.environ.get("FTP_LOGIN_SECONDS", "60"))

pytestmark = pytest.mark.skipif(
    not PASSWORD, reason="FTP_HOST, FTP_PORT, FTP_USER, FTP_PASSWORD")


def context(version=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if version:
        made.minimum_version = made.maximum_version = version
    return made


class Raw:
    """A control connection, byte by byte."""

    def __init__(self, greet=True):
        self.sock = socket.create_connection((HOST, PORT), timeout=10)
        self.file = self.sock.makefile("rb")
        if greet:
            assert self.reply() == 220

    def send(self, data):
        with contextlib.suppress(ConnectionError):
            self.sock.sendall(data)

    def line(self):
        try:
            return self.file.readline()
        except ConnectionError:
            return b""

    def reply(self):
        """The code of the next reply; 0 when the connection has ended."""
        line = self.line()
        if not line:
            return 0
        code = line[:3]
        while line and line[3:4] == b"-":
            line = self.line()
            while line and not line.startswith(code):
                line = self.line()
        return int(code)

    def ask(self, text):
        self.send(text if isinstance(text, bytes) else text.encode() + b"\r\n")
        return self.reply()

    def tls(self, made=None, session=None):
        assert self.ask("AUTH TLS") == 234
        self.file.close()
        self.sock = (made or context()).wrap_socket(
            self.sock, session=session)
        self.file = self.sock.makefile("rb")

    def login(self):
        self.tls()
        assert self.ask("USER " + USER) == 331
        assert self.ask("PASS " + PASSWORD) == 230
        assert self.ask("PBSZ 0") == 200
        assert self.ask("PROT P") == 200
        assert self.ask("TYPE I") == 200
        return self

    def epsv(self):
        self.send(b"EPSV\r\n")
        line = self.line()
        assert line.startswith(b"229"), line
        return int(line.split(b"|||")[1].split(b"|")[0])

    def data(self):
        """A data connection; the handshake comes after 150."""
        return socket.create_connection((HOST, self.epsv()), timeout=10)

    def wrap(self, data, session="own"):
        given = self.sock.session if session == "own" else session
        return self.sock.context.wrap_socket(data, session=given)

    def close(self):
        with contextlib.suppress(OSError):
            self.file.close()
            self.sock.close()


@pytest.fixture
def raw():
    made = Raw()
    yield made
    made.close()


@pytest.fixture
def session():
    made = Raw().login()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def still_alive():
    """Whatever a test did, the next client is served."""
    yield
    after = Raw()
    assert after.ask("NOOP") == 200
    after.close()


def put(session, name, content):
    data = session.data()
    assert session.ask("STOR " + name) == 150
    data = session.wrap(data)
    data.sendall(content)
    with contextlib.suppress(OSError):
        data = data.unwrap()
    data.close()
    return session.reply()


def get(session, command):
    data = session.data()
    assert session.ask(command) == 150
    data = session.wrap(data)
    content = b""
    while True:
        more = data.recv(65536)
        if not more:
            break
        content += more
    with contextlib.suppress(OSError):
        data = data.unwrap()
    data.close()
    assert session.reply() == 226
    return content


# --- 1: nothing in the clear survives AUTH -----------------------------------

def test_commands_behind_auth_end_the_session(raw):
    raw.send(b"AUTH TLS\r\nNOOP\r\n")
    assert raw.reply() == 421
    assert raw.reply() == 0


def test_64_kib_behind_auth(raw):
    raw.send(b"AUTH TLS\r\n" + b"NOOP\r\n" * 11000)
    assert raw.reply() in (421, 0)


def test_plain_bytes_after_234_break_the_handshake(raw):
    assert raw.ask("AUTH TLS") == 234
    raw.send(b"USER x\r\n")
    assert raw.line()[:3] not in (b"331", b"530")


def test_login_in_the_clear_is_refused(raw):
    assert raw.ask("USER " + USER) == 530
    assert raw.ask("PASS " + PASSWORD) == 503


def test_auth_twice(session):
    assert session.ask("AUTH TLS") == 503


def test_nothing_said_before_auth_counts_after_it(raw):
    raw.ask("USER " + USER)
    raw.ask("PBSZ 0")
    raw.tls()
    assert raw.ask("PASS " + PASSWORD) == 503
    assert raw.ask("PROT P") == 503


def test_rein(raw):
    assert raw.ask("REIN") == 220
    raw.tls()
    assert raw.ask("REIN") == 421
    assert raw.reply() == 0


def test_old_tls_is_refused(raw):
    assert raw.ask("AUTH TLS") == 234
    old = context()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(raw.sock)


def test_foreign_alpn_is_refused(raw):
    assert raw.ask("AUTH TLS") == 234
    made = context()
    made.set_alpn_protocols(["http/1.1", "h2"])
    with pytest.raises((ssl.SSLError, OSError)):
        made.wrap_socket(raw.sock)


def test_our_alpn_is_taken(raw):
    made = context()
    made.set_alpn_protocols(["ftp"])
    raw.tls(made)
    assert raw.sock.selected_alpn_protocol() == "ftp"


@pytest.mark.parametrize("name", ["ftp", "ftp-data"])
def test_alpn_of_data_connections(session, name):
    made = context()
    made.set_alpn_protocols([name])
    data = session.data()
    assert session.ask("LIST") == 150
    with contextlib.suppress(OSError):
        tls = made.wrap_socket(data)
        assert tls.selected_alpn_protocol() == name
        tls.close()
    data.close()
    assert session.reply() in (226, 425, 426)


def test_foreign_alpn_on_a_data_connection(session):
    made = context()
    made.set_alpn_protocols(["http/1.1", "ftp-datax", "ft"])
    data = session.data()
    assert session.ask("LIST") == 150
    with pytest.raises((ssl.SSLError, OSError)):
        made.wrap_socket(data)
    assert session.reply() == 425


# --- 2: other protocols ------------------------------------------------------

@pytest.mark.parametrize("first", [
    b"POST / HTTP/1.1\r\nHost: x\r\n\r\nUSER a\r\nPASS b\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100,
])
def test_other_protocols_are_sent_away(raw, first):
    raw.send(first)
    assert raw.reply() in (421, 0)
    assert raw.reply() == 0


def test_bad_commands_end_it(raw):
    codes = [raw.ask("XYZZY") for _ in range(10)]
    assert codes == [500] * 9 + [421]
    assert raw.reply() == 0


# --- 3: active mode ----------------------------------------------------------

@pytest.mark.parametrize("command", [
    "PORT 10,0,0,1,0,22", "PORT 127,0,0,1,0,0", "PORT 256,1,1,1,1,1",
    "PORT", "EPRT |1|127.0.0.1|80|", "EPRT |3|x|80|", "EPRT"])
def test_active_mode_is_refused(session, command):
    assert session.ask(command) == 502


# --- 4: data connections -----------------------------------------------------

@pytest.mark.parametrize("version", [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_foreign_tls_session_gets_nothing(version):
    made = context(version)
    other = Raw()
    other.tls(made)
    assert other.ask("NOOP") == 200
    stolen = other.sock.session
    assert stolen is not None
    victim = Raw()
    victim.tls(made)
    for line, code in (("USER " + USER, 331), ("PASS " + PASSWORD, 230),
                       ("PBSZ 0", 200), ("PROT P", 200)):
        assert victim.ask(line) == code
    data = victim.data()
    assert victim.ask("LIST") == 150
    with contextlib.suppress(OSError):
        tls = made.wrap_socket(data, session=stolen)
        assert tls.recv(100) == b""
    assert victim.reply() == 425
    other.close()
    victim.close()


def test_one_ticket_many_times(session):
    first = session.sock.session
    for _ in range(5):
        data = session.data()
        assert session.ask("LIST") == 150
        tls = session.wrap(data, first)
        while tls.recv(65536):
            pass
        assert tls.session_reused
        tls.close()
        assert session.reply() == 226


@pytest.mark.parametrize("version", [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_data_port_gives_no_session_to_resume(session, version):
    """Else a stranger could prove itself on the next data connection."""
    stranger = context(version)
    taken = None
    for _ in range(2):
        data = session.data()
        assert session.ask("LIST") == 150
        with contextlib.suppress(OSError):
            tls = stranger.wrap_socket(data, session=taken)
            assert not tls.session_reused
            while tls.recv(65536):
                pass
            taken = tls.session
            assert taken is None or not taken.has_ticket
            tls.close()
        data.close()
        assert session.reply() in (226, 425, 426)


def test_clients_without_tickets_resume_by_id():
    made = context(ssl.TLSVersion.TLSv1_2)
    made.options |= ssl.OP_NO_TICKET
    raw = Raw()
    raw.tls(made)
    for line, code in (("USER " + USER, 331), ("PASS " + PASSWORD, 230),
                       ("PBSZ 0", 200), ("PROT P", 200)):
        assert raw.ask(line) == code
    for ending in ("reset", "good"):
        data = raw.data()
        assert raw.ask("LIST") == 150
        tls = raw.wrap(data)
        assert tls.session_reused
        if ending == "reset":
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
        else:
            while tls.recv(65536):
                pass
        tls.close()
        assert raw.reply() in (226, 426)
    raw.close()


def test_a_download_that_is_talked_back_to(session):
    assert put(session, "h-talk", b"x") == 226
    data = session.data()
    assert session.ask("RETR h-talk") == 150
    tls = session.wrap(data)
    assert tls.recv(10) == b"x"
    plain = socket.socket(fileno=tls.detach())
    plain.settimeout(10)
    start = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - start < 3:
            plain.sendall(b"x" * 65536)
    assert time.monotonic() - start < 2
    assert session.reply() == 226
    assert session.ask("DELE h-talk") == 250
    plain.close()


def test_plaintext_on_a_protected_data_port(session):
    data = session.data()
    assert session.ask("LIST") == 150
    data.sendall(b"hello, this is no TLS\r\n" * 10)
    assert session.reply() == 425


def test_prot_c_is_refused(session):
    assert session.ask("PROT C") == 534
    assert session.ask("PROT S") == 536
    assert session.ask("CCC") == 534


def test_data_in_the_clear_is_refused(raw):
    raw.tls()
    assert raw.ask("USER " + USER) == 331
    assert raw.ask("PASS " + PASSWORD) == 230
    raw.epsv()
    assert raw.ask("LIST") == 521


def test_passive_300_times(session):
    for _ in range(300):
        session.epsv()
    assert get(session, "LIST -a")


def test_transfer_without_passive(session):
    assert session.ask("LIST") == 425
    session.epsv()
    assert session.ask("ABOR") == 226
    assert session.ask("LIST") == 425


# --- 5: lines ----------------------------------------------------------------

def test_100_kb_user(raw):
    raw.send(b"USER " + b"x" * 100000 + b"\r\n")
    assert raw.reply() in (500, 421, 0)


def test_10_mb_without_a_line_end(raw):
    for _ in range(160):
        raw.send(b"x" * 65536)
    assert raw.reply() in (421, 0)


@pytest.mark.parametrize("bytes_", [
    b"\n", b"\r\n", b"   \r\n", b"\xff\xff\xff\xff\r\n", b"\x00\r\n",
    b"NO\x00OP\r\n", b"\rNOOP\r\n"])
def test_odd_lines(raw, bytes_):
    assert raw.ask(bytes_) == 500
    assert raw.ask("NOOP") == 200


def test_bare_lf_and_telnet(raw):
    assert raw.ask(b"NOOP\n") == 200
    assert raw.ask(b"\xff\xf4\xff\xf2ABOR\r\n") == 226
    assert raw.ask(b"\xff\xfb\x01NO\xff\xfd\x03OP\r\n") == 200


def test_2000_pipelined(session):
    session.send(b"NOOP\r\n" * 2000)
    assert [session.reply() for _ in range(2000)] == [200] * 2000


# --- 6, 7: names and paths ----------------------------------------------------

@pytest.mark.parametrize("name", [
    b"a\x00b", b"a\rb", b"a\x1b[2Jb", b"a\x07b", b"a\x7fb"])
def test_control_characters_in_names(session, name):
    for verb in (b"MKD ", b"STOR ", b"RETR ", b"DELE ", b"CWD "):
        assert session.ask(verb + name + b"\r\n") == 553


def test_quotes_are_doubled(session):
    session.send(b'MKD h"q"\r\n')
    assert session.line().startswith(b'257 "/h""q""" ')
    assert session.ask('RMD h"q"') == 250


def test_long_names(session):
    assert session.ask("MKD " + "n" * 256) == 553
    assert session.ask("CWD " + "d/" * 2000) in (550, 553)
    assert session.ask("MKD " + "n" * 255) == 257
    assert session.ask("RMD " + "n" * 255) == 250


def test_invalid_utf8_is_a_name(session):
    assert session.ask(b"MKD h\xfe\xed\r\n") == 257
    assert session.ask(b"RMD h\xfe\xed\r\n") == 250


@pytest.mark.parametrize("path", [
    "../" * 50 + "etc/passwd", "/../../etc/passwd", "a/../../../etc/passwd",
    "//etc/passwd", "/./etc/passwd", "~/etc/passwd", "/proc/self/environ",
    ".../etc/passwd"])
def test_traversal(session, path):
    assert session.ask("RETR " + path) == 550
    assert session.ask("SIZE " + path) == 550


@pytest.mark.parametrize("path", [
    ".ftpd-staging", "/.ftpd-staging/", "x/../.ftpd-staging"])
def test_the_staging_folder_does_not_exist(session, path):
    assert session.ask("CWD " + path) == 550
    assert session.ask("RMD " + path) == 550
    assert session.ask("LIST " + path) == 550
    assert session.ask("STOR " + path + "/x") == 550
    assert session.ask("RNFR " + path) == 550
    assert b".ftpd-staging" not in get(session, "LIST -a /")


def test_what_is_in_the_staging_folder_does_not_exist(session):
    """It has a folder, when somebody with the right to upload was here."""
    path = ".ftpd-staging/uploads/x"
    for command in ("MKD", "STOR", "RNFR", "SIZE", "DELE", "RMD",
                    "MFMT 20200101000000", "SITE CHMOD 600", "MLST", "CWD"):
        assert session.ask(command + " " + path) == 550


def test_the_root_stays(session):
    for command in ("RMD /", "RNFR /", "DELE /", "MKD /", "SITE CHMOD 0 /",
                    "STOR /", "RMD ."):
        assert session.ask(command) == 550


# --- 8: numbers ----------------------------------------------------------------

@pytest.mark.parametrize("at", [
    "-1", "9223372036854775808", "18446744073709551615", "1e30", "x", "1 ",
    "0x10", "+1"])
def test_rest_of_no_number(session, at):
    assert session.ask("REST " + at) == 501


def test_rest_behind_the_end(session):
    assert put(session, "h-rest", b"0123456789") == 226
    assert session.ask("REST 2147483648") == 350
    session.epsv()
    assert session.ask("RETR h-rest") == 554
    assert session.ask("REST 9223372036854775807") == 350
    assert session.ask("STOR h-rest") == 554
    assert session.ask("REST 4") == 350
    assert get(session, "LIST")
    assert get(session, "RETR h-rest") == b"0123456789"
    assert session.ask("DELE h-rest") == 250


def test_rest_is_for_retr_and_stor(session):
    assert put(session, "h-rest", b"0123456789") == 226
    assert session.ask("REST 4") == 350
    session.epsv()
    assert session.ask("APPE h-rest") == 554
    # It counts once, for whatever comes next.
    assert put(session, "h-rest", b"abc") == 226
    assert get(session, "RETR h-rest") == b"abc"
    assert session.ask("DELE h-rest") == 250


def test_allo_of_more_than_there_is(session):
    assert session.ask("ALLO 18446744073709551615") == 452
    assert session.ask("ALLO 99999999999999999999") == 501


# --- 9: patterns are names ------------------------------------------------------

@pytest.mark.parametrize("pattern", [
    "a*a*a*a*a*b", "*/../" * 12 + "*", "-laR /nowhere", "{a,b}" * 20,
    "[" * 200])
def test_patterns(session, pattern):
    start = time.monotonic()
    assert session.ask("LIST " + pattern) == 550
    assert time.monotonic() - start < 1


# --- 10: logins ------------------------------------------------------------------

def test_same_answer_and_time_for_all_wrong_logins():
    times = {}
    # The better of two tries each: the machine has other things to do.
    for user in (USER, "nobody-here", "") * 2:
        raw = Raw()
        raw.tls()
        assert raw.ask("USER " + (user or "\x1b")) == 331
        start = time.monotonic()
        assert raw.ask("PASS wrong") == 530
        times[user] = min(times.get(user, 60), time.monotonic() - start)
        assert raw.ask("USER " + USER) == 331
        assert raw.ask("PASS " + PASSWORD) == 230
        raw.close()
    assert max(times.values()) - min(times.values()) < 0.15, times


def test_pass_first_and_user_later(session, raw):
    assert raw.ask("PASS x") == 503
    assert session.ask("USER root") == 530
    assert session.ask("PASS x") == 503


# --- 11: slow and busy ones ------------------------------------------------------

@pytest.mark.skipif(LOGIN_SECONDS > 10, reason="FTP_LOGIN_SECONDS")
def test_talking_does_not_put_the_login_off():
    raw = Raw()
    start = time.monotonic()

    def listen():
        with contextlib.suppress(OSError):
            while raw.sock.recv(65536):
                pass

    listener = threading.Thread(target=listen)
    listener.start()
    with contextlib.suppress(OSError):
        while time.monotonic() - start < 2 * LOGIN_SECONDS + 5:
            raw.sock.sendall(b"NOOP\r\n" * 8000)
    assert time.monotonic() - start < LOGIN_SECONDS + 3
    listener.join()
    raw.close()


def test_200_connections_that_are_reset():
    for _ in range(200):
        sock = socket.create_connection((HOST, PORT), timeout=10)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        sock.close()
    time.sleep(1)


# --- 12: uploads that do not end well -------------------------------------------

def test_reset_leaves_the_old_file(session):
    assert put(session, "h-live", b"old") == 226
    data = session.data()
    assert session.ask("STOR h-live") == 150
    tls = session.wrap(data)
    tls.sendall(b"new" * 10000)
    tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                   struct.pack("ii", 1, 0))
    tls.close()
    assert session.reply() == 426
    assert get(session, "RETR h-live") == b"old"


def test_no_close_notify_is_no_end(session):
    assert put(session, "h-live", b"old") == 226
    data = session.data()
    assert session.ask("STOR h-live") == 150
    tls = session.wrap(data)
    tls.sendall(b"new")
    tls.close()
    assert session.reply() == 426
    assert get(session, "RETR h-live") == b"old"
    assert session.ask("DELE h-live") == 250


def test_abort(session):
    assert put(session, "h-live", b"old") == 226
    data = session.data()
    assert session.ask("STOR h-live") == 150
    tls = session.wrap(data)
    tls.sendall(b"new")
    assert session.ask("ABOR") == 426
    assert session.reply() == 226
    assert get(session, "RETR h-live") == b"old"
    assert session.ask("DELE h-live") == 250


def test_abort_in_one_packet_with_its_transfer(session):
    data = session.data()
    session.send(b"STOR h-none\r\nABOR\r\n")
    assert [session.reply() for _ in range(3)] == [150, 426, 226]
    data.close()
    assert session.ask("SIZE h-none") == 550


def test_a_broken_upload_is_its_user_s_alone(session):
    data = session.data()
    assert session.ask("STOR h-part") == 150
    tls = session.wrap(data)
    tls.sendall(b"0123456789")
    while True:
        session.send(b"STAT\r\n")
        if session.line().startswith(b"211 10 "):
            break
    assert session.ask("ABOR") == 426
    assert session.reply() == 226
    assert session.ask("SIZE h-part") == 213
    assert session.ask("RETR h-part") in (425, 550)
    assert session.ask("RNFR h-part") == 550
    assert session.ask("SITE CHMOD 644 h-part") == 550
    assert session.ask("REST 11") == 350
    session.epsv()
    assert session.ask("STOR h-part") == 554
    # While one writes it, another session does not.
    data = session.data()
    assert session.ask("APPE h-part") == 150
    tls = session.wrap(data)
    other = Raw().login()
    other.epsv()
    assert other.ask("APPE h-part") == 450
    assert other.ask("DELE h-part") == 450
    other.close()
    tls.sendall(b"abc")
    with contextlib.suppress(OSError):
        tls = tls.unwrap()
    tls.close()
    assert session.reply() == 226
    assert get(session, "RETR h-part") == b"0123456789abc"
    assert session.ask("DELE h-part") == 250


def test_unique_names(session):
    data = session.data()
    session.send(b"STOU\r\n")
    line = session.line().decode().split()
    assert line[:2] == ["150", "FILE:"]
    tls = session.wrap(data)
    tls.sendall(b"x")
    with contextlib.suppress(OSError):
        tls = tls.unwrap()
    tls.close()
    assert session.reply() == 226
    assert get(session, "RETR " + line[2]) == b"x"
    assert session.ask("DELE " + line[2]) == 250


def test_abort_while_waiting_for_the_connection(session):
    session.epsv()
    assert session.ask("STOR h-none") == 150
    assert session.ask("ABOR") == 426
    assert session.reply() == 226
    assert session.ask("SIZE h-none") == 550


def test_second_commands_wait_for_their_turn(session):
    data = session.data()
    assert session.ask("STOR h-turn") == 150
    session.send(b"NOOP\r\nPWD\r\n")
    tls = session.wrap(data)
    tls.sendall(b"x")
    tls.unwrap().close()
    assert [session.reply() for _ in range(3)] == [226, 200, 257]
    assert session.ask("DELE h-turn") == 250


# --- 14: modes and times ------------------------------------------------------------

@pytest.mark.parametrize("command", [
    "SITE CHMOD 4777 x", "SITE CHMOD 7777 x", "SITE CHMOD 999 x",
    "SITE CHMOD", "SITE CHMOD 644", "MFMT 00000101000000 x",
    "SITE UTIME", "SITE UTIME 20260230000000 x", "SITE UTIME 20260101000000",
    "MFMT 99991301000000 x",
    "MFMT 20260230000000 x", "MFMT x"])
def test_bad_modes_and_times(session, command):
    assert session.ask(command) == 501


@pytest.mark.parametrize("command", [
    "SITE EXEC ls", "SITE CPFR x", "SITE CPTO x", "SITE x"])
def test_unknown_site(session, command):
    assert session.ask(command) == 500


# --- clients: the library's own client does all of it ----------------------------------

class Client(ftplib.FTP_TLS):
    """Resumes its TLS session, which one from a gateway's address has to."""

    def ntransfercmd(self, cmd, rest=None):
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(data, session=self.sock.session), size


@pytest.mark.parametrize("version", [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_ftplib(version):
    client = Client(context=context(version), timeout=10)
    client.connect(HOST, PORT)
    client.login(USER, PASSWORD)
    client.prot_p()
    content = os.urandom(300000)
    client.storbinary("STOR h-lib", io.BytesIO(content))
    got = io.BytesIO()
    client.retrbinary("RETR h-lib", got.write)
    assert got.getvalue() == content
    assert client.nlst("h-lib") == ["h-lib"]
    assert dict(client.mlsd())["h-lib"]["size"] == "300000"
    client.delete("h-lib")
    client.quit()

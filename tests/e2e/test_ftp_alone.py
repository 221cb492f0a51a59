"""ftpd beside the tests: users with rights, guessing, limits, certificates."""

import os
import re
import signal
import ssl
import subprocess
import threading
import time

import pytest

from stack import proc
from stack.ftpd import SESAME, Client, Ftpd, binary, certificate

ALL = os.environ.get("TEST_TIER") == "all"

only_all = pytest.mark.skipif(not ALL, reason="make test-all")

USERS = """# name:hash:rights:folder
all:{0}:read,write,delete:/
own:{0}:read,write,delete:/own
keep:{0}:read,write:/own
read:{0}:read:/own
drop:{0}:write:/box
""".format(SESAME)


@pytest.fixture(scope="module")
def program(request, tmp_path_factory):
    stack = None if os.environ.get("TEST_FTPD") \
        else request.getfixturevalue("stack")
    return binary(stack, tmp_path_factory.mktemp("program"))


@pytest.fixture
def start(program, tmp_path):
    """Makes one, with these settings; it ends well, or the test fails."""
    made = []

    def make(users="", mounted=None, **settings):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        ftpd = Ftpd(program, folder, users, **settings)
        ftpd.mounted = mounted
        for name in ("own", "box", "other"):
            (ftpd.root / name).mkdir()
            (ftpd.root / name / "file").write_text(name)
            for path in (ftpd.root / name, ftpd.root / name / "file"):
                os.chown(path, 20102, 20102)
        made.append(ftpd)
        return ftpd.__enter__()

    yield make
    for ftpd in made:
        if ftpd.process is not None and ftpd.process.poll() is None:
            ftpd.__exit__()


def crypt(password, rounds):
    """Its hash by sha512-crypt."""
    return subprocess.run(
        ["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password,
         "$6$rounds=%d$saltsalt" % rounds], stdout=subprocess.PIPE, text=True,
        check=True).stdout


def sesame(ftpd, user, **kwargs):
    return Client(ftpd, **kwargs).must_login(user, "sesame")


# Users and rights.

def test_users_have_their_rights_and_folders(start):
    ftpd = start(USERS)
    with sesame(ftpd, "all") as c:
        reply, names = c.data("NLST")
        assert set(names.split()) == {b"own", b"box", b"other"}
    with sesame(ftpd, "own") as c:
        assert c.data("NLST")[1].split() == [b"file"]
        assert c.data("RETR file")[1] == b"own"
        assert c.data("STOR new", b"new")[0][:3] == "226"
        assert (ftpd.root / "own/new").read_bytes() == b"new"
        for path in ("/other/file", "../other/file", "/own/file"):
            assert c.data("RETR " + path)[0][:3] == "550", path
        assert c.ask("DELE new")[:3] == "250"
        assert not (ftpd.root / "own/new").exists()


def test_writing_without_deleting(start):
    ftpd = start(USERS)
    with sesame(ftpd, "keep") as c:
        assert c.data("STOR file", b"another")[0][:3] == "226"
        assert c.ask("MKD folder")[:3] == "257"
        for command in ("DELE file", "RMD folder"):
            assert c.ask(command)[:3] == "550", command
        assert c.ask("RNFR file")[:3] == "350"
        assert c.ask("RNTO folder/file")[:3] == "250"
    assert (ftpd.root / "own/folder/file").read_text() == "another"


def test_renaming_to_another_volume(start):
    """The kernel cannot, and nobody copies: both stay as they are."""
    ftpd = start(USERS, mounted="other")
    (ftpd.root / "own/file").write_text("own")
    with sesame(ftpd, "all") as c:
        for old, new in (("own/file", "other/new"), ("own/file", "other/there"),
                         ("other/there", "own/new"), ("own", "other/own")):
            assert c.ask("RNFR " + old)[:3] == "350"
            assert c.ask("RNTO " + new)[:3] == "550", (old, new)
            # It takes a new RNFR to try again.
            assert c.ask("RNTO " + new)[:3] == "503"
        assert c.data("RETR own/file")[1] == b"own"
        # Nor can an upload, which is staged on the root's volume.
        assert c.data("STOR other/there", b"here")[0][:3] == "451"
        assert c.data("RETR other/there")[1] == b"there\n"
        assert c.data("NLST other")[1].split() == [b"other/there"]
        assert c.data("NLST own")[1].split() == [b"own/file"]
        assert c.ask("RNFR other/there")[:3] == "350"
        assert c.ask("RNTO other/elsewhere")[:3] == "250"


def test_reading_only(start):
    ftpd = start(USERS)
    path = ftpd.root / "own/file"
    os.utime(path, (10 ** 9, 10 ** 9))
    before = path.stat()
    with sesame(ftpd, "read") as c:
        assert c.data("RETR file")[1] == b"own"
        for command in ("STOR file", "STOR new", "APPE file"):
            assert c.data(command, b"x")[0][:3] == "550", command
        for command in ("MKD new", "DELE file", "RNFR file", "RMD .",
                        "SITE CHMOD 777 file", "MFMT 20200101000000 file"):
            assert c.ask(command)[:3] in ("550", "553"), command
        assert c.ask("NOOP")[:3] == "200"
    after = path.stat()
    assert path.read_text() == "own"
    assert (after.st_mode, after.st_mtime) == (before.st_mode, before.st_mtime)
    assert os.listdir(ftpd.root / "own") == ["file"]


def test_a_letter_box(start):
    """Who may only write sees nothing."""
    ftpd = start(USERS)
    with sesame(ftpd, "drop") as c:
        assert c.data("STOR letter", b"dear")[0][:3] == "226"
        for command in ("LIST", "NLST", "MLSD", "RETR file", "RETR letter"):
            assert c.data(command)[0][:3] == "550", command
    assert (ftpd.root / "box/letter").read_bytes() == b"dear"


def test_a_folder_that_is_not_there(start):
    ftpd = start("ann:%s:read:/absent\n" % SESAME)
    with Client(ftpd) as c:
        assert c.login("ann", "sesame") == "421"
    ftpd.wait_for("result=no_folder")


def memory(pid):
    """All that a process can write to, as bytes."""
    found = b""
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            start, end = (int(word, 16) for word in
                          line.split()[0].split("-"))
            if line.split()[1].startswith("rw") and end - start < 1 << 28:
                try:
                    mem.seek(start)
                    found += mem.read(end - start)
                except OSError:
                    pass
    return found


def test_secrets_are_where_they_belong(start):
    """Whose memory and descriptors hold the passwords, hashes and key."""
    ftpd = start(USERS)
    with sesame(ftpd, "read") as c, sesame(ftpd, "own") as other:
        Client(ftpd).must_login().close()
        c.data("RETR file")
        time.sleep(0.5)
        holds = {pid: memory(pid) for pid in ftpd.pids()}
        hashes = {pid for pid, text in holds.items()
                  if b"5Oji4y.RQw4TBqlwXcGLBsxS" in text}
        passwords = {pid for pid, text in holds.items()
                     if b"secret word" in text}
        # The authenticator, and nobody else.
        assert len(hashes) == 1 and passwords == hashes
        assert ftpd.process.pid not in hashes
        # What the session's user typed is nowhere.
        assert not [pid for pid, text in holds.items()
                    if b"PASS sesame" in text]
        for pid in ftpd.pids():
            for link in os.listdir("/proc/%d/fd" % pid):
                try:
                    target = os.readlink("/proc/%d/fd/%s" % (pid, link))
                except FileNotFoundError:
                    continue
                assert not target.endswith(("users", "password", ".pem"))
        assert other.ask("NOOP")[:3] == "200"


def libraries(pid):
    """Names of the libraries that a process has mapped."""
    with open("/proc/%d/maps" % pid) as maps:
        return {os.path.basename(line.split()[-1]).partition(".so")[0]
                for line in maps if ".so" in line}


def test_libraries_are_where_they_are_needed(start):
    """The metrics' and the database's load many more, each with memory of its
    own in every process."""
    ftpd = start(USERS)
    with sesame(ftpd, "read"):
        loaded = [(proc.comm(pid), libraries(pid)) for pid in ftpd.pids()]
    assert [name for name, _ in loaded].count("ftpd-reporter") == 1
    for name, found in loaded:
        if name == "ftpd":
            assert found <= {"ld-linux-x86-64", "libc", "libcrypt",
                             "libcrypto", "libssl"} or "libasan" in found
        else:
            assert name == "ftpd-reporter" and "libssl" not in found


def test_changes_of_the_users_file(start):
    ftpd = start(USERS)
    with sesame(ftpd, "own") as old:
        with Client(ftpd) as c:
            assert c.login("new", "sesame") == "530"
        ftpd.users_file.write_text("new:%s:read:/own\n" % SESAME)
        ftpd.wait_for("event=users_loaded", times=2)
        with Client(ftpd) as c:
            assert c.login("own", "sesame") == "530"
        sesame(ftpd, "new").close()
        # With a fault: all stays, and the log says why.
        ftpd.users_file.write_text(USERS + "new:x:read:/own\nnonsense\n")
        ftpd.process.send_signal(signal.SIGHUP)
        ftpd.wait_for("event=users_kept")
        log = ftpd.log.read_text()
        assert 'line 7: the hash is not of a form' in log
        assert 'line 8: this is not name:hash' in log
        sesame(ftpd, "new").close()
        # Who is in stays.
        assert old.ask("NOOP")[:3] == "200"


def test_faults_at_the_start(program, tmp_path):
    ftpd = Ftpd(program, tmp_path, "a:x:read:/\nb c:%s:reed:/..\n"
                "uploader:%s:read:/\n" % (SESAME, SESAME),
                FTPD_PASV_NETWORKS="10.0.0.1/8=1.2.3.4", FTPD_UMASK="9")
    for args in ((), ("--check",)):
        done = ftpd.run(*args)
        assert done.returncode == 2
        for fault in ("line 1: the hash", "line 2: name", "line 2: right reed",
                      "line 2: folder", "line 3: name uploader",
                      "FTPD_PASV_NETWORKS", "FTPD_UMASK"):
            assert fault in done.stderr, (fault, done.stderr)
        assert "saltsalt" not in done.stderr


def test_a_hash_of_ones_own(start, program, tmp_path):
    made = subprocess.run([program, "--hash-password"], input="a word\n",
                          stdout=subprocess.PIPE, text=True, check=True)
    ftpd = start("ann:%s:read:/own\n" % made.stdout.strip())
    Client(ftpd).must_login("ann", "a word").close()
    with Client(ftpd) as c:
        assert c.login("ann", "a wor") == "530"


# Guessing.

def test_every_wrong_login_is_the_same(start):
    ftpd = start(USERS)
    answers = set()
    for number, (user, password) in enumerate((
            ("own", "wrong"), ("nobody", "wrong"), ("uploader", "sesame"),
            ("own", "secret word"), ("own", ""), ("x" * 64, "x" * 512),
            ("own", "x" * 600), ("y" * 600, "sesame"))):
        with Client(ftpd, "127.0.1.%d" % (number + 1)) as c:
            c.ask("USER " + user)
            began = time.monotonic()
            answers.add(c.ask("PASS " + password))
            assert 0.9 < time.monotonic() - began < 4, user
    assert len(answers) == 1, answers


def guess(ftpd, source, tries, user="own"):
    """Wrong logins, three a session; how the last session ended."""
    with Client(ftpd, source) as c:
        answer = c.greeting[:3]
        for _ in range(tries):
            if answer == "421":
                break
            answer = c.login(user, "wrong")
        return answer


def test_guessing_ends_in_a_ban(start):
    ftpd = start(USERS, FTPD_BAN_FAILURES=4, FTPD_BAN_SECONDS=3)
    inside = sesame(ftpd, "own", source="127.0.0.9")
    assert guess(ftpd, "127.0.0.9", 3) == "421"
    guess(ftpd, "127.0.0.9", 1)
    ftpd.wait_for("event=banned addr=127.0.0.9 seconds=3")
    with Client(ftpd, "127.0.0.9") as c:
        assert c.greeting[:3] == "421"
    ftpd.wait_for("event=refused addr=127.0.0.9 reason=banned")
    # Others, and who is in, notice nothing.
    sesame(ftpd, "own", source="127.0.0.8").close()
    assert inside.ask("NOOP")[:3] == "200"
    metrics = ftpd.metrics()
    assert metrics["ftpd_bans_total"] == 1
    assert metrics['ftpd_sessions_refused_total{reason="banned"}'] == 1
    time.sleep(3.2)
    sesame(ftpd, "own", source="127.0.0.9").close()
    inside.close()


def test_a_success_frees_nobody_from_guessing(start):
    """Somebody with an account guesses another one's password."""
    ftpd = start(USERS)
    answers = []
    for _ in range(7):
        with Client(ftpd, "127.0.0.9") as c:
            answers.append(c.login("own", "wrong"))
        if len(answers) == 11:
            # The second that the sixth one costs begins when it is hashed.
            time.sleep(1.2)
        with Client(ftpd, "127.0.0.9") as c:
            answers.append(c.login("read", "sesame"))
    assert answers == ["530", "230"] * 6 + ["530", "530"]
    assert ftpd.metrics()['ftpd_logins_total{result="throttled"}'] > 0


def test_two_hundred_guesses_starve_nobody(start, measure):
    slow = crypt("sesame", 40000)
    ftpd = start("slow:%s:read:/own\n%s" % (slow, USERS),
                 FTPD_MAX_SESSIONS=256, FTPD_BAN_FAILURES=0)
    ends = []

    def attack(number):
        ends.append(guess(ftpd, "127.0.2.%d" % (number % 25 + 1), 3, "slow"))

    threads = [threading.Thread(target=attack, args=(number,))
               for number in range(200)]
    for thread in threads:
        thread.start()
    waits = []
    while any(thread.is_alive() for thread in threads) or not waits:
        began = time.monotonic()
        with Client(ftpd, "127.0.3.%d" % (len(waits) % 250 + 1)) as c:
            # A hash to be made, each time: nothing of it is remembered.
            assert c.login("own", "wrong") == "530"
            waits.append(time.monotonic() - began)
    for thread in threads:
        thread.join()
    measure("a login that is hashed during 200 guesses",
            "%.1f s at most" % max(waits))
    assert len(ends) == 200
    assert max(waits) < 8
    assert ftpd.metrics()["ftpd_sessions_crashed_total"] == 0


def ticks(pid):
    """What a process has used of the processor."""
    with open("/proc/%d/stat" % pid) as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))


def cpu_seconds(ftpd):
    """Of all processes that are there; sessions come and go."""
    return sum(proc.each(ftpd.pids(), ticks)) / os.sysconf("SC_CLK_TCK")


def test_what_was_right_is_remembered(start):
    """Four connections of one client cost one hash, until it changes."""
    ftpd = start("slow:%s:read:/own\n" % crypt("sesame", 900000))
    spent = [cpu_seconds(ftpd)]
    for _ in range(4):
        sesame(ftpd, "slow").close()
        spent.append(cpu_seconds(ftpd))
    first = spent[1] - spent[0]
    assert first > 0.1
    assert spent[4] - spent[1] < first / 2, spent
    # Another password, though it is the one of the file from now on.
    with Client(ftpd) as c:
        assert c.login("slow", "Sesame") == "530"
    ftpd.users_file.write_text("slow:%s:read:/own\n" % crypt("Sesame", 1000))
    ftpd.wait_for("event=users_loaded", times=2)
    with Client(ftpd, "127.0.0.2") as c:
        assert c.login("slow", "sesame") == "530"
    Client(ftpd, "127.0.0.2").must_login("slow", "Sesame").close()


# Limits.

def closed(client):
    client.sock.settimeout(5)
    return client.reply() == "" or client.greeting[:3] == "421"


def test_who_does_not_log_in_gives_way(start):
    ftpd = start(USERS, FTPD_MAX_SESSIONS=8, FTPD_MAX_PER_ADDRESS=8)
    inside = sesame(ftpd, "own", source="127.0.0.2")
    silent = [Client(ftpd, "127.0.0.3", tls=False) for _ in range(7)]
    # A quarter is never for these.
    assert silent[6].greeting[:3] == "421"
    sesame(ftpd, "own", source="127.0.0.4").close()
    assert closed(silent[0])
    ftpd.wait_for("event=evicted addr=127.0.0.3")
    assert inside.ask("NOOP")[:3] == "200"
    metrics = ftpd.metrics()
    assert metrics['ftpd_sessions_refused_total{reason="evicted"}'] == 1
    assert metrics['ftpd_sessions_refused_total{reason="full"}'] == 1
    assert metrics["ftpd_sessions_crashed_total"] == 0
    for client in silent + [inside]:
        client.close()


def test_many_addresses_that_do_not_log_in(start):
    ftpd = start(USERS, FTPD_MAX_SESSIONS=8)
    silent = [Client(ftpd, "127.0.4.%d" % (number + 1), tls=False)
              for number in range(6)]
    with Client(ftpd, "127.0.0.4", tls=False) as c:
        assert c.greeting[:3] == "421"
    # Ten seconds are enough for anybody when others wait.
    time.sleep(10.5)
    sesame(ftpd, "own", source="127.0.0.4").close()
    assert closed(silent[0])
    for client in silent:
        client.close()


def test_a_flood_of_renegotiation_ends_it(start):
    ftpd = start()
    done = subprocess.run(
        ["timeout", "15", "openssl", "s_client", "-tls1_2", "-starttls", "ftp",
         "-connect", "127.0.0.1:%d" % ftpd.port],
        input="R\nR\nR\n", text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    assert "RENEGOTIATING" in done.stdout
    ftpd.wait_for("event=session_end addr=127.0.0.1 "
                  "reason=(peer_gone|broken_connection)")


# TLS.

def common_name(ftpd):
    with Client(ftpd) as c:
        der = c.sock.getpeercert(binary_form=True)
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-subject"],
        input=ssl.DER_cert_to_PEM_cert(der), text=True, check=True,
        stdout=subprocess.PIPE).stdout
    return re.search(r"CN ?= ?(\w+)", text).group(1)


@pytest.mark.parametrize("version", [
    pytest.param(ssl.TLSVersion.TLSv1_2, marks=only_all),
    ssl.TLSVersion.TLSv1_3])
def test_a_new_certificate_drops_no_session(start, version):
    ftpd = start(USERS)
    with sesame(ftpd, "own", version=version) as old:
        assert common_name(ftpd) == "first"
        # Not finished yet: a certificate that is not the key's.
        good = ftpd.key.read_text()
        certificate(ftpd.folder, "second")
        new = ftpd.key.read_text()
        ftpd.key.write_text(good)
        ftpd.process.send_signal(signal.SIGHUP)
        ftpd.wait_for("event=bad_certificate")
        assert common_name(ftpd) == "first"
        ftpd.key.write_text(new)
        ftpd.wait_for("event=certificate_loaded", times=2)
        assert common_name(ftpd) == "second"
        # The old session goes on, also with new data connections.
        assert old.data("STOR after", b"x" * 100000)[0][:3] == "226"
        assert old.data("RETR after")[1] == b"x" * 100000
        with sesame(ftpd, "own", version=version) as c:
            assert c.data("RETR after")[1] == b"x" * 100000


@pytest.mark.parametrize("reuse, want", [
    ("require", "425"), ("own", "226"), ("allow", "226")])
def test_clients_that_cannot_resume(start, reuse, want):
    ftpd = start(USERS, FTPD_TLS_REUSE=reuse)
    with sesame(ftpd, "own") as c:
        assert c.data("RETR file")[0][:3] == "226"
        assert c.data("RETR file", resume=False)[0][:3] == want


# In a container.

def test_pasv_answers_by_network(start):
    ftpd = start(FTPD_PASV_ADDRESS="192.0.2.1", FTPD_PASV_NETWORKS=
                 "127.0.5.0/24=10.1.2.3 127.0.0.0/8=10.9.9.9")
    for source, want in (("127.0.5.1", "10,1,2,3"), ("127.0.6.1", "10,9,9,9")):
        with Client(ftpd, source) as c:
            c.must_login()
            assert want in c.ask("PASV"), source
    ftpd = start(FTPD_PASV_ADDRESS="192.0.2.1",
                 FTPD_PASV_NETWORKS="10.0.0.0/8=10.1.2.3")
    with Client(ftpd) as c:
        c.must_login()
        assert "192,0,2,1" in c.ask("PASV")


def test_pasv_answers_by_name(start):
    ftpd = start(FTPD_PASV_ADDRESS="localhost")
    ftpd.wait_for("event=pasv_address name=localhost resolved=127.0.0.1")
    with Client(ftpd, "::1") as c:
        c.must_login()
        assert "127,0,0,1" in c.ask("PASV")


def test_what_is_logged_and_counted(start):
    """One line each, with the address; versions, layers, the volume."""
    ftpd = start(USERS)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with sesame(ftpd, "all", version=version) as c:
            assert c.data("STOR own/%d" % version, b"12345")[0][:3] == "226"
            assert c.data("RETR own/%d" % version)[1] == b"12345"
            assert c.ask("QUIT")[:3] == "221"
    with Client(ftpd, "127.0.0.5") as c:
        assert c.login("all", "wrong") == "530"
        assert c.ask("QUIT")[:3] == "221"
    ftpd.wait_for("event=session_end addr=127.0.0.5 reason=quit")
    log = ftpd.log.read_text()
    for line, times in (
            ("session_end addr=127.0.0.1 user=all reason=quit", 2),
            ("login addr=127.0.0.1 user=all result=ok", 2),
            ("login addr=127.0.0.5 user=all result=wrong", 1),
            ("transfer addr=127.0.0.1 user=all verb=STOR path=/own/", 2),
            ("transfer addr=127.0.0.1 user=all verb=RETR path=/own/", 2)):
        assert log.count("event=" + line) == times, (line, log)
    assert len(re.findall("event=transfer .* bytes=5 ms=[0-9]+ result=ok",
                          log)) == 4
    metrics = ftpd.metrics()
    for name, value in (
            ('tls_sessions_total{version="1.2"}', 1),
            ('tls_sessions_total{version="1.3"}', 2),
            ('logins_total{result="ok"}', 2),
            ('logins_total{result="failed"}', 1),
            ('transfer_bytes_total{direction="upload",result="ok"}', 10),
            ('transfer_duration_seconds_count{direction="download"}', 2),
            ("data_resumed_total", 4)):
        assert metrics["ftpd_" + name] == value, name
    assert abs(metrics["ftpd_certificate_loaded_timestamp_seconds"]
               - time.time()) < 120
    for layer, word in (("landlock_files", "files"), ("landlock_ports", "ports"),
                        ("landlock_scope", "scope"), ("seccomp", "seccomp")):
        has = metrics['ftpd_confinement{layer="%s"}' % layer]
        assert re.search("event=confinement .*%s=%s"
                         % (word, "yes" if has else "no"), log), layer
    room = [metrics['node_filesystem_%s_bytes{mountpoint="%s"}'
                    % (name, ftpd.root)] for name in ("avail", "free", "size")]
    assert 0 < room[0] <= room[1] <= room[2]


def test_ipv6(start):
    ftpd = start(USERS)
    with sesame(ftpd, "own", source="::1") as c:
        assert c.data("RETR file")[1] == b"own"
        assert c.ask("EPSV 2")[:3] == "229"
        # There is no way to write that address there.
        assert c.ask("PASV")[:3] == "425"
    ftpd.wait_for("event=login addr=::1 user=own result=ok")


def test_no_free_passive_port(start):
    ftpd = start(USERS)
    clients = [sesame(ftpd, "own") for _ in range(11)]
    for client in clients[:10]:
        assert client.ask("EPSV")[:3] == "229"
    began = time.monotonic()
    assert clients[10].ask("EPSV")[:3] == "425"
    assert time.monotonic() - began < 6
    # One that becomes free within this time is taken.
    threading.Timer(0.5, clients[0].close).start()
    assert clients[10].ask("EPSV")[:3] == "229"
    for client in clients[1:]:
        client.close()


# Nothing grows.

def usage(ftpd):
    pids = ftpd.pids()
    return (len(pids), sum(proc.each(pids, proc.descriptors)),
            sum(proc.each(pids, proc.anonymous_kib)))


def many_sessions(ftpd, n, workers=8):
    """Sessions of all kinds: logged in, refused, broken off."""
    left = iter(range(n))
    lock = threading.Lock()
    failed = []

    def work():
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            try:
                one_session(ftpd, number)
            except (OSError, AssertionError) as error:
                failed.append(repr(error))

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[:5]


def one_session(ftpd, number):
    source = "127.0.%d.%d" % (number // 200 % 200 + 10, number % 200 + 1)
    if number % 4 == 0:
        Client(ftpd, source, tls=False).close()
        return
    with Client(ftpd, source) as c:
        if number % 4 == 1:
            return
        c.must_login("own", "sesame")
        if number % 4 == 2:
            assert c.data("NLST")[0][:3] == "226"
        c.ask("QUIT")


def settled(ftpd):
    """usage() when all sessions have ended and nothing changes any more."""
    deadline = time.monotonic() + 30
    last = None
    while True:
        now = usage(ftpd)
        if now == last and ftpd.metrics()["ftpd_sessions_active"] == 0:
            return now
        assert time.monotonic() < deadline, (last, now)
        last = now
        time.sleep(0.5)


@only_all
def test_a_hundred_thousand_entries(start):
    ftpd = start(USERS)
    for number in range(100000):
        (ftpd.root / "own" / ("x%06d" % number)).touch()
    with sesame(ftpd, "own") as c:
        idle = max(proc.each(ftpd.pids(), proc.anonymous_kib))
        for command in ("LIST", "NLST", "MLSD"):
            reply, lines = c.data(command)
            assert reply[:3] == "226"
            assert len(lines.splitlines()) == 100001
        # They went out as they were read.
        assert max(proc.each(ftpd.pids(), proc.anonymous_kib)) < idle + 512
        deep = "/" + "/".join(["d" * 200] * 30)
        assert c.ask("MKD " + deep)[:3] in ("500", "501", "550", "553")
        made = 0
        while c.ask("MKD deep")[:3] == "257" and c.ask("CWD deep")[:3] == "250":
            made += 1
        assert made == 64
        assert c.ask("NOOP")[:3] == "200"


def test_old_parts_are_swept_beside_the_service(start, measure):
    ftpd = start(USERS)
    ftpd.__exit__()
    folder = ftpd.root / ".ftpd-staging" / ("a" * 32) / ("b" * 32)
    folder.mkdir(parents=True)
    for number in range(20000):
        (folder / ("part%d" % number)).touch()
        os.utime(folder / ("part%d" % number), (1, 1))
    (folder / "young").touch()
    for path in (folder, folder.parent):
        os.chown(path, 20102, 20102)
    for path in folder.iterdir():
        os.chown(path, 20102, 20102)
    ftpd.__enter__()
    began = time.monotonic()
    with sesame(ftpd, "own") as c:
        answered = time.monotonic() - began
        assert c.ask("NOOP")[:3] == "200"
        ftpd.wait_for("event=swept message=.20000 unfinished", 60)
        measure("20,000 old parts", "a login took %.2f s, the sweep %.2f s" % (
            answered, time.monotonic() - began))
    assert [path.name for path in folder.iterdir()] == ["young"]
    # Its process is gone, and that is no reason to end.
    ftpd.process.send_signal(signal.SIGHUP)
    ftpd.wait_for("event=certificate_loaded", times=2)
    assert "role_ended" not in ftpd.log.read_text()


@pytest.mark.parametrize("n", [pytest.param(10000, marks=only_all), 200])
def test_sessions_leave_nothing(start, measure, n):
    ftpd = start(USERS)
    many_sessions(ftpd, 100)
    before = settled(ftpd)
    began = time.monotonic()
    many_sessions(ftpd, n)
    seconds = time.monotonic() - began
    after = settled(ftpd)
    measure("%d sessions" % n, "%.0f s; processes, descriptors, KiB: %s, then "
            "%s" % (seconds, before, after))
    assert after[:2] == before[:2]
    assert after[2] <= before[2] + 64
    assert ftpd.metrics()["ftpd_sessions_crashed_total"] == 0

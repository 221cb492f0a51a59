"""Scripts of the host, and of the tests, that need no engine to be tried."""

import gzip
import pathlib
import subprocess

import pytest

REPO = pathlib.Path(__file__).resolve().parents[2]
EVERYBODY = "is everybody"
LARGE = "a large part of the Internet"
GATEWAY = "holds 172.18.0.1, Docker's gateway"


@pytest.mark.parametrize("setting, words", [
    ("", []), ("192.0.2.1", []), ("10.0.0.0/8 2001:db8::/32", []),
    ("172.18.0.2", []), ("172.19.0.0/16", []), ("172.18.0.1/32", [GATEWAY]),
    ("0.0.0.0/0", [EVERYBODY]), ("::/0", [EVERYBODY]),
    ("192.0.2.1 0.0.0.0/1", [LARGE]), ("128.0.0.0/1", [LARGE, GATEWAY]),
    ("2000::/3", [LARGE]), ("172.18.0.1", [GATEWAY]),
    ("172.16.0.0/12", [GATEWAY]), ("172.18.0.0/08", [GATEWAY])])
def test_trust_is_warned_of(setting, words):
    done = subprocess.run([REPO / "srcs/tools/trust.sh", setting,
                           "fd00::1", "172.18.0.1"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=True)
    told = done.stderr.splitlines()
    assert done.stdout == ""
    assert len(told) == len(words), told
    for line, word in zip(told, words):
        assert line.startswith("warning: TRUSTED_PROXIES: ") and word in line


def test_setup_asks_about_trust():
    text = (REPO / "srcs/tools/setup.sh").read_text()
    start = text.index('"$TOOLS/start.sh"\n')
    assert "\ncheck_trust\n" in text[start:]


def pair(tmp_path, change):
    """Two folders as dist.sh makes them, the second one changed."""
    for side in ("one", "two"):
        folder = tmp_path / side / "daemons"
        (folder / "bin").mkdir(parents=True)
        (folder / "bin/ftpd").write_bytes(b"\x7fELF" * 100)
        (folder / "bin/ftpd").chmod(0o755)
        (folder / "README").write_text("read me\n")
    change(tmp_path / "two/daemons")
    return subprocess.run(
        ["sh", REPO / "tests/musl/same.sh", "daemons", "1700000000",
         tmp_path / "one", tmp_path / "two"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def flip(folder):
    path = folder / "bin/ftpd"
    path.write_bytes(path.read_bytes()[:-1] + b"!")


@pytest.mark.parametrize("change, word", [
    (flip, "bin/ftpd"),
    (lambda folder: (folder / "extra").write_text(""), "extra"),
    (lambda folder: (folder / "README").unlink(), "README"),
    (lambda folder: (folder / "bin/ftpd").chmod(0o700), "mode")])
def test_two_builds_that_differ(tmp_path, change, word):
    done = pair(tmp_path, change)
    told = done.stderr.decode()
    assert done.returncode == 1
    assert done.stdout == b""
    assert word in told and "two builds of the same sources differ" in told


def test_two_builds_that_are_equal(tmp_path):
    """The archive; when its files were written does not matter."""
    done = pair(tmp_path, lambda folder: (folder / "README").write_text(
        "read me\n"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"daemons/README" in gzip.decompress(done.stdout)
    assert b"%o" % 1700000000 in gzip.decompress(done.stdout)


def test_dist_compares():
    text = (REPO / "tests/musl/dist.sh").read_text()
    assert text.rstrip().endswith(
        'tests/musl/same.sh "$name" "$seconds" "$work/one" "$work/two"')

"""make bump-alpine, in copies of the repository: to a pretended release and
back again, and what it refuses."""

import pathlib
import re
import shutil
import subprocess

import pytest

REPO = pathlib.Path(__file__).resolve().parent.parent.parent
TABLES = "tests/rehearse/tables/"
PRETENDED = "9.99.1"


def released():
    text = (REPO / "srcs/requirements/nginx/Dockerfile").read_text()
    return re.match(r"FROM alpine:(\S+)", text).group(1)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "repository"
    shutil.copytree(REPO, folder, symlinks=True, ignore=shutil.ignore_patterns(
        ".git", "__pycache__", ".pytest_cache"))
    return folder


def pretend(copy, release=PRETENDED):
    """A table for a release that does not exist."""
    old = released()
    text = (copy / TABLES / ("alpine-%s.table" % old.rpartition(".")[0])).read_text()
    assert "version: %s-r0" % old in text
    (copy / TABLES / ("alpine-%s.table" % PRETENDED.rpartition(".")[0])).write_text(
        text.replace("version: %s-r0" % old, "version: %s-r0" % release))


def bump(copy, *words):
    done = subprocess.run(
        [copy / "tests/rehearse/bump.sh", *words, "--no-rehearsal"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def test_every_place_is_changed_and_back_again(copy):
    pretend(copy)
    before = contents(copy)
    old = released()
    status, output = bump(copy, PRETENDED)
    assert status == 0, output
    after = contents(copy)
    changed = {name for name in before if before[name] != after[name]}
    dockerfiles = {name for name in before if name.endswith("/Dockerfile")
                   and name.startswith("srcs/")}
    assert len(dockerfiles) == 9 and dockerfiles <= changed
    assert {"README.md", "DEFENCE.md", "tests/lint/test_rules.py"} <= changed
    for name, data in after.items():
        if name.startswith(TABLES):
            continue
        assert b"alpine:" + old.encode() not in data, name
        assert b"Alpine " + old.rpartition(".")[0].encode() not in data, name
    for name in dockerfiles:
        assert after[name].startswith(
            b"FROM alpine:%s\n" % PRETENDED.encode()), name
        assert name in output
    # What lint demands of the changed tree is what the changed tree is.
    done = subprocess.run(
        ["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "tests/lint/test_rules.py", "-k", "begins_with_its_base"], cwd=copy,
        stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    status, output = bump(copy, old)
    assert status == 0, output
    assert contents(copy) == before


def test_a_release_without_a_table_is_refused(copy):
    before = contents(copy)
    status, output = bump(copy, PRETENDED)
    assert status == 2
    assert "there is no package table for 9.99" in output
    assert contents(copy) == before


def test_a_table_of_another_release_is_refused(copy):
    pretend(copy, "9.99.0")
    before = contents(copy)
    status, output = bump(copy, PRETENDED)
    assert status == 2
    assert "-9.99.table is about 9.99.0" in output
    assert contents(copy) == before


@pytest.mark.parametrize("word", ["", "edge", "3.24", "3.24.1.2", "3..1", "v3.24.1"])
def test_what_is_no_release_is_refused(copy, word):
    status, output = bump(copy, word)
    assert status == 2
    assert "bump-alpine: " in output

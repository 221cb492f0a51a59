"""alpine-check where no Alpine can be had: that it says so in one line, and
what its report would say of made-up findings and of the simulated base."""

import os
import pathlib
import shutil
import subprocess

import pytest

import base
import engine
import rehearse
import report
import table
from rehearse import Rehearsal

REPO = pathlib.Path(__file__).resolve().parent.parent.parent
TABLE = """package: nginx
in: main
version: 1.28.3-r3
path: /usr/sbin/nginx

package: jansson
in: main
version: 2.14.1-r0
measured: no

package: jansson-dev
like: jansson
provides: jansson-devel

"""


@pytest.fixture
def packages(tmp_path):
    path = tmp_path / "alpine.table"
    path.write_text(TABLE)
    return table.read(path)


def test_what_is_as_the_table_has_it_is_not_told(packages):
    found = {"nginx": "1.28.5-r0", "ncurses-libs": "6.5-r9"}
    assert report.differences(packages, found, {"nginx"}) == []


@pytest.mark.parametrize("found, asked, line", [
    ({"nginx": "1.28.3-r1"}, {"nginx"}, "nginx: 1.28.3-r1, older than"),
    ({"nginx": "1.30.0-r0"}, {"nginx"}, "nginx: 1.30.0-r0, another branch than"),
    ({"jansson": "2.14.1-r0"}, set(), "jansson: is there; `measured: no` can go"),
    ({}, {"nginx"}, "nginx: was asked for and is not there"),
    ({"curl": "8.1.0-r0"}, {"curl"}, "curl: 8.1.0-r0, not in the table"),
])
def test_differences(packages, found, asked, line):
    assert any(told.startswith(line) for told in
               report.differences(packages, found, asked))


def test_a_name_that_another_package_provides_is_there(packages):
    assert report.differences(packages, {"jansson-dev": "2.14.1-r0"},
                              {"jansson-devel"}) == [
        "jansson-dev: is there; `measured: no` can go"]


def test_packages_of_every_dockerfile_are_in_the_table():
    known = table.read(next((REPO / "tests/rehearse/tables").glob(
        "alpine-%s.table" % base.minor_of(released()))))
    asked = {name for path in (REPO / "srcs").rglob("Dockerfile")
             for name in table.asked_for(path.read_text())}
    assert {"nginx", "php84-mysqli", "mariadb-connector-c-dev"} <= asked
    assert asked <= set(known)


def released():
    return (REPO / "srcs/requirements/nginx/Dockerfile").read_text().split(
        "\n")[0].rpartition(":")[2]


def test_report_of_the_simulated_base_says_so():
    rehearsal = Rehearsal(REPO, "-report")
    try:
        failed = {}
        for service in ("nginx", "redis"):
            faults = rehearsal.build(service)
            assert not faults, faults
        text = report.write(rehearsal, ["nginx", "redis"], failed)
    finally:
        rehearsal.close()
        engine.remove_all()
    assert "SIMULATED: none of this was seen on Alpine." in text
    assert "  nginx      passed\n" in text
    assert "  redis                        8.4.2-r0\n" in text
    assert text.endswith("Otherwise than the table has it\n  nothing\n")


def test_the_way_to_the_real_base(tmp_path, capsys):
    """All of --real but the base, which bears a name of no release and its
    label: the report tells by that."""
    folder = REPO.parent / "pretended/repository"
    shutil.copytree(REPO, folder, symlinks=True,
                    ignore=shutil.ignore_patterns(".git", "__pycache__"))
    old = released()
    simulated = base.ensure(base.minor_of(old))
    tables = folder / "tests/rehearse/tables"
    text = (tables / ("alpine-%s.table" % base.minor_of(old))).read_text()
    # Where the modules that run here look for it.
    table_file = base.table_path("9.99")
    table_file.write_text(text.replace("version: %s-r0" % old, "version: 9.99.1-r0"))
    shutil.copy(table_file, tables)
    name = "alpine:%s" % "9.99.1"
    engine.docker("tag", simulated, name)
    try:
        subprocess.run([folder / "tests/rehearse/bump.sh", "9.99.1",
                        "--no-rehearsal"], check=True, stdout=subprocess.DEVNULL)
        status = rehearse.run(folder, ("redis", "staticd"), real=True,
                              written=tmp_path / "report")
    finally:
        engine.docker("rmi", name)
        table_file.unlink()
    text = (tmp_path / "report").read_text()
    assert status == 0, text
    assert text.startswith("Alpine check: %s, " % name)
    assert "SIMULATED: none of this was seen on Alpine." in text
    assert "  redis      passed\n  staticd    passed\n" in text
    assert "ALPINE-CHECK: 2 of 2" in capsys.readouterr().out


def test_without_a_registry_it_ends_with_one_line(tmp_path):
    client = tmp_path / "docker"
    client.write_text("""#!/bin/sh
case "$1 $2 $3" in
"pull "*) exit 1 ;;
"image inspect alpine:"*) exit 1 ;;
esac
exec docker "$@"
""")
    client.chmod(0o755)
    done = subprocess.run(
        [REPO / "tests/run.sh", "alpine-check"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
        env={**os.environ, "DOCKER": str(client)})
    assert done.returncode == 1
    assert done.stdout == (
        "tests: alpine:%s is not here and cannot be pulled; run alpine-check"
        " where a registry and Alpine's mirror can be reached\n" % released())

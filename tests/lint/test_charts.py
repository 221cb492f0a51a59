"""What cachemon's image takes from npm: pinned, by digest, and nothing of it in
the repository; what its fetch.sh does with npm's answers (npm is a stand-in)."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHARTS = ROOT / "srcs/requirements/bonus/cachemon/charts"


def test_lock_file_pins_by_digest_and_names_no_registry():
    wanted = json.loads((CHARTS / "package.json").read_text())["dependencies"]
    text = (CHARTS / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert set(packages) == {""} | {"node_modules/" + name for name in wanted}
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), "not pinned"
        package = packages["node_modules/" + name]
        assert package["version"] == version
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"])
    assert "resolved" not in text and "://" not in text


def test_nothing_of_it_is_in_the_repository():
    ours = {"fetch.sh", "package.json", "package-lock.json"}
    assert {path.name for path in CHARTS.iterdir()} \
        - {"host-certificates.crt"} == ours
    assert ("/%s/host-certificates.crt\n" % CHARTS.relative_to(ROOT)
            in (ROOT / ".gitignore").read_text())
    for path in (ROOT / "services/cachemon/assets").iterdir():
        assert "leeoniya" not in path.read_text(), path


@pytest.mark.parametrize("base", ("Dockerfile", "Dockerfile.debian"))
def test_it_is_fetched_in_a_stage_that_knows_nothing_else(base):
    text = (CHARTS.parent / base).read_text()
    stage = [each for each in text.split("\nFROM ") if "fetch.sh" in each]
    assert len(stage) == 1
    assert re.findall(r"^COPY (\S+)", stage[0], re.M) == [
        str(CHARTS.relative_to(ROOT))]
    assert "fetch.sh" not in text.rpartition("\nFROM ")[2]


NPM = {
    "fetched": """
        mkdir -p node_modules/uplot/dist
        echo script >node_modules/uplot/dist/uPlot.iife.min.js
        echo style >node_modules/uplot/dist/uPlot.min.css
        echo terms >node_modules/uplot/LICENSE
        echo '  "version": "1.6.32",' >node_modules/uplot/package.json
        test "$1" = ci""",
    "away": "echo 'npm ERR! code ETIMEDOUT'; exit 1",
    "another": "echo 'npm ERR! code EINTEGRITY'; exit 1",
}


def fetch(tmp_path, npm, **more):
    """(exit status, what it said, files it left)"""
    folder, tools = tmp_path / "charts", tmp_path / "bin"
    folder.mkdir()
    tools.mkdir()
    (folder / "fetch.sh").write_bytes((CHARTS / "fetch.sh").read_bytes())
    (folder / "host-certificates.crt").write_text("certificates")
    (tools / "npm").write_text(
        "#!/bin/sh\nset -eu\ncmp -s \"$NODE_EXTRA_CA_CERTS\""
        " host-certificates.crt\n" + NPM[npm])
    (tools / "npm").chmod(0o755)
    done = subprocess.run(
        ["sh", folder / "fetch.sh", tmp_path / "out"],
        env={**os.environ, "PATH": "%s:%s" % (tools, os.environ["PATH"]),
             **more},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout, sorted(
        path.name for path in (tmp_path / "out").iterdir())


def test_what_is_fetched_is_left(tmp_path):
    status, said, files = fetch(tmp_path, "fetched")
    assert (status, said) == (0, "charts: uPlot 1.6.32\n")
    assert files == ["LICENSE", "uPlot.iife.min.js", "uPlot.min.css"]


def test_a_registry_that_is_away_is_said_in_the_words_that_make_knows(tmp_path):
    status, said, files = fetch(tmp_path, "away")
    known = re.search(r'grep -qF "(charts: .*?)"',
                      (ROOT / "srcs/tools/build.sh").read_text()).group(1)
    assert status == 1 and known in said and files == []


def test_what_has_another_digest_is_not_used(tmp_path):
    status, said, files = fetch(tmp_path, "another")
    assert status == 1 and "package-lock.json" in said and files == []
    assert "could not be reached" not in said


def test_switched_off(tmp_path):
    status, said, files = fetch(tmp_path, "away", CACHEMON_CHARTS="off")
    assert status == 0 and "CACHEMON_CHARTS=off" in said and files == []

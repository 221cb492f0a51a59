"""Prometheus' own tool on what srcs/monitoring holds, and the dashboard's form."""

import json
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "srcs/monitoring"


def promtool(folder, *args):
    done = subprocess.run(["promtool", *args], cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_configuration_and_rules(tmp_path):
    for path in FOLDER.iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / "monitor_password").write_text("x")
    (tmp_path / "ca.crt").write_text("")
    promtool(tmp_path, "check", "config", "prometheus.yml")


def test_alerts_fire_when_they_should():
    promtool(FOLDER, "test", "rules", "alerts_test.yml")


@pytest.fixture
def dashboard():
    return json.loads((FOLDER / "dashboard.json").read_text())


def test_dashboard_panels_have_a_place_of_their_own(dashboard):
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, "%s on %s" % (
                    panel["title"], taken[x, y])
                taken[x, y] = panel["title"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_dashboard_asks_the_chosen_source(dashboard):
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len(panels) > 40
    for panel in panels:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert 'job="$job", instance="$instance"' in target["expr"], \
                panel["title"]

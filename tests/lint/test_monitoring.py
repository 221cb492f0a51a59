"""Prometheus' own tool on what srcs/monitoring holds, and the dashboard's form."""

import json
import pathlib
import re
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


# What Grafana knows under these ids (packages/grafana-data/src/valueFormats).
UNITS = {"short", "bytes", "Bps", "ops", "reqps", "cps", "s", "d",
         "percentunit"}
KINDS = {"row", "stat", "timeseries"}
# Variables that Grafana itself fills in.
OWN_VARIABLES = {"__rate_interval", "__interval", "__range"}


def test_dashboard_is_one_that_grafana_can_read(dashboard):
    """Not loaded in a Grafana (Debian has none): what its model asks for."""
    assert dashboard["title"] and dashboard["uid"]
    assert dashboard["schemaVersion"] >= 36, "panels ask uids, not names"
    variables = dashboard["templating"]["list"]
    assert [each["type"] for each in variables] == \
        ["datasource", "query", "query"]
    assert variables[0]["query"] == "prometheus"
    known = {each["name"] for each in variables} | OWN_VARIABLES
    # A variable may ask for those before it only.
    for i, each in enumerate(variables):
        assert variables_of(json.dumps(each)) <= {
            before["name"] for before in variables[:i]}, each["name"]
    for panel in dashboard["panels"]:
        assert panel["type"] in KINDS and panel["title"], panel["id"]
        assert panel["gridPos"]["w"] > 0 and panel["gridPos"]["h"] > 0
        assert variables_of(json.dumps(panel)) <= known, panel["title"]
        ids = [target["refId"] for target in panel.get("targets", ())]
        assert len(ids) == len(set(ids)), panel["title"]
        if panel["type"] != "row":
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, \
                panel["title"]


def variables_of(text):
    return {one or other for one, other in
            re.findall(r"\$(?:\{(\w+)\}|(\w+))", text)}


def test_dashboard_asks_the_chosen_source(dashboard):
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len(panels) > 40
    for panel in panels:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert 'job="$job", instance="$instance"' in target["expr"], \
                panel["title"]

"""The committed dashboards: what the generator writes, and fit to be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.monitoring.deployed import GRAFANA, PROMETHEUS, ROOT, alerts, dashboards, pictures
from tools.dashboards.generate import written
from tools.dashboards.limits import read_limits
from tools.dashboards.model import Board, Panel, Query, Row, render

BOARDS: Final = dashboards()
UNITS: Final = ((r"_seconds\b", "s"), (r"_bytes\b", "bytes"), (r"ratio10m|_share", "percentunit"))


def test_the_committed_files_are_what_the_generator_writes() -> None:
    files = dict(written(ROOT))
    assert {path.name for path in files} == {f"{name}.json" for name in BOARDS}
    for path, text in files.items():
        assert path.read_text() == text, f"{path.name}: ./bazelw run //tools/dashboards:generate"


def test_every_board_of_the_plan_is_there() -> None:
    assert set(BOARDS) == {"overview", "trading", "signals", "executor", "latency"}
    assert {board["uid"] for board in BOARDS.values()} == {f"hotloop-{name}" for name in BOARDS}


@pytest.mark.parametrize("name", BOARDS)
def test_a_boards_panels_have_ids_of_their_own_and_do_not_overlap(name: str) -> None:
    panels = BOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(at["x"] + i, at["y"] + j) for i in range(at["w"]) for j in range(at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_says_what_it_shows_and_asks_by_the_boards_variables(name: str) -> None:
    board = BOARDS[name]
    variables = {one["name"] for one in board["templating"]["list"]}
    assert variables == {"datasource", "desk", "instance", "runbooks"}
    for panel in pictures(board):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for target in panel["targets"]:
            assert 'desk=~"$desk"' in target["expr"], panel["title"]


@pytest.mark.parametrize("name", BOARDS)
def test_every_link_leads_to_an_alerts_runbook(name: str) -> None:
    pages = {f"${{runbooks}}/alerts/{alert.name}.md" for alert in alerts()}
    for panel in pictures(BOARDS[name]):
        assert {link["url"] for link in panel["links"]} <= pages


def test_every_alert_is_linked_from_a_panel() -> None:
    linked = {
        link["title"].removeprefix("Runbook: ")
        for board in BOARDS.values()
        for panel in pictures(board)
        for link in panel["links"]
    }
    assert linked == {alert.name for alert in alerts()}


def limit_of(panel: dict[str, Any]) -> float | None:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return float(steps[1]["value"]) if len(steps) > 1 else None


def test_a_line_on_a_panel_is_where_an_alert_of_it_fires() -> None:
    limits = read_limits(PROMETHEUS / "rules" / "limits.yml")
    exprs = {alert.name: alert.expr for alert in alerts()}
    for board in BOARDS.values():
        for panel in pictures(board):
            line = limit_of(panel)
            if line is None or panel["type"] != "timeseries":
                continue
            names = [link["title"].removeprefix("Runbook: ") for link in panel["links"]]
            said = [
                limits[name]
                for alert in names
                for name in re.findall(r"hotloop:limit:(\w+)", exprs[alert])
            ]
            is_any = line == 1.0 and any(exprs[alert].find("> 0") >= 0 for alert in names)
            assert line in said or is_any, panel["title"]


def test_units_are_those_of_the_metrics() -> None:
    for board in BOARDS.values():
        for panel in pictures(board):
            unit = panel["fieldConfig"]["defaults"]["unit"]
            for target in panel["targets"]:
                expr = target["expr"]
                for pattern, wanted in UNITS:
                    if re.search(pattern, expr) and "cpu" not in expr:
                        assert unit == wanted, panel["title"]
                if expr.startswith("sum by") and " (rate(" in expr and panel["type"] != "heatmap":
                    assert unit == "ops", panel["title"]


def test_grafana_is_told_of_the_data_source_and_of_the_boards() -> None:
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/hotloop.yaml").read_text())
    (prometheus,) = source["datasources"]
    assert (prometheus["type"], prometheus["isDefault"]) == ("prometheus", True)
    scraped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["global"]
    assert prometheus["jsonData"]["timeInterval"] == scraped["scrape_interval"]
    boards = yaml.safe_load((GRAFANA / "provisioning/dashboards/hotloop.yaml").read_text())
    (provider,) = boards["providers"]
    assert provider["type"] == "file"
    assert Path(provider["options"]["path"]).name == "dashboards"


def test_a_panel_that_asks_nothing_or_does_not_fit_is_refused() -> None:
    for panel in (
        Panel(title="a", description="b.", queries=()),
        Panel(title="a", description="b.", queries=(Query("up"),), width=25),
    ):
        with pytest.raises(ValueError, match="too wide, or nothing asked for"):
            render(Board("x", "x", "x", (Row("r", (panel,)),)), {})


def test_a_limit_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "limits.yml"
    path.write_text("groups: [{name: g, rules: [{record: 'hotloop:limit:a', expr: up}]}]")
    with pytest.raises(ValueError, match="'up' is not vector"):
        read_limits(path)

"""The rules against each other, their cases, and the list of metrics."""

from __future__ import annotations

import re
from typing import Final

import pytest
import yaml

from tests.monitoring.deployed import (
    LISTED,
    OF_PROMETHEUS,
    PROMETHEUS,
    ROOT,
    Alert,
    alerts,
    cases,
    panel_exprs,
    recorded,
)
from tests.monitoring.promql import metric_names
from tools.dashboards.limits import PREFIX, read_limits

ALERTS: Final = alerts()
NAMES: Final = [alert.name for alert in ALERTS]
_LISTED_ROW: Final = re.compile(r"^\| `((?:hotloop|process)_\w+)` \| (\w+) \|", re.MULTILINE)
_HISTOGRAM_SERIES: Final = re.compile(r"_(bucket|count|sum)$")


def listed() -> dict[str, str]:
    """The type of each metric of docs/metrics.md."""
    found = dict(_LISTED_ROW.findall(LISTED.read_text()))
    assert len(found) > 80
    return found


def asked() -> list[tuple[str, str]]:
    """Every place that asks for metrics, and a name it asks for."""
    exprs = [(f"alert {alert.name}", alert.expr) for alert in ALERTS]
    exprs += [(f"record {name}", expr) for name, expr in recorded().items()]
    exprs += [(f"panel {where}", expr) for where, expr in panel_exprs()]
    return [(where, name) for where, expr in exprs for name in sorted(metric_names(expr))]


def test_no_two_alerts_have_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len(NAMES) > 40


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_how_urgent_it_is_what_is_wrong_and_where_to_read_on(alert: Alert) -> None:
    assert alert.severity in ("page", "ticket")
    assert alert.waits, "for:, even if it is 0m"
    assert set(alert.annotations) == {"summary", "description", "runbook"}
    assert alert.annotations["summary"].startswith("{{ $labels.desk }}: ")
    assert alert.annotations["description"].endswith(".")
    assert alert.annotations["runbook"] == f"docs/runbooks/alerts/{alert.name}.md"
    assert (ROOT / alert.annotations["runbook"]).is_file()


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_has_cases_of_both_kinds(alert: Alert) -> None:
    mine = [case for case in cases() if case.alert == alert.name]
    assert any(case.fires for case in mine), "one in which it fires"
    assert any(not case.fires for case in mine), "one in which it does not"
    for case in mine:
        word = "fires" if case.fires else "is quiet"
        assert case.name.startswith(f"{alert.name} {word}: ")


@pytest.mark.parametrize(
    "alert", [alert for alert in ALERTS if alert.severity == "page"], ids=lambda alert: alert.name
)
def test_nobody_is_woken_by_a_dry_run(alert: Alert) -> None:
    assert (
        alert.expr.endswith("hotloop:live == 1") or "and on (desk) hotloop:live == 1" in alert.expr
    )
    mine = [case for case in cases() if case.alert == alert.name]
    assert any(case.name.endswith(": in a dry run") and not case.fires for case in mine)


def test_no_case_is_of_an_alert_that_there_is_not() -> None:
    assert {case.alert for case in cases()} <= set(NAMES)


def test_every_metric_is_one_that_is_listed() -> None:
    types, mine = listed(), recorded()
    wrong = []
    for where, name in asked():
        family = _HISTOGRAM_SERIES.sub("", name)
        if name in OF_PROMETHEUS or name in mine or types.get(name, "histogram") != "histogram":
            continue
        if name == family or types.get(family) != "histogram":
            wrong.append(f"{where}: {name}")
    assert wrong == []


def test_every_metric_of_a_case_is_one_that_is_listed() -> None:
    types = listed()
    for case in cases():
        for series in case.series:
            (name,) = metric_names(series)
            family = _HISTOGRAM_SERIES.sub("", name)
            assert name in types or types.get(family) == "histogram" or name in OF_PROMETHEUS, name


def test_a_counter_is_only_looked_at_by_how_it_grows() -> None:
    types = listed()
    for alert in ALERTS:
        for name in metric_names(alert.expr):
            if types.get(name) == "counter":
                assert re.search(rf"(increase|rate)\({name}\b", alert.expr), f"{alert.name}: {name}"


def test_what_is_recorded_is_used() -> None:
    used = {name for _, name in asked()}
    assert set(recorded()) - used == set()


def test_every_limit_is_an_alerts() -> None:
    limits = read_limits(PROMETHEUS / "rules" / "limits.yml")
    used = {name for alert in ALERTS for name in metric_names(alert.expr)}
    assert {PREFIX + name for name in limits} == {n for n in used if n.startswith(PREFIX)}


def test_rule_groups_have_names_of_their_own() -> None:
    # The cases put the groups in order by their names.
    files = sorted((PROMETHEUS / "rules").glob("*.yml"))
    names = [g["name"] for path in files for g in yaml.safe_load(path.read_text())["groups"]]
    assert len(set(names)) == len(names)

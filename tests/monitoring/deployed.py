"""What configs/deploy and docs/runbooks hold, read for the tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).absolute().parents[2]
PROMETHEUS: Final = ROOT / "configs" / "deploy" / "prometheus"
GRAFANA: Final = ROOT / "configs" / "deploy" / "grafana"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"
LISTED: Final = ROOT / "docs" / "metrics.md"
OF_PROMETHEUS: Final = frozenset({"up", "ALERTS"})
"""Series that Prometheus makes itself."""


@dataclass(frozen=True, slots=True)
class Alert:
    name: str
    expr: str
    severity: str
    waits: str
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """One case of an alert in tests/: what it expects to fire, nothing if it is quiet."""

    alert: str
    name: str
    fires: list[dict[str, Any]]
    series: list[str]


def _rules() -> Iterator[dict[str, Any]]:
    for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[Alert]:
    return [
        Alert(
            rule["alert"],
            rule["expr"],
            rule.get("labels", {}).get("severity", ""),
            rule.get("for", ""),
            rule.get("annotations", {}),
        )
        for rule in _rules()
        if "alert" in rule
    ]


def recorded() -> dict[str, str]:
    """The expression of each recording rule by its name."""
    rules = [(rule["record"], str(rule["expr"])) for rule in _rules() if "record" in rule]
    assert len(dict(rules)) == len(rules), "each is recorded once"
    return dict(rules)


def case_files() -> list[Path]:
    return sorted((PROMETHEUS / "tests").glob("*.yml"))


@cache
def cases() -> list[Case]:
    found: list[Case] = []
    for path in case_files():
        for test in yaml.safe_load(path.read_text())["tests"]:
            series = [one["series"] for one in test["input_series"]]
            for rule in test["alert_rule_test"]:
                fires = rule["exp_alerts"]
                found.append(Case(rule["alertname"], test["name"], fires, series))
    return found


def dashboards() -> dict[str, dict[str, Any]]:
    """Each committed dashboard by its file's name."""
    files = sorted((GRAFANA / "dashboards").glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in files}


def pictures(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Its panels without the rows' titles."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def panel_exprs() -> Iterator[tuple[str, str]]:
    """Where each expression of a dashboard stands, and it; Grafana's variables as it puts them."""
    for name, dashboard in dashboards().items():
        for note in dashboard["annotations"]["list"]:
            yield f"{name}: {note['name']}", _filled(note["expr"])
        for panel in pictures(dashboard):
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}: {target['refId']}", _filled(target["expr"])


def questions(rate_interval: str) -> Iterator[tuple[str, str]]:
    """(dashboard and panel, expression) of everything that a panel draws."""
    for name, dashboard in dashboards().items():
        for panel in pictures(dashboard):
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", _filled(target["expr"], rate_interval)


def _filled(expr: str, rate_interval: str = "1m") -> str:
    filled = expr.replace("$__rate_interval", rate_interval)
    filled = re.sub(r"\$(desk|instance)\b", ".*", filled)
    assert "$" not in filled, f"{expr}: a variable that no dashboard has"
    return filled

"""Every alert has a runbook, every runbook an alert, and the index has them all."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.monitoring.deployed import RUNBOOKS, Alert, alerts, dashboards

ALERTS: Final = alerts()
HEADINGS: Final = ["What it means", "Look at", "Do", "Safe to ignore"]


def page(alert: Alert) -> str:
    return (RUNBOOKS / "alerts" / f"{alert.name}.md").read_text()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_runbook_says_what_it_means_where_to_look_what_to_do_and_when_not_to(
    alert: Alert,
) -> None:
    text = page(alert)
    assert text.startswith(f"# {alert.name}\n\nA **{alert.severity}**, ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    for section in re.split(r"^## .*\n", text, flags=re.MULTILINE)[1:]:
        assert section.strip()
    wait = "at once" if alert.waits == "0m" else f"after {alert.waits}"
    assert f"**, {wait}; " in text
    (board,) = re.findall(r"dashboard \*\*(\w+)\*\*", text)
    assert board in dashboards()


def test_every_runbook_is_an_alerts() -> None:
    files = {path.stem for path in (RUNBOOKS / "alerts").iterdir()}
    assert files == {alert.name for alert in ALERTS}


def test_the_index_lists_every_alert_once_with_its_severity() -> None:
    rows = re.findall(
        r"^\| \[(\w+)\]\(alerts/(\w+)\.md\) \| (\w+) \| \S",
        (RUNBOOKS / "README.md").read_text(),
        re.MULTILINE,
    )
    assert sorted(rows) == sorted((a.name, a.name, a.severity) for a in ALERTS)


def test_a_runbook_that_names_another_alert_names_one_that_there_is() -> None:
    names = {alert.name for alert in ALERTS}
    for alert in ALERTS:
        text = page(alert)
        said = re.findall(r"\b(?:see|See|As|\() ?([A-Z][a-z]+(?:[A-Z][a-z]+)+)", text)
        assert set(said) <= names, alert.name

"""docs/metrics.md is the list of all metrics: what the pages serve stands there, and nothing else.

`rust/executor/tests/metrics_list.rs` holds the sidecar's page against the same tables.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from trader.execution.executor_py.counts import Counts
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.executor_py.venue_moment import venue_moment
from trader.execution.ipc import Bus
from trader.execution.orders.config import Config
from trader.execution.orders.machine import Machine
from trader.monitoring.executor_metrics import VENUE_STATES, ExecutorMoment
from trader.monitoring.metrics import Metrics

PAGE: Final = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()


class Listed(NamedTuple):
    """A row of a table. `labels`: name → all its values, none where they are not listed."""

    type: str
    unit: str
    labels: dict[str, frozenset[str]]
    sidecar: str
    python: str
    meaning: str


def labels_of(text: str) -> dict[str, frozenset[str]]:
    """`kind: place, cancel` has its values, `edge, action` has none."""
    if ":" in text:
        name, _, values = text.partition(":")
        return {name.strip(): frozenset(value.strip() for value in values.split(","))}
    return {name.strip(): frozenset() for name in text.split(",") if name.strip()}


def table(heading: str) -> dict[str, Listed]:
    """The table under a heading, by name."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    listed: dict[str, Listed] = {}
    for row in rows:
        name, kind, unit, labels, *served, meaning = (cell.strip() for cell in row)
        name = name.strip("`")
        assert name not in listed, f"{name} is listed twice"
        sidecar, python = served or ("", "")
        listed[name] = Listed(kind, unit, labels_of(labels), sidecar, python, meaning)
    return listed


TRADER: Final = table("The trader")
EXECUTOR: Final = table("The executor")
PROCESS: Final = table("Every process")


def served(metrics: Metrics) -> dict[str, tuple[str, dict[str, set[str]]]]:
    """Of each metric on the page its type, and its labels with the values that are there."""
    found: dict[str, tuple[str, dict[str, set[str]]]] = {}
    page = generate_latest(metrics.registry).decode()
    for family in text_string_to_metric_families(page):
        name = family.name + ("_total" if family.type == "counter" else "")
        labels: dict[str, set[str]] = {}
        for sample in family.samples:
            for label, value in sample.labels.items():
                if label != "le":
                    labels.setdefault(label, set()).add(value)
        found[name] = (family.type, labels)
    return found


def moment(*, live: bool) -> ExecutorMoment:
    """Of an executor that has done nothing."""
    if not live:
        return PythonExecutor(Bus()).moment()
    machine, _ = Machine.recover(Config(), 0, [])
    return replace(
        Counts().moment(),
        venue=venue_moment(machine, None, state="starting", clock_steps=0, queue_depth=0),
    )


class Fixed:
    """An executor that always tells the same."""

    def __init__(self, told: ExecutorMoment) -> None:
        self._told = told

    def moment(self) -> ExecutorMoment | None:
        return self._told


def with_executor(*, live: bool) -> Metrics:
    metrics = Metrics()
    metrics.executor = Fixed(moment(live=live))
    metrics.intents_total["maker", "PLACE"] += 1
    for counts in (
        *(metrics.reports_total, metrics.fills_total, metrics.rejects_total),
        *(metrics.cannibalisation_total, metrics.seam_events_total, metrics.seam_refusals_total),
        metrics.shadow_differences_total,
    ):
        counts["one"] += 1
    return metrics


def of_python(*, live: bool) -> dict[str, Listed]:
    takes = {"always", "live"} if live else {"always"}
    return {name: listed for name, listed in EXECUTOR.items() if listed.python in takes}


def test_the_tables_were_read() -> None:
    assert len(TRADER) > 40
    assert len(EXECUTOR) > 40
    assert len(PROCESS) == 6


@pytest.mark.parametrize("live", [False, True])
def test_the_traders_page_has_what_is_listed_with_its_types_and_labels(live: bool) -> None:
    listed = TRADER | PROCESS | of_python(live=live)
    found = served(with_executor(live=live))
    assert {name: kind for name, (kind, _) in found.items()} == {
        name: row.type for name, row in listed.items()
    }
    for name, (_, labels) in found.items():
        assert labels.keys() == listed[name].labels.keys(), name
        for label, values in labels.items():
            assert listed[name].labels[label] in (values, frozenset()), (name, label)


def test_without_an_executor_here_the_page_has_none_of_its_metrics() -> None:
    assert served(Metrics()).keys() == TRADER.keys() | PROCESS.keys()


def test_whoever_serves_a_metric_is_said_and_a_reason_given_where_one_does_not() -> None:
    for name, listed in EXECUTOR.items():
        assert listed.sidecar in ("always", "live"), name
        is_reason = listed.python.startswith("no: ") and len(listed.python) > len("no: ")
        assert listed.python == listed.sidecar or is_reason, name


def test_units_are_those_that_the_names_say() -> None:
    suffixes = {"_timestamp_seconds": "unix time", "_seconds": "seconds", "_bytes": "bytes"}
    for name, listed in (TRADER | EXECUTOR | PROCESS).items():
        plain = name.removesuffix("_total")
        said = next((unit for end, unit in suffixes.items() if plain.endswith(end)), None)
        if name == "process_start_time_seconds":
            said = "unix time"
        if said is not None:
            assert listed.unit == said, name
        assert name.endswith("_total") == (listed.type == "counter"), name
        assert listed.meaning, name


def test_the_states_of_the_venue_are_all_there_and_one_is() -> None:
    page = generate_latest(with_executor(live=True).registry).decode()
    shown = {
        word: f'hotloop_executor_venue_state{{state="{word}"}} 1.0' in page.splitlines()
        for word in VENUE_STATES
    }
    assert shown == {word: word == "starting" for word in VENUE_STATES}

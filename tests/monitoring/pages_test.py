"""Every metric that a rule, a panel or a case asks for is on a page of a running trader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.e2e.trader_process import need_executor
from tests.monitoring.deployed import (
    LISTED,
    OF_PROMETHEUS,
    alerts,
    panel_exprs,
    recorded,
)
from tests.monitoring.promql import metric_names
from tests.monitoring.scrape import demo, live, names_on

_EXECUTORS_ROW: Final = re.compile(
    r"^\| `(hotloop_executor_\w+)` \|[^|]*\|[^|]*\|[^|]*\| (always|live) \| ([^|]*) \|",
    re.MULTILINE,
)


def asked() -> set[str]:
    """Names of metrics, in what is recorded those that it is made of."""
    exprs = [*(alert.expr for alert in alerts()), *recorded().values()]
    exprs += [expr for _, expr in panel_exprs()]
    names = set[str]().union(*map(metric_names, exprs))
    assert len(names) > 80
    return names - set(recorded()) - OF_PROMETHEUS


def of_the_executor(sidecar: str, python: str) -> set[str]:
    """Those asked for that docs/metrics.md gives so in the columns of the two executors."""
    rows = _EXECUTORS_ROW.findall(LISTED.read_text())
    assert len(rows) > 40
    families = {
        name
        for name, at_sidecar, at_python in rows
        if re.match(sidecar, at_sidecar) and re.match(python, at_python)
    }
    return {name for name in asked() if re.sub(r"_(bucket|count|sum)$", "", name) in families}


def test_a_live_trader_and_its_sidecar_serve_all_of_them(tmp_path: Path) -> None:
    need_executor()
    assert asked() - live(tmp_path, "rust") == set()


def test_a_live_trader_with_the_python_executor_serves_all_but_those_of_the_wire(
    tmp_path: Path,
) -> None:
    assert asked() - live(tmp_path, "python") == of_the_executor(".", "no: ")


def test_a_demo_with_the_python_executor_serves_what_a_live_one_does(tmp_path: Path) -> None:
    assert asked() - demo(tmp_path, "python") == of_the_executor(".", "no: ")


def test_a_demo_with_the_sidecar_serves_all_but_what_needs_orders_at_a_venue(
    tmp_path: Path,
) -> None:
    need_executor()
    assert asked() - demo(tmp_path, "rust") == of_the_executor("live", ".")


def test_names_are_read_from_either_kind_of_page() -> None:
    page = "# TYPE a_total counter\n# TYPE b counter\n# TYPE c_seconds histogram\nd 1\ne{f='g'} 2\n"
    assert names_on(page) == {
        *("a_total", "b_total", "c_seconds_bucket", "c_seconds_count", "c_seconds_sum", "d", "e")
    }

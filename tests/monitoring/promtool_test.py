"""What promtool says to the configuration, the rules, their cases and the dashboards' queries."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.monitoring.deployed import PROMETHEUS, case_files, panel_exprs
from tests.monitoring.promtool import promtool


def test_it_takes_the_configuration_with_all_rules() -> None:
    done = promtool("check", "config", PROMETHEUS / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    rules = len(list((PROMETHEUS / "rules").glob("*.yml")))
    assert f"{rules} rule files found" in done.stdout


def test_its_lint_finds_nothing_in_the_rules() -> None:
    files = sorted((PROMETHEUS / "rules").glob("*.yml"))
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *files)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.stem)
def test_every_alert_fires_and_is_quiet_as_its_cases_say(path: Path) -> None:
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_can_read_every_query_of_the_dashboards(tmp_path: Path) -> None:
    exprs = list(panel_exprs())
    assert len(exprs) > 100
    rules = [
        {"record": f"panel_{i}", "expr": expr, "labels": {"stands_at": where}}
        for i, (where, expr) in enumerate(exprs)
    ]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = promtool("check", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(exprs)} rules found" in done.stdout


def test_it_refuses_a_query_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "panels.yml"
    rules = [{"record": "panel", "expr": "sum by (desk (up)"}]
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert promtool("check", "rules", path).returncode != 0

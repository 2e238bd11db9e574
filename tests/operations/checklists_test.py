"""The pages of docs/runbooks: every line is a command, and every command is one that there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from tests.operations.checklist import lines
from tests.operations.prometheus import faster, shortened
from tests.operations.site import RUNBOOKS
from trader.apps.arguments import parse

CHECKLISTS: Final = (
    *("pre-flight", "cutover-signals", "cutover-executor", "executor-service"),
    *("post-cut", "rollback"),
)
_CODE: Final = re.compile(r"```[a-z]*\n(.*?)^ *```$|`([^`\n]+)`", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", CHECKLISTS)
def test_every_line_of_a_checklist_has_its_commands(name: str) -> None:
    found = lines(RUNBOOKS / f"{name}.md")
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    assert len(found) >= 3
    assert [line.text for line in found if not line.commands] == []


def commands_of_the_trader(page: Path) -> list[str]:
    """Every `trader …` in the code of a page that has arguments, its placeholders filled in."""
    found = []
    for block, inline in _CODE.findall(page.read_text(encoding="utf-8")):
        for line in (block or inline).splitlines():
            for part in re.split(r"&&|\|\||;|\|(?!=)", line):
                words = re.sub(r"^\s*(sudo -u \S+ |do )*", "", part).strip()
                if words.startswith("trader ") and "…" not in words:
                    found.append(words.split("#")[0].strip())
    return found


@pytest.mark.parametrize("page", sorted(RUNBOOKS.rglob("*.md")), ids=lambda page: page.stem)
def test_every_command_of_a_page_is_one_that_the_trader_takes(page: Path) -> None:
    for command in commands_of_the_trader(page):
        parse(shlex.split(command)[1:])


def test_pages_of_alerts_name_commands() -> None:
    pages = [page for page in (RUNBOOKS / "alerts").glob("*.md") if commands_of_the_trader(page)]
    assert len(pages) > 20


def test_a_duration_is_shortened_but_not_to_nothing() -> None:
    assert shortened("5m", 30) == "10000ms"
    assert shortened("1h30m", 60) == "90000ms"
    assert shortened("1m", 30, least_ms=4_000) == "4000ms"
    assert shortened("0m", 30) == "0m"


def test_rules_are_made_faster_in_waits_and_windows_alone() -> None:
    rules = """
groups:
  - name: a
    interval: 1m
    rules:
      - {alert: A, expr: "rate(x_5m[10m]) > 5 and y offset 1h > 3", for: 1m}
"""
    told = faster(rules, 60)
    assert "rate(x_5m[10000ms]) > 5 and y offset 60000ms > 3" in told
    assert "for: 1000ms" in told
    assert "interval" not in told

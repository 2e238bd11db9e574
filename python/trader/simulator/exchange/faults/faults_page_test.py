"""The faults file that docs/exchange.md shows is one that `sim-exchange --faults` takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import yaml

from trader.simulator.exchange.faults.plan import read_rules

PAGE: Final = (Path(__file__).parents[5] / "docs" / "exchange.md").read_text(encoding="utf-8")


def test_the_faults_of_the_page_are_rules() -> None:
    (text,) = re.findall(r"^```yaml faults\.yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    rules = read_rules(yaml.safe_load(text))
    assert [rule.fault for rule in rules] == ["timeout", "duplicate", "cut"]

"""What the panels of the dashboards ask for, as Grafana would ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.operations.prometheus import SCRAPE_S

_VARIABLES: Final = {
    "$desk": ".*",
    "$instance": ".*",
    "$__rate_interval": f"{int(4_000 * SCRAPE_S)}ms",
}


def questions(dashboards: Path) -> Iterator[tuple[str, str]]:
    """(dashboard and panel, expression) of everything that is drawn."""
    for file in sorted(dashboards.glob("*.json")):
        dashboard = json.loads(file.read_text(encoding="utf-8"))
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                expression = target["expr"]
                for name, value in _VARIABLES.items():
                    expression = expression.replace(name, value)
                yield f"{file.stem}: {panel['title']}", expression

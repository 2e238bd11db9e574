"""Writes configs/deploy/grafana/dashboards: `./bazelw run //tools/dashboards:generate`, or
`python -m tools.dashboards.generate` at the root of the repository.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.dashboards.executor import EXECUTOR
from tools.dashboards.latency import LATENCY
from tools.dashboards.limits import read_limits
from tools.dashboards.model import Board, render
from tools.dashboards.overview import OVERVIEW
from tools.dashboards.signals import SIGNALS
from tools.dashboards.trading import TRADING

BOARDS: Final[tuple[Board, ...]] = (OVERVIEW, TRADING, SIGNALS, EXECUTOR, LATENCY)
LIMITS: Final = Path("configs/deploy/prometheus/rules/limits.yml")
DASHBOARDS: Final = Path("configs/deploy/grafana/dashboards")


def written(root: Path) -> Iterator[tuple[Path, str]]:
    """Each dashboard's file below `root`, and what is to stand in it."""
    limits = read_limits(root / LIMITS)
    for board in BOARDS:
        yield root / DASHBOARDS / f"{board.name}.json", render(board, limits)


def main() -> None:
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    for path, text in written(root):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path)


if __name__ == "__main__":
    main()

"""The edges that ship import what an edge may, and nothing else (`config.edge_imports`)."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

from trader.config.edge_imports import refused_imports

FOLDER: Final = Path(__file__).parent
EDGES: Final = [
    path
    for path in sorted(FOLDER.glob("*.py"))
    if not path.name.endswith(("_test.py", "_for_tests.py")) and path.name != "testing.py"
]


def test_there_are_edges_to_look_at() -> None:
    assert {path.name for path in EDGES} >= {"passive_maker.py", "registry.py"}


@pytest.mark.parametrize("path", EDGES, ids=lambda path: path.name)
def test_an_edge_imports_nothing_below_the_book(path: Path) -> None:
    assert refused_imports(ast.parse(path.read_text())) == []

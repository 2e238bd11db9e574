"""An edge reads `ctx.book` and nothing below it: whichever backend is behind it, the edge is the
same. What an edge may import is listed here; all else is refused."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

MAY_IMPORT: Final = {
    "trader.betfair.ladder",
    "trader.config.rules",
    "trader.execution.interfaces.executor",
    "trader.execution.interfaces.intents",
    "trader.strategy.context",
    "trader.strategy.edges",
}
"""How an edge describes its parameters, orders and wishes, and the ladders, which are arithmetic
and know of no book. Whatever is below one of these may be imported as well."""
MAY_IMPORT_OUTSIDE: Final = {"__future__", "abc", "collections", "dataclasses", "math", "typing"}
FOLDER: Final = Path(__file__).parent
EDGES: Final = [
    path
    for path in sorted(FOLDER.glob("*.py"))
    if not path.name.endswith(("_test.py", "_for_tests.py")) and path.name != "testing.py"
]


def refused(source: str) -> list[str]:
    """The modules that a file imports and may not."""
    return [name for name in _imported(ast.parse(source)) if not _may(name)]


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module or ""
        elif isinstance(node, ast.Call) and _called(node) in ("__import__", "import_module"):
            yield "an import at run time"


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _may(name: str) -> bool:
    if name.split(".", maxsplit=1)[0] in MAY_IMPORT_OUTSIDE:
        return True
    return any(name == allowed or name.startswith(f"{allowed}.") for allowed in MAY_IMPORT)


def test_there_are_edges_to_look_at() -> None:
    assert {path.name for path in EDGES} >= {"passive_maker.py", "registry.py"}


@pytest.mark.parametrize("path", EDGES, ids=lambda path: path.name)
def test_an_edge_imports_nothing_below_the_book(path: Path) -> None:
    assert refused(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from trader.betfair.book_builder import BookBuilder", "trader.betfair.book_builder"),
        ("import hotloop", "hotloop"),
        ("from trader.strategy.hotloop.api import Hotloop", "trader.strategy.hotloop.api"),
        ("def decide(self):\n    from trader.engine import Engine", "trader.engine"),
        ("import importlib\nimportlib.import_module('hotloop')", "importlib"),
        ("__import__('hotloop')", "an import at run time"),
    ],
)
def test_what_goes_below_is_found(source: str, name: str) -> None:
    assert name in refused(source)

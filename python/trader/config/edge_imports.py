"""What an edge may import, and the check of a file's imports, and of what needs none, before it is
run.

An edge reads `ctx.book` and nothing below it: whichever backend is behind it, in replays and live,
the edge is the same. The check reads the source, it runs nothing. It is a guard against mistakes,
no sandbox: who means to get round it can.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

TRADER_MODULES: Final = (
    "trader.betfair.ladder",
    "trader.config.rules",
    "trader.execution.interfaces.executor",
    "trader.execution.interfaces.intents",
    "trader.strategy.context",
    "trader.strategy.edges",
)
"""How an edge describes its parameters, orders and wishes, and the ladders, which are arithmetic
and know of no book. Whatever is below one of these may be imported as well."""
OTHER_MODULES: Final = (
    *("__future__", "abc", "bisect", "collections", "copy", "dataclasses", "decimal", "enum"),
    *("fractions", "functools", "heapq", "itertools", "math", "numbers", "operator", "re"),
    *("statistics", "string", "types", "typing"),
)
"""Of the standard library: what computes, and knows neither files, sockets, clocks nor chance."""

_BOOK: Final = "ctx.book has prices, queues and signals (docs/signals.md)"
_INSTEAD: Final = (
    ("trader.betfair", _BOOK),
    ("trader.strategy.hotloop", _BOOK),
    ("hotloop", _BOOK),
    (
        "trader.execution",
        "return Place, Replace or Cancel (trader.strategy.edges.base); ctx.orders and ctx.position"
        " tell what stands",
    ),
    ("trader", "ctx has the book, the market, orders, position and the time"),
    *((name, "ctx.now_ms is the time, in replays as well") for name in ("time", "datetime")),
    *(
        (name, "an edge must decide alike each time; draw on ctx.book and self.config")
        for name in ("random", "secrets", "uuid")
    ),
    *((name, "write the imports by name, at the top") for name in ("importlib", "runpy")),
)
"""The first name that fits says what to use."""
_OTHERWISE: Final = (
    "an edge only computes: from ctx and self.config, with the standard library's math, "
    "collections, statistics and the like (docs/first_edge.md has the list)"
)
_RUN_TIME_NAMES: Final = ("__import__", "import_module", "exec", "eval")
_OUTSIDE: Final = {
    "open": "parameters are keys of the edge's config_class (self.config), which the run is kept "
    "with; what it did stands in the blotter",
    "input": _OTHERWISE,
}
"""What reaches out without an import, and what to use. A file that is read is in no digest."""
_RUN_TIME_METHODS: Final = ("__import__", "import_module")


@dataclass(frozen=True, slots=True)
class RefusedImport:
    """An import or call that an edge may not have: the line (from 1), what, and what to use
    instead."""

    line: int
    name: str
    instead: str
    how: Literal["imports", "calls"] = "imports"

    def __str__(self) -> str:
        return f"{self.how} {self.name}, which an edge may not; instead: {self.instead}"


def refused_imports(tree: ast.AST) -> list[RefusedImport]:
    """The imports and calls of a parsed file that an edge may not have, by line; wherever they
    stand."""
    return sorted(
        (one for one in _imports(tree) if not _is_allowed(one.name)), key=lambda one: one.line
    )


def _imports(tree: ast.AST) -> Iterator[RefusedImport]:
    """Every import there is, and calls that are like one, as if they were refused."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _refused(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom) and node.level:
            name = "." * node.level + (node.module or "")
            alone = "an edge is one file; what it needs beside the trader's own stands in it"
            yield RefusedImport(node.lineno, name, alone)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if _is_allowed(module):
                continue
            for alias in node.names:  # of a package its modules are meant, of a module its names
                whole = f"{module}.{alias.name}"
                yield _refused(node.lineno, whole if _is_allowed(whole) else module)
        elif isinstance(node, ast.Call) and (called := _run_time_import(node)):
            yield RefusedImport(node.lineno, f"by {called}()", dict(_INSTEAD)["importlib"])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in _OUTSIDE:
                yield RefusedImport(node.lineno, f"{name}()", _OUTSIDE[name], "calls")


def _run_time_import(call: ast.Call) -> str | None:
    """The name by which a call imports, or runs text that could; None for other calls."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr if function.attr in _RUN_TIME_METHODS else None
    if isinstance(function, ast.Name) and function.id in _RUN_TIME_NAMES:
        return function.id
    return None


def _refused(line: int, name: str) -> RefusedImport:
    for prefix, instead in _INSTEAD:
        if _is_at_or_below(name, prefix):
            return RefusedImport(line, name, instead)
    return RefusedImport(line, name, _OTHERWISE)


def _is_allowed(name: str) -> bool:
    return any(_is_at_or_below(name, allowed) for allowed in (*TRADER_MODULES, *OTHER_MODULES))


def _is_at_or_below(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")

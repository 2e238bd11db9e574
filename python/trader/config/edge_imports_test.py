"""What an edge may import is let through, all else is refused with its line and what to use."""

from __future__ import annotations

import ast

import pytest

from trader.config.edge_imports import OTHER_MODULES, TRADER_MODULES, refused_imports


@pytest.mark.parametrize("name", [*TRADER_MODULES, *OTHER_MODULES])
def test_what_is_listed_may_be_imported(name: str) -> None:
    assert refused_imports(ast.parse(f"from {name} import anything")) == []
    if name != "__future__":
        assert refused_imports(ast.parse(f"import {name} as other")) == []


@pytest.mark.parametrize(
    "source",
    [
        "from collections.abc import Sequence",
        "from trader.strategy import context",
        "from trader.execution.interfaces import executor, intents",
        "from trader.strategy.edges.passive_maker import PassiveMaker",
        "self.config.eval(3)",
        "re.compile('x')",
        "self.open(3)",
    ],
)
def test_what_is_below_or_named_through_its_package_may_be_too(source: str) -> None:
    assert refused_imports(ast.parse(source)) == []


@pytest.mark.parametrize(
    ("source", "name", "instead"),
    [
        (
            "from trader.betfair.book_builder import BookBuilder",
            "trader.betfair.book_builder",
            "ctx.book has",
        ),
        ("from trader.betfair import books", "trader.betfair", "ctx.book has"),
        ("import hotloop", "hotloop", "ctx.book has"),
        (
            "from trader.strategy.hotloop.api import Hotloop",
            "trader.strategy.hotloop.api",
            "ctx.book has",
        ),
        ("from trader.strategy import context, risk", "trader.strategy", "ctx has the book"),
        (
            "def decide(self):\n    from trader.engine import Engine",
            "trader.engine",
            "ctx has the book",
        ),
        ("import trader.execution.router as r", "trader.execution.router", "return Place"),
        ("import math, socket", "socket", "only computes"),
        ("import os.path", "os.path", "only computes"),
        ("import subprocess", "subprocess", "only computes"),
        ("import numpy as np", "numpy", "only computes"),
        ("import mathematics", "mathematics", "only computes"),
        ("from time import time", "time", "ctx.now_ms"),
        ("from datetime import datetime", "datetime", "ctx.now_ms"),
        ("import random", "random", "alike each time"),
        ("from . import helper", ".", "one file"),
        ("from ..betfair.ladder import ticks", "..betfair.ladder", "one file"),
        ("import importlib", "importlib", "by name"),
        ("x.import_module('hotloop')", "by import_module()", "by name"),
        ("__import__('hotloop')", "by __import__()", "by name"),
        ("builtins.__import__('hotloop')", "by __import__()", "by name"),
        ("exec('import hotloop')", "by exec()", "by name"),
        ("eval('1')", "by eval()", "by name"),
        ("def f():\n    return open('x.csv').read()", "open()", "self.config"),
        ("input()", "input()", "only computes"),
    ],
)
def test_what_goes_below_the_book_or_out_is_refused_and_told_better(
    source: str, name: str, instead: str
) -> None:
    (refused,) = refused_imports(ast.parse(source))
    assert refused.name == name
    assert instead in refused.instead
    assert refused.line == source.count("\n") + 1


def test_every_refused_import_is_told_by_line() -> None:
    source = "def f():\n    import os\nimport math\nfrom trader.engine import Engine\n"
    told = [(one.line, one.name) for one in refused_imports(ast.parse(source))]
    assert told == [(2, "os"), (4, "trader.engine")]


def test_a_file_that_is_read_is_told_as_a_call() -> None:
    (told,) = refused_imports(ast.parse("with open('x') as file:\n    pass"))
    assert str(told).startswith("calls open(), which an edge may not; instead: parameters are keys")

"""The registry has every edge that is in this folder, and base.yaml says how each is set."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from pathlib import Path
from typing import Any, Final

import pytest

from trader.config.loading import load
from trader.strategy.edges.base import Edge
from trader.strategy.edges.registry import EDGES

FOLDER: Final = Path(__file__).parent
MODULES: Final = [
    path.stem
    for path in sorted(FOLDER.glob("*.py"))
    if not path.name.endswith("_test.py") and path.name != "__init__.py"
]


def _edges_in(module: str) -> list[type[Edge[Any]]]:
    found = vars(importlib.import_module(f"trader.strategy.edges.{module}")).values()
    return [
        value
        for value in found
        if isinstance(value, type)
        and issubclass(value, Edge)
        and not inspect.isabstract(value)
        and value.__module__.endswith(f".{module}")
    ]


def test_there_are_edges_to_look_for() -> None:
    assert "passive_maker" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_an_edge_that_is_here_is_registered_under_its_name(module: str) -> None:
    for edge in _edges_in(module):
        line = f"{edge.__name__}.name: {edge.__name__},"
        assert EDGES.get(edge.name) is edge, f"add `{line}` to registry.py"


@pytest.mark.parametrize("name", EDGES)
def test_an_edge_that_ships_is_set_in_base_yaml_and_has_no_defaults_in_the_code(name: str) -> None:
    assert type(load().edges[name]) is EDGES[name].config_class
    fields = dataclasses.fields(EDGES[name].config_class)
    assert [one.name for one in fields if one.default is not dataclasses.MISSING] == []

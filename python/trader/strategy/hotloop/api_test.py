"""The facade over the Python backend, and what it says when there is no other."""

import importlib
from types import ModuleType

import pytest

from trader.strategy.hotloop import reference
from trader.strategy.hotloop.api import Hotloop, HotloopApi, HotloopError
from trader.strategy.hotloop.interface import METHODS


def test_every_method_is_the_backends_own() -> None:
    hotloop: HotloopApi = Hotloop({"book": {"source": "best"}}, rust=False)
    owners = {getattr(hotloop, name).__self__ for name in METHODS}
    assert len(owners) == 1
    assert type(owners.pop()) is reference.Hotloop
    assert hotloop.apply_delta(b'{"op":"mcm","pt":5,"mc":[{"id":"1.1"}]}', 0) == []
    assert hotloop.markets() == ["1.1"]


def test_the_backend_is_named() -> None:
    hotloop = Hotloop(rust=False)
    assert hotloop.backend == hotloop.capabilities()["backend"] == "python"


def test_a_bad_block_is_refused_whatever_the_backend() -> None:
    with pytest.raises(HotloopError):
        Hotloop({"que": 1}, rust=False)


def test_a_missing_extension_is_said_and_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match=r"not installed: build it, or set hotloop\.rust: false"):
        Hotloop(rust=True)

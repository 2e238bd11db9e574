"""The installed extension: absent, of another API, or one that answers otherwise."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

import pytest

from trader.doctor.findings import Mark
from trader.doctor.seam import alike, loads
from trader.doctor.testing import only, subject_of
from trader.strategy.hotloop import reference

RUST = ("hotloop.enabled=true", "hotloop.rust=true")


def install(monkeypatch: pytest.MonkeyPatch, hotloop: type[reference.Hotloop] | None) -> None:
    """Another extension in the place of the installed one; None: there is none."""
    module: Any = None
    if hotloop is not None:
        module = types.ModuleType("hotloop")
        module.Hotloop = hotloop
    monkeypatch.setitem(sys.modules, "hotloop", module)


def test_the_reference_is_always_there() -> None:
    found = only(loads(subject_of()))
    assert found.mark is Mark.OK
    assert found.found.startswith("python, API 1")


def test_the_installed_extension_answers_as_the_reference_does() -> None:
    if "TEST_SRCDIR" not in os.environ:  # under Bazel it must be there
        pytest.importorskip("hotloop", reason="the Rust extension `hotloop` is not installed")
    assert only(loads(subject_of(*RUST))).found.startswith("rust, API 1")
    found = only(alike(subject_of(*RUST)))
    assert found.mark is Mark.OK
    assert "over 300 generated lines are equal" in found.found


def test_an_extension_that_is_not_there_fails_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, None)
    assert only(loads(subject_of(*RUST))).mark is Mark.FAIL
    assert only(loads(subject_of())).mark is Mark.OK
    assert only(alike(subject_of())).mark is Mark.SKIPPED


def test_an_extension_of_another_api_fails_and_names_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Later(reference.Hotloop):
        def capabilities(self) -> dict[str, Any]:
            return {**super().capabilities(), "api_version": 2}

    install(monkeypatch, Later)
    found = only(loads(subject_of(*RUST)))
    assert found.mark is Mark.FAIL
    assert "uses API 1 of Hotloop, the one installed has 2" in found.found


def test_an_extension_that_lacks_a_method_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Less(reference.Hotloop):
        def capabilities(self) -> dict[str, Any]:
            return {**super().capabilities(), "spread_ticks": False}

    install(monkeypatch, Less)
    found = only(loads(subject_of(*RUST)))
    assert found.mark is Mark.FAIL
    assert "does not compute: spread_ticks" in found.found


def test_an_extension_that_answers_otherwise_fails_with_the_first_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Wrong(reference.Hotloop):
        def spread_ticks(self, *args: Any, **named: Any) -> int | None:
            told = super().spread_ticks(*args, **named)
            return None if told is None else told + 1

    install(monkeypatch, Wrong)
    found = only(alike(subject_of(*RUST)))
    assert found.mark is Mark.FAIL
    assert "spread_ticks" in found.found
    assert "do not trade with the Rust one" in found.advice

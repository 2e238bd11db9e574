"""The Ray engine hands out and takes in as the pool does: against a stand-in for the module, and,
where Ray is installed, on a cluster of its own."""

from __future__ import annotations

import importlib
import importlib.util
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from trader.session import StartError
from trader.simulator.many import ray_engine
from trader.simulator.many.races_for_tests import (
    Runs,
    make_none,
    make_wrong,
    race_files,
)
from trader.simulator.many.ray_engine import RayEngine

NUMBERS = (5, 2, 1, 4)


class Lost(Exception):  # noqa: N818  (stands in for Ray's own)
    """A task whose worker died."""


class Wrong(Lost):
    """A task that raised."""


class StandIn(ModuleType):
    """The part of Ray that is used, in this process: the newest task is the first to end."""

    def __init__(self, lose: Callable[[int], bool]) -> None:
        super().__init__("ray")
        self.options: dict[str, Any] = {}
        self.most = self.begun = self.shutdowns = 0
        self.cancelled: list[int] = []
        self.exceptions = ModuleType("exceptions")
        vars(self.exceptions).update(RayError=Lost, RayTaskError=Wrong)
        self._lose = lose
        self._tasks: dict[int, Callable[[], Any]] = {}

    def init(self, **options: Any) -> None:
        self.options = options

    def shutdown(self) -> None:
        self.shutdowns += 1

    def put(self, value: Any) -> Any:
        return value

    def remote(self, **_options: Any) -> Callable[[Any], Any]:
        def decorate(function: Callable[..., Any]) -> Any:
            class Task:
                @staticmethod
                def remote(*arguments: Any) -> int:
                    self.begun += 1
                    self._tasks[self.begun] = lambda: function(*arguments)
                    self.most = max(self.most, len(self._tasks))
                    return self.begun

            return Task

        return decorate

    def wait(
        self, tasks: list[int], *, num_returns: int, timeout: float
    ) -> tuple[list[int], list[int]]:
        assert timeout > 0
        return tasks[-num_returns:], tasks[:-num_returns]

    def get(self, task: int) -> Any:
        run = self._tasks.pop(task)
        if self._lose(task):
            raise Lost(task)
        try:
            return run()
        except Exception as error:
            raise Wrong(repr(error)) from error

    def cancel(self, task: int, *, force: bool) -> None:
        assert force
        self.cancelled.append(task)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "out", race_files(tmp_path, NUMBERS))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine sets for Ray ends with the test."""
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
        monkeypatch.setenv(name, "")


def stand_in(
    monkeypatch: pytest.MonkeyPatch, lose: Callable[[int], bool] = lambda _: False
) -> StandIn:
    module = StandIn(lose)
    monkeypatch.setitem(sys.modules, "ray", module)
    return module


def test_the_result_is_the_pools_whoever_ends_first(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = (runs.play(2), runs.rows())
    ray = stand_in(monkeypatch)
    assert (runs.play(3, engine=RayEngine(None)), runs.rows()) == expected
    assert (ray.begun, ray.most, ray.shutdowns) == (4, 3, 1)
    assert ray.options["address"] == "local"
    assert ray.options["include_dashboard"] is False
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"


def test_a_lost_task_is_begun_once_more(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = (runs.play(2), runs.rows())
    ray = stand_in(monkeypatch, lambda task: task == 2)
    assert (runs.play(2, engine=RayEngine(None)), runs.rows()) == expected
    assert ray.begun == 5
    assert runs.shown.texts == [
        "trader: warning: 1.2: its worker was lost (Lost); it is tried once more"
    ]


def test_tasks_that_are_always_lost_are_named_and_end_the_run(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = stand_in(monkeypatch, lambda _: True)
    with pytest.raises(StartError, match=r"^1\.5: its worker was lost \(Lost\), 2 times; .*0 of 4"):
        runs.play(engine=RayEngine(None))
    assert (ray.begun, ray.shutdowns) == (8, 1)


def test_a_failure_of_all_and_an_unforeseen_one(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = stand_in(monkeypatch)
    with pytest.raises(StartError, match=r"^there is no executor here"):
        runs.play(2, make_executor=make_none, engine=RayEngine(None))
    assert ray.cancelled == [1], "the one that was still under way"
    with pytest.raises(RuntimeError, match=r"1\.2: a worker failed:\n.*nobody foresaw it"):
        runs.play(2, make_executor=make_wrong, engine=RayEngine(None))
    assert ray.shutdowns == 2


def test_without_ray_it_is_said_what_to_install(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(StartError, match=rf"pip install ray=={ray_engine.RAY_VERSION}"):
        runs.play(engine=RayEngine(None))


def test_an_address_where_nobody_is_is_refused_before_ray_waits_for_it(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = stand_in(monkeypatch)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port
        port = taken.getsockname()[1]
        for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
            with pytest.raises(StartError, match=f"nobody answers at {address} "):
                runs.play(engine=RayEngine(address))
    assert ray.options == {}


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_a_real_cluster_gives_the_pools_result(runs: Runs) -> None:
    expected = (runs.play(2), runs.rows())
    assert (runs.play(2, engine=RayEngine(None)), runs.rows()) == expected

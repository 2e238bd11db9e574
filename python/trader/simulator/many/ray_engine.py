"""Workers of a Ray cluster: the same job, played by Ray's own processes.

Inputs go there by path, so that every node must see the recordings under the same paths, and have
the same version of the trader; what is finished comes back as bytes, so that nothing else is
shared. Ray is imported here and nowhere else, when it is asked for.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from trader.session import StartError
from trader.simulator.many.handout import Handout
from trader.simulator.many.inputs import ReplayInput
from trader.simulator.many.job import BLOTTER, RECORD, JobSettings, Outcome, play_input

RAY_VERSION: Final = "2.60.0"
"""The one it is tried with."""
LOOK_EVERY_S: Final = 0.1
REACH_WITHIN_S: Final = 5.0
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True)
class _Played:
    """What comes back of an input."""

    outcome: Outcome
    texts: list[str]
    blotter: bytes = b""
    record: bytes = b""


@dataclass(slots=True)
class _Kept:
    """A teller whose texts come back with the result."""

    texts: list[str] = field(default_factory=list)

    def progress(self, position: int, lines: int) -> None:
        """Not told: a task speaks at its end."""

    def text(self, text: str) -> None:
        self.texts.append(text)


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Plays on the cluster at `address`, or on one that is started on this machine for the run,
    reachable from here only (None). Call it as `play_locally`.

    Raises `StartError` when Ray is not installed, or the cluster cannot be reached or started.
    """

    address: str | None

    def __call__(
        self, handout: Handout, settings: JobSettings, workers_max: int, _run_dir: Path
    ) -> None:
        ray = import_ray(self.address)
        with _cluster(ray, self.address, workers_max):
            _play(ray, handout, settings, workers_max)


def import_ray(address: str | None) -> Any:
    """The module, with its reports of usage off, and, where the cluster is to be of this machine
    alone, bound to loopback. Raises `StartError` where it is not installed."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address is None or _host_and_port(address)[0] in _LOOPBACK:
        # The one setting by which this machine's address is 127.0.0.1 to Ray, read on import;
        # `_node_ip_address`, and a cluster's address, are turned into what others reach.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise StartError(
            f"--engine ray: Ray cannot be imported ({error}); pip install ray=={RAY_VERSION}, "
            "or leave --engine out"
        ) from None


def _host_and_port(address: str) -> tuple[str, int | None]:
    """Of `host:port` and `ray://host:port`; anything else is a word of Ray's own."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    return (host.strip("[]"), int(port)) if colon and port.isdecimal() else (address, None)


def _reach(address: str) -> None:
    """Looks whether anybody is there: Ray itself takes a minute, and many lines, to give up."""
    host, port = _host_and_port(address)
    if port is None:
        return
    try:
        socket.create_connection((host, port), REACH_WITHIN_S).close()
    except (OSError, OverflowError) as error:
        raise StartError(
            f"--engine ray: nobody answers at {address} ({error}); name the address that "
            "`ray start --head` told, or none for a cluster on this machine"
        ) from None


@contextmanager
def _cluster(ray: Any, address: str | None, workers_max: int) -> Iterator[None]:
    """The connection to the cluster, and the cluster itself where it is ours."""
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address is None:
        options |= {"address": "local", "num_cpus": workers_max, "include_dashboard": False}
    else:
        options["address"] = address
        _reach(address)
    former = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**options)
        signal.signal(signal.SIGTERM, former)  # it has put one of its own there
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        where = f"the cluster at {address}" if address is not None else "a cluster of its own"
        reason = str(error).strip().splitlines()[0]
        raise StartError(f"--engine ray: {where} is not to be had: {reason}") from None
    try:
        yield
    finally:
        ray.shutdown()


def _play(ray: Any, handout: Handout, settings: JobSettings, workers_max: int) -> None:
    """Keeps as many tasks under way as there may be workers."""
    # What dies is begun again here, where it is counted.
    task = ray.remote(num_cpus=1, max_retries=0)(play_task)
    common = ray.put(settings)
    folder = handout.parts.work_folder()
    under_way: dict[Any, int] = {}
    while not handout.ends:
        while len(under_way) < workers_max and (number := handout.take()) is not None:
            under_way[task.remote(common, handout.inputs[number])] = number
        if not under_way:
            return
        ready, _ = ray.wait(list(under_way), num_returns=1, timeout=LOOK_EVERY_S)
        for one in ready:
            _take_in(ray, handout, under_way.pop(one), one, folder)
        handout.show()
    for one in under_way:
        ray.cancel(one, force=True)


def _take_in(ray: Any, handout: Handout, number: int, one: Any, folder: Path) -> None:
    """A task's result into its part, or its worker's end."""
    try:
        played: _Played = ray.get(one)
    except ray.exceptions.RayTaskError as error:
        name = handout.inputs[number].name
        raise RuntimeError(f"{name}: a worker failed:\n{error}") from None
    except ray.exceptions.RayError as error:
        handout.lost(number, f"was lost ({type(error).__name__})")
        return
    for text in played.texts:
        handout.text(text)
    if played.outcome is None:
        (folder / BLOTTER).write_bytes(played.blotter)
        (folder / RECORD).write_bytes(played.record)
        handout.parts.put(number, folder)
    handout.ended(number, played.outcome)


def play_task(settings: JobSettings, one: ReplayInput) -> _Played:
    """One input, on whichever node: in a folder there, which goes at the end."""
    teller = _Kept()
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        path = Path(folder)
        outcome = play_input(
            settings, one, path, path / "executor", stop=lambda: False, teller=teller
        )
        if outcome is not None:
            return _Played(outcome, teller.texts)
        blotter, record = (path / BLOTTER).read_bytes(), (path / RECORD).read_bytes()
        return _Played(None, teller.texts, blotter, record)

"""The pages of a running trader and of its sidecar, found and read."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Final

from tests.e2e.trader_process import command, environment, need_executor
from tests.live.rig import PATIENCE_S, live_trader, races

METRICS: Final = ("monitoring.metrics.enabled=true", "monitoring.metrics.port=0")
_SAID: Final = re.compile(r"metrics: (http://\S+/metrics)")
_TYPE: Final = re.compile(r"^# TYPE (\S+) (\w+)$", re.MULTILINE)
_SAMPLE: Final = re.compile(r"^([a-zA-Z_:][\w:]*)[{ ]", re.MULTILINE)
_LISTENING: Final = "0A"
_NO_PROXY: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_LIVE_EXECUTOR: Final = "hotloop_executor_venue_state"


def names_on(page: str) -> set[str]:
    """The series that a page has, or will have once there is something to count."""
    names = set(_SAMPLE.findall(page))
    for name, kind in _TYPE.findall(page):
        family = name.removesuffix("_total")
        if kind == "counter":
            names.add(f"{family}_total")
        elif kind == "histogram":
            names |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"}
        else:
            names.add(name)
    return names


def fetch(url: str) -> str:
    with _NO_PROXY.open(url, timeout=PATIENCE_S) as answer:
        text: str = answer.read().decode()
        return text


def demo(folder: Path, backend: str) -> set[str]:
    """What a demo serves, on both pages where it has a sidecar."""
    if backend == "rust":
        need_executor()
    arguments = ["demo", "--speed", "1", "--out", str(folder / "out"), "--hotloop", "python"]
    arguments += ["--execution", backend, *(part for one in METRICS for part in ("--set", one))]
    with _demo(arguments, folder / "said") as process:
        # With the Python executor a demo's orders go to the simulated exchange, as live ones do.
        last = _LIVE_EXECUTOR if backend == "python" else "hotloop_executor_"
        return _pages(process.pid, (folder / "said").read_text, backend, last)


def live(folder: Path, backend: str) -> set[str]:
    """What a trader at the simulated exchange serves, on both pages where it has a sidecar."""
    with races(folder, pre_off_s=PATIENCE_S) as venue:
        profile = venue.profile(
            execution={"backend": backend},
            monitoring={"metrics": {"enabled": True, "port": 0}},
        )
        with live_trader(folder, profile) as trader:
            trader.wait_for("select count(*) from reports where status = 'PLACED'", 1)
            assert trader.process is not None
            return _pages(trader.process.pid, trader.said, backend, _LIVE_EXECUTOR)


@contextmanager
def _demo(arguments: list[str], said: Path) -> Iterator[subprocess.Popen[bytes]]:
    with said.open("wb") as out:
        process = subprocess.Popen(command(*arguments), env=environment(), stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _pages(pid: int, said: Callable[[], str], backend: str, last: str) -> set[str]:
    """Both pages' names, once the executor's are among them: names that begin with `last`."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        found = _SAID.search(said())
        names = names_on(fetch(found[1])) if found is not None else set[str]()
        if found is not None and backend == "rust":
            for port in _ports_of_children(pid):
                names |= names_on(_page_at(port))
        if any(name.startswith(last) and name not in _TRADERS for name in names):
            return names
        assert time.monotonic() < deadline_s, f"{sorted(names)}\n{said()}"
        time.sleep(0.05)


_TRADERS: Final = frozenset(
    f"hotloop_executor_{name}"
    for name in (
        *("up", "heartbeats_total", "heartbeats_missed_total"),
        *("switches_total", "restarts_total"),
    )
)
"""What the trader says of its executor, whichever that is."""


def _page_at(port: int) -> str:
    """Nothing of a port that speaks something else: the sidecar's wire."""
    try:
        return fetch(f"http://127.0.0.1:{port}/metrics")
    except (OSError, HTTPException):
        return ""


def _ports_of_children(pid: int) -> set[int]:
    """Where the processes that this one has started listen."""
    inodes: set[str] = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            for fd in Path(f"/proc/{child}/fd").glob("*"):
                link = _link(fd)
                if link.startswith("socket:["):
                    inodes.add(link.removeprefix("socket:[").removesuffix("]"))
    ports: set[int] = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[3] == _LISTENING and columns[9] in inodes:
            ports.add(int(columns[1].rpartition(":")[2], 16))
    return ports


def _link(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except FileNotFoundError:
        return ""  # closed in the meantime

"""A machine for a day: release, units, profile, commands, and a venue beside it."""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from tests.e2e.executor_rig import binary
from tests.e2e.trader_process import environment
from tests.live.rig import LiveTrader, Races, races
from tests.operations.checklist import lines, run
from tests.operations.prometheus import free_port
from tests.operations.services import Service, Services, path_with
from trader.simulator.generator import Race, RaceShape

PATIENCE_S: Final = 60.0
RUNBOOKS: Final = Path("docs/runbooks")
DEPLOY: Final = Path("configs/deploy")


@dataclass
class Site:
    """What an operator has in front of them."""

    venue: Races
    services: Services
    profile: Path
    ports: dict[str, int]
    """Of the pages of metrics, by Prometheus' job."""
    env: dict[str, str]

    def run(self, command: str) -> str:
        """What a command says; an assertion when it does not end with 0."""
        return run(command, self.env)

    def checklist(self, name: str) -> None:
        """All lines of a runbook, in order."""
        for line in lines(RUNBOOKS / f"{name}.md"):
            for command in line.commands:
                self.run(command)

    def line(self, name: str, number: int) -> None:
        """One line of a runbook."""
        (line,) = (one for one in lines(RUNBOOKS / f"{name}.md") if one.number == number)
        for command in line.commands:
            self.run(command)

    @property
    def trader(self) -> Service:
        return self.services.services["hotloop-trader"]

    @property
    def executor(self) -> Service:
        return self.services.services["hotloop-executor"]

    @property
    def blotter(self) -> LiveTrader:
        """The trader's blotter, to be read."""
        out = Path(self.env["OUT"])
        link = out.parent / "out"
        if not link.is_symlink():
            link.symlink_to(out.name)
        return LiveTrader(out.parent, self.profile)

    def until(self, query: str, least: int) -> None:
        """Until the blotter counts so many."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (self.blotter.rows(query) or [(0,)])[0][0] < least:
            assert time.monotonic() < deadline_s, f"{query}: {self.trader.said()[-4_000:]}"
            time.sleep(0.05)


@contextmanager
def site(folder: Path, *, markets: int = 2) -> Iterator[Site]:
    """A machine with the units and the profile of an installation, and races for some minutes."""
    with (
        TemporaryDirectory(prefix="hotloop-") as short,  # a socket's path is limited
        races(folder, markets=markets, pre_off_s=900.0) as venue,
    ):
        release = _release(folder / "release")
        bin_folder = release / "bin"
        ports = {"trader": free_port(), "executor": free_port()}
        variables = environment(HOTLOOP_EXECUTOR=str(binary()), PATH=path_with(bin_folder))
        with Services(Path(short), DEPLOY / "systemd", release, variables) as services:
            services.command(bin_folder)
            profile = _profile(services, venue, ports)
            env = {
                **variables,
                "P": str(profile),
                "OUT": services.here("/var/lib/hotloop/live"),
                "RELEASE": str(release),
                "RECORDING": str(_recording(folder)),
                "MARKET": venue.market_ids[0],
            }
            yield Site(venue, services, profile, ports, env)


def _release(folder: Path) -> Path:
    """The layout of a release, with commands that run what is being tested. The archive itself has
    tests of its own (//dist)."""
    (folder / "bin").mkdir(parents=True)
    for name in ("prometheus", "grafana"):
        shutil.copytree(DEPLOY / name, folder / "deploy" / name)
    trader = folder / "bin/trader"
    trader.write_text(f'#!/bin/sh\nexec {sys.executable} -m trader.apps.trader "$@"\n')
    trader.chmod(0o755)
    (folder / "bin/executor").symlink_to(binary())
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in files
    ]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return folder


def _profile(services: Services, venue: Races, ports: dict[str, int]) -> Path:
    """The profile that an installation begins with, for this venue."""
    units = DEPLOY / "systemd"
    etc = Path(services.here("/etc/hotloop"))
    (etc / "hotloop.env").write_text((units / "hotloop.env").read_text())
    installed: dict[str, Any] = yaml.safe_load(services.here((units / "live.yaml").read_text()))
    installed["execution"]["metrics"]["port"] = ports["executor"]
    installed["monitoring"]["metrics"]["port"] = ports["trader"]
    installed["monitoring"]["status"]["port"] = 0
    ours = venue.profile()
    for key in ("betfair", "selector", "edges", "live"):
        installed[key] = ours[key]
    path = etc / "profiles/live.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(installed, sort_keys=False))
    return path


def _recording(folder: Path) -> Path:
    """A recording of somebody's yesterday."""
    path = folder / "yesterday.jsonl"
    race = Race(5, RaceShape(pre_off_s=20.0, in_play_s=5.0))
    path.write_bytes(b"".join(line + b"\n" for line in race.lines()))
    return path

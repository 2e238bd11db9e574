"""Trader and executor trade under the units' confinement; what they leave nobody else can read."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from tests.live.rig import LiveTrader, live_trader, races, verdict

REPOSITORY: Final = Path(__file__).absolute().parents[2]
UNITS: Final = REPOSITORY / "configs/deploy/systemd"
SANDBOX: Final = Path(__file__).with_name("sandbox.py")
SERVICES: Final = ("hotloop-trader.service", "hotloop-executor.service")
TRIES: Final = """\
import errno, mmap, os, resource, socket, ctypes
def refused(call):
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
libc = ctypes.CDLL(None, use_errno=True)
def system(number, *arguments):
    if libc.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), "")
code = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
print(
    refused(lambda: mmap.mmap(-1, 4096, prot=code)),
    refused(lambda: system(165, 0, 0, 0, 0, 0)),   # mount
    refused(lambda: system(101, 0, 0, 0, 0)),      # ptrace
    refused(lambda: system(203, 0, 0, 0)),         # sched_setaffinity
    refused(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    refused(lambda: socket.socket(socket.AF_INET).close()),
    resource.getrlimit(resource.RLIMIT_CORE)[1],
    oct(os.umask(0)),
)
"""


def confined(unit: str) -> list[str]:
    """The command that runs another one as a unit says."""
    return [sys.executable, str(SANDBOX), str(UNITS / unit)]


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="hotloop-") as folder:
        yield Path(folder)


@pytest.mark.parametrize("unit", SERVICES)
def test_the_confinement_bites(unit: str) -> None:
    done = subprocess.run(
        [*confined(unit), sys.executable, "-c", TRIES], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [
        *("EPERM", "EPERM", "EPERM", "EPERM", "EAFNOSUPPORT", "done", "0", "0o77")
    ]


@pytest.mark.parametrize("backend", ["python", "rust"])
@pytest.mark.parametrize("unit", SERVICES)
def test_orders_are_placed_and_cancelled_under_it_and_nobody_else_may_read_what_is_left(
    folder: Path, unit: str, backend: str
) -> None:
    """Both units' filters carry both programs: the executor's runs the trader to render, too."""
    with races(folder, pre_off_s=60.0) as venue:
        profile = venue.profile(
            execution={"backend": backend}, hotloop={"enabled": True, "rust": True}
        )
        with live_trader(folder, profile, wrap=confined(unit)) as trader:
            trader.wait_for("select count(*) from reports where status = 'PLACED'", 1)
            trader.kill(signal.SIGTERM)
            assert trader.wait() == 130, trader.said()
        assert verdict(venue, trader).problems == []
        assert not any(bet["remaining"] for bet in venue.scene.bets())
        left = [path for path in (folder / "out").rglob("*") if path.is_file()]
        assert {path.name for path in left} >= {"blotter.sqlite", "summary.json"}
        assert [str(path) for path in left if path.stat().st_mode & 0o077] == []


def _read_only(writable: Path) -> list[str]:
    return ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
            "--bind", str(writable), str(writable), "--"]  # fmt: skip


@pytest.mark.parametrize("backend", ["python", "rust"])
def test_nothing_but_the_state_folder_is_written(folder: Path, backend: str) -> None:
    probe = [*_read_only(folder), "true"]
    if shutil.which("bwrap") is None or subprocess.run(probe, check=False).returncode != 0:
        pytest.skip("no file system can be made read-only here (bwrap)")
    with races(folder, pre_off_s=60.0) as venue:
        profile = venue.profile(execution={"backend": backend})
        wrap = [*_read_only(folder), *confined(SERVICES[0])]
        with live_trader(folder, profile, wrap=wrap) as trader:
            trader.wait_for("select count(*) from reports where status = 'PLACED'", 1)
            os.kill(_child(trader), signal.SIGTERM)
            assert trader.wait() == 130, trader.said()


def _child(trader: LiveTrader) -> int:
    """What bwrap has started."""
    assert trader.process is not None, "started"
    pid = trader.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)

"""The machine: descriptors, memory, free ports, its clock, and the units that would start us."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trader.doctor.findings import Finding, fail, ok, skipped, warn
from trader.doctor.subject import Subject
from trader.live.folder import holder

DESCRIPTORS: Final = "file descriptors"
MEMORY: Final = "memory"
PORTS: Final = "ports"
SYNCHRONISED: Final = "machine's clock"
UNITS: Final = "units"
DESCRIPTORS_WARN: Final = 1_024
DESCRIPTORS_FAIL: Final = 128
MEMORY_WARN_BYTES: Final = 512 << 20
MEMORY_FAIL_BYTES: Final = 128 << 20
MEMINFO: Final = Path("/proc/meminfo")
TIMESYNC: Final = Path("/run/systemd/timesync/synchronized")
_STA_UNSYNC: Final = 0x0040
_TIME_ERROR: Final = 5


def descriptors(_subject: Subject) -> list[Finding]:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    what = "no limit" if soft == resource.RLIM_INFINITY else f"{soft} may be open"
    advice = f"ulimit -n {DESCRIPTORS_WARN} (LimitNOFILE= of a unit)"
    if soft != resource.RLIM_INFINITY and soft < DESCRIPTORS_FAIL:
        return [fail(DESCRIPTORS, what, advice)]
    if soft != resource.RLIM_INFINITY and soft < DESCRIPTORS_WARN:
        return [warn(DESCRIPTORS, what, advice)]
    return [ok(DESCRIPTORS, what)]


def memory(_subject: Subject) -> list[Finding]:
    try:
        available = next(
            int(line.split()[1]) * 1024
            for line in MEMINFO.read_text().splitlines()
            if line.startswith("MemAvailable:")
        )
    except (OSError, StopIteration, ValueError, IndexError):
        return [skipped(MEMORY, f"{MEMINFO} does not tell")]
    what = f"{available / (1 << 20):,.0f} MiB available"
    advice = "end what else runs here, or take a larger machine"
    if available < MEMORY_FAIL_BYTES:
        return [fail(MEMORY, what, advice)]
    if available < MEMORY_WARN_BYTES:
        return [warn(MEMORY, what, advice)]
    return [ok(MEMORY, what)]


def ports(subject: Subject) -> list[Finding]:
    """Whether the ports that are named by their number can be listened on. Where a trader runs in
    the folder, it is the one that listens."""
    named = list(_named_ports(subject))
    if not named:
        return [ok(PORTS, "none is named: the system gives free ones")]
    pid = holder(subject.out)
    if pid is not None:
        return [ok(PORTS, f"not looked at: the trader of this folder runs (process {pid})")]
    found = [_port(key, host, port) for key, host, port in named]
    wrong = [one for one in found if one is not None]
    if wrong:
        return wrong
    return [ok(PORTS, ", ".join(f"{host}:{port} ({key})" for key, host, port in named) + " free")]


def _named_ports(subject: Subject) -> Iterator[tuple[str, str, int]]:
    """(key, host, port) of every listener of the configuration with a port of its own."""
    monitoring, execution = subject.config.monitoring, subject.config.execution
    for name in monitoring.__slots__:
        part = getattr(monitoring, name)
        if getattr(part, "enabled", False) and getattr(part, "port", 0):
            yield f"monitoring.{name}.port", part.host, part.port
    is_child = subject.uses_sidecar and subject.sidecar.external is None
    if is_child and execution.transport == "tcp" and execution.port:
        yield "execution.port", execution.host, execution.port


def _port(key: str, host: str, port: int) -> Finding | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "in use" if taken else str(error.strerror).lower()
            who = f"end what listens there (ss -ltnp 'sport = :{port}'), or set another {key}"
            return fail(PORTS, f"{key} {host}:{port}: {why}", who)
    return None


class _Timex(ctypes.Structure):
    """`struct timex` of Linux: what is read of it, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def synchronised(_subject: Subject) -> list[Finding]:
    """Whether the kernel says that somebody keeps its clock right."""
    told = kernel_clock()
    if told is None:
        return [skipped(SYNCHRONISED, "the kernel does not tell whether its clock is kept right")]
    is_right, error_ms = told
    if is_right:
        return [ok(SYNCHRONISED, f"synchronised, at most {error_ms:.1f} ms off")]
    if TIMESYNC.exists():
        return [ok(SYNCHRONISED, f"synchronised once since the start ({TIMESYNC})")]
    return [
        warn(
            SYNCHRONISED,
            "the kernel says that nobody keeps its clock right",
            "run chrony or systemd-timesyncd; in a container its host's; see the venue's clock",
        )
    ]


def kernel_clock() -> tuple[bool, float] | None:
    """(whether it is synchronised, by how many ms it may be off); None where it cannot be asked."""
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (AttributeError, OSError):
        return None
    if state < 0:
        return None
    is_right = state != _TIME_ERROR and not timex.status & _STA_UNSYNC
    return is_right, timex.maxerror / 1000


def units(subject: Subject) -> list[Finding]:
    """Whether service units are installed; it says so only."""
    found = sorted(
        {
            one.name
            for folder in subject.units
            if os.access(folder, os.R_OK | os.X_OK)
            for one in folder.glob("hotloop*.service")
        }
    )
    if not found:
        return [skipped(UNITS, "none is installed: the trader is started by hand")]
    return [ok(UNITS, ", ".join(found))]

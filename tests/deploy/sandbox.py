"""Runs a command under what a unit file asks for, as far as a process can do that to itself: umask,
limits, no new privileges, and the system call filter with the address families and the ban on
memory that is both writable and executable, made the way systemd makes them.

    python sandbox.py UNIT COMMAND…
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_NUMBERS: Final = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
_ARCH_X86_64: Final = 0xC000003E
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_LOAD, _AND, _EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_OF_NUMBER, _OF_ARCH, _OF_ARGUMENTS = 0, 4, 16
_WRITE, _EXEC = 2, 4
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2


def settings(unit: Path) -> dict[str, list[str]]:
    """Every value that a unit gives to a key."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def allowed(filters: Iterable[str]) -> set[str]:
    """The system calls that `SystemCallFilter=` lines leave, the first of them a list of what is
    allowed."""
    calls: set[str] = set()
    for line in filters:
        names = set().union(*(_expand(name) for name in line.lstrip("~").split()))
        calls = calls - names if line.startswith("~") else calls | names
    return calls


def _expand(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter", name],
        capture_output=True,
        text=True,
        check=True,
    )
    words = [line.strip() for line in done.stdout.splitlines()[1:]]
    return set().union(*(_expand(word) for word in words if re.fullmatch(r"@?[\w-]+", word)))


def program(unit: dict[str, list[str]]) -> bytes:
    """The filter, as instructions for the kernel."""
    text = _NUMBERS.read_text()
    numbers = {name: int(n) for name, n in re.findall(r"#define __NR_(\w+)\s+(\d+)", text)}
    families = [int(getattr(socket, name)) for name in unit["RestrictAddressFamilies"][0].split()]
    code = [
        (_LOAD, 0, 0, _OF_ARCH),
        (_EQUAL, 1, 0, _ARCH_X86_64),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_LOAD, 0, 0, _OF_NUMBER),
        # socket: of these families only.
        (_EQUAL, 0, 2 + 2 * len(families), numbers["socket"]),
        (_LOAD, 0, 0, _OF_ARGUMENTS),
    ]
    for family in families:
        code += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW)]
    code.append((_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT))
    if unit["MemoryDenyWriteExecute"] == ["true"]:
        for name, mask in (("mmap", _WRITE | _EXEC), ("mprotect", _EXEC), ("pkey_mprotect", _EXEC)):
            code += [
                (_EQUAL, 0, 5, numbers[name]),
                (_LOAD, 0, 0, _OF_ARGUMENTS + 8 * 2),
                (_AND, 0, 0, mask),
                (_EQUAL, 0, 1, mask),
                (_RETURN, 0, 0, _ERRNO | errno.EPERM),
                (_LOAD, 0, 0, _OF_NUMBER),
            ]
    for name in sorted(allowed(unit["SystemCallFilter"]) & numbers.keys()):
        code += [(_EQUAL, 0, 1, numbers[name]), (_RETURN, 0, 0, _ALLOW)]
    code.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    return b"".join(struct.pack("=HBBI", *one) for one in code)


def confine(unit: dict[str, list[str]]) -> None:
    """Puts this process under it, and what it starts."""
    filtered = program(unit)
    os.umask(int(unit["UMask"][0], 8))
    for name in ("NOFILE", "CORE"):
        limit = int(unit[f"Limit{name}"][0])
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(filtered)
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(filtered) // 8, ctypes.addressof(code))
    )
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_void_p(ctypes.addressof(header)), 0, 0),
    ):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), f"prctl({call[0]})")


def main(unit: str, *command: str) -> None:
    confine(settings(Path(unit)))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])

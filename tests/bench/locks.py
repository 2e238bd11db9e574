"""The peers' pinned environments: `peers/NAME.txt`, made from `peers/NAME.in` by pip-compile.

`./bazelw run //tests/bench:lock` writes them anew.
"""

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PEERS: Final = Path(__file__).parent / "peers"

_PIN: Final = re.compile(r"([A-Za-z0-9._-]+)==(\S+)((?: --hash=sha256:[0-9a-f]{64})+)")


@dataclass(frozen=True)
class Lock:
    path: Path
    pins: dict[str, str]
    """{normalised package name: version}"""
    digest: str
    """Of the lock and the Python that reads it: another one is another environment."""

    def version(self, distribution: str) -> str:
        return self.pins[normalised(distribution)]


def normalised(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def read_lock(path: Path) -> Lock:
    """Raises ValueError for anything but `name==version` with at least one sha256."""
    text = path.read_text(encoding="utf-8")
    pins = {}
    for entry in text.replace("\\\n", " ").splitlines():
        # pip-compile says below each pin who wanted it.
        line = " ".join(entry.split())
        if not line or line.startswith("#"):
            continue
        matched = _PIN.fullmatch(line)
        if matched is None:
            raise ValueError(f"{path.name}: not a pin with hashes: {line[:80]}")
        pins[normalised(matched[1])] = matched[2]
    if not pins:
        raise ValueError(f"{path.name}: no pins")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(f"{version}\n{text}".encode()).hexdigest()[:12]
    return Lock(path, pins, digest)


def peer_lock(name: str) -> Lock:
    return read_lock(PEERS / f"{name}.txt")

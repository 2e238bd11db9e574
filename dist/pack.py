"""Packs a release: `pack PLAN`, a JSON file written by tools/bazel/release.bzl.

The same files and the same commit give the same bytes, wherever and whenever they are packed: names
are sorted, times are fixed, nobody owns anything.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, Final

from dist.parts import Crate, Package, parts_list

EXECUTABLE: Final = frozenset({"bin/trader", "bin/executor", "install"})
_FIXED_TIME: Final = 315_532_800
"""1980-01-01: no archive format keeps an earlier one."""


class PackError(Exception):
    """The plan does not add up; the message says what is wrong."""


def digest(content: bytes) -> str:
    """SHA-256, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


def locked(lock: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Of a lock: by normalised name the version, and the hashes that a file of it may have."""
    found = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        head = re.match(r"([A-Za-z0-9._-]+)==(\S+)", block)
        if head:
            hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
            found[normal(head[1])] = (head[2], hashes)
    return found


def normal(name: str) -> str:
    """A package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def package(wheel: Path) -> Package:
    """What a wheel says of itself."""
    content = wheel.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        name = next(one for one in packed.namelist() if one.endswith(".dist-info/METADATA"))
        told = HeaderParser().parsestr(packed.read(name).decode("utf-8"))
    return Package(
        normal(told["Name"]), told["Version"], told.get("License-Expression"), digest(content)
    )


def checked(packages: Iterable[Package], lock: str) -> list[Package]:
    """The packages, when they are exactly those of the lock, file for file."""
    wanted = locked(lock)
    found = sorted(packages, key=lambda one: one.name)
    if [one.name for one in found] != sorted(wanted):
        missing = sorted(wanted.keys() - {one.name for one in found})
        odd = sorted({one.name for one in found} - wanted.keys())
        raise PackError(f"wheels and lock differ: no wheel for {missing}, not locked {odd}")
    for one in found:
        version, hashes = wanted[one.name]
        if one.version != version or one.sha256 not in hashes:
            raise PackError(f"the wheel of {one.name} {one.version} is not the one that is locked")
    return found


def crates(folders: Iterable[str], lock: str) -> list[Crate]:
    """Crates by the folders they are built in (`…crates__NAME-VERSION`), with the checksums that
    Cargo.lock has of them."""
    sums = {}
    for block in lock.split("[[package]]")[1:]:
        keys = dict(re.findall(r'^(name|version|checksum) = "([^"]*)"$', block, re.MULTILINE))
        sums[f"{keys['name']}-{keys['version'].split('+')[0]}"] = keys
    found = {}
    for folder in folders:
        name = folder.rpartition("crates__")[2]
        if name not in sums:
            raise PackError(f"{folder} is no crate of Cargo.lock")
        keys = sums[name]
        found[name] = Crate(keys["name"], keys["version"], keys["checksum"])
    return [found[name] for name in sorted(found)]


def commit(stamp: str) -> str:
    """Of Bazel's stamp: the commit that is built."""
    found = re.search(r"^STABLE_GIT_COMMIT (\S+)$", stamp, re.MULTILINE)
    return found[1] if found else "unknown"


def archived(name: str, tree: Mapping[str, bytes]) -> bytes:
    """The gzipped archive of these files below a folder `name`."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(
            filename="", mode="wb", fileobj=out, mtime=_FIXED_TIME, compresslevel=6
        ) as gz,
        tarfile.open(fileobj=gz, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in sorted(tree):
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(tree[path])
            member.mtime = _FIXED_TIME
            member.mode = 0o755 if path in EXECUTABLE else 0o644
            tar.addfile(member, io.BytesIO(tree[path]))
    return out.getvalue()


def sums(files: Mapping[str, bytes]) -> bytes:
    """As `sha256sum` prints them, by name."""
    return "".join(f"{digest(files[path])}  {path}\n" for path in sorted(files)).encode()


def pack(plan: Mapping[str, Any]) -> None:
    """Writes archive, list of parts and checksums to where the plan says."""
    lock = Path(plan["requirements"]).read_text(encoding="utf-8")
    wheels = [Path(wheel) for wheel in plan["wheels"]]
    packages = checked([package(wheel) for wheel in wheels], lock)
    own = Path(plan["wheel"])
    ours = package(own)
    built = crates(plan["crates"], Path(plan["cargo_lock"]).read_text(encoding="utf-8"))
    version = plan["version"]
    stamp = commit(Path(plan["stamp"]).read_text(encoding="utf-8"))
    parts = parts_list(version, stamp, packages, built).encode()
    tree = {path: Path(file).read_bytes() for path, file in plan["tree"].items()}
    tree |= {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in [*wheels, own]}
    tree["requirements.txt"] = (
        f"{lock.rstrip()}\n{ours.name}=={ours.version} --hash=sha256:{ours.sha256}\n".encode()
    )
    tree["VERSION"] = f"{version} {stamp}\n".encode()
    tree["SBOM.cdx.json"] = parts
    tree["SHA256SUMS"] = sums(tree)
    archive = Path(plan["archive"])
    archive.write_bytes(archived(archive.name.removesuffix(".tar.gz"), tree))
    sbom = Path(plan["sbom"])
    sbom.write_bytes(parts)
    made = {file.name: file.read_bytes() for file in (archive, sbom, own)}
    Path(plan["sums"]).write_bytes(sums(made))


def main(arguments: list[str]) -> int:
    try:
        pack(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    except PackError as error:
        print(f"pack: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

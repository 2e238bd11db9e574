"""proto_wire/snapshot.json: everything compatibility depends on, in one file that a review reads.

python -m tests.compat.snapshot           says what differs from the file; exit code 1 if so
python -m tests.compat.snapshot --update  writes it anew; a published vector that has changed or
                                          is gone, and a published name that is gone, is refused
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.compat.codecs import Codec, python, rust
from trader.execution.testing import PROTO_WIRE
from trader.strategy.hotloop.interface import API_VERSION, METHODS

SNAPSHOT: Final = PROTO_WIRE / "snapshot.json"
_LANGUAGES_SAY: Final = ("wire_version", "bundle_versions", "limits", "messages", "enums")


class SnapshotError(Exception):
    """The snapshot cannot be what it should: one line a reason."""


def taken(python_codec: Codec, rust_codec: Codec, proto_wire: Path = PROTO_WIRE) -> dict[str, Any]:
    """The snapshot as things are now. Raises `SnapshotError` where the languages differ."""
    ours, theirs = python_codec.describe(), rust_codec.describe()
    differing = [
        f"{key}: python has {ours[key]}, rust has {theirs[key]}"
        for key in _LANGUAGES_SAY
        if _sorted(ours[key]) != _sorted(theirs[key])
    ]
    if differing:
        raise SnapshotError("\n".join(differing))
    return {
        **{key: theirs[key] for key in _LANGUAGES_SAY},
        "codes": theirs["codes"],
        "hotloop": {"api_version": API_VERSION, "methods": sorted(METHODS)},
        "files": {str(p.relative_to(proto_wire)): _sum(p) for p in _published(proto_wire)},
    }


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Every leaf that differs: `path: before → after`."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    return [
        f"{path}: {before.get(path, 'nothing')} → {after.get(path, 'nothing')}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def forbidden(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Those of the changes that another version must make (SPEC.md, V2, V3, V6). An added message,
    vector or code is not among them; an added field is: whether it may be left out, a person says.
    """
    kept: tuple[str, ...] = ("files",)  # stay, whatever comes beside them
    if old.get("wire_version") == new["wire_version"]:
        kept = ("wire_version", "limits", "messages", "enums", "codes", "files")
    before = dict(_leaves({key: old.get(key, {}) for key in kept}))
    after = dict(_leaves({key: new[key] for key in kept}))
    return [
        f"{path}: {value} → {after.get(path, 'nothing')}"
        for path, value in sorted(before.items())
        if after.get(path) != value
    ]


def main(arguments: Sequence[str]) -> int:
    old = json.loads(SNAPSHOT.read_bytes()) if SNAPSHOT.exists() else {}
    try:
        new = taken(python(), rust())
    except SnapshotError as error:
        print(f"the languages differ:\n{error}", file=sys.stderr)
        return 1
    changed, refused = changes(old, new), forbidden(old, new)
    for line in changed:
        print(f"{'REFUSED ' if line in refused else ''}{line}")
    if "--update" not in arguments:
        return 1 if changed else 0
    if refused:
        print(
            f"{len(refused)} changes are refused: what is published stays. Make another wire "
            "version (proto_wire/vectors/v2, SPEC.md V3) or undo them.",
            file=sys.stderr,
        )
        return 1
    SNAPSHOT.write_text(json.dumps(new, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    print(f"{SNAPSHOT.name} written")
    return 0


def _published(proto_wire: Path) -> list[Path]:
    found = [*proto_wire.glob("vectors/*/*/*.json"), *proto_wire.glob("schemas/v*/*.json")]
    return sorted(found)


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in sorted(value.items())}
    return sorted(value) if isinstance(value, list) else value


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}/{key}" if path else key)
    else:
        yield path, value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

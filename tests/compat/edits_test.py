"""The proof that the checks see what they are for: an edited vector, a renamed enum, a retyped
field, in either language, fails them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.compat.codecs import CODECS, ROOT, Codec, python, rust
from tests.compat.snapshot import SNAPSHOT, SnapshotError, changes, taken
from tests.compat.vectors import Vectors, check_framing, check_pair, check_refusals, published
from trader.execution.testing import PROTO_WIRE

NEWEST: Final = published()[-1]
INTERFACES: Final = "trader/execution/interfaces"


def python_with(tmp_path: Path, file: str, old: str, new: str) -> Codec:
    """The Python codec with one edit in one of its files."""
    for part in (
        "trader/__init__.py",
        "trader/execution/__init__.py",
        "trader/execution/framing.py",
    ):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "python" / part, tmp_path / part)
    shutil.copytree(ROOT / "python" / INTERFACES, tmp_path / INTERFACES, dirs_exist_ok=True)
    edited = tmp_path / file
    source = edited.read_text()
    assert source.count(old) == 1, f"{old!r} stands in {file} {source.count(old)} times"
    edited.unlink()
    edited.write_text(source.replace(old, new))
    return python(str(tmp_path), name="python, edited")


def rust_with(edit: str) -> Codec:
    """The Rust codec that the build made with one edit (tests/compat/BUILD.bazel)."""
    variable = f"HOTLOOP_CODEC_{edit.upper()}"
    if variable not in os.environ:
        pytest.skip(f"only Bazel builds it: {variable}")
    return rust(variable, name="rust, edited")


Plant = Callable[[Path], Codec]
RENAMED: Final[dict[str, Plant]] = {
    "python": lambda tmp: python_with(
        tmp, f"{INTERFACES}/intents.py", 'BACK = "BACK"', 'BACK = "BUY"'
    ),
    "rust": lambda _: rust_with("renamed"),
}
RETYPED: Final[dict[str, Plant]] = {
    "python": lambda tmp: python_with(
        tmp,
        f"{INTERFACES}/messages.py",
        'tag="GOODBYE"):\n    reason: str',
        'tag="GOODBYE"):\n    reason: str | int',
    ),
    "rust": lambda _: rust_with("retyped"),
}


def failures(codec: Codec, folder: Path = NEWEST) -> list[str]:
    """The names of the checks of one codec, paired with each, that fail."""
    vectors = Vectors.read(folder)

    def pairs() -> None:
        for other in CODECS.values():
            check_pair(codec, other, vectors)
            check_pair(other, codec, vectors)

    checks: dict[str, Callable[[], object]] = {
        "pair": pairs,
        "refusals": lambda: check_refusals(codec, vectors),
        "framing": lambda: check_framing(codec, vectors),
    }
    failed = []
    for name, check in checks.items():
        try:
            check()
        except AssertionError:
            failed.append(name)
    return failed


@pytest.mark.parametrize("language", CODECS)
def test_nothing_fails_where_nothing_is_edited(language: str) -> None:
    assert failures(CODECS[language]) == []


@pytest.mark.parametrize("language", RENAMED)
def test_an_enum_renamed_in_one_language_fails(language: str, tmp_path: Path) -> None:
    edited = RENAMED[language](tmp_path)
    assert "pair" in failures(edited)
    pair = (edited, CODECS["rust"]) if language == "python" else (CODECS["python"], edited)
    with pytest.raises(SnapshotError, match="enums"):
        taken(*pair)


@pytest.mark.parametrize("language", RETYPED)
def test_a_field_retyped_in_one_language_fails(language: str, tmp_path: Path) -> None:
    assert failures(RETYPED[language](tmp_path))


def test_a_field_renamed_fails(tmp_path: Path) -> None:
    edited = python_with(
        tmp_path, f"{INTERFACES}/messages.py", "last_seq: Count", "newest_seq: Count"
    )
    assert "pair" in failures(edited)
    with pytest.raises(SnapshotError, match="messages"):
        taken(edited, CODECS["rust"])


def test_a_wider_range_fails(tmp_path: Path) -> None:
    edited = python_with(
        tmp_path,
        f"{INTERFACES}/wire.py",
        "PRICE_CENTI_MAX: Final = 1_000_000",
        "PRICE_CENTI_MAX: Final = 1_000_001",
    )
    assert "refusals" in failures(edited)


def test_a_longer_frame_fails(tmp_path: Path) -> None:
    edited = python_with(tmp_path, "trader/execution/framing.py", "= 1 << 20", "= 1 << 21")
    assert "framing" in failures(edited)


# --- edited vectors ------------------------------------------------------------------------------


@pytest.fixture
def proto_wire(tmp_path: Path) -> Path:
    copied = tmp_path / "proto_wire"
    shutil.copytree(PROTO_WIRE, copied, copy_function=shutil.copyfile)
    return copied


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("messages/accept_tick.json", '\\"ts_ms\\":', '\\"ts_ms\\": '),
        ("messages/reject_intent_v_null.json", "BAD_MESSAGE", "UNKNOWN_VERSION"),
        ("framing/zero_length.json", "BAD_FRAME_LENGTH", "TRUNCATED"),
    ],
)
@pytest.mark.parametrize("language", CODECS)
def test_an_edited_vector_fails_in_both_languages(
    language: str, file: str, old: str, new: str, proto_wire: Path
) -> None:
    folder = proto_wire / "vectors" / NEWEST.name
    edit(folder / file, old, new)
    assert failures(CODECS[language], folder)


def test_a_vector_edited_to_what_both_take_fails_the_snapshot(proto_wire: Path) -> None:
    edited = proto_wire / "vectors" / NEWEST.name / "messages/accept_goodbye.json"
    edit(edited, "shutdown", "shut down")
    assert failures(CODECS["python"], edited.parents[1]) == []
    kept = json.loads(SNAPSHOT.read_bytes())
    (change,) = changes(kept, taken(CODECS["python"], CODECS["rust"], proto_wire))
    assert "accept_goodbye" in change


def test_a_vector_taken_away_fails_the_snapshot(proto_wire: Path) -> None:
    (proto_wire / "vectors" / NEWEST.name / "messages/accept_goodbye.json").unlink()
    kept = json.loads(SNAPSHOT.read_bytes())
    (change,) = changes(kept, taken(CODECS["python"], CODECS["rust"], proto_wire))
    assert change.endswith("nothing")

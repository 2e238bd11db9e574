"""Files are unpacked and counted; what cannot be read is one clear error."""

import bz2
import gzip
from pathlib import Path

import pytest

from tests.bench.errors import BadArgumentsError
from tests.bench.recordings import default_files, prepare
from tests.bench.testing import LINES, write_recording

TWICE = b'{"op":"mcm","pt":1,"mc":[{"id":"1.1","rc":[{"id":1}]},{"id":"1.1"},{"id":"1.2"}]}'


def prepared(tmp_path: Path, name: str, content: bytes) -> dict[str, int]:
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / name).write_bytes(content)
    return prepare(tmp_path / name, work).expected


def test_what_the_file_holds_is_counted(tmp_path: Path) -> None:
    content = TWICE + b"\r\n\n" + b'{"op":"mcm","pt":2,"ct":"HEARTBEAT"}\n{"op":"status","id":1}\n'
    assert prepared(tmp_path, "made.json", content) == {
        "lines": 3,
        "market_changes": 3,
        "runner_changes": 1,
        "books": 2,  # one market twice in a message is one book
    }


@pytest.mark.parametrize(("name", "packed"), [("m.bz2", bz2.compress), ("m.gz", gzip.compress)])
def test_packed_files(tmp_path: Path, name: str, packed: object) -> None:
    assert callable(packed)
    assert prepared(tmp_path, name, packed(TWICE))["market_changes"] == 3


def test_the_plain_file_has_every_line(tmp_path: Path) -> None:
    made = prepare(write_recording(tmp_path / "made.json"), tmp_path)
    assert len(made.plain.read_bytes().splitlines()) == made.expected["lines"] == LINES


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no lines"), (b"{\n", "line 1 is not"), (TWICE + b"\n[1]\n", "line 2 is not")],
)
def test_what_is_no_stream_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(BadArgumentsError, match=said):
        prepared(tmp_path, "made.json", content)


def test_a_file_that_is_not_there_or_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArgumentsError, match="No such file"):
        prepare(tmp_path / "nowhere.json", tmp_path)
    with pytest.raises(BadArgumentsError, match="Invalid data stream"):
        prepared(tmp_path, "made.bz2", b"plain")


def test_without_recordings_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLOOP_DATA", str(tmp_path))
    with pytest.raises(BadArgumentsError, match="set HOTLOOP_DATA, or name FILEs"):
        default_files()

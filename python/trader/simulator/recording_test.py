"""Recordings are read whatever their packing, and what cannot be read says where and why."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from trader.simulator.recording import Recording, RecordingError

LINES = [b'{"op":"mcm","pt":%d,"mc":[]}' % pt for pt in range(1, 6000)]
PLAIN = b"\n".join(LINES) + b"\n"


def zipped(data: bytes, path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (members or {"1.json": data}).items():
            archive.writestr(name, content)


def read(path: Path) -> list[bytes]:
    with Recording(path) as recording:
        return list(recording)


def failure(path: Path) -> RecordingError:
    with pytest.raises(RecordingError) as caught, Recording(path) as recording:
        list(recording)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return caught.value


PACKINGS: dict[str, Callable[[bytes, Path], object]] = {
    "plain": lambda data, path: path.write_bytes(data),
    "gz": lambda data, path: path.write_bytes(gzip.compress(data)),
    "bz2": lambda data, path: path.write_bytes(bz2.compress(data)),
    "zip": zipped,
    "zip of bz2": lambda data, path: zipped(bz2.compress(data), path),
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_gives_the_same_lines_whatever_the_name(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "recording"
    PACKINGS[packing](PLAIN, path)
    with Recording(path) as recording:
        assert list(recording) == LINES
        assert recording.lines_read == len(LINES)
        assert 0 < recording.position <= recording.size
        assert list(recording) == LINES, "a recording can be read again"


def test_members_of_a_zip_are_read_in_name_order(tmp_path: Path) -> None:
    path = tmp_path / "day.zip"
    zipped(b"", path, **{"b.json": LINES[1], "a.json": LINES[0], "dir/": b""})
    assert read(path) == LINES[:2]


def test_line_ends_blank_lines_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(b"\xef\xbb\xbf" + LINES[0] + b"\r\n\r\n\n" + LINES[1])
    assert read(path) == LINES[:2]


@pytest.mark.parametrize("packing", ["gz", "bz2"])
def test_a_truncated_file_names_the_line_it_ends_after(tmp_path: Path, packing: str) -> None:
    path = tmp_path / f"r.{packing}"
    # Random numbers: several compressed blocks, so that lines come out before the end.
    data = b"".join(b'{"op":"mcm","pt":%d}\n' % (n * 2654435761 % 2**40) for n in range(90_000))
    PACKINGS[packing](data, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    reason = failure(path).reason
    assert reason.startswith("is truncated: its compressed data ends after line ")
    assert int(reason.rsplit(" ", 1)[1].replace(",", "")) > 10_000


def test_a_file_cut_in_its_first_block_is_truncated_after_line_0(tmp_path: Path) -> None:
    path = tmp_path / "r.bz2"
    path.write_bytes(bz2.compress(PLAIN)[:200])
    assert failure(path).reason == "is truncated: its compressed data ends after line 0"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "has no lines in it"),
        (b"GIF89a\x00\x01\x02", "is not a recording of the market stream: it begins with 'GIF89a"),
        (b"a,b,c\n1,2,3\n", "is not a recording of the market stream: it begins with 'a,b,c'"),
        (b'{"a": 1}\n', "is not a recording of the market stream"),
        (PLAIN.decode().encode("utf-16"), "is not a recording of the market stream"),
        (b"[1]\n" * 30 + LINES[0], "is not a recording of the market stream"),
        (b'{"op":"ocm","pt":1}\n', "holds order stream messages (op ocm)"),
        (b'{"op":"status"}\n', "has no market data (op mcm) in its first lines, but op status"),
        (b"BZh9" + b"\x00" * 40, "is damaged after line 0"),
        (b"\x1f\x8b" + b"\x00" * 40, "is damaged after line 0"),
        (b"PK\x03\x04" + b"\x00" * 40, "is damaged after line 0"),
    ],
)
def test_what_is_no_recording_is_refused_on_opening(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        Recording(path)
    assert said in str(caught.value)


def test_bad_lines_further_on_are_the_seams_affair(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(b'{"op":"connection"}\nnot json\n' + LINES[0] + b"\n{{{\n")
    assert len(read(path)) == 4


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert failure(tmp_path / "gone").reason == "does not exist"
    assert failure(tmp_path).reason == "is a folder, not a recording"


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r"
    path.write_bytes(PLAIN)

    def denied(*_args: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # a mode of 0 would not stop root
    assert failure(path).reason == "cannot be read: Permission denied"

"""Every recording of the files named is one input, each market once, and nothing goes unsaid."""

from __future__ import annotations

import bz2
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from trader.simulator.many import inputs
from trader.simulator.many.inputs import Found, find_inputs
from trader.simulator.recording import RecordingError


def stream(*markets: str) -> bytes:
    changes = ",".join(f'{{"id":"{market}","rc":[]}}' for market in markets)
    return b"".join(b'{"op":"mcm","pt":%d,"mc":[%s]}\n' % (pt, changes.encode()) for pt in (1, 2))


def packed(*markets: str) -> bytes:
    return bz2.compress(stream(*markets))


def tar(path: Path, *members: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def found(path: Path) -> Found:
    return find_inputs([(path.name, path)])


def refused(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        found(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


OFFICIAL = (
    ("2024/Jan/5/33/1.7.bz2", packed("1.7")),
    ("2024/Jan/5/33/33.bz2", packed("1.5", "1.7")),
    ("2024/Jan/5/33/1.5.bz2", packed("1.5")),
)


def test_each_market_of_an_official_archive_is_an_input_and_its_event_file_is_not(
    tmp_path: Path,
) -> None:
    result = found(tar(tmp_path / "day.tar", *OFFICIAL))
    assert [one.name for one in result.inputs] == [
        "day.tar!2024/Jan/5/33/1.5.bz2",
        "day.tar!2024/Jan/5/33/1.7.bz2",
    ]
    for one, market in zip(result.inputs, ("1.5", "1.7"), strict=True):
        with one.open() as lines:
            assert list(lines) == stream(market).splitlines()
            assert lines.position == lines.size == one.size == len(packed(market))
    assert result.notes == [
        "day.tar: left out 1 event file (2024/Jan/5/33/33.bz2): their markets have own files"
    ]


def test_an_event_file_whose_markets_are_nowhere_else_is_played(tmp_path: Path) -> None:
    archive = tar(tmp_path / "day.tar", ("33.bz2", packed("1.5", "1.7")), ("1.9", stream("1.9")))
    result = found(archive)
    assert [one.name for one in result.inputs] == ["day.tar!1.9", "day.tar!33.bz2"]
    assert result.notes == []


def test_a_market_that_only_a_left_out_event_file_has_is_named(tmp_path: Path) -> None:
    archive = tar(tmp_path / "d.tar", ("33.bz2", packed("1.5", "1.7")), OFFICIAL[0])
    assert "d.tar: left out 1 market (1.5): in an event file only" in found(archive).notes


def test_the_members_of_a_zip_are_inputs_too(tmp_path: Path) -> None:
    path = tmp_path / "day.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("dir/", b"")
        archive.writestr("b", stream("1.2"))
        archive.writestr("a.bz2", packed("1.1"))
        archive.writestr("README.txt", b"what this is")
        archive.writestr("empty", b"")
    result = found(path)
    assert [one.name for one in result.inputs] == ["day.zip!a.bz2", "day.zip!b"]
    for one, market in zip(result.inputs, ("1.1", "1.2"), strict=True):
        with one.open() as lines:
            assert list(lines) == stream(market).splitlines()
            assert 0 < lines.position <= lines.size
    assert result.notes == [
        "day.zip: left out 2 files (README.txt, empty): no market stream in them"
    ]


def test_plain_files_are_inputs_under_the_names_they_were_given(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(stream("1.1"))
    (tmp_path / "b.bz2").write_bytes(packed("1.2"))
    result = find_inputs([("./b", tmp_path / "b.bz2"), ("./a", tmp_path / "a")])
    assert [one.name for one in result.inputs] == ["./b", "./a"]
    assert [one.path for one in result.inputs] == [str(tmp_path / "b.bz2"), str(tmp_path / "a")]


def test_what_an_archive_may_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tar(tmp_path / "day.tar", *OFFICIAL).read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole[: whole.index(b"BZh") + 10])
    assert refused(cut) == "cut.tar: is truncated: it ends within 2024/Jan/5/33/1.7.bz2"
    cut.write_bytes(whole[: whole.index(b"2024/Jan/5/33/33.bz2") + 100])
    assert refused(cut).startswith("cut.tar: is a damaged archive after 2024/Jan/5/33/1.7.bz2: ")
    twice = tar(tmp_path / "twice.tar", OFFICIAL[0], OFFICIAL[0])
    assert "holds 2024/Jan/5/33/1.7.bz2 twice" in refused(twice)
    empty = tmp_path / "empty.zip"
    zipfile.ZipFile(empty, "w").close()
    assert refused(empty) == "empty.zip: is an archive with nothing in it"
    notes = tar(tmp_path / "notes.tar", ("README", b"notes"), ("x", b"y"))
    assert refused(notes) == (
        "notes.tar: holds no recording of the market stream, but 2 files (README, x)"
    )
    inner = tar(tmp_path / "inner.tar", ("a.zip", _zip_of(stream("1.1"))))
    assert refused(inner).startswith("inner.tar!a.zip: is an archive within an archive")
    inner = tar(tmp_path / "inner.tar", ("a.bin", bz2.compress(b"x" * 4000)[:-9]))
    assert refused(inner).startswith("inner.tar!a.bin: is truncated")
    monkeypatch.setattr(inputs, "MEMBERS_MAX", 2)
    assert refused(tmp_path / "day.tar") == "day.tar: holds more than 2 files; split it"


def test_a_tar_that_is_compressed_as_a_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.tar.bz2"
    path.write_bytes(bz2.compress(tar(tmp_path / "day.tar", *OFFICIAL).read_bytes()))
    assert "only as plain .tar" in refused(path)


def _zip_of(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("1.1", data)
    return buffer.getvalue()

"""The note in a run's folder is its owner's alone, and goes with the trader that wrote it."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from trader.monitoring.metrics import MetricsServeError
from trader.status.board import StatusBoard
from trader.status.controls import carry_out
from trader.status.note import STATUS, Note, NoteError, new_token, read_note, take_away, write_note
from trader.status.service import served_status
from trader.status.snapshot import Teller
from trader.status.testing import quoting, surroundings


def note(token: str = "t") -> Note:
    return Note(url="http://127.0.0.1:1/", token=token, pid=1, profile="live", started=1)


def test_it_is_for_its_owner_alone_also_over_one_that_was_not(tmp_path: Path) -> None:
    (tmp_path / STATUS).write_text("{}")
    (tmp_path / STATUS).chmod(0o644)
    path = write_note(tmp_path, note())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_note(tmp_path) == note()
    assert [one.name for one in tmp_path.iterdir()] == [STATUS]


def test_another_traders_note_stays(tmp_path: Path) -> None:
    write_note(tmp_path, note("another"))
    take_away(tmp_path, note())
    assert read_note(tmp_path) == note("another")
    take_away(tmp_path, note("another"))
    assert read_note(tmp_path) is None


def test_a_token_is_32_random_bytes() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}


def test_what_is_no_note_is_one_line(tmp_path: Path) -> None:
    (tmp_path / STATUS).write_text("{")
    with pytest.raises(NoteError, match="is not a trader's status"):
        read_note(tmp_path)
    with pytest.raises(NoteError, match="cannot be written"):
        write_note(tmp_path / "absent", note())


def test_a_served_page_has_its_note_and_is_told_of_until_it_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    around = surroundings(quoting(tmp_path))
    board = StatusBoard(Teller(around), carry_out)
    with served_status(board, around, tmp_path):
        told = read_note(tmp_path)
        assert told is not None
        assert told.url.startswith("http://127.0.0.1:")
        printed = capsys.readouterr().out  # to no terminal: a log gets no token
        assert printed == f"status: {told.url} (`trader status` prints the link)\n"
    assert read_note(tmp_path) is None
    assert board.is_closed
    with (
        pytest.raises(MetricsServeError, match="no status page"),
        served_status(board, around, tmp_path / "absent"),
    ):
        pass


def test_a_terminal_is_told_the_link_with_its_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    around = surroundings(quoting(tmp_path))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with served_status(StatusBoard(Teller(around), carry_out), around, tmp_path):
        told = read_note(tmp_path)
        assert told is not None
        assert capsys.readouterr().out == f"status: {told.url}#{told.token}\n"

"""Where the page of a run is, and who is told of it."""

from pathlib import Path

import pytest

from trader.status.note import read_note
from trader.status.service import served_status, status_board
from trader.status.testing import quoting, surroundings


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_token_is_printed_to_a_terminal_and_to_no_log(
    tmp_path: Path,
    is_terminal: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    around = surroundings(quoting(tmp_path))
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    with served_status(status_board(around), around, tmp_path):
        note = read_note(tmp_path)
        assert note is not None
        told = capsys.readouterr().out
        assert note.url in told
        assert (note.token in told) == is_terminal
    assert read_note(tmp_path) is None

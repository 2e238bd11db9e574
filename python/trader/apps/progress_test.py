"""Progress over many files says what is done, how fast, and what is left; a terminal gets a bar."""

from __future__ import annotations

import io
import sys
import time

import pytest

from trader.apps.progress import FilesProgress


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("trader.apps.progress.time.monotonic", clock.monotonic)
    return clock


def test_without_a_terminal_it_is_a_plain_line_now_and_then(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with FilesProgress(40, 1_000) as shown:
        shown.show(4, 100, 0)  # of an earlier run: no speed follows from them
        clock.now_s += 10
        shown.show(10, 400, 50_000)
        clock.now_s += 9
        shown.show(20, 700, 90_000)
        shown.text("a warning")
    assert capsys.readouterr().err.splitlines() == [
        " 40 %  10/40 files, 50,000 lines, 5,000 lines/s, about 20 s left",
        "a warning",
    ]


def test_before_anything_is_read_nothing_is_guessed(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with FilesProgress(2, 0) as shown:
        clock.now_s += 10
        shown.show(0, 0, 0)
    assert capsys.readouterr().err == "  0 %  0/2 files, 0 lines, 0 lines/s\n"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with FilesProgress(40, 1_000) as shown:
        now_s = time.monotonic() + 1.0
        monkeypatch.setattr("trader.apps.progress.time.monotonic", lambda: now_s)
        shown.show(10, 400, 50_000)
        bar = shown._bar
        assert bar is not None
        bar.refresh()
    assert "10/40 files" in terminal.getvalue()
    assert "40 %" in terminal.getvalue()
    assert "lines/s" in terminal.getvalue()

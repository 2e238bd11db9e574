"""A live trader's folder is one trader's, whoever looks finds out whose, and answers are whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final, NoReturn

import pytest

from trader.live import folder
from trader.live.folder import LiveFolder, holder
from trader.simulator.output import LIVE_LOCK, RELOAD, OutputError


def test_whoever_looks_finds_the_process_that_is_at_work_and_nobody_after_it(
    tmp_path: Path,
) -> None:
    assert holder(tmp_path) is None
    with LiveFolder(tmp_path, "here"):
        assert holder(tmp_path) == os.getpid()
        with pytest.raises(OutputError, match="another trader is at work"):
            LiveFolder(tmp_path, "here").__enter__()
        assert holder(tmp_path) == os.getpid(), "looking and failing has changed nothing"
    assert holder(tmp_path) is None


def test_the_number_that_a_killed_trader_left_is_nobody_that_has_not_the_file_open(
    tmp_path: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / LIVE_LOCK).write_text(f"{other.pid}\n")
        assert holder(tmp_path) is None
        other.kill()
    for left in ("", "no number", "0", "99999999999"):
        (tmp_path / LIVE_LOCK).write_text(left)
        assert holder(tmp_path) is None


CLOSED: Final = """\
import ctypes, sys
from pathlib import Path
from trader.live.folder import LiveFolder
with LiveFolder(Path(sys.argv[1]), "here"):
    ctypes.CDLL(None).prctl(4, 0)  # PR_SET_DUMPABLE: nobody but root may look at what it has open
    print("ready", flush=True)
    input()
"""


def test_a_trader_that_lets_nobody_look_at_what_it_has_open_is_found_by_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", CLOSED, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        assert holder(tmp_path) == other.pid
        inode = (tmp_path / LIVE_LOCK).stat().st_ino
        assert folder._has_locked(other.pid, inode)
        assert not folder._has_locked(other.pid, inode + 1)
        assert not folder._has_locked(os.getpid(), inode)

        def closed(_: Path) -> NoReturn:
            raise PermissionError

        # Root may look at all; nobody else may.
        monkeypatch.setattr(Path, "iterdir", closed)
        assert holder(tmp_path) == other.pid
        other.communicate(b"\n")
    assert holder(tmp_path) is None


def test_an_answer_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    with LiveFolder(tmp_path, "here") as live:
        for number in (1, 2):
            live.reloaded({"number": number})
            assert json.loads((tmp_path / RELOAD).read_text()) == {"number": number}

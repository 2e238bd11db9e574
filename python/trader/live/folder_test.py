"""A live trader's folder is one trader's, whoever looks finds out whose, and answers are whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_an_answer_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    with LiveFolder(tmp_path, "here") as folder:
        for number in (1, 2):
            folder.reloaded({"number": number})
            assert json.loads((tmp_path / RELOAD).read_text()) == {"number": number}

"""`trader generate`: the generated races as a file, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from trader.apps import trader
from trader.apps.interrupt import Interrupt
from trader.simulator.feed_lines import stream_lines
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape
from trader.simulator.recording import Recording

SHORT: Final = (
    *("--set", "simulator.demo.pre_off_s=20"),
    *("--set", "simulator.demo.in_play_s=2"),
)


def run(path: Path, *more: str) -> int:
    return trader.main(["generate", "--out", str(path), *SHORT, *more])


def test_the_file_is_a_recording_of_the_races_of_the_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "races.jsonl"
    assert run(path, "--seed", "5", "--markets", "3", "--incidents") == 0
    shape = RaceShape(
        pre_off_s=20.0, in_play_s=2.0, non_runner=True, bsp=True, suspensions_in_play=1
    )
    expected = list(stream_lines(GeneratedFeed(5, markets=3, shape=shape).events()))
    with Recording(path, "races") as lines:
        assert list(lines) == expected
    assert capsys.readouterr().out == f"{path}: {len(expected):,} lines, 3 markets, seed 5\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_again_is_the_same_file_and_another_one_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "race.jsonl"
    assert (run(path), run(path)) == (0, 0)
    before = path.read_bytes()
    assert run(path, "--seed", "8") == trader.BAD_INPUT
    said = f"trader: --out {path}: exists, and is something else; name another file\n"
    assert capsys.readouterr().err == said
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "said"),
    [(".", "is a folder; name another file"), ("no/race", "cannot be written: No such file")],
)
def test_where_nothing_can_be_written_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    assert run(tmp_path / name) == trader.BAD_INPUT
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_one_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Interrupt, "requested", lambda _self: True)
    assert run(tmp_path / "race.jsonl") == trader.INTERRUPTED
    assert capsys.readouterr().err == "trader: interrupted; nothing was kept\n"
    assert list(tmp_path.iterdir()) == []

"""Nothing waits for those who look, what they ask for is bounded, and what they break is theirs."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from trader.execution.interfaces.executor import ExecutorLost
from trader.status.board import EVENTS_MAX, Focus, StatusBoard
from trader.status.controls import carry_out
from trader.status.snapshot import Teller
from trader.status.testing import meanwhile, quoting, surroundings
from trader.testing import Scene


def board_of(scene: Scene) -> StatusBoard:
    return StatusBoard(Teller(surroundings(scene)), carry_out)


def test_while_nobody_looks_nothing_is_made(tmp_path: Path) -> None:
    scene = quoting(tmp_path)

    def look(*_: object) -> NoReturn:
        raise AssertionError("nobody looks")

    board = StatusBoard(look, carry_out)
    for _ in range(1_000):
        board.turn(scene.session)
    assert board.silent_s is not None


def test_what_has_happened_is_bounded(tmp_path: Path) -> None:
    scene = quoting(tmp_path)
    board = board_of(scene)
    order = scene.session.router.open_orders()[0]
    tracked = scene.session.router.tracker.get(order.intent_id)
    assert tracked is not None
    for _ in range(3 * EVENTS_MAX):
        board.intent(tracked.intent)
    snapshot = meanwhile(board, scene.session, lambda: board.ask(20.0))
    assert snapshot is not None
    seqs = [one.seq for one in snapshot.happened]
    assert seqs == list(range(2 * EVENTS_MAX + 1, 3 * EVENTS_MAX + 1))


def test_a_reader_gets_the_newest_snapshot_not_every_one(tmp_path: Path) -> None:
    scene = quoting(tmp_path)
    board = board_of(scene)
    slow, quick = board.join("slow", Focus()), board.join("quick", Focus())

    def three() -> list[int]:
        heard = [board.wait(quick, 20.0) for _ in range(3)]
        return [one.number for one in heard if one is not None]

    assert meanwhile(board, scene.session, three) == [1, 2, 3]
    latest = board.wait(slow, 0.0)
    assert latest is not None
    assert latest.number == 3
    assert board.wait(slow, 0.0) is None


def test_a_page_that_fails_does_not_end_the_trading_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = quoting(tmp_path)
    monkeypatch.setattr("trader.status.board.EVERY_S", 0.0)

    def look(*_: object) -> NoReturn:
        raise KeyError("a mistake of the page")

    board = StatusBoard(look, carry_out)
    board.join("one", Focus())
    for _ in range(3):
        board.turn(scene.session)
    (record,) = [one for one in caplog.records if one.name == "trader.status"]
    assert "cannot tell how things are" in record.message


def test_a_control_whose_executor_is_lost_is_answered_before_the_run_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = quoting(tmp_path)
    board = board_of(scene)

    def tick(_: int) -> NoReturn:
        raise ExecutorLost("gone")

    monkeypatch.setattr(scene.session.executor, "tick", tick)
    with pytest.raises(ExecutorLost, match="gone"):
        meanwhile(board, scene.session, lambda: board.control("kill", 20.0))
    assert scene.session.engine.killed == "by hand, status page"


def test_a_kill_that_no_executor_hears_is_told_again_until_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = quoting(tmp_path, "risk.check_every_ms=1")
    board = board_of(scene)
    real = scene.session.executor.control

    def control(*_: str) -> NoReturn:
        raise ExecutorLost("nobody is there just now")

    monkeypatch.setattr(scene.session.executor, "control", control)
    answer = meanwhile(board, scene.session, lambda: board.control("kill", 20.0))
    assert answer is not None
    assert (answer.done, answer.killed) == (False, True)
    assert "told again until one has" in answer.message
    assert len(scene.open_sides()) == 2
    monkeypatch.setattr(scene.session.executor, "control", real)
    for _ in range(3):
        scene.change([{"id": 2, "atb": [[5.0, 1.0]]}], after_ms=2_000)
    assert scene.open_sides() == []


def test_a_board_without_a_page_keeps_nothing(tmp_path: Path) -> None:
    scene = quoting(tmp_path)
    board = StatusBoard(Teller(surroundings(scene)), carry_out, is_enabled=False)
    order = scene.session.router.open_orders()[0]
    tracked = scene.session.router.tracker.get(order.intent_id)
    assert tracked is not None
    board.intent(tracked.intent)
    board.turn(scene.session)
    assert board._happened.maxlen == EVENTS_MAX
    assert not board._happened
    assert board.silent_s is None

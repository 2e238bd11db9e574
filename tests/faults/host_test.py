"""The executor on a machine that fails it: a process that is stopped, a disk, a clock, a second
executor; and on a trader that dies."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.busy import one_of_each
from tests.faults.desk import desk
from tests.faults.sidecar import Sidecar, fails_to_start

STOPPED_S = 0.7
HOUR_MS = 3_600_000


def test_stopped_and_resumed_it_goes_on_with_what_is_true() -> None:
    with desk() as trading:
        trading.place()
        trading.place(ttl_ms=300)
        trading.wait_for("i1", "PLACED")
        trading.sidecar.signal(signal.SIGSTOP)
        trading.move("i1", 340)
        trading.place(ttl_ms=200)  # over before it is read
        time.sleep(STOPPED_S)
        trading.sidecar.signal(signal.SIGCONT)
        trading.wait(lambda: trading.is_ended("i2") and trading.is_ended("i4"))
        assert trading.by_intent["i4"][-1].reject_code == "TTL_PREVENTED"
        trading.close_down()


def test_an_order_ends_at_its_deadline() -> None:
    with desk() as trading:
        trading.place(ttl_ms=250)
        trading.wait_for("i1", "PLACED", "EXPIRED")
        assert trading.scene.bets()[0]["remaining"] == 0
        trading.close_down()


def test_a_full_disk_ends_it_with_every_bet_cancelled_and_it_starts_again_where_it_was() -> None:
    with desk(disk="full 9") as trading:
        for _ in range(4):
            trading.place()
        trading.wait(lambda: trading.sidecar.ended() is not None, polls=False)
        assert trading.sidecar.ended() == 4
        assert "No space left on device" in trading.sidecar.log().splitlines()[-1]
        trading.sidecar.bury()
        trading.sidecar.start()
        trading.close_down()


def test_a_disk_that_cannot_make_anything_durable_ends_it() -> None:
    with desk(disk="unsynced 3", journal={"fsync": "always"}) as trading:
        trading.place()
        trading.wait(lambda: trading.sidecar.ended() is not None, polls=False)
        assert trading.sidecar.ended() == 4
        assert "fdatasync" in trading.sidecar.log().splitlines()[-1]
        trading.sidecar.bury()
        trading.sidecar.start()
        trading.close_down()


def test_a_journal_that_cannot_be_written_is_refused_at_the_start() -> None:
    with desk() as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.sidecar.kill()
        code, words = fails_to_start(trading.sidecar, "readonly 0")
        assert code == 3
        assert "Read-only file system" in words and "orders.journal" in words
        trading.sidecar.start()
        trading.close_down()


def test_a_second_executor_on_one_journal_is_refused() -> None:
    with desk() as trading:
        trading.place()
        first = trading.sidecar
        second = Sidecar(first.folder / "second", first.betfair, first.changes)
        second.folder.mkdir()
        second.changes = {"journal": {"dir": str(first.folder / "journal")}}
        code, words = fails_to_start(second)
        assert code == 3
        assert "in use by another executor" in words
        trading.close_down()


def test_a_damaged_journal_is_refused_and_left_as_it_is() -> None:
    with desk() as trading:
        one_of_each(trading)
        trading.sidecar.kill()
        whole = trading.sidecar.journal.read_bytes()
        damaged = bytearray(whole)
        damaged[60] ^= 0x20
        trading.sidecar.journal.write_bytes(damaged)
        code, words = fails_to_start(trading.sidecar)
        assert code == 3
        assert "damaged at byte" in words
        assert trading.sidecar.journal.read_bytes() == damaged
        trading.sidecar.journal.write_bytes(whole)
        trading.sidecar.start()
        trading.close_down()


@pytest.mark.parametrize("step_ms", [HOUR_MS // 4, -HOUR_MS])
def test_a_clock_that_is_set_loses_nothing(step_ms: int) -> None:
    with desk() as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.sidecar.set_clock(step_ms)
        trading.move("i1", 340)
        trading.wait(lambda: trading.settled("m2"))
        assert "the wall clock was set" in trading.sidecar.log()
        trading.sidecar.kill()
        trading.sidecar.start()
        trading.place()
        trading.wait(lambda: trading.settled("i3"))
        trading.sidecar.set_clock(0)
        trading.sidecar.kill()
        trading.sidecar.start()
        trading.cancel("m2")
        trading.wait(lambda: trading.is_ended("m2"))
        trading.close_down()


def test_asked_to_stop_it_cancels_what_rests() -> None:
    with desk(on_stop="cancel") as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        assert trading.sidecar.stop() == 0
        assert trading.scene.bets()[0]["remaining"] == 0
        trading.sidecar.start()
        trading.close_down()


@pytest.mark.parametrize("fsync", ["always", "group_ms", "never"])
def test_however_its_journal_is_made_durable_it_trades(fsync: str) -> None:
    with desk(journal={"fsync": fsync}) as trading:
        one_of_each(trading)
        trading.sidecar.kill()
        trading.sidecar.start()
        trading.close_down()


def test_a_long_journal_is_shortened_and_tells_the_same() -> None:
    with desk(journal={"rotate_bytes": 4_096}) as trading:
        for _ in range(12):
            name = trading.place().intent_id
            trading.wait_for(name, "PLACED")
            trading.cancel(name)
            trading.wait_for(name, "PLACED", "CANCELLED")
        assert "journal shortened" in trading.sidecar.log()
        trading.place()
        trading.sidecar.kill()
        trading.sidecar.start()
        trading.close_down()


def test_without_its_trader_it_cancels_what_rests() -> None:
    with desk(trader_timeout_s=0.4) as trading:
        trading.place()
        trading.wait_for("i1", "PLACED")
        trading.link.stop()
        trading.wait(lambda: not any(bet["remaining"] for bet in trading.scene.bets()), polls=False)
        trading.recollect()
        trading.wait_for("i1", "PLACED", "CANCELLED")
        trading.close_down()

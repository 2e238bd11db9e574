"""`trader orders`, `cancel-all`, `kill`, `resume`, `flatten` at a venue with orders of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import Desk, SidecarDesk, desk, local_desk
from tests.faults.sidecar import document
from trader.apps.trader import main
from trader.execution.interfaces.reports import Status
from trader.live.adopt import read_journal

MATCHED = {"price_centi": 298, "size_centi": 900, "selection_id": 102}


def profile(trading: Desk) -> str:
    """A profile of the configuration that the desk trades with."""
    stage = trading.scene
    betfair = dict(document(stage.folder, stage.betfair, {})["betfair"])
    session = betfair.pop("session")
    stream = betfair.pop("stream")
    lines = ["execution:", "  journal:", f"    dir: {stage.folder / 'journal'}", "betfair:"]
    lines += [f"  {key}: {value}" for key, value in betfair.items()]
    lines += ["  session:", *(f"    {key}: {value}" for key, value in session.items())]
    lines += ["  stream:", *(f"    {key}: {_yaml(value)}" for key, value in stream.items())]
    path = Path(stage.folder) / "live.yaml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def run(capsys: pytest.CaptureFixture[str], command: str, trading: Desk) -> tuple[int, str]:
    """Its exit code and what it says."""
    code = main([command, "--profile", profile(trading)])
    said = capsys.readouterr()
    return code, said.out + said.err


def with_orders(trading: Desk) -> None:
    trading.place()
    trading.place(**MATCHED)
    trading.wait_for("i1", "PLACED")
    trading.wait(lambda: trading.matched("i2") > 0)


def dead(trading: SidecarDesk) -> None:
    trading.link.stop()
    trading.sidecar.kill()


def test_orders_prints_what_is_open_whoever_trades(capsys: pytest.CaptureFixture[str]) -> None:
    with desk() as trading:
        with_orders(trading)
        code, said = run(capsys, "orders", trading)
        assert code == 0
        assert "i1" in said and "3.30" in said and "1 order open" in said
        assert "if it wins" in said
        trading.close_down()
        assert "0 orders open" in run(capsys, "orders", trading)[1]


def test_cancel_all_goes_past_the_trader_to_the_sidecar(capsys: pytest.CaptureFixture[str]) -> None:
    with desk() as trading:
        with_orders(trading)
        code, said = run(capsys, "cancel-all", trading)
        assert (code, said) == (0, "no order is open\n")
        trading.wait_for("i1", "PLACED", "CANCELLED")
        trading.close_down()


def test_cancel_all_where_nobody_trades(capsys: pytest.CaptureFixture[str]) -> None:
    with desk() as trading:
        with_orders(trading)
        dead(trading)
        code, said = run(capsys, "cancel-all", trading)
        assert (code, said) == (0, "no order is open\n")
        assert not any(bet["remaining"] for bet in trading.scene.bets())


def test_cancel_all_if_needed_is_for_orders_that_are_open_and_live(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with desk() as trading:
        with_orders(trading)
        dead(trading)
        where = ["cancel-all", "--if-needed", "--profile", profile(trading), "--set"]
        assert main([*where, "execution.dry_run=true"]) == 0
        assert capsys.readouterr().out == "no order is open\n"
        assert any(bet["remaining"] for bet in trading.scene.bets())
        assert main([*where, "execution.dry_run=false"]) == 0
        assert not any(bet["remaining"] for bet in trading.scene.bets())
        capsys.readouterr()
        assert main([*where, "execution.dry_run=false"]) == 0
        assert capsys.readouterr().out == "no order is open\n"


def test_what_the_hands_hear_the_next_trader_hears_too(capsys: pytest.CaptureFixture[str]) -> None:
    with desk() as trading:
        with_orders(trading)
        dead(trading)
        run(capsys, "cancel-all", trading)
        book = read_journal(trading.scene.folder / "journal")
        kept = {(report.intent_id, report.status) for report in book.unacked}
        assert ("i1", Status.CANCELLED) in kept


def test_cancel_all_says_who_has_the_orders(capsys: pytest.CaptureFixture[str]) -> None:
    with local_desk() as trading:
        with_orders(trading)
        code, said = run(capsys, "cancel-all", trading)
        assert code == 3
        assert "a trader with the Python executor" in said and "Ctrl-C" in said
        trading.close_down()


def test_kill_takes_everything_away_and_refuses_until_resume(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with desk() as trading:
        with_orders(trading)
        assert run(capsys, "kill", trading) == (0, "no order is open\n")
        trading.wait_for("i1", "PLACED", "CANCELLED")
        refused = trading.place()
        trading.wait(lambda: trading.is_ended(refused.intent_id))
        assert trading.by_intent[refused.intent_id][-1].reject_code == "KILLED"
        assert run(capsys, "orders", trading)[1].endswith("0 orders open, KILLED\n")
        code, said = run(capsys, "resume", trading)
        assert code == 0
        assert "new orders are taken again" in said
        taken = trading.place()
        trading.wait_for(taken.intent_id, "PLACED")
        trading.close_down()


def test_a_kill_where_nobody_trades_is_remembered(capsys: pytest.CaptureFixture[str]) -> None:
    with desk() as trading:
        with_orders(trading)
        dead(trading)
        assert run(capsys, "kill", trading) == (0, "no order is open\n")
        assert "KILLED" in run(capsys, "orders", trading)[1]
        assert run(capsys, "resume", trading)[0] == 0
        assert "KILLED" not in run(capsys, "orders", trading)[1]


def test_flatten_closes_what_was_matched(capsys: pytest.CaptureFixture[str]) -> None:
    with desk() as trading:
        with_orders(trading)
        code, said = run(capsys, "flatten", trading)
        assert code == 3
        assert "end it first" in said
        dead(trading)
        code, said = run(capsys, "flatten", trading)
        assert code == 0, said
        assert "no order is open" in said and "LAY" in said and "matched" in said
        code, said = run(capsys, "orders", trading)
        wins, loses = (float(said.split(words)[1].split()[0]) for words in ("wins", "loses"))
        assert abs(wins - loses) < 0.05, "as much either way"


def test_without_a_venue_it_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    keys = ("--set", "betfair.app_key_file=key")
    assert main(["orders", *keys]) == 3
    assert "execution.journal.dir is empty" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["live", "orders", "cancel-all", "flatten", "kill", "resume"])
def test_without_a_profile_it_is_the_profile_that_is_missing(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main([name]) == 2
    assert capsys.readouterr().err.startswith("trader: --profile is missing: name the profile")

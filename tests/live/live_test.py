"""`trader live` at the simulated exchange, over TLS: from the log-in to the money."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.trader_process import read_summary, run_trader
from tests.live.rig import LiveTrader, booked_e4, is_the_same, live_trader, net_e4, races, verdict

BACKENDS = ["python", "rust"]
DRY = "dry-run.sqlite"


def dry_fills(trader: LiveTrader) -> int:
    rows = trader.rows("select count(*) from fills", DRY)
    return int(rows[0][0]) if rows else 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_race_is_traded_to_the_money_and_can_be_replayed(tmp_path: Path, backend: str) -> None:
    with races(tmp_path) as venue:
        profile = venue.profile(execution={"backend": backend}, hotloop={"rust": True})
        with live_trader(tmp_path, profile, "--record", str(tmp_path / "rec")) as trader:
            assert trader.wait() == 0, trader.said()
            found = verdict(venue, trader)
            assert found.problems == []
            assert found.bets > 10
            assert venue.account()["bets_total"] == found.bets
            assert any(bet["matched"] for bet in venue.scene.bets())
            assert is_the_same(booked_e4(trader), net_e4(venue))
            assert "LIVE: orders go to the venue" in trader.said()
            summary = read_summary(trader.out)
            assert summary["start"] == {"blotter": "blotter.sqlite", "run": 1}
            assert summary["pnl"]["net"] == pytest.approx(net_e4(venue) / 10_000, abs=0.01)
    (recording,) = (tmp_path / "rec").iterdir()
    replay = run_trader("replay", str(recording), "--out", str(tmp_path / "replayed"))
    assert replay.returncode == 0, replay.stderr
    replayed = read_summary(tmp_path / "replayed")
    assert replayed["lines"] == summary["lines"]
    assert replayed["seam_errors"] == 0
    assert replayed["pnl"]["markets_settled"] == 1


def test_a_dry_run_sends_nothing_and_trades_all_the_same(tmp_path: Path) -> None:
    with races(tmp_path) as venue:
        profile = venue.profile(execution={"dry_run": True})
        with live_trader(tmp_path, profile) as trader:
            trader.until(lambda: dry_fills(trader) > 0, "dry fills")
            trader.kill(signal.SIGINT)
            assert trader.wait() == 130, trader.said()
            assert venue.scene.bets() == []
            assert trader.rows("select distinct dry_run from reports", DRY) == [(1,)]
            assert "dry run: nothing is sent" in trader.said()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_dry_run_before_does_not_make_the_live_one_deaf(tmp_path: Path, backend: str) -> None:
    with races(tmp_path, pre_off_s=20.0) as venue:
        profile = venue.profile(execution={"backend": backend}, hedge={"edges": ["passive_maker"]})
        with live_trader(tmp_path, profile, "--set", "execution.dry_run=true") as trader:
            trader.until(lambda: dry_fills(trader) > 0, "dry fills")
            trader.kill(signal.SIGINT)
            assert trader.wait() == 130, trader.said()
            trader.more = []
            trader.start()
            assert trader.wait() == 0, trader.said()
            found = verdict(venue, trader)
            assert found.problems == []
            assert found.bets > 5
            assert trader.rows("select min(seq) from reports where seq > 0") == [(1,)]
            assert is_the_same(booked_e4(trader), net_e4(venue))


@pytest.mark.parametrize("backend", BACKENDS)
def test_ctrl_c_cancels_what_rests_and_ends(tmp_path: Path, backend: str) -> None:
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(execution={"backend": backend})
        with live_trader(tmp_path, profile) as trader:
            trader.wait_for("select count(*) from reports where status = 'PLACED'", 4)
            trader.kill(signal.SIGINT)
            assert trader.wait() == 130, trader.said()
            assert not any(bet["remaining"] for bet in venue.scene.bets())
            assert verdict(venue, trader).problems == []
            assert trader.rows("select ended from runs") == [("interrupted",)]


def test_a_key_for_delayed_data_is_said_and_nothing_is_traded_with_it(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=60.0) as venue:
        key = tmp_path / "delayed-key"
        key.touch(0o600)
        key.write_text("paper-app-key-delayed")
        profile = venue.profile(betfair={"app_key_file": str(key)})
        with live_trader(tmp_path, profile) as trader:
            assert trader.wait() == 3, trader.said()
            assert "the application key is for delayed data" in trader.said()
            assert venue.scene.bets() == []


@pytest.mark.parametrize(
    ("sections", "code", "said"),
    [
        ({"betfair": {"currency": "EUR"}}, 3, "betfair.currency: the account's is GBP"),
        ({"betfair": {"app_key_file": ""}}, 3, "betfair.app_key_file is empty"),
        ({"execution": {"journal": {"dir": ""}}}, 3, "execution.journal.dir is empty"),
        ({"betfair": {"ca_file": ""}}, 3, "no log-in at the venue: 127.0.0.1:"),
        ({"live": {"heartbeat_ms": 1}}, 2, "live.heartbeat_ms"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, sections: dict[str, dict[str, object]], code: int, said: str
) -> None:
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(**sections)
        with live_trader(tmp_path, profile) as trader:
            assert trader.wait() == code, trader.said()
            (line,) = [one for one in trader.said().splitlines() if "INFO" not in one]
            assert said in line
            assert "paper-money" not in line


def test_it_waits_for_a_market_and_ends_when_asked_to(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(selector={"market_ids": [], "market_types": ["LINE"]})
        with live_trader(tmp_path, profile) as trader:
            trader.until(lambda: "waiting for one" in trader.said(), "it waits")
            trader.kill(signal.SIGINT)
            assert trader.wait() == 130, trader.said()


def test_two_traders_do_not_share_a_folder(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(execution={"dry_run": True})
        with live_trader(tmp_path, profile) as trader:
            trader.until(lambda: bool(trader.rows("select * from runs", DRY)), "it runs")
            second = run_trader("live", "--profile", str(trader.profile), "--out", str(trader.out))
            assert second.returncode == 2
            assert "another trader is at work there" in second.stderr

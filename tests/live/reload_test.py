"""A live trader that changes its configuration while it trades; the venue's ledger is the judge."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.summary_keys import listed, written
from tests.e2e.trader_process import need_rust_hotloop, read_summary
from tests.live.rig import (
    LiveTrader,
    Races,
    children,
    live_trader,
    races,
    verdict,
)
from trader.apps.trader import main
from trader.simulator.exchange.faults import FaultRule

PLACED = "select count(*) from reports where status = 'PLACED'"
Answer = dict[str, Any]


def judged(venue: Races, trader: LiveTrader) -> None:
    """Ends it: every order has one end, none is lost, none twice, and none is left."""
    trader.kill(signal.SIGINT)
    assert trader.wait() == 130, trader.said()
    found = verdict(venue, trader)
    assert found.problems == []
    assert found.bets >= 4
    assert not any(bet["remaining"] for bet in venue.scene.bets())


def write(trader: LiveTrader, profile: dict[str, Any]) -> None:
    """The profile's file, whole, as an editor puts it in place."""
    staged = trader.profile.with_suffix(".new")
    staged.write_text(yaml.safe_dump(profile))
    staged.replace(trader.profile)


def command(*arguments: str) -> tuple[int, str]:
    """A command in this process: its exit code, and what it says."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main(list(arguments))
    return code, said.getvalue()


def ask(trader: LiveTrader) -> tuple[int, str]:
    """`trader reload`."""
    return command("reload", "--out", str(trader.out))


def set_keys(trader: LiveTrader, *settings: str) -> None:
    """`trader config set` and `trader reload`, which must both take them."""
    code, said = command("config", "set", *settings, "--profile", str(trader.profile))
    assert code == 0, said
    code, said = ask(trader)
    assert code == 0, said + trader.said()


def placed(trader: LiveTrader) -> int:
    return int((trader.rows(PLACED) or [(0,)])[0][0])


def go_on(trader: LiveTrader, more: int = 3) -> None:
    """Until orders have come to rest again."""
    trader.wait_for(PLACED, placed(trader) + more)


def test_the_executor_is_changed_and_changed_back_with_orders_open(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile(execution={"backend": "python"})
        with live_trader(tmp_path, profile) as trader:
            trader.wait_for(PLACED, 4)
            assert children(trader) == []
            set_keys(trader, "execution.backend=rust")
            assert len(children(trader)) == 1, "the sidecar"
            go_on(trader)
            set_keys(trader, "execution.backend=python")
            assert children(trader) == []
            go_on(trader)
            judged(venue, trader)
            summary = read_summary(trader.out)
            assert summary["reloads"] == {"taken": 2, "refused": 0}
            assert set(listed("A live trader")) <= written(summary) <= set(listed())


def test_the_sidecar_is_killed_right_after_it_was_changed_to(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile(execution={"backend": "python"})
        with live_trader(tmp_path, profile) as trader:
            trader.wait_for(PLACED, 4)
            set_keys(trader, "execution.backend=rust")
            for pid in children(trader):
                os.kill(pid, signal.SIGKILL)
            trader.until(lambda: "was started again" in trader.said(), "it is started again")
            go_on(trader)
            judged(venue, trader)


def test_a_sidecar_that_does_not_start_changes_nothing(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile(execution={"backend": "python"})
        with live_trader(tmp_path, profile, env={"HOTLOOP_EXECUTOR": "/bin/false"}) as trader:
            trader.wait_for(PLACED, 4)
            more = {"execution": profile["execution"] | {"backend": "rust"}}
            write(trader, profile | more | {"sizer": {"max_stake": 3.0}})
            code, said = ask(trader)
            assert code == 1
            assert "refused, all is as it was" in said
            go_on(trader)
            stakes = "select max(size_centi) from intents where action = 'PLACE'"
            assert trader.rows(stakes)[0][0] <= 2_000
            judged(venue, trader)
            assert read_summary(trader.out)["execution"] == "python"


BROKEN: dict[str, Callable[[str], str]] = {
    "no YAML": lambda text: text + "\n  broken: [",
    "no such key": lambda text: text + "\nsizr: {max_stake: 3}\n",
    "needs a restart": lambda text: text + "\nreport: {every_lines: 3}\n",
}


def test_what_cannot_be_taken_is_refused_with_its_key_and_trading_goes_on(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile()
        with live_trader(tmp_path, profile) as trader:
            trader.wait_for(PLACED, 4)
            text = trader.profile.read_text()
            words = {"no YAML": "not valid YAML", "no such key": "sizr", "needs a restart": ""}
            for name, broken in BROKEN.items():
                trader.profile.write_text(broken(text))
                code, said = ask(trader)
                assert code == 1, (name, said)
                assert words[name] in said
            assert "report.every_lines: takes effect with a restart only" in said
            trader.profile.write_text(text)
            code, said = ask(trader)
            assert (code, "nothing has changed" in said) == (0, True)
            go_on(trader)
            judged(venue, trader)
            assert read_summary(trader.out)["reloads"] == {"taken": 1, "refused": 3}


def test_a_storm_of_signals_is_a_few_reloads(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile()
        with live_trader(tmp_path, profile) as trader:
            assert trader.process is not None
            trader.wait_for(PLACED, 4)
            for _ in range(500):
                trader.process.send_signal(signal.SIGHUP)
            code, said = ask(trader)
            assert code == 0, said
            go_on(trader)
            judged(venue, trader)
            assert read_summary(trader.out)["reloads"]["taken"] < 10


def test_a_reload_is_answered_while_the_stream_is_away(tmp_path: Path) -> None:
    silent = FaultRule("hold", "mcm", after_calls=60, times=1, ms=5_000)
    with races(tmp_path, silent, pre_off_s=120.0) as venue:
        profile = venue.profile()
        with live_trader(tmp_path, profile) as trader:
            trader.until(lambda: "stream is away" in trader.said(), "the stream goes away")
            set_keys(trader, "sizer.max_stake=3", "execution.backend=rust")
            go_on(trader)
            judged(venue, trader)


def test_the_other_hotloop_is_promoted_with_orders_open_and_nothing_differs(
    tmp_path: Path,
) -> None:
    need_rust_hotloop()
    shadow = {"enabled": True, "rust": False, "shadow": True}
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile(hotloop=shadow)
        with live_trader(tmp_path, profile) as trader:
            for used, other in (("rust", "python"), ("python", "rust")):
                go_on(trader, 4)
                set_keys(trader, f"hotloop.rust={'true' if used == 'rust' else 'false'}")
                answer = json.loads((trader.out / "reload.json").read_text())
                assert (answer["hotloop"], answer["shadow"]) == (used, other)
            set_keys(trader, "hotloop.max_ttf_ms=500000", "hotloop.queue.model=prob_log")
            go_on(trader, 4)
            judged(venue, trader)
            summary = read_summary(trader.out)
            assert summary["shadow"]["comparisons"] > 1_000
            assert summary["shadow"]["differences"] == {}
            assert summary["shadow"]["backend"] == "rust"
            assert summary["seam_errors"] == 0
            assert trader.rows("select count(*) from estimates where size_ahead is null") == [(0,)]


def test_without_a_shadow_the_other_hotloop_is_refused(tmp_path: Path) -> None:
    need_rust_hotloop()
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile(hotloop={"enabled": True})
        with live_trader(tmp_path, profile) as trader:
            trader.wait_for(PLACED, 4)
            write(trader, venue.profile(hotloop={"enabled": True, "rust": True}))
            code, said = ask(trader)
            assert code == 1
            assert "hotloop.rust: cannot change while it runs without a shadow" in said
            go_on(trader)
            judged(venue, trader)


def test_an_edge_is_ended_with_its_orders_and_begins_again(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile()
        with live_trader(tmp_path, profile) as trader:
            trader.wait_for(PLACED, 4)
            set_keys(trader, "edges.passive_maker.enabled=false")
            trader.until(
                lambda: not any(bet["remaining"] for bet in venue.scene.bets()), "all are gone"
            )
            before = len(venue.scene.bets())
            set_keys(trader, "edges.passive_maker.enabled=true", "sizer.max_stake=3")
            go_on(trader)
            judged(venue, trader)
            later = venue.scene.bets()[before:]
            assert later
            assert all(bet["size"] <= 300 for bet in later)


def markets_at_the_venue(venue: Races) -> set[str]:
    """Where orders of ours rest."""
    return venue.scene.exchange.call(
        lambda server: {
            bet.market_id for bet in server.venue.bets.values() if bet.remaining_centi > 0
        }
    )


@pytest.mark.parametrize("backend", ["python", "rust"])
def test_the_scope_is_widened_and_narrowed_market_by_market(tmp_path: Path, backend: str) -> None:
    with races(tmp_path, markets=2, pre_off_s=120.0) as venue:
        first, second = venue.market_ids
        scope = {"market_ids": [first], "event_types": []}
        profile = venue.profile(execution={"backend": backend, "live_scope": scope})
        key = "execution.live_scope.market_ids"
        with live_trader(tmp_path, profile) as trader:
            dry = (
                "select count(*) from reports join intents using (run, intent_id)"
                f" where status = 'PLACED' and dry_run and market_id = '{second}'"
            )
            trader.wait_for(dry, 1)
            trader.until(lambda: markets_at_the_venue(venue) == {first}, "one is live")
            set_keys(trader, f'{key}=["{first}", "{second}"]')
            trader.until(lambda: markets_at_the_venue(venue) == {first, second}, "both are")
            set_keys(trader, f'{key}=["{second}"]')
            trader.until(lambda: markets_at_the_venue(venue) == {second}, "the other one is")
            before = len(venue.scene.bets())
            trader.until(lambda: len(venue.scene.bets()) > before, "it goes on")
            code, said = command("config", "set", f"{key}=[]", "--profile", str(trader.profile))
            assert code == 0, said
            code, said = ask(trader)
            assert (code, "an empty list is everywhere" in said) == (1, True), said
            assert markets_at_the_venue(venue) <= {second}
            set_keys(trader, "execution.live_scope.everywhere=true")
            trader.until(lambda: markets_at_the_venue(venue) == {first, second}, "everywhere")
            judged(venue, trader)


def test_a_dry_run_takes_limits_and_refuses_another_executor(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=120.0) as venue:
        profile = venue.profile(execution={"dry_run": True})
        with live_trader(tmp_path, profile) as trader:
            trader.until(
                lambda: bool(trader.rows("select * from fills", "dry-run.sqlite")), "dry fills"
            )
            set_keys(trader, "execution.limits.max_open_orders=3", "sizer.max_stake=3")
            write(trader, profile | {"execution": profile["execution"] | {"backend": "rust"}})
            code, said = ask(trader)
            assert code == 1
            assert "execution.backend: the orders of a dry run are in its executor alone" in said
            trader.kill(signal.SIGINT)
            assert trader.wait() == 130, trader.said()
            code, said = ask(trader)
            assert code == 3, said

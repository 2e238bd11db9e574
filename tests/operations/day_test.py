"""An operator's day: the checklists of docs/runbooks as they are written, a sidecar that is killed,
a rollback with orders open. The exchange's ledger judges the orders, Prometheus the alerts."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import structs

from tests.faults.judge import judge
from tests.live.rig import intents_of, reports_of
from tests.monitoring.deployed import questions
from tests.operations.prometheus import SCRAPE_S, Prometheus, prometheus
from tests.operations.site import DEPLOY, PATIENCE_S, Site, site

DIVISOR: Final = 30
"""A quarter of an hour of the rules is half a minute here."""
KILLS: Final = 3
PLACED: Final = "select count(*) from reports where status = 'PLACED' and dry_run = 0"
MUST_FIRE: Final = frozenset({"ExecutorRestarting", "ExecutorSwitched", "ReloadRefused"})
"""The last one: without a shadow the Hotloop in use is not exchanged by a reload."""
MUST_NOT_FIRE: Final = frozenset(
    {
        *("UnknownBets", "FundsTripwire", "VenueHalted", "Killed", "LossOfRun", "LossOfAnHour"),
        *("SeamErrors", "ShadowDifferences", "ShadowLost", "StreamDown", "DataStale"),
        *("ReportDuplicates", "JournalGrowing", "FileDescriptorsLow"),
    }
)
MAY_BE_EMPTY: Final = frozenset(
    {
        "executor: Age of the last look at the funds",  # every ten seconds
        "signals: Refused, by what was wrong",
        "signals: Shadow: differences",
        "trading: Below the best of the last hour",  # not soon after a start
        "trading: Cannibalisation",  # one edge trades
        "trading: Cannibalisation for each intent",
        "trading: Fee share",  # no market has paid
        "trading: Rejects by code",
        "trading: Share of intents refused, by code",
        "overview: Alerts",
    }
)
"""Panels of what has not happened in this day so far."""


def state(desk: Site) -> dict[str, Any]:
    """What the trader says of itself."""
    told: dict[str, Any] = json.loads(desk.run('trader status --out "$OUT" --json'))
    return told


def test_a_day_from_pre_flight_to_rollback(tmp_path: Path) -> None:
    with (
        site(tmp_path) as desk,
        prometheus(tmp_path / "prometheus", DEPLOY / "prometheus", desk.ports, DIVISOR) as watch,
    ):
        desk.checklist("pre-flight")
        desk.checklist("cutover-signals")
        assert desk.venue.scene.bets() == [], "all of it dry so far"
        assert not {alert for alert in watch.fired() if alert in MUST_NOT_FIRE | MUST_FIRE}

        desk.checklist("cutover-executor")
        desk.until(PLACED, 3)
        _every_panel_is_answered(watch)
        _kill_the_sidecar(desk, watch)

        desk.checklist("post-cut")
        _roll_back_with_orders_open(desk, watch)

        desk.line("rollback", 2)
        desk.line("rollback", 3)
        assert not any(bet["remaining"] for bet in desk.venue.scene.bets()), "nothing rests"
        fired = watch.fired()
        assert fired >= MUST_FIRE
        assert not fired & MUST_NOT_FIRE
        _nothing_twice_and_nothing_lost(desk)


def test_a_day_with_the_executor_as_a_service_of_its_own(tmp_path: Path) -> None:
    with site(tmp_path) as desk:
        desk.checklist("pre-flight")
        assert not desk.executor.is_active, "a profile without it has no executor of systemd's"
        desk.line("executor-service", 1)
        desk.until(PLACED, 3)
        for number in range(1, KILLS + 1):
            os.kill(desk.executor.pid, signal.SIGKILL)
            desk.executor.until_restarted(number)
            desk.run('trader status --out "$OUT" --within 60 --expect execution.healthy=true')
            desk.until(PLACED, desk.blotter.rows(PLACED)[0][0] + 1)
        desk.line("executor-service", 2)
        desk.until(PLACED, desk.blotter.rows(PLACED)[0][0] + 2)
        desk.line("executor-service", 3)
        assert not desk.executor.is_active
        desk.until(PLACED, desk.blotter.rows(PLACED)[0][0] + 2)
        _kill_the_trader(desk)
        desk.line("rollback", 3)
        assert not any(bet["remaining"] for bet in desk.venue.scene.bets()), "nothing rests"
        _nothing_twice_and_nothing_lost(desk)


def _every_panel_is_answered(watch: Prometheus) -> None:
    """While it trades live with both Rust halves. A panel may have more lines than are there now
    (of the other backend, or of what never happened), but not none."""
    drawn: dict[str, int] = {}
    for panel, expression in questions(f"{int(4_000 * SCRAPE_S)}ms"):
        drawn[panel] = drawn.get(panel, 0) + len(watch.query(expression))
    assert len(drawn) > 80
    assert {panel for panel, lines in drawn.items() if not lines} <= MAY_BE_EMPTY


def _kill_the_sidecar(desk: Site, watch: Prometheus) -> None:
    """The watchdog starts it again, and says so."""
    for number in range(1, KILLS + 1):
        sidecar = _sidecar_pid(desk)
        os.kill(sidecar, signal.SIGKILL)
        desk.run(
            'trader status --out "$OUT" --within 60 --expect execution.healthy=true '
            f"--expect 'execution.restarts>={number}'"
        )
        assert _sidecar_pid(desk) != sidecar
    watch.wait_for("ExecutorRestarting")
    before = desk.blotter.rows(PLACED)[0][0]
    desk.until(PLACED, before + 2)  # it trades again


def _kill_the_trader(desk: Site) -> None:
    """With its executor in its process nobody is left: the unit cancels what rests, and starts it
    again."""
    _await_open_orders(desk)
    resting = _resting(desk)
    os.kill(desk.trader.pid, signal.SIGKILL)
    desk.trader.until_restarted(1)
    assert resting
    assert not resting & _resting(desk)
    desk.until(PLACED, desk.blotter.rows(PLACED)[0][0] + 1)


def _await_open_orders(desk: Site) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while state(desk)["execution"]["open_orders"] == 0 or not _resting(desk):
        assert time.monotonic() < deadline_s, "orders are open"


def _resting(desk: Site) -> set[str]:
    """Bets at the venue, by id."""
    return {bet["id"] for bet in desk.venue.scene.bets() if bet["remaining"]}


def _roll_back_with_orders_open(desk: Site, watch: Prometheus) -> None:
    _await_open_orders(desk)
    desk.line("rollback", 1)
    with pytest.raises(AssertionError):
        _sidecar_pid(desk)
    before = desk.blotter.rows(PLACED)[0][0]
    desk.until(PLACED, before + 2)
    watch.wait_for("ExecutorSwitched")


def _sidecar_pid(desk: Site) -> int:
    """Of the trader's child that is the executor."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has just ended
        if parent == str(desk.trader.pid) and Path(words[0].decode()).name == "executor":
            return int(process.name)
    raise AssertionError("the trader has a sidecar")


def _nothing_twice_and_nothing_lost(desk: Site) -> None:
    """Every report once, those of dry orders (outside of the scope) among them; and each order that
    went to the venue is a bet there, once, with what was told of it."""
    blotter = desk.blotter
    seqs = [report.seq for report in reports_of(blotter)]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    live = [
        structs.replace(report, seq=number)
        for number, report in enumerate(reports_of(blotter, "dry_run = 0"), 1)
    ]
    told = {report.intent_id for report in live}
    intents = {name: wish for name, wish in intents_of(blotter).items() if name in told}
    found = judge(intents, live, desk.venue.scene.bets())
    assert found.problems == []
    assert found.bets > 10

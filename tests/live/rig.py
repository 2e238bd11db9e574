"""`trader live` as a process of its own, at a venue on sockets with TLS, which is the judge."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.e2e.executor_rig import binary
from tests.e2e.trader_process import command, environment
from tests.faults.judge import Verdict, judge
from tests.faults.venue import Scene, betfair_of
from trader.clock import ScaledClock
from trader.execution.interfaces.intents import Action, Persistence, QuoteIntent, Side
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.simulator.exchange import oracle
from trader.simulator.exchange.certificates import make_certificates
from trader.simulator.exchange.embedded import EmbeddedExchange
from trader.simulator.exchange.faults import FaultPlan, FaultRule
from trader.simulator.exchange.venue import Venue, VenueConfig
from trader.simulator.feeds import GeneratedFeed, ShiftedFeed
from trader.simulator.generator import RaceShape

PATIENCE_S: Final = 60.0
ACCOUNT: Final = "hotloop"


@dataclass
class Races:
    """A venue that runs generated races now, and what a trader needs to find it."""

    scene: Scene
    market_ids: list[str]

    def account(self) -> dict[str, Any]:
        """Our account in the venue's own words."""
        ledger = self.scene.exchange.call(lambda server: oracle.ledger(server.venue))
        account: dict[str, Any] = ledger["accounts"][ACCOUNT]
        return account

    def profile(self, **sections: Mapping[str, Any]) -> dict[str, Any]:
        """A profile that trades here for real money, the races by their names."""
        folder = self.scene.folder
        profile: dict[str, Any] = {
            "execution": {"dry_run": False, "journal": {"dir": str(folder / "journal")}},
            "betfair": self.scene.betfair,
            "selector": {"market_ids": self.market_ids},
            # Orders from the first prices on, whatever the chance of a fill is.
            "edges": {"passive_maker": {"min_p_fill": 0.0, "min_value": 0.0}},
            "live": {"heartbeat_ms": 500, "catalogue_s": 1.0, "settled_s": 0.3},
            "monitoring": {"log": {"level": "info"}},
        }
        for name, section in sections.items():
            profile[name] = _merged(profile.get(name, {}), section)
        return profile


@contextmanager
def races(
    folder: Path,
    *rules: FaultRule,
    markets: int = 1,
    seed: int = 7,
    pre_off_s: float = 12.0,
    in_play_s: float = 3.0,
    ahead_ms: int = 0,
) -> Iterator[Races]:
    """A venue that goes wrong by these rules; its clock is `ahead_ms` before ours."""
    shape = RaceShape(pre_off_s=pre_off_s, in_play_s=in_play_s)
    generated = GeneratedFeed(seed, markets=markets, shape=shape, spacing_ms=1_000)
    start_ms = time.time_ns() // 1_000_000 + ahead_ms
    feed = ShiftedFeed.starting_at(generated, start_ms)
    venue = Venue(VenueConfig(settle_after_ms=200), feed)
    certificates = make_certificates(folder)
    plan = FaultPlan(1, venue.now_ms, rules)
    clock = ScaledClock(time.time_ns() // 1_000_000 + ahead_ms, 1.0)
    with EmbeddedExchange(venue, clock, plan=plan, tls=certificates.server_context()) as exchange:
        scene = Scene(exchange, folder, betfair_of(exchange, folder, certificates))
        yield Races(scene, [market.market_id for market in feed.catalogue()])


@dataclass
class LiveTrader:
    """The command at work in a folder."""

    folder: Path
    profile: Path
    more: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    wrap: list[str] = field(default_factory=list)
    """A command that runs it."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def start(self) -> None:
        arguments = ["live", "--profile", str(self.profile), "--out", str(self.out), *self.more]
        variables = environment(**{"HOTLOOP_EXECUTOR": str(binary()), **self.env})
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(
                [*self.wrap, *command(*arguments)], env=variables, stdout=said, stderr=said
            )

    def said(self) -> str:
        return (self.folder / "said").read_text()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        assert self.process is not None, "started"
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code."""
        assert self.process is not None, "started"
        return self.process.wait(PATIENCE_S)

    def rows(self, query: str, file: str = "blotter.sqlite") -> list[tuple[Any, ...]]:
        """Of its blotter; empty while there is none."""
        if not (self.out / file).exists():
            return []
        with closing(sqlite3.connect(self.out / file)) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []  # it is just being made

    def wait_for(self, query: str, least: int) -> None:
        """Until the blotter counts so many."""
        self.until(lambda: (self.rows(query) or [(0,)])[0][0] >= least, query)

    def until(self, done: Callable[[], bool], what: str) -> None:
        assert self.process is not None, "started"
        deadline_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline_s, f"{what}: {self.said()}"
            assert self.process.poll() is None, f"{what}, but it ended: {self.said()}"
            time.sleep(0.02)


@contextmanager
def live_trader(
    folder: Path,
    profile: Mapping[str, Any],
    *more: str,
    env: Mapping[str, str] | None = None,
    wrap: Sequence[str] = (),
) -> Iterator[LiveTrader]:
    """The command, running."""
    path = folder / "live.yaml"
    path.write_text(yaml.safe_dump(dict(profile)))
    trader = LiveTrader(folder, path, list(more), dict(env or {}), list(wrap))
    trader.start()
    try:
        yield trader
    finally:
        if trader.process is not None and trader.process.poll() is None:
            trader.process.kill()
            trader.process.wait()


def children(trader: LiveTrader) -> list[int]:
    """Its child processes: the sidecar, if it has one."""
    assert trader.process is not None
    listed = Path(f"/proc/{trader.process.pid}/task/{trader.process.pid}/children")
    return [int(pid) for pid in listed.read_text().split()]


def verdict(venue: Races, trader: LiveTrader) -> Verdict:
    """The blotter of all runs against the venue's ledger."""
    intents, reports = intents_of(trader), reports_of(trader)
    sent = {name: i for name, i in intents.items() if any(r.intent_id == name for r in reports)}
    return judge(sent, reports, venue.scene.bets())


def intents_of(trader: LiveTrader) -> dict[str, QuoteIntent]:
    """Every intent of its blotter, by id."""
    return {intent.intent_id: intent for intent in map(_intent, trader.rows(_INTENTS))}


def reports_of(trader: LiveTrader, where: str = "true") -> list[ExecutionReport]:
    """The executors' reports in its blotter, in order."""
    return [_report(*row) for row in trader.rows(_REPORTS.format(where=where))]


def net_e4(venue: Races) -> int:
    """What the venue has paid, after commission."""
    return sum(one["net_e4"] for one in venue.account()["settlements"])


def booked_e4(trader: LiveTrader) -> int:
    """What the blotter says the venue has paid; a market is paid once, in one run."""
    rows = trader.rows("select market_id, net_e4 from settlements where kind = 'venue'")
    assert len({market_id for market_id, _ in rows}) == len(rows), rows
    return sum(net for _, net in rows)


def is_the_same(booked_e4: int, paid_e4: int) -> bool:
    """Whether two results of one market are one: the venue tells profit and commission in whole
    hundredths, and keeps them to the last digit."""
    return abs(booked_e4 - paid_e4) <= 100


_INTENTS: Final = (
    "select intent_id, ts_ms, edge, market_id, selection_id, handicap_centi, action, side, "
    "price_centi, size_centi, ttl_ms, persistence, target_intent_id from intents"
)
_REPORTS: Final = (
    "select seq, intent_id, ts_ms, action, status, bet_id, size_remaining_centi, "
    "size_matched_centi, reject_code from reports where seq > 0 and {where} order by seq"
)


def _intent(row: tuple[Any, ...]) -> QuoteIntent:
    place = QuoteIntent.place(
        intent_id=row[0],
        ts_ms=row[1],
        edge=row[2],
        market_id=row[3],
        selection_id=row[4],
        handicap_centi=row[5],
        side=Side(row[7]),
        price_centi=row[8] or 200,
        size_centi=row[9] or 100,
        ttl_ms=row[10] or 1,
        persistence=Persistence(row[11]),
        dry_run=False,
    )
    action, target = Action(row[6]), row[12]
    if action is Action.PLACE:
        return place
    of_target = place.__class__(**{**_fields(place), "intent_id": target})
    if action is Action.CANCEL:
        return of_target.cancel(intent_id=row[0], ts_ms=row[1])
    return of_target.replace(
        intent_id=row[0], ts_ms=row[1], price_centi=row[8], ttl_ms=max(row[10], 1)
    )


def _fields(intent: QuoteIntent) -> dict[str, Any]:
    return {name: getattr(intent, name) for name in intent.__struct_fields__}


def _report(
    seq: int,
    intent_id: str,
    ts_ms: int,
    action: str,
    status: str,
    bet_id: str | None,
    remaining_centi: int,
    matched_centi: int,
    code: str | None,
) -> ExecutionReport:
    return ExecutionReport.new(
        seq=seq,
        intent_id=intent_id,
        ts_ms=ts_ms,
        action=Action(action),
        status=Status(status),
        dry_run=False,
        bet_id=bet_id,
        size_remaining_centi=remaining_centi,
        size_matched_centi=matched_centi,
        reject_code=code,
    )


def _merged(base: Any, over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        nested = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if nested else value
    return merged

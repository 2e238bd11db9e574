"""Plays a canonical-event fixture through the engine, on any combination of backends.

A fixture is YAML: `about` (a sentence), `config` (overrides, `key=value`), and `events`. Each event
is one thing that happens, and under `expect` what has to come of it, in words:

    - book: {1: {atb: [[3.0, 50]], atl: [[3.2, 50]]}}
      expect:
        - "#1 PLACE BACK 6.25 at 3.20 of 1 (passive_maker, ttl 60000)"
        - "#1 PLACED, 6.25 left"

What happens: `define` (keys of a market definition, `runners` by id), `book` (runner changes by id,
beside a `define` too), `line` (a line as it is), `unreliable` (the venue's status 503), `stream:
lost` or `back`, `control` (`cancel_all`, `kill`, `resume`), `finish`. `wish` gives a scripted edge
what it wants when it is asked next: `place`, `move` or `cancel`, each with what it needs. Time goes
on by `after_ms` before (default 1,000).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from trader.apps.commands.executors import make_executor
from trader.config.loading import load
from trader.execution.blotter import Blotter
from trader.execution.interfaces.intents import Action, QuoteIntent, Side
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ledger import MarketResult
from trader.monitoring.metrics import Metrics
from trader.session import Session, open_session
from trader.strategy.context import Runner, StrategyContext
from trader.strategy.edges.base import Cancel, Edge, EdgeConfig, Place, Proposal, Replace

FIXTURES: Final = Path(__file__).parent / "fixtures"
MARKET: Final = "1.1"
START_MS: Final = 1_700_000_000_000
AFTER_MS: Final = 1_000


@dataclass(frozen=True)
class Fixture:
    """One script. `events` as in the module's docstring."""

    name: str
    about: str
    config: tuple[str, ...]
    events: tuple[dict[str, Any], ...]

    @property
    def expected(self) -> list[list[str]]:
        """What has to come of each event."""
        return [list(event.get("expect", ())) for event in self.events]


def read_fixtures() -> list[Fixture]:
    """All of them, by name."""
    fixtures = []
    for path in sorted(FIXTURES.glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        fixtures.append(
            Fixture(
                path.stem,
                document["about"],
                tuple(document.get("config", ())),
                tuple(document["events"]),
            )
        )
    return fixtures


def play(fixture: Fixture, folder: Path, hotloop: str, execution: str) -> list[list[str]]:
    """What came of each event."""
    on = "true" if hotloop == "rust" else "false"
    config = load(
        None,
        [
            "edges.passive_maker.enabled=false",
            "edges.passive_maker.min_p_fill=0",
            "edges.passive_maker.min_value=0",
            *fixture.config,
            f"hotloop.enabled={on}",
            f"hotloop.rust={on}",
            f"execution.backend={execution}",
        ],
        runs_edges=False,  # the scripted one is the player's own: no configuration knows of it
    )
    transcript = Transcript()
    metrics = Metrics()
    with Blotter(folder / "blotter.sqlite") as blotter:
        session = open_session(
            config,
            source=fixture.name,
            blotter=blotter,
            metrics=metrics,
            make_executor=make_executor,
            run_dir=folder,
            observer=transcript,
        )
        try:
            player = _Player(session, transcript)
            return [player.happens(event) for event in fixture.events]
        finally:
            session.executor.stop()


class Scripted(Edge[EdgeConfig]):
    """Wants what the fixture says, once, when it is asked about the runner."""

    name = "scripted"
    config_class = EdgeConfig

    def __init__(self, name: str) -> None:
        super().__init__(EdgeConfig(enabled=True, priority=0))
        self.name = name  # type: ignore[misc]
        self.wishes: list[dict[str, Any]] = []

    def decide(self, ctx: StrategyContext, runner: Runner) -> Sequence[Proposal]:
        orders = ctx.orders(self.name, runner)
        if not ctx.market.is_open or ctx.market.stale:
            return [Cancel(o, "market") for o in orders if o.pending is None]
        wanted = [wish for wish in self.wishes if _runner_of(wish) == runner.selection_id]
        self.wishes = [wish for wish in self.wishes if wish not in wanted]
        proposals: list[Proposal] = []
        for wish in wanted:
            value, ttl_ms = wish.get("edge", 0.05), wish.get("ttl_ms", 60_000)
            if "place" in wish:
                side, price, size = wish["place"]
                most = round(size * 100)
                proposals.append(
                    Place(Side(side), round(price * 100), value, ttl_ms, max_size_centi=most)
                )
            elif "move" in wish:
                price_centi = round(wish["move"] * 100)
                proposals.extend(Replace(o, price_centi, value, ttl_ms) for o in orders)
            else:
                proposals.extend(Cancel(o, wish["cancel"]) for o in orders)
        return proposals


def _runner_of(wish: Mapping[str, Any]) -> int:
    runner: int = wish.get("runner", 1)
    return runner


@dataclass
class Transcript:
    """Hears the session; tells it in words. Intents are numbered as they were sent."""

    lines: list[str] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)

    def intent(self, intent: QuoteIntent) -> None:
        number = self.numbers[intent.intent_id] = f"#{len(self.numbers) + 1}"
        target = self.numbers.get(intent.target_intent_id or "", "")
        who = f"({intent.edge}, ttl {intent.ttl_ms})"
        if intent.action is Action.CANCEL:
            self.lines.append(f"{number} CANCEL {target} ({intent.edge})")
        elif intent.action is Action.REPLACE:
            price = _decimal(intent.price_centi)
            self.lines.append(f"{number} REPLACE {target} to {price} {who}")
        else:
            size, price = _decimal(intent.size_centi), _decimal(intent.price_centi)
            what = f"{intent.side.value} {size} at {price} of {intent.selection_id}"
            self.lines.append(f"{number} PLACE {what} {who}")

    def report(self, report: ExecutionReport, intent: QuoteIntent | None) -> None:
        del intent
        line = f"{self.numbers[report.intent_id]} {report.status.value}"
        for event in report.fill_events:
            line += f", {event.size:.2f} at {event.price:.2f}"
        if report.size_remaining_centi:
            line += f", {_decimal(report.size_remaining_centi)} left"
        if report.reject_code is not None:
            line += f" ({report.reject_code})"
        self.lines.append(line)

    def result(self, result: MarketResult) -> None:
        money = f"gross {result.gross_e4 / 10_000:+.4f}, commission {result.commission_e4 / 10_000}"
        self.lines.append(f"market {result.kind}: {money}")

    def take(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines


class _Player:
    """One fixture's market, event by event."""

    def __init__(self, session: Session, transcript: Transcript) -> None:
        self._session = session
        self._transcript = transcript
        self._pt = START_MS
        self._version = 0
        self._definition: dict[str, Any] = {}
        self._statuses: dict[int, dict[str, Any]] = {1: {}, 2: {}, 3: {}}
        self._counts: dict[str, int] = {}
        self._edges: dict[str, Scripted] = {}

    def happens(self, event: Mapping[str, Any]) -> list[str]:
        """What comes of an event, in words."""
        self._pt += event.get("after_ms", AFTER_MS)
        for wish in event.get("wish", ()):
            self._edge(wish.get("of", "scripted")).wishes.append(wish)
        match event:
            case {"define": _}:
                self._define(event)
            case {"book": _}:
                self._book(event)
            case {"line": line}:
                self._session.engine.on_line(line.encode())
            case {"unreliable": True}:
                self._tell(ct="HEARTBEAT", status=503)
            case {"stream": "lost"}:
                self._session.engine.feed_lost()
            case {"stream": "back"}:
                self._session.engine.feed_back()
            case {"control": action}:
                self._session.router.control(action, "by hand")
                self._session.router.tick(self._pt)
            case {"finish": True}:
                self._session.engine.finish("the end")
            case _:
                raise ValueError(f"nothing happens in {event}")
        return [*self._transcript.take(), *self._counted()]

    def _edge(self, name: str) -> Scripted:
        if name not in self._edges:
            edge = self._edges[name] = Scripted(name)
            self._session.engine.edges.append(edge)
        return self._edges[name]

    def _define(self, event: Mapping[str, Any]) -> None:
        wanted = dict(event["define"])
        for runner, status in wanted.pop("runners", {}).items():
            self._statuses[runner] = status if isinstance(status, dict) else {"status": status}
        self._version += 1
        self._definition |= wanted
        definition = {
            "inPlay": False,
            "betDelay": 0,
            "numberOfWinners": 1,
            "marketBaseRate": 5.0,
            "bettingType": "ODDS",
            **self._definition,
            "version": self._version,
            "runners": [
                {"id": runner, "sortPriority": runner, "status": "ACTIVE", **status}
                for runner, status in self._statuses.items()
            ],
        }
        self._tell(
            mc=[{"id": MARKET, "marketDefinition": definition, "rc": _changes(event)}],
        )

    def _book(self, event: Mapping[str, Any]) -> None:
        image = bool(event.get("image", False))
        self._tell(mc=[{"id": MARKET, "img": image, "rc": _changes(event)}])

    def _tell(self, **message: Any) -> None:
        line = {"op": "mcm", "pt": self._pt, **message}
        self._session.engine.on_line(json.dumps(line).encode())

    def _counted(self) -> Iterator[str]:
        """What was refused, and which edges met, since this was asked last."""
        counts = self._session.desk.counts
        now = {f"refused: {reason}": n for reason, n in counts.refused.items()}
        now |= {f"edges: {kind}": n for kind, n in counts.cannibalised.items()}
        for what, count in sorted(now.items()):
            new = count - self._counts.get(what, 0)
            if new:
                yield what + (f", {new} times" if new > 1 else "")
        self._counts = now


def _changes(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"id": runner, **change} for runner, change in event.get("book", {}).items()]


def _decimal(centi: int) -> str:
    return f"{centi / 100:.2f}"

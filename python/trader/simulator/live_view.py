"""What the demo shows while it runs: a live screen on a terminal, plain lines elsewhere.

Both hear the engine as observers and look at the session between two lines; neither changes
anything. The screen is drawn at most `DRAWS_PER_S` times a second of wall time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final, Protocol, Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Action, QuoteIntent, Side
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ledger import MarketResult, to_money
from trader.monitoring.metrics import Metrics
from trader.session import Session
from trader.strategy.context import MarketView, Runner

DRAWS_PER_S: Final = 6.0
PLAIN_EVERY_S: Final = 5.0
SHOWN_RUNNERS: Final = 3
SHOWN_LEVELS: Final = 4
SHOWN_EVENTS: Final = 9
_STYLES: Final = {
    Status.FILLED: "bold green",
    Status.PARTIALLY_FILLED: "green",
    Status.REJECTED: "bold red",
    Status.EXPIRED: "dim",
    Status.CANCELLED: "dim",
    Status.LAPSED: "dim",
}


class View(Protocol):
    """A live view: observer of the engine, and `watch`ed between lines."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def intent(self, intent: QuoteIntent) -> None: ...

    def report(self, report: ExecutionReport, intent: QuoteIntent | None) -> None: ...

    def result(self, result: MarketResult) -> None: ...

    def watch(self, session: Session) -> None: ...


class Race(Protocol):
    """What a view knows of the generated race."""

    @property
    def names(self) -> Mapping[int, str]: ...

    @property
    def off_ms(self) -> int: ...


class PlainView:
    """A line every few seconds, for logs and pipes.

    `on_closed` is called when whoever read them has gone (`| head`): nobody watches any more.
    """

    def __init__(self, race: Race, out: TextIO | None, on_closed: Callable[[], None]) -> None:
        self._race = race
        self._out = out
        self._on_closed = on_closed
        self._next_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def intent(self, intent: QuoteIntent) -> None:
        """Counted elsewhere."""

    def report(self, report: ExecutionReport, intent: QuoteIntent | None) -> None:
        """Counted elsewhere."""

    def result(self, result: MarketResult) -> None:
        """Printed with the summary."""

    def watch(self, session: Session) -> None:
        now_s = monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + PLAIN_EVERY_S
        counts = session.desk.counts
        line = (
            f"{_race_clock(session, self._race)}: {session.engine.counts.lines:,} lines, "
            f"{sum(counts.intents.values()):,} intents, "
            f"{len(session.router.open_orders())} orders open, {counts.fills} fills, "
            f"P&L at the last prices {_marked(session):+.2f}"
        )
        try:
            print(line, file=self._out, flush=True)
        except BrokenPipeError:
            self._on_closed()


class LiveView:
    """The screen: race clock, ladders of the favourites with our orders, events, figures."""

    def __init__(self, race: Race, metrics: Metrics, console: Console) -> None:
        self._race = race
        self._metrics = metrics
        self._events: deque[Text] = deque(maxlen=SHOWN_EVENTS)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._next_s = 0.0
        self._now_ms = 0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def intent(self, intent: QuoteIntent) -> None:
        what = f"→ {intent.action:<8} {self._order(intent)}"
        self._event(Text(what, style="cyan"), intent.ts_ms)

    def report(self, report: ExecutionReport, intent: QuoteIntent | None) -> None:
        if intent is None or (intent.action is Action.CANCEL and report.is_terminal):
            return  # the cancelled order's own report says it
        what = f"← {report.status:<16} {self._order(intent)}"
        if report.fill_size:
            what += f"  matched {report.fill_size:.2f} @ {report.fill_price:g}"
        if report.reject_code is not None:
            what += f"  {report.reject_code}"
        self._event(Text(what, style=_STYLES.get(report.status, "")), report.ts_ms)

    def result(self, result: MarketResult) -> None:
        what = f"market {result.kind}: net {to_money(result.net_e4):+.2f}"
        self._event(Text(what, style="bold"), self._now_ms)

    def watch(self, session: Session) -> None:
        self._now_ms = session.engine.now_ms
        now_s = monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + 1 / DRAWS_PER_S
            self._live.update(self._screen(session), refresh=True)

    def _screen(self, session: Session) -> RenderableType:
        views = session.engine.markets.views()
        ladders = [
            _ladder(session, runner, self._name(runner))
            for view in views[:1]
            for runner in _favourites(session, view)
        ]
        return Group(
            Panel(self._head(session), title="Hotloop demo: paper money on a generated race"),
            _side_by_side(ladders),
            Panel(Group(*self._events) if self._events else Text("…"), title="orders"),
            Panel(self._figures(session), title="figures"),
        )

    def _head(self, session: Session) -> Text:
        views = session.engine.markets.views()
        status = views[0].status if views else "…"
        return Text(f"{_race_clock(session, self._race)}   market {status}")

    def _figures(self, session: Session) -> Text:
        counts = session.desk.counts
        apply_ns = self._metrics.apply_delta.summary()
        decision_ns = self._metrics.decision.summary()
        decided = (
            f"p50 {decision_ns['p50'] / 1000:.1f} µs, p99 {decision_ns['p99'] / 1000:.1f} µs"
            if decision_ns["count"]
            else "not timed yet"
        )
        executor = session.executor
        health = "healthy" if executor.healthy else f"NOT HEALTHY: {executor.health_reason}"
        return Text(
            f"lines {session.engine.counts.lines:,}   intents {sum(counts.intents.values()):,}   "
            f"open {len(session.router.open_orders())}   fills {counts.fills}   "
            f"matched {counts.filled_stake_centi / 100:,.2f}   "
            f"P&L at the last prices {_marked(session):+.2f}\n"
            f"apply_delta p50 {apply_ns['p50'] / 1000:.1f} µs, "
            f"p99 {apply_ns['p99'] / 1000:.1f} µs   "
            f"line to intents {decided}\n"
            f"executor {executor.name}: {health}   "
            f"heartbeats {self._metrics.executor_heartbeats_total}"
        )

    def _event(self, text: Text, ts_ms: int) -> None:
        self._events.append(Text(f"{_clock(ts_ms)}  ", style="dim") + text)

    def _order(self, intent: QuoteIntent) -> str:
        name = self._race.names.get(intent.selection_id, str(intent.selection_id))
        size = f"{intent.size_centi / 100:>6.2f}" if intent.size_centi else " " * 6
        return f"{intent.side:<4} {size} @ {intent.price_centi / 100:<6g} {name}"

    def _name(self, runner: Runner) -> str:
        return self._race.names.get(runner.selection_id, str(runner.selection_id))


def _side_by_side(panels: list[RenderableType]) -> RenderableType:
    grid = Table.grid(expand=True)
    for _ in panels:
        grid.add_column(ratio=1)
    grid.add_row(*panels)
    return grid


def _favourites(session: Session, view: MarketView) -> list[Runner]:
    """The runners with the lowest prices, in their order on the card."""
    priced: list[tuple[float, int, Runner]] = []
    for place, runner in enumerate(view.runners):
        price = session.book.last_traded(runner.market_id, runner.selection_id, runner.handicap)
        priced.append((price if price is not None else 1e9, place, runner))
    return [r for _, _, r in sorted(sorted(priced)[:SHOWN_RUNNERS], key=lambda entry: entry[1])]


def _ladder(session: Session, runner: Runner, name: str) -> RenderableType:
    """A few levels of one runner, lay side on top, our orders beside their price."""
    market_id, selection_id, handicap, _ = runner
    mine: dict[int, str] = {}
    for order in session.desk.orders.on(runner):
        mine[order.price_centi] = _mine(order)
    table = Table(box=None, expand=True, show_header=True, padding=(0, 1))
    table.add_column("to back", justify="right")
    table.add_column("odds", justify="right")
    table.add_column("to lay")
    table.add_column("ours")
    top = session.book.ladder_top
    for price, size in reversed(top(market_id, selection_id, "LAY", SHOWN_LEVELS, True, handicap)):
        row = ("", f"{price:g}", f"{size:,.0f}", mine.get(round(price * 100), ""))
        table.add_row(*row, style="rgb(250,169,186)")
    for price, size in top(market_id, selection_id, "BACK", SHOWN_LEVELS, True, handicap):
        row = (f"{size:,.0f}", f"{price:g}", "", mine.get(round(price * 100), ""))
        table.add_row(*row, style="rgb(166,216,255)")
    position = session.ledger.position(runner)
    held = "flat"
    if position is not None:
        held = (
            f"backed {position.back_stake_centi / 100:.2f}, "
            f"laid {position.lay_stake_centi / 100:.2f}"
        )
    return Panel(table, title=name, subtitle=held)


def _mine(order: OpenOrder) -> str:
    side = "B" if order.side is Side.BACK else "L"
    return f"{side} {order.remaining_centi / 100:.2f}"


def _marked(session: Session) -> float:
    """Profit and loss after commission if everything were valued now, account currency."""
    net_e4 = 0
    for view in session.engine.markets.views():
        result = session.results.valued(view)
        net_e4 += result.net_e4 if result is not None else 0
    return to_money(net_e4)


def _race_clock(session: Session, race: Race) -> str:
    now_ms = session.engine.now_ms
    to_off_s = (race.off_ms - now_ms) / 1000
    if to_off_s > 0:
        return f"{_clock(now_ms)}  off in {int(to_off_s // 60)}:{int(to_off_s % 60):02d}"
    return f"{_clock(now_ms)}  {-to_off_s:.0f} s after the off"


def _clock(ts_ms: int) -> str:
    """Time of day (UTC) of a stream time."""
    seconds = ts_ms // 1000 % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

"""A runner's ladder over time, with our orders in it: read from a blotter, and laid out in a grid.

A column is a sample: the best prices of both sides, held until the next sample. One without prices
says that sampling ended there: no order of ours rested. A row is a price of the ladder.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final, NamedTuple

from trader.betfair.ladder import CLASSIC
from trader.report.data import Fill, Market, ReportData, Runner
from trader.report.folder import ReportError, RunFolder

COLUMNS_MAX: Final = 360
ROWS_MAX: Final = 80
VIEWS_MAX: Final = 6
"""So many runners can be chosen among on the page."""
ORDERS_MAX: Final = 1500
MARGIN_ROWS: Final = 3


class Sample(NamedTuple):
    """The ladder at a moment; `back` and `lay` are what can be taken there, (price, size) in
    hundredths and currency, best first."""

    ts_ms: int
    last_traded_centi: int | None
    back: list[tuple[int, float]]
    lay: list[tuple[int, float]]


class QueueSample(NamedTuple):
    ts_ms: int
    ahead_centi: int
    remaining_centi: int


@dataclass(slots=True)
class OwnOrder:
    """An order that rested; `ended` is its last status."""

    edge: str
    side: str
    price_centi: int
    size_centi: int
    from_ms: int
    to_ms: int
    ended: str
    queue: list[QueueSample]


@dataclass(slots=True)
class RunnerView:
    """All of one runner. `orders_left_out`: of more than are drawn, the first ones are."""

    runner: Runner
    samples: list[Sample]
    orders: list[OwnOrder]
    fills: list[Fill]
    orders_left_out: int = 0


class Grid(NamedTuple):
    """`back[row][column]`: size there, None for none. `edges_ms`: where columns begin and end, one
    more than there are columns. `rows_left_out`: prices above and below, further from us."""

    prices: list[int]
    edges_ms: list[int]
    back: list[list[float | None]]
    lay: list[list[float | None]]
    rows_left_out: int

    def name_of(self, price_centi: int | None) -> str | None:
        """What a price's row is called; None for one that is none of the rows."""
        return row_name(price_centi) if price_centi in self.prices else None


def row_name(price_centi: int) -> str:
    """With a space: a chart takes a bare number for a place on its axis."""
    return f"{price_centi / 100:g} "


def parse_runner(text: str) -> tuple[str, int, int]:
    """(market id, selection id, handicap in hundredths) of MARKET/SELECTION[/HANDICAP].

    Raises `ReportError`.
    """
    parts = text.split("/")
    try:
        market_id, selection_id = parts[0], int(parts[1])
        handicap = round(float(parts[2]) * 100) if len(parts) == 3 else 0
    except (IndexError, ValueError):
        parts = []
    if not 2 <= len(parts) <= 3 or not parts[0]:
        raise ReportError(
            f"--runner {text}: is not MARKET/SELECTION, such as 1.200806927/228749 "
            "(with a handicap: 1.2345/6789/-0.5)"
        )
    return market_id, selection_id, handicap


def views(folder: RunFolder, data: ReportData, wanted: str | None) -> list[RunnerView]:
    """The runners worth looking at, the one that is `wanted` (see `parse_runner`) first, then
    those with most fills and orders. Raises `ReportError` for one that is not there."""
    ranked = _ranked(folder, data)
    if wanted is not None:
        place = parse_runner(wanted)
        of_it = [r for r in ranked if (r.market.market_id, *r[1:]) == place]
        if not of_it:
            raise ReportError(
                f"--runner {wanted}: no order of ours rested there while samples were taken; "
                + (f"try {shown(ranked[0])}" if ranked else "this run has no such runner")
            )
        ranked = [of_it[0], *(runner for runner in ranked if runner != of_it[0])]
    return [_view(folder.blotter, data, runner) for runner in ranked[:VIEWS_MAX]]


def shown(runner: Runner) -> str:
    """A runner as `parse_runner` reads it."""
    handicap = f"/{runner.handicap_centi / 100:g}" if runner.handicap_centi else ""
    return f"{runner.market.market_id}/{runner.selection_id}{handicap}"


def _ranked(folder: RunFolder, data: ReportData) -> list[Runner]:
    """Runners with samples, those with most fills first, then with most samples."""
    fills = Counter(fill.runner for fill in data.fills)
    wanted = {run.run for run in data.runs}
    samples: Counter[Runner] = Counter()
    for run, market_id, selection_id, handicap, count in folder.blotter.execute(
        "SELECT run, market_id, selection_id, handicap_centi, count(*) FROM ladders "
        "GROUP BY 1, 2, 3, 4"
    ):
        if run in wanted:
            market = Market(0 if data.is_live else run, market_id)
            samples[Runner(market, selection_id, handicap)] += count
    return sorted(samples, key=lambda runner: (-fills[runner], -samples[runner], runner))


def _view(db: sqlite3.Connection, data: ReportData, runner: Runner) -> RunnerView:
    runs = [run.run for run in data.runs] if data.is_live else [runner.market.run]
    of_runs = f"run IN ({','.join(map(str, runs))})"
    key = (runner.market.market_id, runner.selection_id, runner.handicap_centi)
    place = f"{of_runs} AND market_id = ? AND selection_id = ? AND handicap_centi = ?"
    samples = [
        Sample(ts_ms, last, _levels(back), _levels(lay))
        for ts_ms, last, back, lay in db.execute(
            f"SELECT ts_ms, last_traded_centi, back, lay FROM ladders WHERE {place} ORDER BY ts_ms",
            key,
        )
    ]
    orders = _orders(db, of_runs, place, key, data.last_ms or 0)
    fills = [fill for fill in data.fills if fill.runner == runner]
    left_out = max(0, len(orders) - ORDERS_MAX)
    return RunnerView(runner, samples, orders[:ORDERS_MAX], fills, left_out)


def _levels(text: str) -> list[tuple[int, float]]:
    return [(round(price * 100), size) for price, size in json.loads(text)]


def _orders(
    db: sqlite3.Connection, of_runs: str, place: str, key: tuple[object, ...], last_ms: int
) -> list[OwnOrder]:
    """Orders that came to rest, oldest first, with their queue positions."""
    queues: dict[str, list[QueueSample]] = defaultdict(list)
    for intent_id, *sample in db.execute(
        f"SELECT intent_id, ts_ms, ahead_centi, remaining_centi FROM queues WHERE {of_runs} "
        "AND market_id = ? AND ahead_centi IS NOT NULL ORDER BY ts_ms",
        key[:1],
    ):
        queues[intent_id].append(QueueSample(*sample))
    found: dict[str, OwnOrder] = {}
    for intent_id, edge, side, price, size, ts_ms, status in db.execute(
        "SELECT i.intent_id, i.edge, i.side, i.price_centi, i.size_centi, r.ts_ms, r.status "
        f"FROM intents AS i JOIN reports AS r ON r.run = i.run AND r.intent_id = i.intent_id "
        f"WHERE i.{place} AND i.action <> 'CANCEL' ORDER BY r.ts_ms, r.rowid",
        key,
    ):
        order = found.get(intent_id)
        if order is None:
            if status != "PLACED":
                continue  # refused, or matched as it came: it never rested
            queue = queues.get(intent_id, [])
            order = OwnOrder(edge, side, price, size, ts_ms, last_ms, "rests", queue)
            found[intent_id] = order
        elif status not in ("PLACED", "PARTIALLY_FILLED", "ACCEPTED", "UNKNOWN", "AMENDED"):
            order.to_ms, order.ended = ts_ms, status
    return list(found.values())


# --- the grid -----------------------------------------------------------------------------------


def grid(view: RunnerView) -> Grid:
    """Lays the samples out, no more than can be looked at."""
    columns = _columns(view)
    prices, left_out = _prices(view)
    row_of = {price: row for row, price in enumerate(prices)}
    edges_ms: list[int] = []
    cells: list[Sample | None] = []
    for sample, until_ms in columns:
        if edges_ms and sample.ts_ms > edges_ms[-1]:
            cells.append(None)  # nothing was sampled
        elif edges_ms:
            edges_ms.pop()
        edges_ms += [sample.ts_ms, until_ms]
        cells.append(sample)
    back: list[list[float | None]] = [[None] * len(cells) for _ in prices]
    lay: list[list[float | None]] = [[None] * len(cells) for _ in prices]
    for column, cell in enumerate(cells):
        if cell is None:
            continue
        for levels, side in ((cell.back, back), (cell.lay, lay)):
            for price, size in levels:
                row = row_of.get(price)
                if row is not None:
                    side[row][column] = size
    return Grid(prices, edges_ms, back, lay, left_out)


def _columns(view: RunnerView) -> list[tuple[Sample, int]]:
    """Samples with the time until which each holds, those that say nothing left out; of too many
    the last one of each slot of time."""
    samples = view.samples
    if len(samples) > COLUMNS_MAX:
        slot_ms = -(-(samples[-1].ts_ms - samples[0].ts_ms + 1) // COLUMNS_MAX)
        last = {(sample.ts_ms - samples[0].ts_ms) // slot_ms: sample for sample in samples}
        samples = list(last.values())
    end_ms = max([samples[-1].ts_ms, *(order.to_ms for order in view.orders)]) + 1
    starts = [sample.ts_ms for sample in samples]
    return [
        (sample, until_ms)
        for sample, until_ms in zip(samples, [*starts[1:], end_ms], strict=True)
        if sample.back or sample.lay
    ]


def _prices(view: RunnerView) -> tuple[list[int], int]:
    """The rows, ascending: every tick around what we did and where the best prices were."""
    focus = [order.price_centi for order in view.orders]
    focus += [fill.price_centi for fill in view.fills]
    for sample in view.samples:
        focus += [levels[0][0] for levels in (sample.back, sample.lay) if levels]
    seen = set(focus)
    for sample in view.samples:
        seen.update(price for levels in (sample.back, sample.lay) for price, _ in levels)
    prices = _every_tick(seen)
    places = sorted(bisect_left(prices, price) for price in focus)
    if not places:
        return prices[:ROWS_MAX], max(0, len(prices) - ROWS_MAX)
    low = max(0, places[0] - MARGIN_ROWS)
    high = min(len(prices), places[-1] + MARGIN_ROWS + 1)
    if high - low > ROWS_MAX:  # the stretch of the ladder in which most of it happened
        best = max(
            range(low, high - ROWS_MAX + 1),
            key=lambda row: bisect_left(places, row + ROWS_MAX) - bisect_left(places, row),
        )
        low, high = best, best + ROWS_MAX
    return prices[low:high], len(prices) - (high - low)


def _every_tick(seen: set[int]) -> list[int]:
    """The prices between the lowest and the highest, where they are of the usual ladder; else only
    those that were seen."""
    ticks = [CLASSIC.tick_of(price) for price in seen]
    known = [tick for tick in ticks if tick is not None]
    if not known or len(known) < len(ticks):
        return sorted(seen)
    return [CLASSIC.price_at(tick) for tick in range(min(known), max(known) + 1)]

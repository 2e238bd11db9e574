"""What was earned, over time and by edge, runner and market; pure functions over `ReportData`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from trader.report.data import Fill, Held, Market, ReportData, Runner, Worth

WINNING: Final = frozenset({"WINNER", "PLACED"})
VOID: Final = frozenset({"REMOVED", "REMOVED_VACANT"})
LEVEL_E4: Final = 100
"""A position whose outcomes differ by less is level: what it says of a price is noise."""


class Point(NamedTuple):
    """All markets together at a moment."""

    ts_ms: int
    gross_e4: int
    net_e4: int
    drawdown_e4: int
    """How far `net_e4` is below the highest one before; never negative."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest one: from a peak to the trough after it. Times None where there is none."""

    depth_e4: int = 0
    peak_e4: int = 0
    peak_ms: int | None = None
    trough_ms: int | None = None


def curve(data: ReportData) -> tuple[list[Point], Drawdown]:
    """The result over time as sampled, markets added up, from nothing before the first fill to
    what they came to in the end."""
    return _added_up(_steps(data))


def curves_by_market(data: ReportData) -> dict[Market, tuple[list[Point], Drawdown]]:
    """The same market by market."""
    steps: dict[Market, list[Worth]] = defaultdict(list)
    for worth in _steps(data):
        steps[worth.market].append(worth)
    return {market: _added_up(own) for market, own in steps.items()}


def _steps(data: ReportData) -> list[Worth]:
    """The samples, each market's from nothing before its first fill to its result; where nothing
    was sampled (`report.enabled: false`) that is all, and stands at its last fill."""
    first_ms: dict[Market, int] = {}
    last_ms: dict[Market, int] = {}
    for fill in data.fills:
        first_ms.setdefault(fill.runner.market, fill.ts_ms)
        last_ms[fill.runner.market] = fill.ts_ms
    last: dict[Market, Worth] = {}
    for worth in data.worths:
        last[worth.market] = worth
    steps = [Worth(ts_ms - 1, market, 0, 0) for market, ts_ms in first_ms.items()]
    steps += data.worths
    for market, result in data.markets.items():
        known = last.get(market)
        came_to = (result.gross_e4, result.commission_e4)
        if came_to != ((known.gross_e4, known.commission_e4) if known else (0, 0)):
            ts_ms = max(known.ts_ms if known else 0, last_ms.get(market, data.last_ms or 0))
            steps.append(Worth(ts_ms, market, *came_to))
    return sorted(steps, key=lambda worth: worth.ts_ms)  # stable: results after samples


def _added_up(steps: Sequence[Worth]) -> tuple[list[Point], Drawdown]:
    gross_e4 = commission_e4 = 0
    now: dict[Market, tuple[int, int]] = {}
    points: list[Point] = []
    peak_e4, peak_ms = 0, steps[0].ts_ms if steps else None
    deepest = Drawdown()
    # Moment by moment: markets are sampled together, and between two of them is no sum of all.
    for ts_ms, together in groupby(steps, key=lambda step: step.ts_ms):
        for _, market, gross, commission in together:
            before = now.get(market, (0, 0))
            now[market] = (gross, commission)
            gross_e4 += gross - before[0]
            commission_e4 += commission - before[1]
        net_e4 = gross_e4 - commission_e4
        if net_e4 >= peak_e4:
            peak_e4, peak_ms = net_e4, ts_ms
        elif peak_e4 - net_e4 > deepest.depth_e4:
            deepest = Drawdown(peak_e4 - net_e4, peak_e4, peak_ms, ts_ms)
        points.append(Point(ts_ms, gross_e4, net_e4, peak_e4 - net_e4))
    return points, deepest


def thinned(points: Sequence[Point], at_most: int) -> list[Point]:
    """So few points that a curve is drawn quickly: of equal runs of them the first, the highest,
    the lowest and the last one stay, so that no peak and no trough is lost."""
    if len(points) <= at_most:
        return list(points)
    size = -(-len(points) // max(1, at_most // 4))
    kept: list[Point] = []
    for start in range(0, len(points), size):
        some = points[start : start + size]
        stay = {
            some[0],
            max(some, key=lambda point: point.net_e4),
            min(some, key=lambda point: point.net_e4),
            some[-1],
        }
        kept.extend(sorted(stay))
    return kept


@dataclass(slots=True)
class EdgeResult:
    """What an edge's fills came to before commission (which a market is charged, not an edge)."""

    edge: str
    gross_e4: int = 0
    fills: int = 0
    stake_centi: int = 0
    orders: int = 0


def by_edge(data: ReportData) -> tuple[list[EdgeResult], int]:
    """Every edge that sent anything, best first, and what of the results is nobody's: markets that
    are not settled yet, or were paid by the venue as its own counts have it (e4)."""
    edges: dict[str, EdgeResult] = {}
    for (edge, action), count in data.intents_by.items():
        result = edges.setdefault(edge, EdgeResult(edge))
        result.orders += count if action == "PLACE" else 0
    chances = {held.runner: _chance(held) for held in data.held}
    for fill in data.fills:
        result = edges.setdefault(fill.edge, EdgeResult(fill.edge))
        result.fills += 1
        result.stake_centi += fill.size_centi
    exact: dict[tuple[Runner, str], list[int]] = {}
    for fill in data.fills:
        win_e4, lose_e4 = outcomes_e4(fill)
        outcome = exact.setdefault((fill.runner, fill.edge), [0, 0])
        outcome[0] += win_e4
        outcome[1] += lose_e4
    for (runner, edge), (win_e4, lose_e4) in exact.items():
        chance = chances.get(runner)
        if chance is not None:
            edges[edge].gross_e4 += round(lose_e4 + (win_e4 - lose_e4) * chance)
    found = sorted(edges.values(), key=lambda one: (-one.gross_e4, one.edge))
    total_e4 = sum(result.gross_e4 for result in data.markets.values())
    rest_e4 = total_e4 - sum(one.gross_e4 for one in found)
    return found, rest_e4 if abs(rest_e4) >= LEVEL_E4 else 0


def outcomes_e4(fill: Fill) -> tuple[int, int]:
    """What a fill returns if its runner wins, and if it loses."""
    profit_e4 = fill.size_centi * (fill.price_centi - 100)
    stake_e4 = fill.size_centi * 100
    return (profit_e4, -stake_e4) if fill.side == "BACK" else (-profit_e4, stake_e4)


def _chance(held: Held) -> float | None:
    """The share of winning that a runner's result was made with: 1 or 0 once it has run, a dead
    heat's share or the last price's chance otherwise. None: it is void, or cannot be told."""
    if held.status in VOID:
        return None
    swing_e4 = held.win_e4 - held.lose_e4
    chance = (held.gross_e4 - held.lose_e4) / swing_e4 if abs(swing_e4) >= LEVEL_E4 else -1.0
    if held.gross_e4 != 0 and 0.0 <= chance <= 1.0:
        return chance
    if held.status in WINNING:
        return 1.0
    if held.status == "LOSER":
        return 0.0
    return chance if 0.0 <= chance <= 1.0 else 0.5  # level: every chance gives the same sum


@dataclass(slots=True)
class RunnerResult:
    runner: Runner
    status: str
    gross_e4: int
    fills: int
    backed_centi: int
    laid_centi: int


def by_runner(data: ReportData, market: Market | None = None) -> list[RunnerResult]:
    """What runners with fills came to before commission, worst first."""
    fills: dict[Runner, int] = defaultdict(int)
    for fill in data.fills:
        fills[fill.runner] += 1
    results = [
        RunnerResult(
            held.runner,
            held.status,
            held.gross_e4,
            fills[held.runner],
            held.back_stake_centi,
            held.lay_stake_centi,
        )
        for held in data.held
        if market is None or held.runner.market == market
    ]
    return sorted(results, key=lambda one: (one.gross_e4, one.runner))


@dataclass(frozen=True, slots=True)
class Totals:
    """All markets together, and the charges for transactions beside their commission."""

    gross_e4: int
    commission_e4: int
    charges_e4: int

    @property
    def net_e4(self) -> int:
        """As the summary has it: after commission."""
        return self.gross_e4 - self.commission_e4

    @property
    def fee_share(self) -> float | None:
        """Commission and charges, a share of the profit before them; None where there is none."""
        fees_e4 = self.commission_e4 + self.charges_e4
        return fees_e4 / self.gross_e4 if self.gross_e4 > 0 else None


def totals(data: ReportData) -> Totals:
    charges = data.in_summary("transaction_charges") or 0.0
    return Totals(
        sum(result.gross_e4 for result in data.markets.values()),
        sum(result.commission_e4 for result in data.markets.values()),
        round(charges * 10_000),
    )


def traded(results: Iterable[Market], data: ReportData) -> list[Market]:
    """Those markets in which anything was matched, best first."""
    kept = [market for market in results if data.markets[market].fills]
    return sorted(kept, key=lambda market: (-data.markets[market].net_e4, market))

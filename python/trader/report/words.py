"""The head of the page in plain words, all derived from numbers: how the day was, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, TypeAlias

from trader.report.data import Market, MarketResult, ReportData
from trader.report.money import (
    Drawdown,
    EdgeResult,
    RunnerResult,
    Totals,
    by_edge,
    by_runner,
    totals,
    traded,
)

Level: TypeAlias = Literal["bad", "warn", "note"]
TIMES: Final = "\N{MULTIPLICATION SIGN}"
MINUS: Final = "\N{MINUS SIGN}"
REJECTS_SHOWN: Final = 4
SMALL_E4: Final = 10_000
"""A drawdown of less is not worth a sentence."""


class Alert(NamedTuple):
    """What has to be known before any figure is believed."""

    level: Level
    text: str


class Tile(NamedTuple):
    """A figure of the head. `tone` follows its sign, where it has one."""

    label: str
    value: str
    more: str
    tone: Literal["gain", "loss", ""] = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The band on top. `verdict` is the result in a word, so that its sign is not told by colour
    alone."""

    net: str
    verdict: str
    tone: Literal["gain", "loss", ""]
    why: str
    tiles: list[Tile]
    alerts: list[Alert]


def head(data: ReportData, drawdown: Drawdown) -> Head:
    total = totals(data)
    verdict = "profit" if total.net_e4 > 0 else "loss" if total.net_e4 < 0 else "even"
    return Head(
        net=money(total.net_e4, signed=True),
        verdict=verdict,
        tone=tone(total.net_e4),
        why=" ".join(_why(data, total, drawdown)),
        tiles=list(_tiles(data, total, drawdown)),
        alerts=list(_alerts(data)),
    )


# --- why ------------------------------------------------------------------------------------------


def _why(data: ReportData, total: Totals, drawdown: Drawdown) -> Iterator[str]:
    intents = sum(data.intents_by.values())
    if not intents and not data.fills:
        yield _nothing_sent(data)
        return
    if not data.fills:
        yield (
            f"Nothing was earned because none of the {counted(_orders(data), 'order')} was filled: "
            f"{_ends(data)}."
        )
        return
    edges, _ = by_edge(data)
    yield _of_edges([edge for edge in edges if edge.fills])
    won = traded(data.markets, data)
    if len(won) > 1:
        yield _of_markets(data, won)
    else:
        yield from _of_runners(data, by_runner(data))
    yield _of_fees(total)
    yield from _of_the_way(total, drawdown)


def _of_the_way(total: Totals, drawdown: Drawdown) -> Iterator[str]:
    """What the end does not tell: how high it had been, and how much of that was given back."""
    if drawdown.peak_ms is None or drawdown.trough_ms is None:
        return
    if drawdown.depth_e4 <= max(abs(total.net_e4), SMALL_E4):
        return
    peak = "It was even"
    if drawdown.peak_e4 > 0:
        peak = f"It was up {money(drawdown.peak_e4)}"
    yield (
        f"{peak} at {clock(drawdown.peak_ms)} and {money(drawdown.depth_e4)} lower by "
        f"{clock(drawdown.trough_ms)} UTC."
    )


def _nothing_sent(data: ReportData) -> str:
    refused = data.in_summary("refused_by_reason") or {}
    if not refused:
        return "Nothing was traded: no edge wanted an order in what it saw."
    reasons = sorted(refused.items(), key=lambda item: (-item[1], item[0]))[:3]
    return (
        "Nothing was traded: every order an edge wanted was refused before it left ("
        + ", ".join(f"{reason} {TIMES}{count:,}" for reason, count in reasons)
        + ")."
    )


def _ends(data: ReportData) -> str:
    ends = (("EXPIRED", "expired"), ("CANCELLED", "cancelled"), ("LAPSED", "lapsed"))
    told = [f"{data.statuses[status]:,} {word}" for status, word in ends if data.statuses[status]]
    if data.statuses["REJECTED"]:
        told.append(f"{data.statuses['REJECTED']:,} rejected")
    return ", ".join(told) or "they still rest"


def _of_edges(edges: list[EdgeResult]) -> str:
    told = [_of_edge(edges[0])]
    if len(edges) > 1:
        told.append(_of_edge(edges[-1]))
    more = len(edges) - len(told)
    others = f" ({counted(more, 'other edge')} in between)" if more > 0 else ""
    return f"{', '.join(told)}{others} before commission."


def _of_edge(edge: EdgeResult) -> str:
    did = "earned" if edge.gross_e4 >= 0 else "lost"
    return f"{edge.edge} {did} {money(abs(edge.gross_e4))} on {counted(edge.fills, 'fill')}"


def _of_markets(data: ReportData, markets: list[Market]) -> str:
    """`markets`: best first."""
    results = [data.markets[market] for market in markets]
    won = sum(1 for result in results if result.net_e4 > 0)
    text = f"{won:,} of {len(results):,} markets won"
    best, worst = results[0], results[-1]
    if best.net_e4 > 0:
        text += f"; most came from {best.market.market_id} ({money(best.net_e4, signed=True)})"
    if worst.net_e4 < 0:
        text += f"; {worst.market.market_id} cost most ({money(worst.net_e4, signed=True)})"
    net_e4 = sum(result.net_e4 for result in results)
    if 0 < net_e4 < best.net_e4:
        text += ", and without the best one it would have been a loss"
    return text + "."


def _of_runners(data: ReportData, runners: list[RunnerResult]) -> Iterator[str]:
    """`runners`: worst first."""
    if not runners or not any(runner.gross_e4 for runner in runners):
        return
    worst, best = runners[0], runners[-1]
    told: list[str] = []
    if best.gross_e4 > 0:
        told.append(f"earned most on {_called(data, best)} ({_with_end(best)})")
    if worst.gross_e4 < 0:
        told.append(f"lost most on {_called(data, worst)} ({_with_end(worst)})")
    yield f"It {' and '.join(told)}."


def _called(data: ReportData, result: RunnerResult) -> str:
    selection_id = result.runner.selection_id
    return data.name_of(selection_id) or f"runner {selection_id}"


def _with_end(runner: RunnerResult) -> str:
    ended = {"WINNER": "the winner, ", "LOSER": "a loser, ", "PLACED": "placed, "}
    return ended.get(runner.status, "") + money(runner.gross_e4, signed=True)


def _of_fees(total: Totals) -> str:
    fees_e4 = total.commission_e4 + total.charges_e4
    if total.fee_share is not None:
        kinds = "commission and charges" if total.charges_e4 else "commission"
        return f"{percent(total.fee_share)} of gross ({money(fees_e4)}) went to {kinds}."
    if fees_e4:
        return f"{money(fees_e4)} of commission was paid on what won, though together it lost."
    return "No commission is due on a loss." if total.gross_e4 < 0 else "No commission was due."


# --- tiles ----------------------------------------------------------------------------------------


def _tiles(data: ReportData, total: Totals, drawdown: Drawdown) -> Iterator[Tile]:
    share = total.fee_share
    yield Tile(
        "Commission",
        money(total.commission_e4 + total.charges_e4),
        f"{percent(share)} of gross {money(total.gross_e4, signed=True)}"
        if share is not None
        else f"gross {money(total.gross_e4, signed=True)}",
    )
    when = "never below its peak"
    if drawdown.trough_ms is not None:
        when = f"lowest at {clock(drawdown.trough_ms)} UTC"
    yield Tile("Max drawdown", money(-drawdown.depth_e4), when)
    stake = sum(fill.size_centi for fill in data.fills)
    yield Tile(
        "Fills",
        f"{len(data.fills):,}",
        f"{stake / 100:,.2f} staked; {counted(_orders(data), 'order')} placed",
    )
    markets = traded(data.markets, data)
    if len(markets) > 1:
        yield _market_tile("Best market", data.markets[markets[0]])
        yield _market_tile("Worst market", data.markets[markets[-1]])
        return
    runners = by_runner(data)
    if len(runners) > 1:
        yield _runner_tile(data, "Best runner", runners[-1])
        yield _runner_tile(data, "Worst runner", runners[0])
    elif markets:
        yield _market_tile("The one market", data.markets[markets[0]])


def _market_tile(label: str, result: MarketResult) -> Tile:
    return Tile(
        label,
        money(result.net_e4, signed=True),
        f"{result.market.market_id}, {counted(result.fills, 'fill')}",
        tone(result.net_e4),
    )


def _runner_tile(data: ReportData, label: str, result: RunnerResult) -> Tile:
    return Tile(
        label,
        money(result.gross_e4, signed=True),
        f"{data.name_of(result.runner.selection_id) or result.runner.selection_id}, "
        f"{result.status.lower()}, before commission",
        tone(result.gross_e4),
    )


def _orders(data: ReportData) -> int:
    return sum(count for (_, action), count in data.intents_by.items() if action == "PLACE")


# --- alerts ---------------------------------------------------------------------------------------


def _alerts(data: ReportData) -> Iterator[Alert]:
    yield from _how_it_ended(data)
    refused = data.in_summary("seam_errors")
    if refused:
        reseeds = data.in_summary("reseeds") or 0
        mended = f"; {counted(reseeds, 'market')} mended from the second book" if reseeds else ""
        when = " in the last start" if data.is_of_several_starts else ""
        said = f"{counted(refused, 'stream line')} refused{when} (seam errors){mended}."
        yield Alert("warn", said)
    if data.rejects:
        total = sum(data.rejects.values())
        codes = ", ".join(f"{c} {TIMES}{n:,}" for c, n in data.rejects.most_common(REJECTS_SHOWN))
        yield Alert("warn", f"{counted(total, 'order')} rejected: {codes}.")
    venue, net = data.in_summary("exchange", "net"), data.in_summary("pnl", "net")
    settled = data.in_summary("exchange", "markets_settled")
    if settled and venue != net:
        yield Alert("bad", f"The venue settled {venue:+,.2f}, the ledger has {net:+,.2f}.")
    marked = sum(1 for result in data.markets.values() if result.kind == "marked")
    if marked:
        yield Alert(
            "note", f"{counted(marked, 'market')} did not settle in the data: at the last prices."
        )
    _, rest_e4 = by_edge(data)
    if rest_e4:
        yield Alert("note", f"{money(rest_e4, signed=True)} is not told apart by edge yet.")


def _how_it_ended(data: ReportData) -> Iterator[Alert]:
    until = f" Figures cover what was done until {stamp(data.last_ms)}." if data.last_ms else ""
    unfinished = [run for run in data.runs if run.ended is None]
    if data.is_live and data.runs and data.runs[-1].ended is None:
        yield Alert("note", f"It still runs, or was killed.{until}")
    elif unfinished:
        yield Alert("bad", f"{counted(len(unfinished), 'input')} did not come to an end.{until}")
    hotloop, executor = data.in_summary("seam_lost"), data.in_summary("executor_lost")
    if hotloop:
        yield Alert("bad", f"The hotloop was lost: {hotloop}.{until}")
    if executor:
        yield Alert("bad", f"The executor was lost: {executor}.{until}")
    if data.in_summary("interrupted") and not data.is_live:
        yield Alert("bad", f"It was interrupted, so this is part of a run.{until}")
    for run in data.runs:
        if run.ended is not None and run.ended.startswith("failed"):
            yield Alert("bad", f"Run {run.run} {run.ended}.")


# --- forms ----------------------------------------------------------------------------------------


def money(amount_e4: int, *, signed: bool = False) -> str:
    """An amount in the account's currency, with a true minus sign."""
    text = f"{amount_e4 / 10_000:+,.2f}" if signed else f"{amount_e4 / 10_000:,.2f}"
    if text.strip("+-0.,") == "":
        return "0.00"
    return text.replace("-", MINUS)


def tone(amount_e4: int) -> Literal["gain", "loss", ""]:
    return "gain" if amount_e4 > 0 else "loss" if amount_e4 < 0 else ""


def percent(share: float) -> str:
    value = share * 100
    digits = 0 if value >= 10 or value == round(value) else 1
    return f"{value:.{digits}f}\N{NO-BREAK SPACE}%"


def counted(count: int, word: str) -> str:
    return f"{count:,} {word if count == 1 else word + 's'}"


def stamp(ts_ms: int) -> str:
    """Date and time of day (UTC)."""
    return f"{datetime.fromtimestamp(ts_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(ts_ms: int) -> str:
    return f"{datetime.fromtimestamp(ts_ms // 1000, UTC):%H:%M:%S}"

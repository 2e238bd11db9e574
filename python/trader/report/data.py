"""What a report is made of, read out of a blotter in one pass and kept small.

Pure data: the tables become the lists of `ReportData`, money in 1/10,000 of the account's currency
(`*_e4`), prices and sizes in hundredths (`*_centi`), times in ms of the engine's clock (UTC).
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from trader.report.folder import RunFolder

DAY_MS: Final = 86_400_000
WORTHS_MAX: Final = 200_000
"""So many samples of the curve are read; of more the last ones of longer slots of time."""
MINUTES_MAX: Final = 240
"""So many bars of intents at most: a bar is a whole number of minutes."""


class Market(NamedTuple):
    """A market of one run; the runs of a live trader count as one (0), for its markets go on."""

    run: int
    market_id: str


class Runner(NamedTuple):
    market: Market
    selection_id: int
    handicap_centi: int


class RunRow(NamedTuple):
    """One input of a replay, or one start of a live trader; `ended` is None while it lasts."""

    run: int
    source: str
    ended: str | None


class Fill(NamedTuple):
    runner: Runner
    ts_ms: int
    edge: str
    side: str
    price_centi: int
    size_centi: int


class Held(NamedTuple):
    """What was matched on a runner in the end, and what came of it."""

    runner: Runner
    status: str
    back_stake_centi: int
    lay_stake_centi: int
    win_e4: int
    lose_e4: int
    gross_e4: int


class Outcome(NamedTuple):
    """An order with its estimates, and what is known of its end. Times are ms after it was sent:
    of its first match, of its last one, of its end; None: has not come."""

    p_fill: float | None
    ttf_ms: float | None
    matched_ms: int | None
    filled_ms: int | None
    ended_ms: int | None


@dataclass(slots=True)
class MarketResult:
    """What a market came to. `kind`: settled, venue, marked, or running (as last sampled)."""

    market: Market
    kind: str = "running"
    gross_e4: int = 0
    commission_e4: int = 0
    note: str = ""
    intents: int = 0
    fills: int = 0
    stake_centi: int = 0

    @property
    def net_e4(self) -> int:
        return self.gross_e4 - self.commission_e4


class Worth(NamedTuple):
    """A sample of what a market is worth."""

    ts_ms: int
    market: Market
    gross_e4: int
    commission_e4: int


@dataclass(slots=True)
class ReportData:
    """All that the page shows, but for the ladders of its chosen runners."""

    shown: str
    is_live: bool
    summary: dict[str, Any] | None
    runs: list[RunRow]
    config: dict[str, Any]
    profile: str
    backends: tuple[str, str]
    version: str
    markets: dict[Market, MarketResult] = field(default_factory=dict)
    worths: list[Worth] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    intents_by: Counter[tuple[str, str]] = field(default_factory=Counter)  # (edge, action)
    bar_ms: int = 60_000
    bars: Counter[tuple[int, str]] = field(default_factory=Counter)  # (start of the bar, edge)
    statuses: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    cannibalised: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By (kind, edge, other edge)."""
    steps_ns: list[tuple[int, int, int]] = field(default_factory=list)
    """(received, sent, answered) of orders at a venue, the executor's monotonic clock."""
    first_ms: int | None = None
    last_ms: int | None = None

    def in_summary(self, *keys: str) -> Any:
        """A value of the summary; None where there is none, or no summary."""
        value: Any = self.summary
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    @property
    def is_of_several_starts(self) -> bool:
        """A live trader's: what only the summary has is of the last start, the rest of all."""
        return self.is_live and len(self.runs) > 1

    def name_of(self, selection_id: int) -> str | None:
        """A runner's name, where the run knew it: a recording's stream does not tell."""
        name = self.in_summary("runner_names", str(selection_id))
        return str(name) if name is not None else None

    @property
    def horizon_ms(self) -> int:
        """The time within which a fill is what `p_fill` is the probability of."""
        return int(self.config["hotloop"]["pfill"]["horizon_ms"])


def read(folder: RunFolder) -> ReportData:
    """Reads a folder. Raises `sqlite3.Error` for a blotter that is damaged."""
    return _Reader(folder).read()


class _Reader:
    def __init__(self, folder: RunFolder) -> None:
        self._db = folder.blotter
        self._folder = folder
        self._runs = _wanted_runs(folder)
        self._runners: dict[Runner, Runner] = {}
        self._in = f"run IN ({','.join(str(run.run) for run in self._runs) or 'NULL'})"

    def read(self) -> ReportData:
        config, profile, hotloop, execution, version = _about(self._db, self._runs)
        self._data = data = ReportData(
            shown=self._folder.shown,
            is_live=self._folder.is_live,
            summary=self._folder.summary,
            runs=self._runs,
            config=config,
            profile=profile,
            backends=(hotloop, execution),
            version=version,
        )
        self._times()
        self._orders()
        self._money()
        self._estimates()
        return data

    def _select(self, query: str) -> Iterator[tuple[Any, ...]]:
        """`{runs}` in the query is the condition for the runs that are wanted."""
        return iter(self._db.execute(query.replace("{runs}", self._in)))

    def _market(self, run: int, market_id: str) -> Market:
        return Market(0 if self._folder.is_live else run, market_id)

    def _result(self, run: int, market_id: str) -> MarketResult:
        market = self._market(run, market_id)
        result = self._data.markets.get(market)
        if result is None:
            result = self._data.markets[market] = MarketResult(market)
        return result

    def _times(self) -> None:
        data = self._data
        for table in ("intents", "fills", "curve", "ladders"):
            for low, high in self._select(
                f"SELECT min(ts_ms), max(ts_ms) FROM {table} WHERE {{runs}}"
            ):
                if low is not None:
                    data.first_ms = min(low, data.first_ms if data.first_ms is not None else low)
                    data.last_ms = max(high, data.last_ms or high)

    def _orders(self) -> None:
        data = self._data
        span_ms = (data.last_ms or 0) - (data.first_ms or 0)
        data.bar_ms = 60_000 * max(1, -(-span_ms // (MINUTES_MAX * 60_000)))
        query = (
            f"SELECT ts_ms / {data.bar_ms}, edge, action, run, market_id, count(*) FROM intents "
            "WHERE {runs} GROUP BY 1, 2, 3, 4, 5 ORDER BY min(ts_ms), 4, 5, 2, 3"
        )
        for bar, edge, action, run, market_id, count in self._select(query):
            data.bars[bar * data.bar_ms, edge] += count
            data.intents_by[edge, action] += count
            self._result(run, market_id).intents += count
        query = (
            "SELECT status, coalesce(reject_code, ''), count(*) FROM reports WHERE {runs} "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        for status, code, count in self._select(query):
            data.statuses[status] += count
            if status == "REJECTED":
                data.rejects[code or "no code"] += count
        query = (
            "SELECT kind, edge, other, count(*) FROM cannibalisation WHERE {runs} "
            "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        for kind, edge, other, count in self._select(query):
            data.cannibalised[kind, edge, other] += count
        query = (
            "SELECT recv_ns, sent_ns, acked_ns FROM reports WHERE {runs} AND acked_ns IS NOT NULL "
            "AND sent_ns IS NOT NULL AND recv_ns IS NOT NULL AND status IN ('PLACED', 'CANCELLED')"
        )
        data.steps_ns = [(row[0], row[1], row[2]) for row in self._select(query)]

    def _money(self) -> None:
        data = self._data
        query = (
            "SELECT run, market_id, selection_id, handicap_centi, ts_ms, edge, side, price_centi, "
            "size_centi FROM fills WHERE {runs} ORDER BY ts_ms, rowid"
        )
        for run, market_id, selection_id, handicap, *fill in self._select(query):
            result = self._result(run, market_id)
            runner = Runner(result.market, selection_id, handicap)
            data.fills.append(Fill(self._runners.setdefault(runner, runner), *fill))
            result.fills += 1
            result.stake_centi += fill[-1]
        query = (
            "SELECT max(ts_ms), run, market_id, gross_e4, commission_e4 FROM curve WHERE {runs} "
            f"GROUP BY run, market_id, ts_ms / {self._slot_ms()} ORDER BY 1, run, market_id"
        )  # beside max() SQLite gives the other columns of the same row
        sampled_in: dict[Market, int] = {}
        for ts_ms, run, market_id, gross_e4, commission_e4 in self._select(query):
            result = self._result(run, market_id)
            sampled_in[result.market] = run
            result.gross_e4, result.commission_e4 = gross_e4, commission_e4
            data.worths.append(Worth(ts_ms, result.market, gross_e4, commission_e4))
        query = (
            "SELECT run, market_id, kind, gross_e4, commission_e4, note FROM settlements "
            "WHERE {runs} ORDER BY run"
        )
        settled_in: dict[Market, int] = {}  # of a live trader's runs the last one's counts
        for run, market_id, kind, gross_e4, commission_e4, note in self._select(query):
            result = self._result(run, market_id)
            if run < sampled_in.get(result.market, run):
                continue  # what it was marked at when a run ended, and the next one goes on with it
            result.kind, result.note = kind, note
            result.gross_e4, result.commission_e4 = gross_e4, commission_e4
            settled_in[result.market] = run
        query = (
            "SELECT run, market_id, selection_id, handicap_centi, status, back_stake_centi, "
            "lay_stake_centi, win_e4, lose_e4, gross_e4 FROM positions WHERE {runs} "
            "ORDER BY run, market_id, selection_id, handicap_centi"
        )
        for run, market_id, selection_id, handicap, *held in self._select(query):
            market = self._market(run, market_id)
            if settled_in.get(market) == run:
                data.held.append(Held(Runner(market, selection_id, handicap), *held))

    def _slot_ms(self) -> int:
        """Of so much time a market's last sample is read: 1 unless there are too many."""
        query = (
            "SELECT count(*), max(last - first), sum(n) FROM (SELECT min(ts_ms) AS first, "
            "max(ts_ms) AS last, count(*) AS n FROM curve WHERE {runs} GROUP BY run, market_id)"
        )
        markets, longest_ms, samples = next(self._select(query))
        if not markets or samples <= WORTHS_MAX:
            return 1
        return max(1, -(-int(longest_ms) * int(markets) // WORTHS_MAX))

    def _estimates(self) -> None:
        ends = "'FILLED', 'REPLACED', 'CANCELLED', 'EXPIRED', 'LAPSED', 'VOIDED', 'REJECTED'"
        query = (
            "SELECT e.p_fill, e.ttf_ms, f.ts_ms - i.ts_ms, r.filled_ms - i.ts_ms, "
            "r.ts_ms - i.ts_ms FROM estimates AS e "
            "JOIN intents AS i ON i.run = e.run AND i.intent_id = e.intent_id "
            "LEFT JOIN (SELECT run, intent_id, min(ts_ms) AS ts_ms FROM fills WHERE {runs} "
            "GROUP BY 1, 2) AS f ON f.run = e.run AND f.intent_id = e.intent_id "
            "LEFT JOIN (SELECT run, intent_id, max(ts_ms) AS ts_ms, "
            "min(CASE status WHEN 'FILLED' THEN ts_ms END) AS filled_ms FROM reports WHERE {runs} "
            f"AND status IN ({ends}) GROUP BY 1, 2) AS r ON r.run = e.run "
            "AND r.intent_id = e.intent_id WHERE e.{runs} ORDER BY e.run, e.intent_id"
        )
        self._data.outcomes = [Outcome(*row) for row in self._select(query)]


def _wanted_runs(folder: RunFolder) -> list[RunRow]:
    """All runs of a replay; of a live trader's those that were at work on its last day (UTC), each
    of them whole: what was taken before midnight is part of what a market came to."""
    rows = folder.blotter.execute("SELECT run, source, ended FROM runs ORDER BY run")
    runs = [RunRow(*row) for row in rows]
    if not folder.is_live:
        return runs
    query = (
        "SELECT run, max(ts_ms) FROM (SELECT run, ts_ms FROM intents UNION ALL "
        "SELECT run, ts_ms FROM curve) GROUP BY run"
    )
    last_ms: dict[int, int] = dict(folder.blotter.execute(query))
    if not last_ms:
        return runs[-1:]
    day = max(last_ms.values()) // DAY_MS
    return [run for run in runs if last_ms.get(run.run, -1) // DAY_MS == day]


def _about(
    db: sqlite3.Connection, runs: Sequence[RunRow]
) -> tuple[dict[str, Any], str, str, str, str]:
    """Configuration, profile, hotloop, execution and version of the last of the runs."""
    last = runs[-1].run if runs else None
    query = "SELECT config, profile, hotloop, execution, version FROM runs WHERE run = ?"
    row = db.execute(query, (last,)).fetchone()
    if row is None:
        raise sqlite3.DatabaseError("it has no run")
    return json.loads(row[0]), row[1], row[2], row[3], row[4]

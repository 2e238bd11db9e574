"""The blotter: every intent, report, fill and settlement of a run, in one SQLite file.

Journal mode: WAL while the run lasts, so that a person can query it meanwhile and neither holds up
the other; back to a plain single file when it is closed. `synchronous` is NORMAL: a power cut may
lose the last batch of a run that can be repeated, a killed process loses nothing committed.

Rows are kept back and written in batches of at most `BATCH_ROWS`, at the latest when a market ends
or the blotter is closed; an interrupted run therefore keeps everything up to the interruption.

Prices and sizes are integers in hundredths, money is `*_e4` (1/10,000 of the account's currency),
times are ms of the engine's clock. Nothing in the tables depends on which backend ran, but for the
`runs` row and the `*_ns` columns of `reports`.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ledger import Fill, MarketResult

SCHEMA_VERSION: Final = 1
BATCH_ROWS: Final = 1000

_SCHEMA: Final = """
CREATE TABLE runs (
    run INTEGER PRIMARY KEY, source TEXT NOT NULL, hotloop TEXT NOT NULL, execution TEXT NOT NULL,
    feed TEXT NOT NULL, profile TEXT NOT NULL, version TEXT NOT NULL, config TEXT NOT NULL,
    ended TEXT
);
CREATE TABLE intents (
    run INTEGER NOT NULL, intent_id TEXT NOT NULL, ts_ms INTEGER NOT NULL, edge TEXT NOT NULL,
    market_id TEXT NOT NULL, selection_id INTEGER NOT NULL, handicap_centi INTEGER NOT NULL,
    action TEXT NOT NULL, side TEXT NOT NULL, price_centi INTEGER NOT NULL,
    size_centi INTEGER NOT NULL, ttl_ms INTEGER NOT NULL, persistence TEXT NOT NULL,
    target_intent_id TEXT, market_version INTEGER, PRIMARY KEY (run, intent_id)
) WITHOUT ROWID;
CREATE TABLE reports (
    run INTEGER NOT NULL, seq INTEGER NOT NULL, intent_id TEXT NOT NULL, ts_ms INTEGER NOT NULL,
    action TEXT NOT NULL, status TEXT NOT NULL, bet_id TEXT, fill_price REAL, fill_size REAL,
    size_remaining_centi INTEGER NOT NULL, size_matched_centi INTEGER NOT NULL,
    avg_price_matched REAL, reject_code TEXT, reject_class TEXT, message TEXT,
    dry_run INTEGER NOT NULL, recv_ns INTEGER, sent_ns INTEGER, acked_ns INTEGER
);
CREATE TABLE fills (
    run INTEGER NOT NULL, intent_id TEXT NOT NULL, ts_ms INTEGER NOT NULL, edge TEXT NOT NULL,
    market_id TEXT NOT NULL, selection_id INTEGER NOT NULL, handicap_centi INTEGER NOT NULL,
    side TEXT NOT NULL, price_centi INTEGER NOT NULL, size_centi INTEGER NOT NULL
);
CREATE TABLE settlements (
    run INTEGER NOT NULL, market_id TEXT NOT NULL, kind TEXT NOT NULL, gross_e4 INTEGER NOT NULL,
    commission_e4 INTEGER NOT NULL, net_e4 INTEGER NOT NULL, mbr_percent REAL, note TEXT NOT NULL,
    PRIMARY KEY (run, market_id)
) WITHOUT ROWID;
CREATE TABLE positions (
    run INTEGER NOT NULL, market_id TEXT NOT NULL, selection_id INTEGER NOT NULL,
    handicap_centi INTEGER NOT NULL, status TEXT NOT NULL, back_stake_centi INTEGER NOT NULL,
    lay_stake_centi INTEGER NOT NULL, win_e4 INTEGER NOT NULL, lose_e4 INTEGER NOT NULL,
    gross_e4 INTEGER NOT NULL, PRIMARY KEY (run, market_id, selection_id, handicap_centi)
) WITHOUT ROWID;
"""
_ROWS_IN_ORDER: Final = {
    statement.split()[2]: "run" if "WITHOUT ROWID" in statement else "rowid"
    for statement in _SCHEMA.split(";")
    if statement.strip()
}
"""By table, what its rows are sorted by to be as they were written."""
_INSERT_INTENT: Final = f"INSERT INTO intents VALUES ({','.join('?' * 15)})"
_INSERT_REPORT: Final = f"INSERT INTO reports VALUES ({','.join('?' * 19)})"
_INSERT_FILL: Final = f"INSERT INTO fills VALUES ({','.join('?' * 10)})"
_INSERT_SETTLEMENT: Final = f"INSERT OR REPLACE INTO settlements VALUES ({','.join('?' * 8)})"
_INSERT_POSITION: Final = f"INSERT OR REPLACE INTO positions VALUES ({','.join('?' * 10)})"


class Blotter:
    """Writes one new file. Raises `sqlite3.Error` when the file cannot be made or written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run = 0
        self._intents: list[tuple[object, ...]] = []
        self._reports: list[tuple[object, ...]] = []
        self._fills: list[tuple[object, ...]] = []
        self._db = sqlite3.connect(_uri(path), uri=True, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def begin_run(
        self,
        *,
        source: str,
        hotloop: str,
        execution: str,
        feed: str,
        profile: str,
        version: str,
        config: Mapping[str, object],
    ) -> int:
        """Opens a run (one input of the command); later rows belong to it. Returns its number."""
        self.flush()
        self._run += 1
        self._db.execute(
            "INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,NULL)",
            (
                self._run,
                source,
                hotloop,
                execution,
                feed,
                profile,
                version,
                json.dumps(config, sort_keys=True),
            ),
        )
        return self._run

    def end_run(self, how: str) -> None:
        """Closes the run: `done`, `interrupted` or `executor lost`."""
        self.flush()
        self._db.execute("UPDATE runs SET ended = ? WHERE run = ?", (how, self._run))

    def intent(self, intent: QuoteIntent) -> None:
        self._intents.append(
            (
                self._run,
                intent.intent_id,
                intent.ts_ms,
                intent.edge,
                intent.market_id,
                intent.selection_id,
                intent.handicap_centi,
                intent.action.value,
                intent.side.value,
                intent.price_centi,
                intent.size_centi,
                intent.ttl_ms,
                intent.persistence.value,
                intent.target_intent_id,
                intent.market_version,
            )
        )
        if len(self._intents) >= BATCH_ROWS:
            self.flush()

    def report(self, report: ExecutionReport) -> None:
        latency = report.latency
        self._reports.append(
            (
                self._run,
                report.seq,
                report.intent_id,
                report.ts_ms,
                report.action.value,
                report.status.value,
                report.bet_id,
                report.fill_price,
                report.fill_size,
                report.size_remaining_centi,
                report.size_matched_centi,
                report.avg_price_matched,
                report.reject_code,
                report.reject_class,
                report.message,
                report.dry_run,
                latency.recv_ns,
                latency.sent_ns,
                latency.acked_ns,
            )
        )
        if len(self._reports) >= BATCH_ROWS:
            self.flush()

    def fill(self, fill: Fill) -> None:
        runner = fill.runner
        self._fills.append(
            (
                self._run,
                fill.intent_id,
                fill.ts_ms,
                fill.edge,
                runner.market_id,
                runner.selection_id,
                runner.handicap_centi,
                fill.side.value,
                fill.price_centi,
                fill.size_centi,
            )
        )

    def settlement(self, result: MarketResult) -> None:
        """A market's result; a later one of the same market replaces it. Writes all kept rows."""
        run, market_id = self._run, result.market_id
        positions: list[tuple[object, ...]] = [
            (
                run,
                market_id,
                part.runner.selection_id,
                part.runner.handicap_centi,
                part.status,
                part.position.back_stake_centi,
                part.position.lay_stake_centi,
                part.position.win_e4,
                part.position.lose_e4,
                part.gross_e4,
            )
            for part in result.runners
        ]
        row: tuple[object, ...] = (
            run,
            market_id,
            result.kind,
            result.gross_e4,
            result.commission_e4,
            result.net_e4,
            result.mbr_percent,
            result.note,
        )
        self._write([(_INSERT_SETTLEMENT, [row]), (_INSERT_POSITION, positions)])

    def take_in(self, part: Path) -> None:
        """Appends the runs of another closed blotter, in their order, as the next ones here; their
        rows keep the order in which they were written. One transaction."""
        self.flush()
        self._db.execute("ATTACH ? AS part", (f"{_uri(part)}?mode=ro",))
        try:
            (last,) = self._db.execute("SELECT coalesce(max(run), 0) FROM part.runs").fetchone()
            self._db.execute("BEGIN")
            try:
                for table, order in _ROWS_IN_ORDER.items():
                    columns = [row[1] for row in self._db.execute(f"PRAGMA table_info({table})")]
                    shifted = ", ".join(f"run + {self._run}" if c == "run" else c for c in columns)
                    self._db.execute(
                        f"INSERT INTO main.{table} SELECT {shifted} FROM part.{table} "
                        f"ORDER BY {order}"
                    )
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._run += last
        finally:
            self._db.execute("DETACH part")

    def flush(self) -> None:
        """Commits the rows kept back."""
        self._write([])

    def close(self) -> None:
        """Commits and leaves one plain file; safe to call twice."""
        try:
            self.flush()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.ProgrammingError:
            return  # closed already
        finally:
            self._db.close()

    def _write(self, more: Iterable[tuple[str, list[tuple[object, ...]]]]) -> None:
        """One transaction: kept rows first, so that a settlement never stands before its fills."""
        batches = [
            (_INSERT_INTENT, self._intents),
            (_INSERT_REPORT, self._reports),
            (_INSERT_FILL, self._fills),
            *more,
        ]
        self._intents, self._reports, self._fills = [], [], []
        if not any(rows for _, rows in batches):
            return
        self._db.execute("BEGIN")
        try:
            for statement, rows in batches:
                self._db.executemany(statement, rows)
            self._db.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite has rolled back already; what it says is what must be heard.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _uri(path: Path) -> str:
    return f"file:{quote(os.fsencode(path))}"

"""The blotter: every intent, report, fill and settlement of a run, in one SQLite file.

Journal mode: WAL while the run lasts, so that a person can query it meanwhile and neither holds up
the other; back to a plain single file when it is closed. `synchronous` is NORMAL: a power cut may
lose the last batch of a run that can be repeated, a killed process loses nothing committed.

Rows are kept back and written in batches of at most `BATCH_ROWS`, at the latest when a market ends
or the blotter is closed; an interrupted run therefore keeps everything up to the interruption. A
`durable` blotter, for live trading, writes every intent and report as it comes, so that a killed
process leaves nothing out, and goes on with the file of the runs before.

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
from typing import TYPE_CHECKING, Final, Self, TypeAlias
from urllib.parse import quote

from trader.execution.blotter_matches import matches_in
from trader.execution.blotter_schema import INSERTS, ROWS_IN_ORDER, SAMPLES, SCHEMA, SCHEMA_VERSION
from trader.execution.hedge import EdgeMatch
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.ledger import Fill, MarketResult

if TYPE_CHECKING:
    from trader.strategy.arbiter import Cannibalisation

BATCH_ROWS: Final = 1000
_HAS_INTENT: Final = "SELECT 1 FROM intents WHERE intent_id = ? LIMIT 1"

Row: TypeAlias = tuple[object, ...]


class Blotter:
    """Writes one new file; a `durable` one goes on with a file that is there.

    Raises `sqlite3.Error` when the file cannot be made or written, or is of another version.
    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self.path = path
        self._run = 0
        self._abandoned = False
        self._durable = durable
        self._batch_rows = 1 if durable else BATCH_ROWS
        self._kept: dict[str, list[Row]] = {table: [] for table in INSERTS}
        self._db = sqlite3.connect(_uri(path), uri=True, isolation_level=None)
        version = self._version() if durable else 0
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if version == 0:
            self._begin()
        (self._run,) = self._db.execute("SELECT coalesce(max(run), 0) FROM runs").fetchone()

    def _begin(self) -> None:
        # All of it or nothing: a process that is killed here leaves a file to begin anew with.
        version = f"PRAGMA user_version = {SCHEMA_VERSION};"
        self._db.executescript(f"BEGIN; {SCHEMA} {version} COMMIT;")

    def _version(self) -> int:
        """Of what is there, 0 for nothing; asked before the first write."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version not in (0, SCHEMA_VERSION):
            raise sqlite3.DatabaseError(
                f"{self.path.name} has version {version}, this program writes {SCHEMA_VERSION}: "
                "move it away (docs/upgrade.md)"
            )
        return int(version)

    def last_seq(self) -> int:
        """The number of the last report of an executor that is kept; 0 when none is."""
        (seq,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM reports").fetchone()
        return int(seq)

    def paid(self, market_ids: Iterable[str]) -> list[str]:
        """Those of these markets that the venue has paid out, in any run."""
        query = "SELECT 1 FROM settlements WHERE market_id = ? AND kind = 'venue' LIMIT 1"
        return [m for m in market_ids if self._db.execute(query, (m,)).fetchone() is not None]

    def matches_in(self, market_ids: Iterable[str]) -> list[EdgeMatch]:
        """What is matched in these markets, all runs together: see `blotter_matches`."""
        return matches_in(self._db, list(market_ids))

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
        """Closes the run; `how` is what its row says in `ended` (docs/blotter.md)."""
        self.flush()
        self._db.execute("UPDATE runs SET ended = ? WHERE run = ?", (how, self._run))

    def abandon(self) -> None:
        """Nothing is written any more: the file has failed, and what failed was raised."""
        self._abandoned = True

    def without(self, intent_ids: Iterable[str]) -> list[str]:
        """Those of these intents that no run has kept."""
        return [
            intent_id
            for intent_id in intent_ids
            if self._db.execute(_HAS_INTENT, (intent_id,)).fetchone() is None
        ]

    def intent(self, intent: QuoteIntent) -> None:
        self._keep(
            "intents",
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
            ),
            at_most=self._batch_rows,
        )

    def report(self, report: ExecutionReport) -> None:
        latency = report.latency
        self._keep(
            "reports",
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
            ),
            at_most=self._batch_rows,
        )

    def fill(self, fill: Fill) -> None:
        """A match; written with the report that tells of it, which comes after."""
        runner = fill.runner
        self._keep(
            "fills",
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
            ),
        )

    def estimate(
        self,
        intent_id: str,
        *,
        p_fill: float | None,
        ttf_ms: float | None,
        size_ahead: float | None,
        last_traded_ts_ms: int | None,
        last_traded_price: float | None,
    ) -> None:
        """What the book said of an order's place as it was sent."""
        self._keep(
            "estimates",
            (
                self._run,
                intent_id,
                p_fill,
                ttf_ms,
                size_ahead,
                last_traded_ts_ms,
                last_traded_price,
            ),
        )

    def cannibalisation(self, event: Cannibalisation) -> None:
        """One edge was in another one's way."""
        runner = event.runner
        self._keep(
            "cannibalisation",
            (
                self._run,
                event.ts_ms,
                runner.market_id,
                runner.selection_id,
                runner.handicap_centi,
                event.side.value,
                event.kind,
                event.edge,
                event.other,
                event.value,
                event.other_value,
            ),
        )

    def settlement(self, result: MarketResult) -> None:
        """A market's result; a later one of the same market replaces it. Writes all kept rows."""
        run, market_id = self._run, result.market_id
        self._kept["settlements"].append(
            (
                run,
                market_id,
                result.kind,
                result.gross_e4,
                result.commission_e4,
                result.net_e4,
                result.mbr_percent,
                result.note,
            )
        )
        self._kept["positions"].extend(
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
        )
        self.flush()

    def sample(self, table: str, market_id: str, ts_ms: int, *values: object) -> None:
        """A row of one of the tables of samples (`SAMPLES`): the columns after `ts_ms`, in their
        order. One of the same moment is replaced."""
        self._keep(table, (self._run, market_id, ts_ms, *values))

    def thin(self, table: str, market_id: str, slot_ms: int) -> int:
        """Leaves of a market's samples in this run the last of each `slot_ms` of time, by whatever
        is sampled; how many were taken away."""
        self.flush()
        if self._abandoned:
            return 0
        of = SAMPLES[table]
        cursor = self._db.execute(
            f"DELETE FROM {table} WHERE ({of}, ts_ms) IN (SELECT {of}, ts_ms FROM (SELECT {of}, "
            f"ts_ms, max(ts_ms) OVER (PARTITION BY {of}, ts_ms / ?) AS last FROM {table} "
            "WHERE run = ? AND market_id = ?) WHERE ts_ms < last)",
            (slot_ms, self._run, market_id),
        )
        return cursor.rowcount

    def take_in(self, part: Path) -> None:
        """Appends the runs of another closed blotter, in their order, as the next ones here; their
        rows keep the order in which they were written. One transaction."""
        self.flush()
        self._db.execute("ATTACH ? AS part", (f"{_uri(part)}?mode=ro",))
        try:
            (last,) = self._db.execute("SELECT coalesce(max(run), 0) FROM part.runs").fetchone()
            self._db.execute("BEGIN")
            try:
                for table, order in ROWS_IN_ORDER.items():
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

    @property
    def run(self) -> int:
        """The number of the run that is written; 0 before the first."""
        return self._run

    def flush(self) -> None:
        """Commits the rows kept back."""
        self._write()

    def close(self) -> None:
        """Commits and leaves one plain file; safe to call twice.

        A durable one that somebody reads at the moment is left with its write-ahead log beside it:
        it stays where it is, and the next run tidies up. One that is moved must be whole: there
        `sqlite3.OperationalError` is raised.
        """
        try:
            self.flush()
            self._tidy_up()
        except sqlite3.ProgrammingError:
            return  # closed already
        finally:
            self._db.close()

    def _tidy_up(self) -> None:
        try:
            if self._durable:
                self._db.execute("PRAGMA busy_timeout = 0")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            if not self._durable:
                raise

    def _keep(self, table: str, row: Row, *, at_most: int | None = None) -> None:
        rows = self._kept[table]
        rows.append(row)
        if len(rows) >= (at_most or BATCH_ROWS):
            self.flush()

    def _write(self) -> None:
        """One transaction, fills before settlements: none stands without what it is of."""
        kept = self._kept
        if not any(kept.values()):
            return
        self._kept = {table: [] for table in INSERTS}
        if self._abandoned:
            return
        self._db.execute("BEGIN")
        try:
            for table, rows in kept.items():
                if rows:
                    self._db.executemany(INSERTS[table], rows)
            self._db.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite has rolled back already; what it says is what must be heard.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _uri(path: Path) -> str:
    return f"file:{quote(os.fsencode(path))}"

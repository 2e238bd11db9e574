"""The blotter's tables; what each column is in, `blotter.py` says.

`curve`, `ladders` and `queues` are samples for the report, taken now and then (`report.recorder`):
what every market we have matches in was worth, the best prices of runners on which orders of ours
rest (`back` and `lay` as JSON, [[price, size], …], best first; both empty where sampling ends), and
what was ahead of those orders. Each holds a row where something is another than in the row before.
"""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 3
SCHEMA: Final = """
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
CREATE TABLE estimates (
    run INTEGER NOT NULL, intent_id TEXT NOT NULL, p_fill REAL, ttf_ms REAL, size_ahead REAL,
    last_traded_ts_ms INTEGER, last_traded_price REAL, PRIMARY KEY (run, intent_id)
) WITHOUT ROWID;
CREATE TABLE cannibalisation (
    run INTEGER NOT NULL, ts_ms INTEGER NOT NULL, market_id TEXT NOT NULL,
    selection_id INTEGER NOT NULL, handicap_centi INTEGER NOT NULL, side TEXT NOT NULL,
    kind TEXT NOT NULL, edge TEXT NOT NULL, other TEXT NOT NULL, value REAL NOT NULL,
    other_value REAL NOT NULL
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
CREATE TABLE curve (
    run INTEGER NOT NULL, market_id TEXT NOT NULL, ts_ms INTEGER NOT NULL,
    gross_e4 INTEGER NOT NULL, commission_e4 INTEGER NOT NULL,
    PRIMARY KEY (run, market_id, ts_ms)
) WITHOUT ROWID;
CREATE TABLE ladders (
    run INTEGER NOT NULL, market_id TEXT NOT NULL, ts_ms INTEGER NOT NULL,
    selection_id INTEGER NOT NULL, handicap_centi INTEGER NOT NULL, last_traded_centi INTEGER,
    back TEXT NOT NULL, lay TEXT NOT NULL,
    PRIMARY KEY (run, market_id, ts_ms, selection_id, handicap_centi)
) WITHOUT ROWID;
CREATE TABLE queues (
    run INTEGER NOT NULL, market_id TEXT NOT NULL, ts_ms INTEGER NOT NULL,
    intent_id TEXT NOT NULL, ahead_centi INTEGER, remaining_centi INTEGER NOT NULL,
    PRIMARY KEY (run, market_id, ts_ms, intent_id)
) WITHOUT ROWID;
"""
SAMPLES: Final = {
    "curve": "run, market_id",
    "ladders": "run, market_id, selection_id, handicap_centi",
    "queues": "run, market_id",
}
"""The tables of samples, each with the columns that name what is sampled. Queues are thinned by
whole moments: orders come and go, and one row of each would soon be too many."""
ROWS_IN_ORDER: Final = {
    statement.split()[2]: "run" if "WITHOUT ROWID" in statement else "rowid"
    for statement in SCHEMA.split(";")
    if statement.strip()
}
"""By table, what its rows are sorted by to be as they were written."""
_COLUMNS: Final = {
    "intents": 15,
    "reports": 19,
    "fills": 10,
    "estimates": 7,
    "cannibalisation": 11,
    "settlements": 8,
    "positions": 10,
    "curve": 5,
    "ladders": 8,
    "queues": 6,
}
_REPLACED: Final = frozenset({"settlements", "positions", *SAMPLES})
"""Tables in which a later row takes the place of one with the same key."""
INSERTS: Final = {
    table: f"INSERT {'OR REPLACE ' if table in _REPLACED else ''}INTO {table} "
    f"VALUES ({','.join('?' * columns)})"
    for table, columns in _COLUMNS.items()
}
"""By table, the statement that writes a row; in the order in which tables are written."""

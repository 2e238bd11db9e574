"""docs/blotter.md describes the blotter: tables, columns and keys of the schema, and no others."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Final

from trader.execution.blotter_schema import SCHEMA, SCHEMA_VERSION

PAGE: Final = (Path(__file__).parents[3] / "docs" / "blotter.md").read_text(encoding="utf-8")
SECTIONS: Final = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def made() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.executescript(SCHEMA)
    return database


def tables(database: sqlite3.Connection) -> list[str]:
    return [str(name) for (name,) in database.execute("SELECT name FROM sqlite_master")]


def columns(database: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """(name, type as the page says it), in the schema's order."""
    rows = database.execute(f"PRAGMA table_info({table})").fetchall()
    return [
        (name, kind if required or key else f"{kind}, may be null")
        for _, name, kind, required, _, key in rows
    ]


def key(database: sqlite3.Connection, table: str) -> list[str]:
    rows = database.execute(f"PRAGMA table_info({table})").fetchall()
    return [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]]


def test_every_table_has_a_section_and_nothing_else_has() -> None:
    database = made()
    assert sorted(SECTIONS) == sorted(tables(database))
    assert len(SECTIONS) == PAGE.count("\n## ")


def test_every_column_stands_there_with_its_type_and_none_beside() -> None:
    database = made()
    for table, section in SECTIONS.items():
        rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| [^|]*\|$", section, re.MULTILINE)
        assert rows == columns(database, table), table
        assert section.count("\n| ") == len(rows) + 2, f"{table}: a row that is no column"


def test_keys_are_those_of_the_schema() -> None:
    database = made()
    for table, section in SECTIONS.items():
        said = re.search(r"Key: (.*)\.$", section, re.MULTILINE)
        words = re.findall(r"`(\w+)`", said.group(1)) if said is not None else []
        assert words == key(database, table), table


def test_the_number_of_the_schema_is_told() -> None:
    assert f"`user_version`, now {SCHEMA_VERSION}." in PAGE


def test_every_query_of_the_page_is_one_that_sqlite_takes() -> None:
    queries = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    queries += re.findall(r'sqlite3 -readonly \S+ "([^"]*)"', PAGE)
    assert len(queries) == 2
    database = made()
    for query in queries:
        assert database.execute(query).fetchall() == []

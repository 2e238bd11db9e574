"""Files of another form are refused with one line and left as they are, as docs/upgrade.md says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from trader.apps.trader import main
from trader.config.loading import repository_root
from trader.execution.blotter_schema import SCHEMA_VERSION
from trader.execution.executor_py.journal_file import JournalFile, JournalSettings
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.orders.journal import HEADER
from trader.simulator.output import LIVE_DRY_BLOTTER

UPGRADE: Final = repository_root() / "docs" / "upgrade.md"
NEED: Final = (
    *("--set", "betfair.app_key_file=/none"),
    *("--set", "betfair.session.token_file=/none"),
)


def refused(code: int, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == code
    line = capsys.readouterr().err.strip()
    assert len(line.splitlines()) == 1, line
    return line


def test_the_page_names_the_forms_of_now() -> None:
    page = UPGRADE.read_text()
    assert f"| SQLite `user_version` {SCHEMA_VERSION} |" in page
    assert f"| first line `{HEADER.decode().strip()}` |" in page


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_a_live_blotter_of_another_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: int
) -> None:
    file = tmp_path / LIVE_DRY_BLOTTER
    with closing(sqlite3.connect(file)) as made:
        made.execute(f"PRAGMA user_version = {version}")
        made.commit()
    before = file.read_bytes()
    line = refused(2, ["live", "--out", str(tmp_path), *NEED], capsys)
    assert f"has version {version}, this program writes {SCHEMA_VERSION}: move it away" in line
    assert file.read_bytes() == before


def test_a_journal_of_another_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "orders.journal"
    file.write_bytes(b"hotloop-orders 2\n")
    line = refused(3, ["orders", "--set", f"execution.journal.dir={tmp_path}", *NEED], capsys)
    assert f"journal {file}: " in line
    with pytest.raises(ExecutorStartError, match=str(file)):
        JournalFile.open(JournalSettings(tmp_path))
    assert file.read_bytes() == b"hotloop-orders 2\n"

"""The demo: no account, no data, no network; it ends by itself, and cleanly when asked to."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.trader_process import (
    TIMEOUT_S,
    command,
    environment,
    need_executor,
    need_rust_hotloop,
    outcome,
    read_blotter,
    read_summary,
    succeed,
)

PYTHON: Final = ("--hotloop", "python", "--execution", "python")


def test_the_default_demo_trades_fills_and_settles(tmp_path: Path) -> None:
    need_rust_hotloop()
    out = tmp_path / "demo"
    printed = succeed("--speed", "max", "--out", str(out))
    summary, blotter = read_summary(out), read_blotter(out)
    assert (summary["hotloop"], summary["execution"], summary["profile"]) == (
        "rust",
        "python",
        "demo",
    )
    exchange = summary["exchange"]
    assert exchange["markets_settled"] == 1
    assert exchange["net"] == summary["pnl"]["net"], "the venue's money is the ledger's"
    assert exchange["matched_stake"] == summary["matched_stake"]
    assert {row[-1] for row in blotter["reports"]} == {0}, "nothing was dry"
    assert len(blotter["intents"]) == summary["intents_total"] > 100
    assert len(blotter["fills"]) == summary["fills"] > 20
    assert summary["pnl"]["markets_settled"] == 1
    assert summary["seam_errors"] == 0
    for word in (
        "orders:",
        "fills:",
        "as the ledger has it",
        "P&L:",
        "apply_delta p50",
        str(out / "summary.json"),
    ):
        assert word in printed


def test_without_rust_it_trades_the_same_race(tmp_path: Path) -> None:
    printed = succeed("--speed", "max", "--out", str(tmp_path), *PYTHON)
    assert read_summary(tmp_path)["fills"] > 20
    assert "hotloop python, execution python" in printed


def test_the_speed_does_not_change_what_happens(tmp_path: Path) -> None:
    short = ("--set", "simulator.demo.pre_off_s=20", "--set", "simulator.demo.in_play_s=5")
    for speed in ("max", "40"):
        succeed("demo", "--speed", speed, "--out", str(tmp_path / speed), *PYTHON, *short)
    assert outcome(tmp_path / "max") == outcome(tmp_path / "40")
    assert read_summary(tmp_path / "40")["wall_s"] > 0.5, "forty times faster than 29 s"


def test_the_report_goes_to_a_folder_of_the_users_own(tmp_path: Path) -> None:
    arguments = ("--speed", "max", "--seed", "3", *PYTHON, "--set", "simulator.demo.pre_off_s=10")
    succeed(*arguments, XDG_STATE_HOME=str(tmp_path))
    succeed(*arguments, XDG_STATE_HOME=str(tmp_path))
    assert (tmp_path / "hotloop" / "demo-3-python-python" / "summary.json").is_file()


def test_another_demo_replaces_the_report_there(tmp_path: Path) -> None:
    arguments = ("--speed", "max", "--seed", "3", *PYTHON, "--set", "simulator.demo.pre_off_s=10")
    succeed(*arguments, XDG_STATE_HOME=str(tmp_path))
    succeed(*arguments, "--set", "simulator.demo.runners=4", XDG_STATE_HOME=str(tmp_path))
    summary = read_summary(tmp_path / "hotloop" / "demo-3-python-python")
    assert "runners=4" in summary["run"]["inputs"][0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("execution", ["python", "rust"])
def test_an_interrupt_ends_it_cleanly_with_a_partial_summary(
    tmp_path: Path, number: signal.Signals, execution: str
) -> None:
    if execution == "rust":
        need_executor()
    arguments = ("--speed", "1", "--out", str(tmp_path), "--hotloop", "python")
    process = subprocess.Popen(
        command(*arguments, "--execution", execution),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        # After what it is and the status page's link, the view's first line: the race is traded.
        first = [process.stdout.readline() for _ in range(3)]
        process.send_signal(number)
        printed, errors = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, f"{first}{printed}{errors}"
    assert errors == ""
    assert "interrupted: the figures cover what was read until then" in printed
    summary = read_summary(tmp_path)
    assert summary["interrupted"] is True
    assert 0 < summary["lines"] < 5_000
    blotter = read_blotter(tmp_path)
    assert len(blotter["intents"]) == summary["intents_total"]
    terminal = {"FILLED", "REPLACED", "CANCELLED", "EXPIRED", "LAPSED", "REJECTED"}
    ended = {row[2] for row in blotter["reports"] if row[5] in terminal}
    assert ended == {row[1] for row in blotter["intents"]}, "no order is left resting"
    assert runs(tmp_path) == [("interrupted",)]


def test_a_sidecar_that_dies_ends_the_run_with_a_clear_line(tmp_path: Path) -> None:
    need_executor()
    arguments = ("--speed", "1", "--out", str(tmp_path), "--hotloop", "python")
    process = subprocess.Popen(
        command(*arguments, "--execution", "rust"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for _ in range(3):
            process.stdout.readline()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 1, "the sidecar is the trader's only child"
        os.kill(int(children[0]), signal.SIGKILL)
        printed, errors = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 3
    # The connection's own log stands before it; the last line is the answer.
    last = errors.splitlines()[-1]
    assert last.startswith("trader: executor was ended by SIGKILL"), errors
    assert last.endswith(f"what was done until then is in {tmp_path}/summary.json")
    assert "Traceback" not in errors
    assert "executor lost: the figures cover what was read until then" in printed
    summary, blotter = read_summary(tmp_path), read_blotter(tmp_path)
    assert summary["executor_lost"].startswith("executor was ended by SIGKILL")
    assert 0 < summary["lines"] < 5_000
    assert len(blotter["intents"]) == summary["intents_total"]
    assert runs(tmp_path) == [("executor lost",)]


def test_nobody_reading_its_output_ends_it_as_an_interrupt_does(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("--speed", "max", "--out", str(tmp_path), *PYTHON),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(TIMEOUT_S) == 130
    assert errors == ""
    assert read_summary(tmp_path)["interrupted"] is True


def test_ctrl_c_before_anything_was_begun_is_quiet() -> None:
    # Held up where Python asks for it, in the imports after the first: there Ctrl-C comes.
    hold = "import os, signal, sys\n" + (
        "class Hold:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'trader.apps.arguments':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Hold())\n"
        "import runpy\n"
        "runpy.run_module('trader.apps.trader', run_name='__main__', alter_sys=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hold],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def runs(folder: Path) -> list[tuple[str]]:
    connection = sqlite3.connect(folder / "blotter.sqlite")
    try:
        return connection.execute("select ended from runs").fetchall()
    finally:
        connection.close()

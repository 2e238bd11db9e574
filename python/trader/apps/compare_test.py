"""`trader compare`: exit codes, what is printed, and what is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from trader.apps import trader
from trader.apps.interrupt import Interrupt
from trader.simulator.compare_for_tests import alter_summary, blotter_of, copied, make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "a", seeds=(1,))


@pytest.fixture
def other(run: Path, tmp_path: Path) -> Path:
    return copied(run, tmp_path / "b")


def said(capfd: pytest.CaptureFixture[str], code: int, *arguments: str) -> tuple[str, str]:
    assert trader.main(["compare", *arguments]) == code
    printed = capfd.readouterr()
    return printed.out, printed.err


def test_equal_runs_are_exit_code_0_in_plain_text(
    run: Path, other: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, err = said(capfd, 0, str(run), str(other))
    assert err == ""
    assert "\x1b" not in out
    assert "≠" not in out
    assert re.search(r"^equal: all \d+ rows \(times decide nothing\)$", out, re.MULTILINE)
    for row in ("lines", "replace:place ratio", "last traded", "p_fill", "P&L, net"):
        assert re.search(rf"^{re.escape(row)} .*✓$", out, re.MULTILINE), row


def test_a_difference_is_exit_code_1_and_shown_in_detail(
    run: Path, other: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with blotter_of(other) as blotter:
        intent_id = blotter.execute("SELECT min(intent_id) FROM intents").fetchone()[0]
        blotter.execute("UPDATE intents SET side = 'NONE' WHERE intent_id = ?", (intent_id,))
    out, err = said(capfd, 1, str(run), str(other))
    assert err == ""
    assert re.search(r"^blotter: intents .* ≠ +1 row differs$", out, re.MULTILINE)
    assert f"intents: run 1, intent_id {intent_id}, input race-1.json, side\n" in out
    assert out.endswith("  B: NONE\n")


@pytest.mark.parametrize("code", [0, 1])
def test_for_scripts_it_is_one_document(
    run: Path, other: Path, capfd: pytest.CaptureFixture[str], code: int
) -> None:
    if code:
        alter_summary(other, "fee_share", value=0.5)
    out, _ = said(capfd, code, str(run), str(other), "--json")
    document = json.loads(out)
    assert document["equal"] is (code == 0)
    different = [row["name"] for row in document["rows"] if row["equal"] is False]
    assert different == ["fee share"] * code
    first = document["first_difference"]
    assert first == (None if code == 0 else {**first, "key": {"row": "fee share"}, "b": 0.5})


def test_what_cannot_be_compared_is_one_line_and_exit_code_2(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, err = said(capfd, 2, str(run), str(tmp_path / "none"))
    assert out == ""
    assert err == (
        f"trader: {tmp_path}/none: does not exist; name the folder of a replay's --out\n"
    )


def test_an_interrupt_ends_it_without_a_table(
    run: Path, other: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Interrupt, "requested", lambda _self: True)
    out, err = said(capfd, 130, str(run), str(other))
    assert out == ""
    assert err == "trader: interrupted; nothing was kept\n"

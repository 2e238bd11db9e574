"""`trader calibrate` from its arguments to its tables, on generated markets."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
import yaml

from trader.apps.commands.calibrate_read import shown_names
from trader.apps.interrupt import Interrupt
from trader.apps.trader import main
from trader.calibration.testing import START_MS, definition, line, poisson_market, write_lines

QUICK = ("--hotloop", "python", "--queue-model", "risk_averse")


def poisson(folder: Path, name: str = "poisson.json", seed: int = 1) -> str:
    path = folder / name
    lines = poisson_market(seed=seed, seconds=600, trades_per_s=1.0, queue=4.0, size=2.0)
    write_lines(path, list(lines))
    return str(path)


def quiet(folder: Path) -> str:
    """A recording without traded volume."""
    rows = {"id": 7, "atb": [[2.0, 50]], "atl": [[2.02, 40]]}
    lines = [line(START_MS, img=True, marketDefinition=definition(), rc=[rows])]
    lines += [
        line(START_MS + 1000 * s, rc=[{"id": 7, "atb": [[2.0, 50 + s % 2]]}]) for s in range(1, 20)
    ]
    path = folder / "quiet.json"
    write_lines(path, lines)
    return str(path)


def test_files_are_judged_each_and_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [poisson(tmp_path), poisson(tmp_path, "other.json", 2), quiet(tmp_path)]
    out = tmp_path / "scores.json"
    assert main(["calibrate", *files, *QUICK, "--reliability", "--json", str(out)]) == 0
    shown = capsys.readouterr().out
    for text in ("poisson.json", "quiet.json", "no traded volume", "erlang", "Reliability", "all"):
        assert text in shown
    document = json.loads(out.read_text())
    assert (document["every_ms"], document["follow_ms"]) == (1000, 120_000)
    results = document["queue_models"]["risk_averse"]
    first, second, third = results["files"]
    assert third["note"] == "nothing to judge: no traded volume"
    assert third["models"] == {}
    pooled = results["pooled"]
    assert pooled["orders"] == sum(one["orders"] for one in results["files"])
    for at, horizon_ms in enumerate((1000, 5000, 30_000)):
        of = [one["models"]["erlang"]["horizons"][at] for one in (first, second, pooled)]
        assert {one["horizon_ms"] for one in of} == {horizon_ms}
        assert of[0]["n"] + of[1]["n"] == of[2]["n"] > 1000
        assert of[0]["brier_skill_exponential"] is not None
        assert sum(one["n"] for one in of[2]["bins"]) == of[2]["n"]
    assert pooled["ttf"]["survival"][0] == 1.0
    assert pooled["models"]["erlang"]["ttf_log_likelihood"] < 0


def test_the_same_files_give_the_same_scores(tmp_path: Path) -> None:
    file, texts = poisson(tmp_path), []
    for name in ("one.json", "two.json"):
        out = tmp_path / f"scores-{name}"
        assert main(["calibrate", file, *QUICK, "--json", str(out)]) == 0
        texts.append(out.read_text())
    assert texts[0] == texts[1]


def test_the_tables_go_between_the_marks_of_a_markdown_file(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- calibrate: begin -->\nold\n<!-- calibrate: end -->\nafter\n")
    assert main(["calibrate", poisson(tmp_path), *QUICK, "--markdown", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- calibrate: begin -->\n### Queue model `risk_averse`\n")
    assert text.endswith("<!-- calibrate: end -->\nafter\n")
    assert "old" not in text
    assert "| poisson.json | erlang | 5 s |" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.json"], "missing.json: does not exist"),
        (["{file}", "--every-ms", "0"], "'0' is not a number from 1 to 3600000"),
        (["{file}", "--markdown", "{file}"], "has no lines <!-- calibrate: begin -->"),
        (["{file}", "--json", "/nowhere/scores.json"], "/nowhere/scores.json: cannot be written"),
        (["{file}", "--model", "normal"], "invalid choice: 'normal'"),
    ],
)
def test_what_cannot_be_done_is_one_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    file = quiet(tmp_path)
    filled = [text.replace("{file}", file) for text in arguments]
    assert main(["calibrate", *filled, "--hotloop", "python"]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert error.startswith("trader: ")
    assert error.count("trader: ") == 1


def test_an_interrupted_run_leaves_out_what_was_not_read_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [quiet(tmp_path), poisson(tmp_path)]
    asked = iter(range(1_000_000))
    monkeypatch.setattr(Interrupt, "requested", lambda _: next(asked) > 100)
    assert main(["calibrate", *files, *QUICK]) == 130
    shown = capsys.readouterr().out
    assert "quiet.json" in shown
    assert "poisson.json" not in shown
    assert "interrupted: files that were not read to their end are left out" in shown


def test_parameters_are_chosen_on_files_and_judged_on_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [poisson(tmp_path), poisson(tmp_path, "other.json", 2), quiet(tmp_path)]
    profile, out = tmp_path / "fitted.yaml", tmp_path / "fit.json"
    page = tmp_path / "page.md"
    page.write_text("<!-- calibrate: begin --><!-- calibrate: end -->")
    options = ("--fit", "--write", str(profile), "--json", str(out), "--markdown", str(page))
    assert main(["calibrate", *files, *QUICK, *options]) == 0
    shown = capsys.readouterr().out
    assert "judged with the parameters that the other files taught" in shown
    document = json.loads(out.read_text())
    fitted = document["fitted"]["risk_averse"]
    chosen, held_out = fitted["coefficients"], fitted["held_out"]
    assert set(held_out) == {"poisson.json", "other.json", "quiet.json"}
    assert held_out["quiet.json"] == chosen, "it taught nothing itself"
    assert held_out["poisson.json"] != held_out["other.json"]
    assert f"| all | {chosen['shape']:.2f} |" in page.read_text()
    written = yaml.safe_load(profile.read_text())["hotloop"]["pfill"]
    assert written == {"model": "log_logistic", "log_logistic": chosen}
    judged = document["queue_models"]["risk_averse"]["files"][0]["models"]["log_logistic"]
    assert judged["horizons"][1]["brier_skill"] > 0
    assert main(["calibrate", files[0], *QUICK, "--profile", str(profile)]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fit"], "needs 2 recordings with traded volume"),
        (["--fit", "--queue-model", "all", "--write", "x"], "for one queue model; name it"),
        (["--fit", "--model", "erlang"], "chooses parameters of log_logistic, not of erlang"),
        (["--write", "x.yaml"], "--write: takes the parameters that --fit chooses"),
    ],
)
def test_what_cannot_be_fitted_is_one_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["calibrate", quiet(tmp_path), "--hotloop", "python", *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


MARKED = "before\n<!-- calibrate: begin -->\nold\n<!-- calibrate: end -->\nafter\n"


def test_an_interrupted_run_leaves_the_tables_of_a_page_as_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page, files = tmp_path / "page.md", [quiet(tmp_path), poisson(tmp_path)]
    page.write_text(MARKED)
    asked = iter(range(1_000_000))
    monkeypatch.setattr(Interrupt, "requested", lambda _: next(asked) > 100)
    assert main(["calibrate", *files, *QUICK, "--markdown", str(page)]) == 130
    assert page.read_text() == MARKED
    assert f"{page} is as it was" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, write = tmp_path / "page.md", Path.write_bytes

    def is_full(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    page.write_text(MARKED)
    file = quiet(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", is_full)
    before = sorted(tmp_path.iterdir())
    assert main(["calibrate", file, *QUICK, "--markdown", str(page)]) == 2
    assert page.read_text() == MARKED
    assert sorted(tmp_path.iterdir()) == before


def test_files_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    files = []
    for day in (1, 2):
        (tmp_path / f"day{day}").mkdir()
        files.append(poisson(tmp_path / f"day{day}", seed=day))
    out = tmp_path / "fit.json"
    files.append(poisson(tmp_path, "other.json", 3))
    assert main(["calibrate", *files, *QUICK, "--fit", "--json", str(out)]) == 0
    document = json.loads(out.read_text())
    names = [*files[:2], "other.json"]
    judged = document["queue_models"]["risk_averse"]["files"]
    assert [one["name"] for one in judged] == names
    assert list(document["fitted"]["risk_averse"]["held_out"]) == names


def test_a_file_that_is_named_twice_has_two_names() -> None:
    files = [("a", Path("/x/a")), ("a", Path("/x/a")), ("b", Path("/x/b"))]
    assert shown_names(files) == ["a", "a (2)", "b"]

"""What cannot be compared is refused in one line that says which folder, why and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from trader.execution.blotter_schema import SCHEMA_VERSION
from trader.simulator.compare import compare
from trader.simulator.compare_for_tests import (
    alter_summary,
    blotter_of,
    copied,
    execute,
    make_run,
)
from trader.simulator.compare_run import CompareError, first_difference
from trader.simulator.output import BLOTTER, SUMMARY, OutputFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "a")


@pytest.fixture
def other(run: Path, tmp_path: Path) -> Path:
    return copied(run, tmp_path / "b")


def refused(a: Path, b: Path) -> str:
    with pytest.raises(CompareError) as caught:
        compare(("a", a), ("b", b))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def cut(folder: Path, name: str, fraction: float) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(len(whole) * fraction)])


def spoil_page(folder: Path) -> None:
    """Zeroes a page of a table that is compared; the file's length stays."""
    with blotter_of(folder) as blotter:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'reports'"
        (page,) = blotter.execute(query).fetchone()
    whole = bytearray((folder / BLOTTER).read_bytes())
    start = (page - 1) * 4096
    whole[start : start + 4096] = bytes(4096)
    (folder / BLOTTER).write_bytes(bytes(whole))


def unlink(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def sql(statement: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        with blotter_of(folder) as blotter:
            blotter.execute(statement)

    return change


def summary(*path: str, value: object) -> Callable[[Path], object]:
    return lambda folder: alter_summary(folder, *path, value=value)


NO_WHOLE_RUN: Final[Mapping[str, tuple[Callable[[Path], object], str]]] = {
    "no folder": (shutil.rmtree, "b: does not exist; name the folder of a replay's --out"),
    "no summary": (unlink(SUMMARY), "b: holds no run (no summary.json); make it anew"),
    "no blotter": (unlink(BLOTTER), "b: holds a summary.json without its blotter.sqlite"),
    "cut summary": (lambda f: cut(f, SUMMARY, 0.5), "b/summary.json: is not a summary"),
    "other summary": (write(SUMMARY, '{"lines": 3}'), "missing required field `run`"),
    "wrong type": (summary("fills", value="many"), "Expected `int`, got `str` - at `$.fills`"),
    "cut blotter": (lambda f: cut(f, BLOTTER, 0.5), "b/blotter.sqlite: cannot be read: database"),
    "cut in a page": (lambda f: cut(f, BLOTTER, 0.777), "b/blotter.sqlite: cannot be read: databa"),
    "empty blotter": (write(BLOTTER, ""), "b/blotter.sqlite: is not a blotter (no table `runs`)"),
    "no sqlite": (write(BLOTTER, "x" * 5000), "cannot be read: file is not a database"),
    "spoilt page": (spoil_page, "b/blotter.sqlite: cannot be read: database disk image is malf"),
    "older": (sql("DROP TABLE estimates"), f"older version (schema {SCHEMA_VERSION}, no table `es"),
    "older number": (sql("PRAGMA user_version = 1"), "is of an older version (schema 1"),
    "newer": (sql("PRAGMA user_version = 99"), "is of a newer version (schema 99"),
    "no fills": (sql("DROP TABLE fills"), "is not a blotter (no table `fills`)"),
    "stranger": (sql("CREATE TABLE mine (x INTEGER)"), "a table `mine` that is none of a run"),
    "another table": (sql("CREATE TABLE more (run INTEGER)"), "one of them has no table `more`"),
    "another column": (
        sql("ALTER TABLE fills ADD COLUMN why"),
        "`fills` has other columns than in",
    ),
    "bad estimate": (sql("UPDATE estimates SET p_fill = 'much'"), "of run 1 is not a number"),
    "bad key": (
        sql("UPDATE fills SET intent_id = x'00'"),
        "of the table `fills` is not of its type",
    ),
    "no config": (sql("UPDATE runs SET config = '['"), "its configuration cannot be read"),
    "other config": (
        sql("UPDATE runs SET config = '{}'"),
        "cannot be compared with a: arbiter is absent",
    ),
    "interrupted": (summary("interrupted", value=True), "its run is partial: it was interrupted"),
    "no executor": (summary("executor_lost", value="SIGKILL"), "lost its executor (SIGKILL); make"),
    "no seam": (summary("seam_lost", value="failed"), "lost its hotloop (failed); make it anew"),
    "no end": (sql("UPDATE runs SET ended = NULL WHERE run = 2"), "partial: input 2 has no end"),
    "bad end": (sql("UPDATE runs SET ended = 'x' WHERE run = 1"), "input 1 ended as 'x'"),
    "mixed": (sql("DELETE FROM runs WHERE run = 2"), "has 1 runs, the summary.json beside it 2 of"),
}


@pytest.mark.parametrize("case", NO_WHOLE_RUN)
def test_a_folder_without_a_whole_run(run: Path, other: Path, case: str) -> None:
    change, said = NO_WHOLE_RUN[case]
    change(other)
    assert said in refused(run, other)


def test_it_is_the_spoilt_one_that_is_named(run: Path, other: Path) -> None:
    spoil_page(other)
    with pytest.raises(CompareError, match=r"^b/blotter\.sqlite: cannot be read"):
        compare(("a", run), ("b", other))
    with pytest.raises(CompareError, match=r"^b/blotter\.sqlite: cannot be read"):
        compare(("b", other), ("a", run))


def test_a_file_is_not_a_folder(run: Path) -> None:
    assert refused(run, run / SUMMARY).startswith("b: is not a folder; name the folder")


def test_a_folder_is_not_compared_with_itself(run: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(run)
    assert refused(run, link) == "b: is the folder a itself; name two folders"


def test_a_run_that_goes_on_is_told_from_an_empty_folder(run: Path, tmp_path: Path) -> None:
    output = OutputFolder(tmp_path / "b", {"command": "replay"})
    assert "its run has not ended, or was killed" in refused(run, tmp_path / "b")
    output.close()
    assert "holds no run" in refused(run, tmp_path / "b")


def test_a_real_interrupted_run_is_partial(run: Path, tmp_path: Path) -> None:
    asked = count()
    partial = make_run(tmp_path / "b", stop=lambda: next(asked) >= 300)
    assert "its run is partial: it was interrupted" in refused(run, partial)


@pytest.mark.parametrize(
    ("overrides", "seeds", "said"),
    [
        ((), (1, 3), "b cannot be compared with a: input 2 is race-3.json, not race-2.json"),
        ((), (1,), "b cannot be compared with a: its inputs are 1, not 2"),
        (("edges.passive_maker.min_spread_ticks=3",), (1, 2), "edges.passive_maker.min_spread_tic"),
        (("hotloop.queue.model=prob_log",), (1, 2), "hotloop.queue.model is prob_log, not prob_po"),
        (("simulator.ids_seed=4",), (1, 2), "simulator.ids_seed is 4, not"),
    ],
)
def test_runs_of_different_things_are_not_compared(
    run: Path, tmp_path: Path, overrides: tuple[str, ...], seeds: tuple[int, ...], said: str
) -> None:
    assert said in refused(run, make_run(tmp_path / "b", *overrides, seeds=seeds))


@pytest.mark.parametrize(("key", "value"), [("command", "demo"), ("profile", "mine")])
def test_nor_are_runs_of_another_command_or_profile(
    run: Path, other: Path, key: str, value: str
) -> None:
    alter_summary(other, "run", key, value=value)
    said = refused(run, other)
    assert "b cannot be compared with a" in said
    assert value in said


def test_what_says_how_it_ran_may_differ(run: Path, tmp_path: Path) -> None:
    how = ("simulator.feed=normalized", "monitoring.log.level=error", "book_builder.feed=always")
    assert compare(("a", run), ("b", make_run(tmp_path / "b", *how))).is_equal


def test_a_run_that_is_replaced_meanwhile_is_noticed(run: Path, other: Path) -> None:
    def replaced() -> bool:
        (other / SUMMARY).write_text((other / SUMMARY).read_text() + "\n")
        return False

    with pytest.raises(CompareError, match="b: was replaced by another run meanwhile"):
        compare(("a", run), ("b", other), replaced)


def test_the_cap_is_read_from_the_configuration(run: Path, other: Path) -> None:
    mine = copied(run, other.parent / "a")
    for folder in (mine, other):
        with blotter_of(folder) as blotter:
            blotter.execute("UPDATE runs SET config = '{}'")
    assert "its configuration has no hotloop.max_ttf_ms" in refused(mine, other)


def test_runs_of_one_blotter_with_two_configurations_are_refused(run: Path, other: Path) -> None:
    execute(other, "UPDATE runs SET config = '{}' WHERE run = 1")
    assert "its runs have different configurations" in refused(run, other)


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ({"x": [1, {"y": 2}]}, {"x": [1, {"y": 3}]}, ("x[1].y", 2, 3)),
        ({"x": [1]}, {"x": [1, 2]}, ("x", [1], [1, 2])),
        ({"x": 1}, {}, ("x", 1, "absent")),
        ({}, {"x": None}, ("x", "absent", None)),
        ({"x": True}, {"x": 1}, ("x", True, 1)),
        ({"x": 1.0}, {"x": 1}, None),
        ({"x": {"y": []}}, {"x": {"y": []}}, None),
    ],
)
def test_first_difference_of_two_documents(a: object, b: object, found: object) -> None:
    assert first_difference(a, b) == found

"""A pool of real workers gives one result whatever befalls it, and loses nothing finished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trader.config.loading import load
from trader.execution.blotter import Blotter
from trader.monitoring.metrics import Metrics
from trader.session import StartError
from trader.simulator.many import races_for_tests
from trader.simulator.many.races_for_tests import (
    Runs,
    make_deadly,
    make_deadly_once,
    make_none,
    make_plain,
    make_wrong,
    race_files,
)
from trader.simulator.output import OutputError
from trader.simulator.recording import RecordingError
from trader.simulator.replay import Replay, Source
from trader.simulator.summary import TIMING_KEYS

NUMBERS = (5, 2, 1, 4)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "out", race_files(tmp_path, NUMBERS))


def in_this_process(runs: Runs, out: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The same inputs one after the other, as one process plays them."""
    metrics = Metrics()
    out.mkdir()
    with Blotter(out / "blotter.sqlite") as blotter:
        replay = Replay(
            load(),
            command="replay",
            blotter=blotter,
            metrics=metrics,
            make_executor=make_plain,
            run_dir=out,
            stop=lambda: False,
        )
        replay.run([Source(one.name, one.open) for one in runs.inputs])
    document = json.loads(json.dumps(replay.summary.as_json(metrics)))
    summary = {key: value for key, value in document.items() if key not in TIMING_KEYS}
    return summary, Runs(out, runs.inputs).rows()


def test_any_number_of_workers_gives_what_one_process_gives(runs: Runs, tmp_path: Path) -> None:
    expected = in_this_process(runs, tmp_path / "alone")
    assert len(expected[1]["reports"]) > 100
    for workers in (1, 2, 3):
        summary = runs.play(workers)
        assert (json.loads(json.dumps(summary)), runs.rows()) == expected
        assert sorted(path.name for path in runs.out.iterdir()) == [
            "blotter.sqlite",
            "summary.json",
        ]
    assert runs.shown.texts == []


def test_an_input_whose_worker_was_killed_is_played_again_by_another(
    runs: Runs, tmp_path: Path
) -> None:
    expected = in_this_process(runs, tmp_path / "alone")
    summary = runs.play(make_executor=make_deadly_once)
    assert (json.loads(json.dumps(summary)), runs.rows()) == expected
    assert runs.shown.texts == [
        "trader: warning: 1.2: its worker was ended by SIGKILL; it is tried once more"
    ]


def test_an_input_that_kills_every_worker_is_named_and_the_others_are_kept(
    runs: Runs, tmp_path: Path
) -> None:
    with pytest.raises(StartError, match=r"^1\.2: its worker was ended by SIGKILL, 2 times") as it:
        runs.play(make_executor=make_deadly)
    assert "(3 of 4 inputs are finished and kept, the same command goes on)" in str(it.value)
    assert runs.kept() == [0, 2, 3]
    assert not (runs.out / "summary.json").exists()
    runs.shown.shows.clear()
    runs.play()
    assert runs.shown.texts[-1] == "goes on: 3 of 4 inputs are finished"
    assert runs.shown.shows[0][2] < 400, "only the missing one is played"
    fresh = in_this_process(runs, tmp_path / "alone")
    assert runs.rows() == fresh[1]


def test_a_stop_keeps_what_is_finished_and_the_rest_is_played_later(
    runs: Runs, tmp_path: Path
) -> None:
    partial = runs.play(1, stop=lambda: len(runs.kept()) == 2)
    assert partial["interrupted"] is True
    assert [part["source"] for part in partial["inputs"]] == ["1.5", "1.2"]
    assert [row[:2] for row in runs.rows()["runs order by run"]] == [(1, "1.5"), (2, "1.2")]
    assert runs.kept() == [0, 1]
    whole = runs.play(2)
    assert (json.loads(json.dumps(whole)), runs.rows()) == in_this_process(runs, tmp_path / "alone")
    assert runs.kept() == []


def test_a_recording_that_is_damaged_further_on_does_not_keep_the_others(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "out", race_files(tmp_path, NUMBERS))
    (tmp_path / "1.2").unlink()  # after it was looked at
    (tmp_path / "1.4").write_text("another file now")
    with pytest.raises(RecordingError) as caught:
        runs.play()
    assert str(caught.value) == (
        "1.2: does not exist; also 1.4: is not a recording of the market stream: it begins with "
        "'another file now' (2 of 4 inputs are finished and kept, the same command goes on)"
    )
    assert runs.kept() == [0, 2]


def test_what_would_befall_every_input_ends_the_run_at_the_first(runs: Runs) -> None:
    with pytest.raises(StartError, match=r"^there is no executor here \(0 of 4"):
        runs.play(1, make_executor=make_none)
    assert list(runs.out.iterdir()) == [], "there is nothing to keep"


def test_an_error_that_nobody_foresaw_is_shown_as_it_is(runs: Runs) -> None:
    with pytest.raises(RuntimeError, match="ArithmeticError: nobody foresaw it"):
        runs.play(make_executor=make_wrong)


def test_parts_are_gone_on_with_only_where_all_is_the_same(runs: Runs) -> None:
    with pytest.raises(OutputError, match="holds no finished inputs of this run to --resume"):
        runs.play(resume=True)
    with pytest.raises(StartError):
        runs.play(make_executor=make_deadly)
    with pytest.raises(OutputError, match=r"3 finished .* but the configuration is another since"):
        runs.play(overrides=["sizer.bankroll=77"])
    path = Path(runs.inputs[0].path)
    path.write_bytes(path.read_bytes() + b"\n")
    changed = Runs(runs.out, race_files(path.parent, NUMBERS))
    with pytest.raises(OutputError, match="an input has changed since; --fresh begins anew"):
        changed.play(resume=True)
    assert runs.kept() == [0, 2, 3]
    changed.play(fresh=True)
    assert changed.shown.texts == []


def test_a_part_that_is_none_is_refused(runs: Runs) -> None:
    with pytest.raises(StartError):
        runs.play(make_executor=make_deadly)
    part = runs.out / ".running" / "parts" / "000003.sqlite"
    part.write_bytes(b"something else" * 100)
    with pytest.raises(OutputError, match=r"kept of 1\.4 cannot be merged: file is not a datab"):
        runs.play()
    record = part.with_suffix(".record")
    record.write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(OutputError, match=r"has no place in a record"):
        runs.play()
    runs.play(fresh=True)


def test_a_worker_with_another_program_is_refused(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(races_for_tests, "program_digest", lambda: "of another version")
    with pytest.raises(StartError, match="a worker has another version of the program"):
        runs.play(1)
    assert runs.kept() == []

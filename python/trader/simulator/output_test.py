"""The output folder holds one whole run, and never loses or mixes another."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from trader.simulator.output import OutputError, OutputFolder, replace_file

RUN: dict[str, object] = {"command": "replay", "inputs": ["a (1 bytes)"], "hotloop": "rust"}


def write(folder: Path, identity: dict[str, object], lines: int) -> None:
    output = OutputFolder(folder, identity)
    output.blotter.write_text(f"blotter {lines}")
    output.commit({"lines": lines})
    output.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_leaves_its_summary_and_blotter_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "new" / "out", RUN, 3)
    assert names(tmp_path / "new" / "out") == ["blotter.sqlite", "summary.json"]
    summary = json.loads((tmp_path / "new" / "out" / "summary.json").read_text())
    assert summary == {"run": RUN, "lines": 3}


def test_the_same_run_again_replaces_its_own(tmp_path: Path) -> None:
    write(tmp_path, RUN, 3)
    write(tmp_path, RUN, 4)
    assert json.loads((tmp_path / "summary.json").read_text())["lines"] == 4
    assert (tmp_path / "blotter.sqlite").read_text() == "blotter 4"


def test_a_report_is_put_beside_its_run_and_goes_with_it(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path, RUN)
    output.blotter.write_text("blotter")
    output.commit({"lines": 3})
    output.put_report(b"<p>3</p>")
    output.close()
    assert names(tmp_path) == ["blotter.sqlite", "report.html", "summary.json"]
    write(tmp_path, RUN, 4)
    assert names(tmp_path) == ["blotter.sqlite", "summary.json"], "it was the former run's"


def test_a_run_that_fails_leaves_the_former_one_whole(tmp_path: Path) -> None:
    write(tmp_path, RUN, 3)
    output = OutputFolder(tmp_path, RUN)
    output.blotter.write_text("half")
    output.close()
    output.close()
    assert names(tmp_path) == ["blotter.sqlite", "summary.json"]
    assert (tmp_path / "blotter.sqlite").read_text() == "blotter 3"


def test_what_a_killed_run_left_behind_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".running").mkdir()
    (tmp_path / ".running" / "blotter.sqlite").write_text("half")
    write(tmp_path, RUN, 3)
    assert names(tmp_path) == ["blotter.sqlite", "summary.json"]


def test_a_different_run_is_refused_and_named(tmp_path: Path) -> None:
    write(tmp_path, RUN, 3)
    with pytest.raises(OutputError, match=r'a different run \(hotloop "rust", not "python"\)'):
        OutputFolder(tmp_path, {**RUN, "hotloop": "python"})
    assert json.loads((tmp_path / "summary.json").read_text())["lines"] == 3


def test_an_edge_that_has_changed_or_gone_is_a_different_run(tmp_path: Path) -> None:
    edges = {"mine": {"sha256": "ab", "ticks": 3}}
    write(tmp_path, RUN | {"edges": edges}, 3)
    other_ticks = RUN | {"edges": {"mine": {"sha256": "ab", "ticks": 4}}}
    with pytest.raises(OutputError, match=r"holds a different run \(edges\.mine\.ticks 3, not 4\)"):
        OutputFolder(tmp_path, other_ticks)
    other_file = RUN | {"edges": {"mine": {"sha256": "cd", "ticks": 3}}}
    with pytest.raises(OutputError, match=r'\(edges\.mine\.sha256 "ab", not "cd"\)'):
        OutputFolder(tmp_path, other_file)
    with pytest.raises(OutputError, match=r'\(edges \{"mine": .*\}, not null\)'):
        OutputFolder(tmp_path, RUN)
    write(tmp_path, RUN | {"edges": edges}, 4)


@pytest.mark.parametrize("text", ["not json", "[1]", '{"lines": 3}'])
def test_a_summary_of_something_else_is_not_touched(tmp_path: Path, text: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(OutputError, match="not of this program"):
        OutputFolder(tmp_path, RUN)
    assert (tmp_path / "summary.json").read_text() == text


def test_a_blotter_alone_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "blotter.sqlite").write_text("mine")
    with pytest.raises(OutputError, match="without a summary"):
        OutputFolder(tmp_path, RUN)


def test_a_run_killed_while_it_put_its_files_in_place_can_be_run_again(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path, RUN)
    output.blotter.write_text("blotter 3")
    output.commit({"lines": 3})
    # As if the last step, the summary's move, had not happened.
    (tmp_path / ".running").mkdir(exist_ok=True)
    (tmp_path / "summary.json").rename(tmp_path / ".running" / "summary.json")
    os.close(output._lock or -1)  # what the kernel does for a killed process
    with pytest.raises(OutputError, match="a different run"):
        OutputFolder(tmp_path, {**RUN, "hotloop": "python"})
    write(tmp_path, RUN, 4)
    assert names(tmp_path) == ["blotter.sqlite", "summary.json"]


def test_a_folder_of_the_programs_own_choice_takes_any_run(tmp_path: Path) -> None:
    write(tmp_path, RUN, 3)
    other = {**RUN, "hotloop": "python"}
    output = OutputFolder(tmp_path, other, replaces_any=True)
    output.blotter.write_text("blotter 4")
    output.commit({"lines": 4})
    output.close()
    assert json.loads((tmp_path / "summary.json").read_text())["run"] == other
    (tmp_path / "summary.json").write_text("mine")
    with pytest.raises(OutputError, match="not of this program"):
        OutputFolder(tmp_path, other, replaces_any=True)


def test_the_folder_is_looked_at_only_when_no_other_run_writes_there(tmp_path: Path) -> None:
    first = OutputFolder(tmp_path, RUN)
    (tmp_path / "blotter.sqlite").write_text("in place, its summary to follow")
    with pytest.raises(OutputError, match="another run is writing there now"):
        OutputFolder(tmp_path, RUN)
    first.close()


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(OutputError, match="--out: is empty"):
        OutputFolder(Path(), RUN, "")


def test_other_things_in_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "executor").mkdir()
    (tmp_path / "executor" / "notes").write_text("mine")
    write(tmp_path, RUN, 3)
    assert (tmp_path / "executor" / "notes").read_text() == "mine"


def test_two_runs_at_once_are_refused_and_the_next_goes_on(tmp_path: Path) -> None:
    first = OutputFolder(tmp_path, RUN)
    with pytest.raises(OutputError, match="another run is writing there now"):
        OutputFolder(tmp_path, RUN)
    first.close()
    write(tmp_path, RUN, 3)


def test_a_file_in_the_way_and_a_folder_that_cannot_be_written_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="is not a folder"):
            OutputFolder(path, RUN)

    def denied(*_args: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)  # a mode of 0 would not stop root
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        OutputFolder(tmp_path / "new", RUN)


def keep_part(folder: Path, identity: dict[str, object] = RUN) -> None:
    output = OutputFolder(folder, identity, keeps_parts=True)
    (output.parts / "manifest.json").write_text(json.dumps({"run": identity}))
    (output.parts / "0001.sqlite").write_text("part")
    output.blotter.write_text("half")
    (output.staging / "work").mkdir()
    output.close()


def test_parts_stay_until_a_commit_that_is_complete(tmp_path: Path) -> None:
    keep_part(tmp_path)
    assert names(tmp_path) == [".running"]
    assert names(tmp_path / ".running") == ["parts"]
    for is_complete in (False, True):
        output = OutputFolder(tmp_path, RUN, keeps_parts=True)
        assert names(output.parts) == ["0001.sqlite", "manifest.json"]
        output.blotter.write_text("blotter 3")
        output.commit({"lines": 3}, is_complete=is_complete)
        output.close()
        kept = [] if is_complete else [".running"]
        assert names(tmp_path) == [*kept, "blotter.sqlite", "summary.json"]


def test_parts_of_a_different_run_are_not_lost_to_it(tmp_path: Path) -> None:
    keep_part(tmp_path)
    other = {**RUN, "hotloop": "python"}
    for keeps_parts in (False, True):
        with pytest.raises(OutputError, match="a different run"):
            OutputFolder(tmp_path, other, keeps_parts=keeps_parts)
    assert names(tmp_path / ".running" / "parts") == ["0001.sqlite", "manifest.json"]


def test_a_manifest_of_something_else_is_not_touched(tmp_path: Path) -> None:
    keep_part(tmp_path)
    (tmp_path / ".running" / "parts" / "manifest.json").write_text("mine")
    with pytest.raises(OutputError, match=r"manifest.json that is not of this program"):
        OutputFolder(tmp_path, RUN, keeps_parts=True)


def test_a_run_killed_between_its_blotter_and_its_summary_goes_on_by_its_parts(
    tmp_path: Path,
) -> None:
    keep_part(tmp_path)
    (tmp_path / "blotter.sqlite").write_text("in place")
    keep_part(tmp_path)
    assert names(tmp_path) == [".running", "blotter.sqlite"]


def test_the_tokens_of_all_workers_sidecars_go(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path, RUN)
    for folder in (output.run_dir, output.run_dir / "worker-1"):
        folder.mkdir()
        (folder / "executor.token").write_text("secret")
        (folder / "executor.log").write_text("log")
    output.close()
    assert names(output.run_dir) == ["executor.log", "worker-1"]
    assert names(output.run_dir / "worker-1") == ["executor.log"]


def test_a_manifest_without_a_part_keeps_nobody_out(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path, RUN, keeps_parts=True)
    (output.parts / "manifest.json").write_text(json.dumps({"run": RUN}))
    os.close(output._lock or -1)  # what the kernel does for a killed process
    other = {**RUN, "hotloop": "python"}
    OutputFolder(tmp_path, other, keeps_parts=True).close()
    assert names(tmp_path) == []


def test_two_processes_that_replace_a_file_stage_it_under_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = []
    replace = Path.replace

    def noted(path: Path, target: Path) -> Path:
        staged.append(path.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", noted)
    for process in (41, 42):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        replace_file(tmp_path / "report.html", b"page")
    assert staged == [".report.html.41", ".report.html.42"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]

"""`trader config set` edits a profile's file when the whole is valid with it, and nothing else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from trader.apps.trader import main

TEXT = "# mine\nexecution:\n  backend: python   # rollback\n"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def config_set(*arguments: str) -> int:
    return main(["config", "set", *arguments])


def test_a_key_is_set_with_a_diff_and_the_file_keeps_comments_and_mode(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config_set("execution.backend=rust", "sizer.bankroll=9", "--profile", str(profile)) == 0
    assert profile.read_text() == (
        "# mine\nexecution:\n  backend: rust   # rollback\nsizer:\n  bankroll: 9\n"
    )
    assert stat.S_IMODE(profile.stat().st_mode) == 0o640
    shown = capsys.readouterr().out.splitlines()
    assert "-  backend: python   # rollback" in shown
    assert "+  backend: rust   # rollback" in shown
    assert [path.name for path in profile.parent.iterdir()] == ["mine.yaml"]


def test_with_dry_run_nothing_is_written(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("execution.backend=rust", "--profile", str(profile), "--dry-run")
    assert config_set(*arguments) == 0
    assert "+  backend: rust" in capsys.readouterr().out
    assert profile.read_text() == TEXT


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("execution.backend=java", "execution.backend: 'java' is not allowed"),
        ("execution.backnd=rust", "did you mean 'backend'?"),
        ("sizer.min_stake=21", "is above sizer.max_stake"),
        ("sizer={bankroll: 1}", "is a section"),
        ("sizer", "is not an override"),
    ],
)
def test_what_is_not_valid_is_said_and_changes_nothing(
    profile: Path, capsys: pytest.CaptureFixture[str], written: str, said: str
) -> None:
    assert config_set(written, "--profile", str(profile)) == 2
    assert said in capsys.readouterr().err
    assert profile.read_text() == TEXT


def test_every_problem_is_listed(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert config_set("sizer.bankroll=-1", "risk.max_loss=-1", "--profile", str(profile)) == 2
    said = capsys.readouterr().err
    assert "sizer.bankroll" in said
    assert "risk.max_loss" in said
    assert "mine.yaml:" in said, "with the line it would stand in"


def test_through_a_link_the_file_it_leads_to_is_edited(profile: Path) -> None:
    link = profile.with_name("link.yaml")
    link.symlink_to(profile)
    assert config_set("execution.backend=rust", "--profile", str(link)) == 0
    assert link.is_symlink()
    assert "backend: rust" in profile.read_text()


def test_without_a_profile_there_is_nothing_to_edit(capsys: pytest.CaptureFixture[str]) -> None:
    assert config_set("execution.backend=rust") == 2
    assert "--profile P" in capsys.readouterr().err
    assert config_set("execution.backend=rust", "--profile", "/nowhere/mine.yaml") == 2
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_what_is_so_already_is_left(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = profile.stat().st_mtime_ns
    assert config_set("execution.backend=python", "--profile", str(profile)) == 0
    assert "is so already" in capsys.readouterr().out
    assert profile.stat().st_mtime_ns == before


def test_nobody_is_asked_to_reload_where_nobody_trades(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reload", "--out", str(tmp_path)]) == 3
    assert f"no live trader runs in {tmp_path}" in capsys.readouterr().err

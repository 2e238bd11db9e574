"""A release laid out in a tree of the test's own: once, again, killed on the way, rolled back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pip
import pytest

from deploy.installer import checks, release, steps
from deploy.installer.errors import FailedError, RefusedError
from deploy.installer.hands import Hands
from deploy.installer.layout import UNITS, Layout
from deploy.installer.tree_for_tests import FakeHands, Stopped, contents, make_release, sign


@pytest.fixture(autouse=True)
def _umask() -> None:
    os.umask(0o022)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    root = tmp_path / "root"
    root.mkdir()
    return Layout(root)


def _install(layout: Layout, folder: Path, hands: Hands | None = None, **more: bool) -> list[str]:
    hands = hands if hands is not None else FakeHands(layout)
    return steps.install(layout, release.read(folder), hands, **more)


def _modes(layout: Layout) -> dict[str, int]:
    return {str(f.path.relative_to(layout.root)): f.path.stat().st_mode & 0o7777
            for f in layout.folders()}  # fmt: skip


def test_everything_is_laid_out_with_its_mode_and_check_finds_nothing(
    tmp_path: Path, layout: Layout
) -> None:
    said = _install(layout, make_release(tmp_path / "1", "1.0"))
    assert said[0] == "installed; nothing was started. Next:"
    assert str(layout.current.readlink()) == "1.0"
    assert _modes(layout) == {
        "opt/hotloop": 0o755,
        "etc/hotloop": 0o750,
        "etc/hotloop/profiles": 0o750,
        "etc/hotloop/secrets": 0o700,
        "var/lib/hotloop": 0o700,
    }
    assert (layout.current / "bin/trader").stat().st_mode & 0o777 == 0o755
    assert (layout.current / "VERSION").stat().st_mode & 0o777 == 0o644
    assert (layout.current / "venv/bin/installed").is_file()
    assert (layout.root / "etc/systemd/system/hotloop-trader.service").is_file()
    assert (layout.etc / "profiles/live.yaml").stat().st_mode & 0o777 == 0o640
    assert steps.check(layout) == []


def test_a_second_time_changes_nothing(tmp_path: Path, layout: Layout) -> None:
    folder = make_release(tmp_path / "1", "1.0")
    _install(layout, folder)
    before, hands = contents(layout), FakeHands(layout)
    _install(layout, folder, hands)
    assert hands.said == []
    assert contents(layout) == before


def _acts(tmp_path: Path) -> int:
    """How many acts an upgrade takes."""
    root = tmp_path / "counted"
    root.mkdir()
    layout = Layout(root)
    for version in ("1.0", "1.1", "1.2"):
        _install(layout, make_release(tmp_path / f"c{version}", version))
    hands = FakeHands(layout)
    _install(layout, make_release(tmp_path / "c2.0", "2.0", hotloop_trader="[Unit]\n"), hands)
    return len(hands.said)


def test_killed_before_any_of_its_acts_what_is_in_use_is_whole_and_a_second_call_ends_it(
    tmp_path: Path,
) -> None:
    former = [make_release(tmp_path / version, version) for version in ("1.0", "1.1", "1.2")]
    new = make_release(tmp_path / "2.0", "2.0", hotloop_trader="[Unit]\n")
    count = _acts(tmp_path)
    assert count >= 9
    wanted = None
    for number in range(count + 1):
        root = tmp_path / f"root{number}"
        root.mkdir()
        layout = Layout(root)
        for folder in former:
            _install(layout, folder)
        if number < count:
            with pytest.raises(Stopped):
                _install(layout, new, FakeHands(layout, stop_before=number))
            in_use = layout.current_version()
            assert in_use is not None
            assert release.differences(layout.version(in_use)) == []
            assert (layout.current / "venv/bin/installed").is_file()
        _install(layout, new)
        assert steps.check(layout) == []
        assert layout.current_version() == "2.0"
        wanted = wanted or contents(layout)
        assert contents(layout) == wanted, f"killed before act {number}"


def test_a_first_installation_killed_before_any_of_its_acts_is_ended_by_a_second_call(
    tmp_path: Path, layout: Layout
) -> None:
    folder = make_release(tmp_path / "1", "1.0")
    hands = FakeHands(layout)
    _install(layout, folder, hands)
    wanted = contents(layout)
    for number in range(len(hands.said)):
        root = tmp_path / f"root{number}"
        root.mkdir()
        again = Layout(root)
        with pytest.raises(Stopped):
            _install(again, folder, FakeHands(again, stop_before=number))
        _install(again, folder)
        assert contents(again) == wanted, f"killed before act {number}: {hands.said[number]}"


@pytest.mark.parametrize("failing", ["venv", "pip", "compileall"])
def test_a_program_that_fails_leaves_the_version_in_use_and_it_can_be_run_again(
    tmp_path: Path, layout: Layout, failing: str
) -> None:
    _install(layout, make_release(tmp_path / "1", "1.0"))
    new = make_release(tmp_path / "2", "2.0")
    with pytest.raises(FailedError, match="no such wheel"):
        _install(layout, new, FakeHands(layout, failing=failing))
    assert layout.current_version() == "1.0"
    assert steps.check(layout) == []
    _install(layout, new)
    assert layout.current_version() == "2.0"


class PipHands(Hands):
    """The real thing, with the pip of the tests where the system's Python brings none."""

    def run(self, *command: str | Path) -> None:
        words = [str(word) for word in command]
        if words[1:3] == ["-m", "venv"]:
            super().run(*words[:3], "--without-pip", *words[3:])
        elif words[1:3] == ["-m", "pip"]:
            place = Path(pip.__file__).parents[1]
            program = (
                f"import runpy, sys; sys.path.insert(0, {str(place)!r}); "
                "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
            )
            super().run(words[0], "-c", program, *words[3:])
        else:
            super().run(*words)


def test_a_real_environment_is_made_offline_of_the_wheels_with_the_right_sums_alone(
    tmp_path: Path, layout: Layout
) -> None:
    said: list[str] = []
    folder = make_release(tmp_path / "1", "1.0")
    _install(layout, folder, PipHands(layout, said.append))
    python = layout.current / "venv/bin/python"
    shown = subprocess.run(
        [python, "-c", "import tiny; print(tiny.VERSION)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "1.0\n"
    assert list((layout.current / "python/trader/__pycache__").iterdir())
    assert steps.check(layout) == []

    other = make_release(tmp_path / "2", "2.0")
    listed = (other / "requirements.txt").read_text()
    (other / "requirements.txt").write_text(f"{listed[:-3]}00\n")
    sign(other)
    with pytest.raises(FailedError, match=r"HASH|hash"):
        _install(layout, other, PipHands(layout, said.append))
    assert layout.current_version() == "1.0"


def test_what_people_wrote_is_never_replaced_and_a_new_default_is_put_beside(
    tmp_path: Path, layout: Layout
) -> None:
    _install(layout, make_release(tmp_path / "1", "1.0"))
    profile = layout.etc / "profiles/live.yaml"
    profile.write_text("execution: {dry_run: false}\n")
    _install(layout, make_release(tmp_path / "2", "2.0", live="execution: {dry_run: true}\n"))
    assert profile.read_text() == "execution: {dry_run: false}\n"
    beside = profile.with_name("live.yaml.new")
    assert beside.read_text() == "execution: {dry_run: true}\n"
    profile.write_text("execution: {dry_run: true}\n")
    _install(layout, make_release(tmp_path / "3", "3.0", live="execution: {dry_run: true}\n"))
    assert not beside.exists()


def test_three_versions_are_kept_and_one_goes_back_at_a_time(
    tmp_path: Path, layout: Layout
) -> None:
    for version in ("1.0", "2.0", "3.0", "4.0"):
        content = f"[Unit]\nDescription={version}\n"
        _install(layout, make_release(tmp_path / version, version, hotloop_trader=content))
    assert layout.versions() == ["2.0", "3.0", "4.0"]
    assert not layout.version("1.0").exists()
    unit = layout.root / "etc/systemd/system/hotloop-trader.service"
    for former in ("3.0", "2.0"):
        steps.rollback(layout, FakeHands(layout))
        assert layout.current_version() == former
        assert unit.read_text() == f"[Unit]\nDescription={former}\n"
        assert steps.check(layout) == []
    with pytest.raises(RefusedError, match=r"no version before 2\.0 is kept"):
        steps.rollback(layout, FakeHands(layout))
    _install(layout, tmp_path / "4.0")
    assert layout.current_version() == "4.0"


def test_a_dry_run_says_every_act_and_does_none(tmp_path: Path, layout: Layout) -> None:
    folder = make_release(tmp_path / "1", "1.0")
    dry = FakeHands(layout, dry_run=True)
    _install(layout, folder, dry)
    assert contents(layout) == {}
    real = FakeHands(layout)
    _install(layout, folder, real)
    assert dry.said == [f"would {act}" for act in real.said]


def test_uninstalling_keeps_secrets_configuration_and_state(tmp_path: Path, layout: Layout) -> None:
    _install(layout, make_release(tmp_path / "1", "1.0"))
    secret, state = layout.secrets / "app-key", layout.state / "journal"
    secret.write_text("k")
    secret.chmod(0o600)
    state.write_text("j")
    said = steps.uninstall(layout, FakeHands(layout))
    assert any("are kept" in line for line in said)
    assert not layout.opt.exists()
    assert not list((layout.root / "etc/systemd/system").iterdir())
    assert (secret.read_text(), state.read_text()) == ("k", "j")
    assert (layout.etc / "profiles/live.yaml").is_file()
    assert steps.uninstall(layout, FakeHands(layout)) == said


def test_a_trader_that_starts_while_a_version_is_laid_out_keeps_the_one_it_runs(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(layout, make_release(tmp_path / "1", "1.0"))
    new = make_release(tmp_path / "2", "2.0")
    looks = iter([[], ["12 python"]])
    with monkeypatch.context() as patched:
        patched.setattr(checks, "running", lambda _: next(looks))
        with pytest.raises(FailedError, match=r"started meanwhile \(12 python\): 2\.0 is laid out"):
            _install(layout, new)
    assert layout.current_version() == "1.0"
    assert (layout.version("1.0") / "bin/trader").is_file()
    _install(layout, new)
    assert layout.current_version() == "2.0"


def test_uninstalling_that_was_stopped_asks_systemd_for_no_unit_that_is_gone(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(layout, make_release(tmp_path / "1", "1.0"))
    monkeypatch.setattr(Layout, "is_system", property(lambda _: True))
    monkeypatch.setattr(steps, "_SYSTEMD", tmp_path)
    first, units = FakeHands(layout, stop_before=2), list(UNITS)
    with pytest.raises(Stopped):
        steps.uninstall(layout, first)
    assert first.said[0] == f"run systemctl disable {' '.join(units)}"
    second, third = FakeHands(layout), FakeHands(layout)
    steps.uninstall(layout, second)
    assert second.said[0] == f"run systemctl disable {' '.join(units[1:])}"
    steps.uninstall(layout, third)
    assert third.said == ["run systemctl daemon-reload"]


def test_check_says_what_was_changed_since(tmp_path: Path, layout: Layout) -> None:
    _install(layout, make_release(tmp_path / "1", "1.0"))
    assert steps.check(Layout(tmp_path / "empty"))[-1].endswith("no version is in use")
    layout.state.chmod(0o755)
    unit = layout.root / "etc/systemd/system/hotloop-trader.service"
    unit.write_text("[Unit]\n")
    (layout.current / "bin/executor").write_text("another")
    (layout.current / "python/trader/more.py").write_text("")
    (layout.secrets / "app-key").write_text("k")
    (layout.etc / "hotloop.env").unlink()
    wrong = "\n".join(steps.check(layout))
    for words in (
        "var/lib/hotloop is 0755",
        "it was laid out 0700 hotloop:hotloop",
        "hotloop-trader.service was changed by hand",
        "bin/executor was changed",
        "python/trader/more.py is not in SHA256SUMS",
        "app-key has mode 0644; it must be 0600",
        "hotloop.env is missing",
    ):
        assert words in wrong


IN_USE: Final = "import sys, pathlib; print('up', flush=True); sys.stdin.read()"


def test_a_running_trader_is_in_the_way_of_a_switch_and_not_of_laying_out(
    tmp_path: Path, layout: Layout
) -> None:
    _install(layout, make_release(tmp_path / "1", "1.0"))
    new = make_release(tmp_path / "2", "2.0")
    program = layout.current / "venv/bin/python"
    with subprocess.Popen(
        [program, "-c", IN_USE], executable=sys.executable, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as trader:  # fmt: skip
        assert trader.stdout is not None and trader.stdin is not None
        trader.stdout.readline()
        assert checks.running(layout) == [f"{trader.pid} python"]
        running = f"a trader is running .{trader.pid} python"
        with pytest.raises(RefusedError, match=running):
            _install(layout, new)
        with pytest.raises(RefusedError, match=running):
            steps.rollback(layout, FakeHands(layout))
        with pytest.raises(RefusedError, match=running):
            steps.uninstall(layout, FakeHands(layout))
        said = _install(layout, new, while_running=True)
        assert "not in use" in said[0]
        assert layout.current_version() == "1.0"
        assert steps.check(layout) == []
        trader.stdin.close()
    hands = FakeHands(layout)
    _install(layout, new, hands)
    assert layout.current_version() == "2.0"
    assert not any("pip" in act for act in hands.said)

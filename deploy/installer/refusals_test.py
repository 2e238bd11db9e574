"""What is not safe is refused: one line, exit code 2, nothing changed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.installer import checks, release, steps
from deploy.installer.__main__ import main
from deploy.installer.errors import RefusedError
from deploy.installer.hands import Hands
from deploy.installer.layout import Layout
from deploy.installer.tree_for_tests import FakeHands, contents, make_release, sign


@pytest.fixture(autouse=True)
def _umask() -> None:
    os.umask(0o022)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    root = tmp_path / "root"
    root.mkdir()
    return Layout(root)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_release(tmp_path / "release", "1.0")


def _append(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.write(b"x")

    return change


def _link(folder: Path) -> None:
    (folder / "bin/executor").unlink()
    (folder / "bin/executor").symlink_to("/bin/true")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_append("bin/executor"), "bin/executor was changed"),
        (_append("wheels/tiny-1.0-py3-none-any.whl"), "tiny-1.0-py3-none-any.whl was changed"),
        (lambda folder: (folder / "bin/trader").unlink(), "bin/trader is missing"),
        (lambda folder: (folder / "python/more.py").write_text(""), "more.py is not in SHA256SUMS"),
        (_link, "bin/executor is no file"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "SHA256SUMS cannot be read"),
        (lambda folder: (folder / "SHA256SUMS").write_text(""), "SHA256SUMS is empty"),
        (lambda folder: (folder / "SHA256SUMS").write_text("?"), "SHA256SUMS:1: '?' is not a sum"),
        (
            lambda folder: (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ../x\n"),
            "is not a sum and a file",
        ),
    ],
)
def test_a_release_that_was_changed(
    folder: Path, change: Callable[[Path], object], words: str
) -> None:
    change(folder)
    with pytest.raises(RefusedError, match=r".") as refused:
        release.read(folder)
    assert words in str(refused.value)


@pytest.mark.parametrize("version", ["", "../1.0", "current", "history", "1 0", "-1"])
def test_a_version_that_is_no_name_of_a_folder(folder: Path, version: str) -> None:
    (folder / "VERSION").write_text(version)
    sign(folder)
    with pytest.raises(RefusedError, match="is no version"):
        release.read(folder)


@pytest.mark.parametrize("commit", ["", f" {'a' * 40}", f" {'a' * 40}-changed", " unknown"])
def test_a_version_is_told_with_the_commit_it_was_made_of(folder: Path, commit: str) -> None:
    (folder / "VERSION").write_text(f"1.0{commit}\n")
    sign(folder)
    assert release.read(folder).version == "1.0"


def test_something_that_is_no_release(folder: Path) -> None:
    shutil.rmtree(folder / "wheels")
    sign(folder)
    with pytest.raises(RefusedError, match="wheels is missing: this is no release"):
        release.read(folder)


def _linked_state(layout: Layout) -> None:
    (layout.root / "var/lib").mkdir(parents=True)
    (layout.root / "elsewhere").mkdir()
    layout.state.symlink_to(layout.root / "elsewhere")


def _open_folder(layout: Layout) -> None:
    layout.etc.mkdir(parents=True)
    layout.etc.chmod(0o775)


def _open_parent(layout: Layout) -> None:
    (layout.root / "opt").mkdir()
    (layout.root / "opt").chmod(0o777)


def _file_for_folder(layout: Layout) -> None:
    (layout.root / "opt").mkdir()
    layout.opt.write_text("")


def _open_secret(layout: Layout) -> None:
    layout.secrets.mkdir(parents=True)
    (layout.secrets / "app-key").write_text("k")
    (layout.secrets / "app-key").chmod(0o640)


def _linked_secret(layout: Layout) -> None:
    layout.secrets.mkdir(parents=True)
    (layout.secrets / "app-key").symlink_to("/etc/hostname")


def _folder_for_current(layout: Layout) -> None:
    layout.current.mkdir(parents=True)


def _current_elsewhere(layout: Layout) -> None:
    layout.opt.mkdir(parents=True)
    layout.current.symlink_to("/srv/mine")


def _linked_unit(layout: Layout) -> None:
    unit = layout.system_files()[0].path
    unit.parent.mkdir(parents=True)
    unit.symlink_to("/dev/null")


def _own_unit(layout: Layout) -> None:
    unit = layout.system_files()[0].path
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/true\n")


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (_linked_state, "var/lib/hotloop is a symbolic link; there must be a folder"),
        (_open_folder, "etc/hotloop has mode 0775: others could change it"),
        (_open_parent, "opt has mode 0777: others could change it"),
        (_file_for_folder, "opt/hotloop is no folder"),
        (_open_secret, "app-key has mode 0640; it must be 0600"),
        (_linked_secret, "app-key is no plain file"),
        (_folder_for_current, "current is no symbolic link; move it away"),
        (_current_elsewhere, "'/srv/mine', which is no version beside it"),
        (_linked_unit, "hotloop-trader.service is no plain file; move it away"),
        (_own_unit, "hotloop-trader.service was changed by hand"),
    ],
)
def test_a_machine_that_is_not_safe_to_install_on(
    layout: Layout, folder: Path, before: Callable[[Layout], None], words: str
) -> None:
    before(layout)
    there, hands = contents(layout), FakeHands(layout)
    with pytest.raises(RefusedError, match=r".") as refused:
        steps.install(layout, release.read(folder), hands)
    assert words in str(refused.value)
    assert hands.said == []
    assert contents(layout) == there


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_belongs_to_somebody_else(layout: Layout, folder: Path) -> None:
    layout.state.mkdir(parents=True)
    os.chown(layout.state, 12_345, 0)
    with pytest.raises(RefusedError, match="belongs to user 12345, who could change it"):
        steps.install(layout, release.read(folder), FakeHands(layout))


def test_a_full_disk(layout: Layout, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SPARE_BYTES", 1 << 60)
    with pytest.raises(RefusedError, match=r"MiB are free, .* MiB are needed"):
        steps.install(layout, release.read(folder), FakeHands(layout))
    assert contents(layout) == {}


def test_another_content_under_a_version_that_is_there(
    tmp_path: Path, layout: Layout, folder: Path
) -> None:
    steps.install(layout, release.read(folder), FakeHands(layout))
    other = make_release(tmp_path / "other", "1.0", live="execution: {}\n")
    hands = FakeHands(layout)
    with pytest.raises(RefusedError, match="a release is never changed under its name"):
        steps.install(layout, release.read(other), hands)
    assert steps.check(layout) == []
    (layout.current / "bin/executor").write_text("another")
    with pytest.raises(RefusedError, match="bin/executor was changed, and it is in use; roll back"):
        steps.install(layout, release.read(folder), hands)
    assert hands.said == []


def test_two_installers_at_once(layout: Layout, folder: Path) -> None:
    steps.install(layout, release.read(folder), FakeHands(layout))
    descriptor = os.open(layout.opt, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(RefusedError, match="another installer is at work"):
        steps.install(layout, release.read(folder), FakeHands(layout))
    os.close(descriptor)


def test_an_older_python_and_one_without_venv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OLDEST_PYTHON", (99, 0))
    with pytest.raises(RefusedError, match=r"3\.11 or newer is needed"):
        checks.interpreter()
    monkeypatch.setattr(checks, "OLDEST_PYTHON", (3, 11))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(RefusedError, match="module venv is missing"):
        checks.interpreter()


def test_who_is_not_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    with pytest.raises(RefusedError, match="only root can install"):
        checks.rights(Layout(Path("/")))
    checks.rights(Layout(Path("/tmp/tree")))


def _hands(layout: Layout, dry_run: bool) -> Hands:
    return FakeHands(layout, dry_run=dry_run)


def test_the_exit_codes(
    layout: Layout,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(checks, "interpreter", lambda: None)
    common = ["--root", str(layout.root), "--release", str(folder)]
    assert main([*common, "--check"], _hands) == 1
    assert main([*common, "--dry-run"], _hands) == 0
    assert capsys.readouterr().out.endswith("a dry run: nothing was changed\n")
    assert main(common, _hands) == 0
    assert main([*common, "--check"], _hands) == 0
    assert capsys.readouterr().out.endswith("1.0: everything is as it was laid out\n")
    assert main([*common, "--rollback"], _hands) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "install: no version before 1.0 is kept (there: 1.0)"
    (folder / "bin/trader").write_text("tampered")
    assert main(common, _hands) == 2

    def failing(layout: Layout, dry_run: bool) -> Hands:
        return FakeHands(layout, dry_run=dry_run, failing="pip")

    other = make_release(folder.parent / "2", "2.0")
    assert main(["--root", str(layout.root), "--release", str(other)], failing) == 3
    assert "the version in use is what it was; run it again" in capsys.readouterr().err
    assert main([*common, "--uninstall"], _hands) == 0


def test_the_script_of_an_unpacked_release_runs_from_anywhere_and_leaves_nothing_in_it(
    tmp_path: Path, layout: Layout, folder: Path
) -> None:
    before = sorted(folder.rglob("*"))
    command = [str(folder / "install"), "--root", str(layout.root), "--check"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"HOTLOOP_PYTHON": sys.executable, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "no version is in use" in done.stdout
    assert sorted(folder.rglob("*")) == before
    done = subprocess.run(
        command,
        env={"HOTLOOP_PYTHON": "/nowhere/python", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "is no Python 3.11 or newer" in done.stderr

"""`trader status`: what it says of a trader, what it expects, and where none runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from trader.apps.trader import main
from trader.status.note import Note, write_note
from trader.status.testing import TOKEN, Served, quoting, served
from trader.testing import Scene


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[tuple[Scene, Served]]:
    scene = quoting(tmp_path)
    with served(scene) as page:
        url = f"http://127.0.0.1:{page.port}/"
        write_note(tmp_path, Note(url=url, token=TOKEN, pid=1, profile="", started=1))
        yield scene, page


def status(at_work: tuple[Scene, Served], folder: Path, *arguments: str) -> int:
    """Its exit code; the command has the main thread, the trader's loop another one."""
    scene, page = at_work
    ended = Event()

    def loop() -> None:
        while not ended.wait(0.001):
            page.board.turn(scene.session)

    with ThreadPoolExecutor(1) as pool:
        looping = pool.submit(loop)
        try:
            return main(["status", "--out", str(folder), *arguments])
        finally:
            ended.set()
            looping.result()


def test_it_tells_people(
    at_work: tuple[Scene, Served], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(at_work, tmp_path) == 0
    said = capsys.readouterr().out
    assert "demo, profile base" in said
    assert "execution  python, healthy, 2 orders open" in said
    assert f"page       http://127.0.0.1:{at_work[1].port}/#{TOKEN}" in said


def test_it_tells_scripts(
    at_work: tuple[Scene, Served], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(at_work, tmp_path, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["execution"]["open_orders"] == 2


@pytest.mark.parametrize(
    ("expected", "code", "said"),
    [
        ("execution.healthy=true", 0, ""),
        ("mode=demo", 0, ""),
        ("hotloop.shadow=null", 0, ""),
        ("execution.open_orders>=2", 0, ""),
        ("execution.open_orders<=1", 1, "execution.open_orders is 2, not <= 1"),
        ("execution.open_orders=3", 1, "execution.open_orders is 2, not = 3"),
        ("execution.healthy=1", 1, "execution.healthy is true, not = 1"),
        ("execution.healthy>=0", 1, "execution.healthy is true, not >= 0"),
        ("hotloop.shadow.differences=0", 1, "hotloop.shadow.differences is not there"),
        ("hotloop.nothing=0", 1, "hotloop.nothing is not there"),
        ("execution.heartbeat_age_s<=5", 1, "execution.heartbeat_age_s is null, not <= 5"),
        ("mode>=1", 1, 'mode is "demo", not >= 1'),
    ],
)
def test_what_is_expected_is_so_or_is_said(
    at_work: tuple[Scene, Served],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    expected: str,
    code: int,
    said: str,
) -> None:
    assert status(at_work, tmp_path, "--expect", expected, "--expect", "v=1") == code
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("expected", ["healthy", "=1", "a>=b", "a<=true"])
def test_what_cannot_be_expected_is_refused_without_asking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expected: str
) -> None:
    assert main(["status", "--out", str(tmp_path), "--expect", expected]) == 2
    assert f"--expect {expected}: " in capsys.readouterr().err


def test_where_none_runs_the_exit_code_is_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["status", "--out", str(tmp_path)]) == 3
    assert f"no trader with a status page runs in {tmp_path}" in capsys.readouterr().err
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["status", "--profile", "demo"]) == 3
    said = capsys.readouterr().err
    assert "hotloop/live-demo or" in said
    assert "hotloop/demo-7-rust-python" in said


def test_a_note_that_a_killed_trader_has_left_is_no_trader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(quoting(tmp_path)) as page:
        url = f"http://127.0.0.1:{page.port}/"
        write_note(tmp_path, Note(url=url, token="another", pid=7, profile="", started=1))
        assert main(["status", "--out", str(tmp_path)]) == 3
        assert "is not the token of this trader" in capsys.readouterr().err
    assert main(["status", "--out", str(tmp_path)]) == 3
    assert "process 7 has left its note" in capsys.readouterr().err

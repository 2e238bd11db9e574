"""A live trader and a sidecar that somebody else looks after, as systemd does: started from what
`trader config render --out` writes, found by the trader, and each stopped without the other."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from tests.e2e.executor_rig import binary
from tests.e2e.trader_process import command, environment
from tests.live.rig import PATIENCE_S, live_trader, races, verdict
from trader.monitoring.manager_for_tests import Manager


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with TemporaryDirectory(prefix="hotloop-") as folder:  # short: a socket's path is limited
        yield Path(folder)


@pytest.fixture
def manager(run_dir: Path) -> Iterator[Manager]:
    one = Manager(str(run_dir / "notify"))
    yield one
    one.close()


def _execution(run_dir: Path, **more: object) -> dict[str, Any]:
    return {
        "backend": "rust",
        "supervise": "external",
        "external_socket": str(run_dir / "executor.sock"),
        "external_token_file": str(run_dir / "executor.token"),
        **more,
    }


def _unread(run_dir: Path, **more: object) -> dict[str, Any]:
    """A profile for a venue that nobody speaks with."""
    journal = {"dir": str(run_dir / "journal")}
    execution = _execution(run_dir, **({"dry_run": False, "journal": journal} | more))
    betfair = {"app_key_file": "/k", "session": {"token_file": "/t"}}
    return {"execution": execution, "betfair": betfair}


def _render(folder: Path, profile: Mapping[str, Any], out: Path) -> tuple[int, str]:
    path = folder / "live.yaml"
    path.write_text(yaml.safe_dump(dict(profile)))
    done = subprocess.run(
        command("config", "render", "--profile", str(path), "--out", str(out)),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@contextmanager
def _sidecar(config: Path, manager: Manager) -> Iterator[subprocess.Popen[bytes]]:
    """Running, and ready."""
    process = subprocess.Popen(
        [binary(), "--config", config],
        env=environment(NOTIFY_SOCKET=manager.name),
        stdout=subprocess.DEVNULL,
    )
    try:
        *_, ready = manager.wait_for(lambda said: said.startswith("READY=1\n"), "READY")
        assert "STATUS=live, venue " in ready
        yield process
    finally:
        process.kill()
        process.wait()


def _ended(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE_S)


def test_either_is_stopped_and_started_without_the_other_and_nothing_rests_in_the_end(
    tmp_path: Path, run_dir: Path, manager: Manager
) -> None:
    config = run_dir / "executor.json"
    count = "select count(*) from reports where status = 'PLACED'"
    with races(tmp_path, pre_off_s=60.0) as venue:
        profile = venue.profile(execution=_execution(run_dir))
        assert _render(tmp_path, profile, config) == (0, "")
        token = (run_dir / "executor.token").read_text()
        with _sidecar(config, manager) as first, live_trader(tmp_path, profile) as trader:
            trader.wait_for(count, 1)
            assert _ended(first) == 0
            assert not any(bet["remaining"] for bet in venue.scene.bets())
            # What systemd does when it is started again, with the trader there.
            assert _render(tmp_path, profile, config) == (0, "")
            assert (run_dir / "executor.token").read_text() == token
            with _sidecar(config, manager) as second:
                placed = trader.rows(count)[0][0]
                trader.wait_for(count, placed + 1)
                trader.kill(signal.SIGTERM)
                assert trader.wait() == 130, trader.said()
                assert second.poll() is None
                assert not any(bet["remaining"] for bet in venue.scene.bets())
                trader.start()
                trader.wait_for(count, trader.rows(count)[0][0] + 1)
                trader.kill(signal.SIGTERM)
                assert trader.wait() == 130, trader.said()
                assert verdict(venue, trader).problems == []
                assert _ended(second) == 0


def test_what_is_written_nobody_else_can_read(tmp_path: Path, run_dir: Path) -> None:
    config = run_dir / "executor.json"
    assert _render(tmp_path, _unread(run_dir), config) == (0, "")
    for name in ("executor.json", "executor.token"):
        assert stat.S_IMODE((run_dir / name).stat().st_mode) == 0o600
    told = json.loads(config.read_text())
    assert told["mode"] == "live"
    assert told["on_stop"] == "cancel"
    assert told["listen"]["socket"] == str(run_dir / "executor.sock")
    assert sorted(path.name for path in run_dir.iterdir()) == ["executor.json", "executor.token"]


def test_a_token_that_others_may_read_is_refused(tmp_path: Path, run_dir: Path) -> None:
    (run_dir / "executor.token").write_text("known")
    (run_dir / "executor.token").chmod(0o644)
    code, said = _render(tmp_path, _unread(run_dir), run_dir / "executor.json")
    assert code == 3
    assert "executor.token has mode 0644; it must be 0600" in said


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"dry_run": True}, "execution.dry_run is true"),
        ({"backend": "python"}, "there is no sidecar"),
        ({"supervise": "child"}, "the trader starts the sidecar itself"),
    ],
)
def test_where_the_trader_needs_none_nothing_is_written_and_the_code_is_1(
    tmp_path: Path, run_dir: Path, more: dict[str, object], why: str
) -> None:
    code, said = _render(tmp_path, _unread(run_dir, **more), run_dir / "executor.json")
    assert code == 1
    assert why in said and "nothing is written" in said
    assert list(run_dir.iterdir()) == []


def test_a_sidecar_whose_place_is_not_said_is_refused(tmp_path: Path, run_dir: Path) -> None:
    profile = _unread(run_dir, external_socket="")
    code, said = _render(tmp_path, profile, run_dir / "executor.json")
    assert code == 3
    assert "execution.external_socket is empty" in said

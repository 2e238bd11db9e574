"""The supervisor over small shell scripts: files, readiness, the end in every way."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trader.execution import supervisor as supervisor_module
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.supervisor import Listening, Supervisor, find_binary

CONFIG = {"listen": {"transport": "tcp", "host": "127.0.0.1", "port": 0}, "mode": "dry_run"}
READY = """echo '{"listening":"127.0.0.1:4100","metrics":"127.0.0.1:4200"}'\n"""
PATIENCE_S = 20.0


def script(folder: Path, body: str) -> Path:
    path = folder / "child.sh"
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return path


def is_running(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be noticed by its parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.005)


def test_ready_line_gives_the_addresses(tmp_path: Path) -> None:
    supervisor = Supervisor(script(tmp_path, READY + "exec sleep 100"), tmp_path / "run")
    supervisor.start(CONFIG, PATIENCE_S)
    pid = supervisor.pid
    assert pid is not None
    assert supervisor.listening == Listening("127.0.0.1", 4100)
    assert supervisor.metrics == ("127.0.0.1", 4200)
    assert supervisor.gone() is None
    supervisor.stop(PATIENCE_S)
    supervisor.stop(PATIENCE_S)
    assert not is_running(pid)
    assert supervisor.gone() == "executor is stopped"


def test_token_and_config_are_private_and_config_names_the_token(tmp_path: Path) -> None:
    (tmp_path / "executor.token").write_text("old")
    (tmp_path / "executor.token").chmod(0o644)
    body = 'test "$1" = --config && cat "$2" >&2\n' + READY + "exec sleep 100"
    supervisor = Supervisor(script(tmp_path, body), tmp_path)
    supervisor.start(CONFIG, PATIENCE_S)
    supervisor.stop(PATIENCE_S)
    for name in ("executor.json", "executor.token"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    seen = json.loads((tmp_path / "executor.log").read_text())
    assert seen["listen"]["token_file"] == str(tmp_path / "executor.token")
    assert seen["mode"] == "dry_run"
    assert (tmp_path / "executor.token").read_text() == supervisor.token
    assert len(supervisor.token) == 64


def test_child_that_ends_before_it_is_ready_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    child = script(tmp_path, "echo 'limits.max: unknown key' >&2; exit 2")
    with pytest.raises(ExecutorStartError, match=r"code 2.*limits\.max: unknown key"):
        Supervisor(child, tmp_path).start(CONFIG, PATIENCE_S)


def test_child_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    child = script(tmp_path, "echo $$ > pid; exec sleep 100")
    with pytest.raises(ExecutorStartError, match=r"not ready within 0\.3 s"):
        Supervisor(child, tmp_path).start(CONFIG, 0.3)
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_ready_line_that_is_none_is_an_error(tmp_path: Path) -> None:
    child = script(tmp_path, "echo hello; exec sleep 100")
    with pytest.raises(ExecutorStartError, match="cannot be read: 'hello"):
        Supervisor(child, tmp_path).start(CONFIG, PATIENCE_S)


@pytest.mark.parametrize(
    "line",
    [
        '{"listening":5,"metrics":6}',
        '{"listening":"127.0.0.1:99999","metrics":"127.0.0.1:1"}',
        '{"listening":":1","metrics":":2"}',
        "[]",
    ],
)
def test_ready_line_with_bad_addresses_is_an_error_and_nothing_stays(
    tmp_path: Path, line: str
) -> None:
    child = script(tmp_path, f"echo $$ > pid; echo '{line}'; exec sleep 100")
    supervisor = Supervisor(child, tmp_path)
    with pytest.raises(ExecutorStartError, match="cannot be read"):
        supervisor.start(CONFIG, PATIENCE_S)
    assert supervisor.pid is None
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_ready_line_without_an_end_is_neither_waited_for_nor_held(tmp_path: Path) -> None:
    child = script(tmp_path, "exec cat /dev/zero")
    with pytest.raises(ExecutorStartError, match="cannot be read") as caught:
        Supervisor(child, tmp_path).start(CONFIG, PATIENCE_S)
    assert len(str(caught.value)) < 2_000


def test_addresses_may_be_of_ipv6(tmp_path: Path) -> None:
    ready = """echo '{"listening":"[::1]:4100","metrics":"[::1]:4200"}'\n"""
    supervisor = Supervisor(script(tmp_path, ready + "exec sleep 100"), tmp_path)
    supervisor.start(CONFIG, PATIENCE_S)
    assert (supervisor.listening, supervisor.metrics) == (Listening("::1", 4100), ("::1", 4200))
    supervisor.stop(PATIENCE_S)


def test_log_is_bounded_its_end_is_kept_and_the_child_goes_on_writing_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "_LOG_MAX_BYTES", 10_000)
    monkeypatch.setattr(supervisor_module, "_LOG_LOOK_S", 0.01)
    noise = "n=0; while [ $n -lt 3000 ]; do n=$((n+1)); echo line $n >&2; done\n"
    child = script(
        tmp_path, READY + noise + "touch done; sleep 0.2; echo after >&2\nexec sleep 100"
    )
    supervisor = Supervisor(child, tmp_path)
    supervisor.start(CONFIG, PATIENCE_S)
    log, kept = tmp_path / "executor.log", tmp_path / "executor.log.1"
    deadline = time.monotonic() + PATIENCE_S
    while not (tmp_path / "done").exists() or b"after" not in log.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    supervisor.stop(PATIENCE_S)
    assert log.stat().st_size <= 10_000
    assert kept.stat().st_size == 10_000
    assert kept.read_bytes().splitlines()[-1].startswith(b"line")


def test_missing_binary_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExecutorStartError, match="cannot start"):
        Supervisor(tmp_path / "nothing", tmp_path).start(CONFIG, PATIENCE_S)


def test_child_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    child = script(tmp_path, "trap '' TERM\n" + READY + "while :; do sleep 1; done")
    supervisor = Supervisor(child, tmp_path)
    supervisor.start(CONFIG, PATIENCE_S)
    pid = supervisor.pid
    assert pid is not None
    supervisor.stop(0.1)
    assert not is_running(pid)


def test_gone_says_how_it_ended(tmp_path: Path) -> None:
    supervisor = Supervisor(script(tmp_path, READY + "exec sleep 100"), tmp_path)
    supervisor.start(CONFIG, PATIENCE_S)
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until_gone(supervisor.pid)
    assert "was ended by SIGKILL" in (supervisor.gone() or "")
    supervisor.stop(0.0)


def test_what_it_prints_after_the_ready_line_goes_to_the_log(tmp_path: Path) -> None:
    supervisor = Supervisor(script(tmp_path, READY + "echo out; echo err >&2"), tmp_path)
    supervisor.start(CONFIG, PATIENCE_S)
    assert supervisor.pid is not None
    wait_until_gone(supervisor.pid)
    supervisor.stop(PATIENCE_S)
    assert set((tmp_path / "executor.log").read_text().split()) == {"out", "err"}


def test_child_dies_with_a_trader_that_is_killed(tmp_path: Path) -> None:
    """Nothing of the trader's runs any more, not even its `finally`."""
    child = script(tmp_path, "trap '' TERM HUP INT\n" + READY + "while :; do sleep 1; done")
    program = (
        "import sys, pathlib\n"
        "from trader.execution.supervisor import Supervisor\n"
        "s = Supervisor(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))\n"
        f"s.start({CONFIG!r}, {PATIENCE_S})\n"
        "print(s.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    trader = subprocess.Popen(
        [sys.executable, "-c", program, child, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert trader.stdout is not None
    assert trader.stdin is not None
    pid = int(trader.stdout.readline())
    assert is_running(pid)
    trader.kill()
    trader.wait()
    trader.stdout.close()
    trader.stdin.close()
    wait_until_gone(pid)


def test_binary_named_by_the_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = script(tmp_path, "")
    monkeypatch.delenv("BUILD_WORKING_DIRECTORY", raising=False)
    monkeypatch.setenv("HOTLOOP_EXECUTOR", str(named))
    assert find_binary(tmp_path / "elsewhere") == named
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("HOTLOOP_EXECUTOR", "child.sh")
    assert find_binary(tmp_path / "elsewhere") == named
    monkeypatch.setenv("HOTLOOP_EXECUTOR", "nothing")
    with pytest.raises(ExecutorStartError, match=r"looked at .*nothing"):
        find_binary(tmp_path)


def test_bazels_binary_comes_before_cargos_release_before_debug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOTLOOP_EXECUTOR", raising=False)
    with pytest.raises(ExecutorStartError, match="no executor binary"):
        find_binary(tmp_path)
    for folder in ("rust/target/debug", "rust/target/release", "rust/executor"):
        (tmp_path / folder).mkdir(parents=True)
        path = tmp_path / folder / "executor"
        path.touch(mode=0o755)
        assert find_binary(tmp_path) == path

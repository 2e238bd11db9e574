"""`trader sim-exchange` as a process: it starts, is traded at, ends by itself or when asked to."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.trader_process import TIMEOUT_S, command, environment, run_trader
from trader.simulator.generator import Race, RaceShape

SHORT: Final = ("--set", "simulator.demo.pre_off_s=20", "--set", "simulator.demo.in_play_s=5")


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The process, and what its one line on standard output tells."""
    process = subprocess.Popen(
        command("sim-exchange", *arguments),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def ask(address: str, method: str, path: str, body: str = "", **headers: str) -> Any:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=TIMEOUT_S)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def test_it_is_traded_at_and_steered(tmp_path: Path) -> None:
    out = tmp_path / "exchange"
    with started("--clock", "stepped", "--markets", "3", "--out", str(out)) as (process, told):
        assert set(told) == {
            *("stream", "api", "control", "control_token_file", "tls", "ca_file"),
            *("client_cert_file", "client_key_file", "username", "password", "app_key", "now_ms"),
        }
        token_file = Path(told["control_token_file"])
        assert token_file.stat().st_mode & 0o777 == 0o600
        form = f"username={told['username']}&password={told['password']}"
        session = ask(told["api"], "POST", "/api/login", form, X_Application=told["app_key"])
        assert session["status"] == "SUCCESS"
        token = token_file.read_text()
        status = ask(
            told["control"],
            "POST",
            "/advance",
            json.dumps({"to_ms": told["now_ms"] + 130_000}),
            X_Control_Token=token,
        )
        assert (status["markets"], status["clock"]) == (3, "SteppedClock")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert session["token"] not in errors
        assert token not in errors


def test_it_ends_when_everything_is_settled() -> None:
    with started("--speed", "60", "--incidents", *SHORT) as (process, _):
        _, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, errors


def test_over_tls_its_files_are_what_a_client_needs() -> None:
    with started("--tls", "--clock", "stepped") as (process, told):
        context = ssl.create_default_context(cafile=told["ca_file"])
        context.load_cert_chain(told["client_cert_file"], told["client_key_file"])
        folder = Path(told["ca_file"]).parent
        assert folder.stat().st_mode & 0o777 == 0o700
        host, port = told["api"].removeprefix("https://").split(":")
        connection = http.client.HTTPSConnection(
            host, int(port), timeout=TIMEOUT_S, context=context
        )
        form = f"username={told['username']}&password={told['password']}"
        connection.request("POST", "/api/certlogin", form, {"X-Application": told["app_key"]})
        assert json.loads(connection.getresponse().read())["loginStatus"] == "SUCCESS"
        connection.close()
        process.terminate()
        _, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 130, errors
        assert not folder.exists(), "nobody asked for it to be kept"


def test_a_recording_that_cannot_be_played_on_ends_it(tmp_path: Path) -> None:
    lines = Race(1, RaceShape(pre_off_s=20.0, in_play_s=2.0)).lines()
    recording = tmp_path / "broken.json"
    whole = list(lines)
    entry = json.loads(whole[40])
    entry["mc"] = [{"id": entry["mc"][0]["id"], "rc": [{"id": 1, "atb": [["x", 1]]}]}]
    recording.write_bytes(b"\n".join([*whole[:40], json.dumps(entry).encode(), *whole[41:]]))
    done = run_trader("sim-exchange", "--recording", str(recording), "--speed", "1000")
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert "is not a number" in last, done.stderr


def test_a_port_that_is_taken_is_exit_code_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_trader("sim-exchange", "--api-port", port)
    assert done.returncode == 3
    assert done.stderr.startswith("trader: cannot listen on 127.0.0.1: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--recording", "nothing.bz2"), "nothing.bz2: does not exist"),
        (("--faults", "nothing.yaml"), "--faults nothing.yaml: No such file"),
        (("--markets", "0"), "'0' is not a number from 1 to 5000"),
        (("--speed", "max"), "an exchange has no 'max'"),
        (("--clock", "sundial"), "invalid choice: 'sundial'"),
        (("--set", "simulator.exchange.deposit=-1"), "simulator.exchange.deposit"),
        (("--clock", "wall", "--speed", "5"), "--speed is for --clock scaled"),
        (("--recording", "x", "--markets", "2"), "--markets is for generated races"),
        (("--recording", "x", "--incidents"), "--incidents is for generated races"),
        (("--recording", "x", "--seed", "0"), "--seed is for generated races"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(arguments: tuple[str, ...], why: str) -> None:
    done = run_trader("sim-exchange", *arguments)
    assert done.returncode == 2
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_rule_that_cannot_be_is_named(tmp_path: Path) -> None:
    rules = tmp_path / "faults.yaml"
    rules.write_text("- {fault: reset_before}\n- {fault: teleport}\n")
    done = run_trader("sim-exchange", "--faults", str(rules))
    assert done.returncode == 2
    assert "faults[1]: no fault 'teleport'" in done.stderr


def test_a_folder_that_cannot_be_written_is_exit_code_2(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = run_trader("sim-exchange", "--out", str(blocked / "inside"))
    assert done.returncode == 2
    assert done.stderr.startswith("trader: --out ")
    assert os.linesep not in done.stderr.strip()

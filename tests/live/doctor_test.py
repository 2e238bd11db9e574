"""`trader doctor` before a live trader, at a venue with TLS and log-in by certificate: all is well;
then one thing after the other is not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import yaml

from tests.e2e.executor_rig import WALL, binary, poll_until, supervised, transport_to
from tests.e2e.trader_process import need_rust_hotloop, run_trader
from tests.live.rig import Races, live_trader, races
from trader.execution.executor_py.journal_file import JournalFile, JournalSettings
from trader.execution.ipc import Bus
from trader.simulator.exchange.certificates import make_certificates

SECRETS: Final = ("paper-money", "paper-app-key")
"""What stands in the files; the user name is also the name of folders."""
RUST: Final = {"hotloop": {"enabled": True, "rust": True}}


@dataclass
class Told:
    """What the command said, by the names of its checks, and its exit code."""

    code: int
    document: dict[str, Any]
    text: str

    def marks(self, name: str) -> list[str]:
        return [one["mark"] for one in self.document["checks"] if one["name"] == name]

    def failed(self) -> dict[str, str]:
        """What was found by the names of the checks that failed."""
        checks = self.document["checks"]
        return {one["name"]: one["found"] for one in checks if one["mark"] == "FAIL"}


@pytest.fixture(scope="module")
def place() -> Iterator[Races]:
    need_rust_hotloop()
    with TemporaryDirectory() as folder, races(Path(folder), pre_off_s=900.0) as found:
        (found.scene.folder / "journal").mkdir(0o700)
        yield found


def profile_of(place: Races, **sections: Mapping[str, Any]) -> dict[str, Any]:
    """One of the venue, with the sidecar, that all is well with."""
    given: dict[str, Any] = {
        **RUST,
        "execution": {"backend": "rust"},
        "betfair": {"currency": "GBP"},
    }
    for name, section in sections.items():
        given[name] = {**given.get(name, {}), **section}
    return place.profile(**given)


def doctor(
    place: Races,
    folder: Path,
    *more: str,
    profile: Mapping[str, Any] | None = None,
    **env: str,
) -> Told:
    path = folder / "live.yaml"
    path.write_text(yaml.safe_dump(dict(profile or profile_of(place))))
    done = run_trader(
        *("doctor", "--profile", str(path), "--out", str(folder / "out"), "--json", *more),
        **{"HOTLOOP_EXECUTOR": str(binary()), **env},
    )
    said = done.stdout + done.stderr
    for secret in SECRETS:
        assert secret not in said, "a secret was printed"
    return Told(done.returncode, json.loads(done.stdout), said)


def test_all_is_well(place: Races, tmp_path: Path) -> None:
    told = doctor(place, tmp_path)
    assert told.code == 0, told.text
    assert told.document["ready"]
    for name in (
        *("versions", "Hotloop", "Hotloop, parity", "executor", "executor, handshake"),
        *("credentials", "secrets elsewhere", "journal", "blotter", "TLS", "log-in", "account"),
        *("catalogue", "market stream", "venue's clock"),
    ):
        assert told.marks(name) == ["ok"], (name, told.text)
    assert told.marks("certificate") == ["warn"], "it is good for a week"
    assert told.marks("venue reached") == ["ok"] * 4
    assert "ORDERS GO TO THE VENUE" in told.text
    assert place.scene.bets() == []


def test_the_lines_a_person_reads_and_strict(place: Races, tmp_path: Path) -> None:
    path = tmp_path / "live.yaml"
    path.write_text(yaml.safe_dump(profile_of(place)))
    arguments = ["doctor", "--profile", str(path), "--out", str(tmp_path / "out"), "--strict"]
    done = run_trader(*arguments, HOTLOOP_EXECUTOR=str(binary()))
    lines = done.stdout.splitlines()
    assert done.returncode == 1, "the certificate ends within a month"
    assert lines[-1].endswith("NOT ready")
    assert any(line.startswith("warn     certificate ") for line in lines)
    assert "\x1b" not in done.stdout
    assert "log-in …" in done.stderr, "what waits for the network says so"


def test_offline_asks_nobody(place: Races, tmp_path: Path) -> None:
    sessions = place.scene.sessions()
    told = doctor(place, tmp_path, "--offline")
    assert told.code == 0, told.text
    assert told.marks("log-in") == ["skipped"]
    assert place.scene.sessions() == sessions


# --- broken on purpose ---------------------------------------------------------------------------


def other_file(folder: Path, name: str, text: str, mode: int = 0o600) -> str:
    path = folder / name
    path.touch(0o600)
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def session_of(place: Races, **changed: str) -> dict[str, Any]:
    return {"session": {**place.scene.betfair["session"], **changed}}


def readable_by_others(place: Races, folder: Path) -> dict[str, Any]:
    path = other_file(folder, "password", "paper-money", 0o644)
    return profile_of(place, betfair=session_of(place, password_file=path))


def wrong_password(place: Races, folder: Path) -> dict[str, Any]:
    path = other_file(folder, "password", "guessed")
    return profile_of(place, betfair=session_of(place, password_file=path))


def the_secret_as_its_path(place: Races, _folder: Path) -> dict[str, Any]:
    return profile_of(place, betfair={"app_key_file": "paper-app-key"})


def another_key(place: Races, folder: Path) -> dict[str, Any]:
    other = make_certificates(folder)
    path = str(other.client_key_file)
    return profile_of(place, betfair=session_of(place, key_file=path))


def delayed_key(place: Races, folder: Path) -> dict[str, Any]:
    path = other_file(folder, "app-key", "paper-app-key-delayed")
    return profile_of(place, betfair={"app_key_file": path})


def another_authority(place: Races, folder: Path) -> dict[str, Any]:
    return profile_of(place, betfair={"ca_file": str(make_certificates(folder).ca_file)})


def wrong_currency(place: Races, _folder: Path) -> dict[str, Any]:
    return profile_of(place, betfair={"currency": "EUR"})


def plain_stream(place: Races, _folder: Path) -> dict[str, Any]:
    stream = {"host": "stream.example", "port": 443, "tls": False}
    return profile_of(place, betfair={"stream": stream})


def plain_api(place: Races, _folder: Path) -> dict[str, Any]:
    return profile_of(place, betfair={"api_url": "http://api.example"})


def nobody_there(place: Races, _folder: Path) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return profile_of(place, betfair={"api_url": f"https://127.0.0.1:{port}"})


def open_journal(place: Races, folder: Path) -> dict[str, Any]:
    (folder / "journal").mkdir()
    (folder / "journal").chmod(0o777)
    return profile_of(place, execution={"journal": {"dir": str(folder / "journal")}})


def damaged_journal(place: Races, folder: Path) -> dict[str, Any]:
    (folder / "journal").mkdir(0o700)
    (folder / "journal" / "orders.journal").write_bytes(b"hotloop-orders 9\nwhat is this?")
    return profile_of(place, execution={"journal": {"dir": str(folder / "journal")}})


BROKEN: Final = [
    (readable_by_others, "credentials", "mode 0644, not 0600"),
    (wrong_password, "log-in", "INVALID_USERNAME_OR_PASSWORD"),
    (the_secret_as_its_path, "credentials", "not shown"),
    (another_key, "certificate", "do not belong together"),
    (delayed_key, "market stream", "conflated to 180 s"),
    (another_authority, "venue reached", "certificate is not good"),
    (wrong_currency, "account", "is in GBP, betfair.currency says EUR"),
    (plain_stream, "TLS", "stream stream.example:443 would be plain"),
    (plain_api, "TLS", "api api.example:80 would be plain"),
    (nobody_there, "venue reached", "Connection refused"),
    (open_journal, "journal", "others can write to it"),
    (damaged_journal, "journal", "orders.journal"),
]


@pytest.mark.parametrize(
    ("breaks", "name", "found"), BROKEN, ids=[breaks.__name__ for breaks, _, _ in BROKEN]
)
def test_what_is_broken_is_found(
    place: Races,
    tmp_path: Path,
    breaks: Callable[[Races, Path], dict[str, Any]],
    name: str,
    found: str,
) -> None:
    told = doctor(place, tmp_path, profile=breaks(place, tmp_path))
    assert told.code == 1, told.text
    assert not told.document["ready"]
    assert list(told.failed()) == [name], told.text
    assert found in told.failed()[name]


def test_a_clock_that_is_minutes_off_is_found(tmp_path: Path) -> None:
    with races(tmp_path, pre_off_s=900.0, ahead_ms=180_000) as place:
        (tmp_path / "journal").mkdir(0o700)
        told = doctor(place, tmp_path)
    assert list(told.failed()) == ["venue's clock"], told.text
    assert "s ahead of ours, by the stream's pt" in told.text


def test_a_secret_in_the_environment_is_found_and_not_told(place: Races, tmp_path: Path) -> None:
    told = doctor(place, tmp_path, "--offline", BF_LOGIN="hotloop:paper-money")
    assert list(told.failed()) == ["secrets elsewhere"]
    assert "BF_LOGIN holds what stands in betfair.session.password_file" in told.text


def test_a_journal_in_use_says_by_whom(place: Races, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir(0o700)
    journal, _ = JournalFile.open(JournalSettings(folder))
    try:
        profile = profile_of(place, execution={"journal": {"dir": str(folder)}})
        told = doctor(place, tmp_path, "--offline", profile=profile)
    finally:
        journal.close()
    assert list(told.failed()) == ["journal"]
    assert f"in use by process {os.getpid()} (python executor)" in told.text


def test_beside_a_running_trader_it_says_so_and_disturbs_nothing(
    place: Races, tmp_path: Path
) -> None:
    folder = tmp_path / "journal"
    folder.mkdir(0o700)
    profile = profile_of(place, execution={"journal": {"dir": str(folder)}})
    with live_trader(tmp_path, profile) as trader:
        trader.wait_for("select count(*) from reports where status = 'PLACED'", 1)
        told = doctor(place, tmp_path, profile=profile)
        assert told.failed() == {}, told.text
        assert "the trader at work has it: process" in told.text
        assert "a trader is at work in" in told.text
        placed = trader.rows("select count(*) from reports where status = 'PLACED'")[0][0]
        trader.wait_for("select count(*) from reports where status = 'PLACED'", placed)
        trader.kill(signal.SIGINT)
        assert trader.wait() == 130, trader.said()


# --- executors -----------------------------------------------------------------------------------


def executor_that(folder: Path, does: str) -> str:
    path = folder / "executor"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("does", "found"),
    [
        ("echo 'executor 9.0.0 (wire 2; bundles 1)'", "UNSUPPORTED_WIRE"),
        ("echo 'executor 0.0.9 (wire 1; bundles 7)'", "UNSUPPORTED_BUNDLE"),
        ("echo hello", "not the version line of an executor"),
        ("exit 7", "it ended with code 7"),
    ],
)
def test_an_executor_that_does_not_fit(place: Races, tmp_path: Path, does: str, found: str) -> None:
    told = doctor(place, tmp_path, "--offline", HOTLOOP_EXECUTOR=executor_that(tmp_path, does))
    assert list(told.failed()) == ["executor"], told.text
    assert found in told.failed()["executor"]


def test_an_executor_that_is_not_there(place: Races, tmp_path: Path) -> None:
    told = doctor(place, tmp_path, "--offline", HOTLOOP_EXECUTOR=str(tmp_path / "none"))
    assert list(told.failed()) == ["executor"]
    assert told.marks("executor, handshake") == ["skipped"]


def test_an_executor_that_says_its_version_and_does_not_start(place: Races, tmp_path: Path) -> None:
    line = subprocess.run([binary(), "--version"], capture_output=True, text=True, check=True)
    says = f'[ "$1" = --version ] && {{ echo "{line.stdout.strip()}"; exit; }}; exit 9'
    told = doctor(place, tmp_path, "--offline", HOTLOOP_EXECUTOR=executor_that(tmp_path, says))
    assert list(told.failed()) == ["executor, handshake"]
    assert "ended with code 9" in told.text


def test_a_sidecar_of_somebody_elses_keeps_its_trader(place: Races, tmp_path: Path) -> None:
    with supervised(replace(WALL, transport="uds")) as sidecar:
        token = other_file(tmp_path, "token", sidecar.token)
        profile = profile_of(
            place,
            execution={
                "supervise": "external",
                "external_socket": sidecar.listening.socket_path,
                "external_token_file": token,
            },
        )
        told = doctor(place, tmp_path, "--offline", profile=profile)
        assert told.marks("executor, handshake") == ["ok"], told.text
        bus = Bus()
        transport = transport_to(sidecar, bus, clock="wall")
        transport.start()
        try:
            told = doctor(place, tmp_path, "--offline", profile=profile)
            assert told.marks("executor, handshake") == ["warn"], told.text
            assert "has a trader already (SESSION_TAKEN); it was left alone" in told.text
            assert told.marks("executor") == ["skipped"]
            heard = transport.heartbeat
            poll_until(transport.poll, lambda: transport.heartbeat is not heard)
            assert transport.health_reason == "", "the session is the same one, and well"
        finally:
            transport.stop()


def test_a_port_that_is_taken(place: Races, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        metrics = {"metrics": {"enabled": True, "port": port}}
        told = doctor(place, tmp_path, "--offline", profile=profile_of(place, monitoring=metrics))
    assert list(told.failed()) == ["ports"]
    assert f"monitoring.metrics.port 127.0.0.1:{port}: in use" in told.text


def test_a_configuration_that_is_none_is_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "live.yaml"
    path.write_text("execution: {backend: go}")
    done = run_trader("doctor", "--profile", str(path))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "execution.backend" in done.stderr

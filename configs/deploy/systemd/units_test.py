"""The units against systemd's own tools, the release's layout and the trader's command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from tests.deploy.sandbox import settings as settings_of
from trader.apps.arguments import parse
from trader.config.loading import load

HERE: Final = Path(__file__).absolute().parent
SERVICES: Final = ("hotloop-trader.service", "hotloop-executor.service")
MAX_EXPOSURE: Final = 1.5
CURRENT: Final = "/opt/hotloop/current"
IN_THE_RELEASE: Final = {"bin/trader", "bin/executor", "docs/deploy.md"}
SYSTEM_UNITS: Final = Path("/usr/lib/systemd/system")


def settings(unit: str) -> dict[str, list[str]]:
    return settings_of(HERE / unit)


@pytest.fixture(scope="module")
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None and "TEST_WORKSPACE" not in os.environ:
        pytest.skip("systemd-analyze is not on this machine; the build root has it")
    assert found is not None, "the build root has systemd-analyze"
    return found


@pytest.mark.parametrize("unit", SERVICES)
def test_systemd_calls_its_exposure_at_most_one_and_a_half(analyze: str, unit: str) -> None:
    done = subprocess.run(
        [analyze, "security", "--offline=yes", "--no-pager", "--threshold=15", HERE / unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(rf"exposure level for {re.escape(unit)}: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout
    assert 0 < float(found[1]) <= MAX_EXPOSURE


def test_systemd_has_nothing_to_say_against_the_units(analyze: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    system = root / "etc/systemd/system"
    system.mkdir(parents=True)
    for unit in (*SERVICES, "hotloop.target"):
        shutil.copyfile(HERE / unit, system / unit)
    for program in (f"{CURRENT}/bin/trader", f"{CURRENT}/bin/executor", "/bin/kill"):
        path = root / program[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    shutil.copytree(
        SYSTEM_UNITS,
        root / "usr/lib/systemd/system",
        ignore=shutil.ignore_patterns("*.service", "*.d", "*.wants", "*@*"),
        symlinks=True,
    )
    command = [analyze, "verify", "--man=no", f"--root={root}", *SERVICES, "hotloop.target"]
    done = subprocess.run(
        [*_with_a_run_folder(), *command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def _with_a_run_folder() -> list[str]:
    """The tool wants to make `/run/systemd`, which an ordinary user, or a sandbox, may not."""
    if os.access("/run", os.W_OK):
        return []
    return ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/run"]


@pytest.mark.parametrize("unit", (*SERVICES, "hotloop.target"))
def test_what_is_named_below_current_is_in_the_release(unit: str) -> None:
    named = re.findall(rf"{CURRENT}/([\w./-]+)", (HERE / unit).read_text())
    assert named
    assert set(named) <= IN_THE_RELEASE
    assert (HERE.parents[2] / "docs/deploy.md").is_file()


def test_the_commands_are_the_traders_own() -> None:
    (start,) = settings("hotloop-trader.service")["ExecStart"]
    arguments = parse(start.split()[1:])
    assert (arguments.command, arguments.out) == ("live", "/var/lib/hotloop/live")
    (condition,) = settings("hotloop-executor.service")["ExecCondition"]
    arguments = parse(condition.split()[1:])
    assert (arguments.command, arguments.action) == ("config", "render")
    (started,) = settings("hotloop-executor.service")["ExecStart"]
    assert started.split()[1:] == ["--config", arguments.out]


def test_the_starting_profile_is_sound_sends_nothing_and_names_what_the_units_make() -> None:
    config = load(str(HERE / "live.yaml"))
    execution, session = config.execution, config.betfair.session
    assert (execution.dry_run, execution.backend, config.hotloop.backend) == (
        True,
        "python",
        "python",
    )
    executor = settings("hotloop-executor.service")
    run = f"/run/{executor['RuntimeDirectory'][0]}"
    assert {Path(execution.external_socket).parent, Path(execution.external_token_file).parent} == {
        Path(run)
    }
    for unit in SERVICES:
        assert settings(unit)["StateDirectory"] == ["hotloop"]
    assert execution.journal.dir == "/var/lib/hotloop/journal"
    secrets = (
        *(config.betfair.app_key_file, session.username_file, session.password_file),
        *(session.cert_file, session.key_file),
    )
    assert {Path(secret).parent for secret in secrets} == {Path("/etc/hotloop/secrets")}


def test_the_environment_file_names_the_profile_that_both_services_ask_for() -> None:
    lines = (HERE / "hotloop.env").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert told == {"HOTLOOP_PROFILE": "/etc/hotloop/profiles/live.yaml"}
    for unit in SERVICES:
        assert "${HOTLOOP_PROFILE}" in (HERE / unit).read_text()
        assert settings(unit)["EnvironmentFile"] == ["/etc/hotloop/hotloop.env"]


@pytest.mark.parametrize("unit", SERVICES)
def test_bad_configuration_is_not_started_again_and_a_clean_interrupt_is_no_failure(
    unit: str,
) -> None:
    told = settings(unit)
    assert told["Restart"] == ["on-failure"]
    assert told["RestartPreventExitStatus"] == ["2"]
    if unit == "hotloop-trader.service":
        assert told["SuccessExitStatus"] == ["130"]
    else:
        assert "ExecReload" not in told  # SIGHUP ends an executor


@pytest.mark.parametrize("unit", SERVICES)
def test_what_the_metrics_of_a_process_are_read_from_is_left_to_it(
    tmp_path: Path, unit: str
) -> None:
    """Without the machine's /proc/stat there is no process_start_time_seconds, by which alerts
    see that a process was started again."""
    registry = CollectorRegistry()
    ProcessCollector(proc=str(tmp_path), registry=registry)
    assert registry.get_sample_value("process_start_time_seconds") is None
    assert settings(unit).get("ProcSubset", ["all"]) == ["all"]


@pytest.mark.parametrize("unit", SERVICES)
def test_every_hardening_option_that_is_not_set_is_in_the_documents_table(
    analyze: str, unit: str
) -> None:
    done = subprocess.run(
        [analyze, "security", "--offline=yes", "--no-pager", HERE / unit],
        capture_output=True,
        text=True,
        check=True,
    )
    table = (HERE.parents[2] / "docs/deploy.md").read_text().replace("\\|", "|")
    missing = [
        name for name in re.findall(r"^✗ (\S+)", done.stdout, re.M) if f"`{name}`" not in table
    ]
    assert missing == []

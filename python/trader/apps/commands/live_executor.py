"""The executors that trade at Betfair, from the configuration: either, or one after the other."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

from trader.apps.commands.executors import rust_config
from trader.config.schema import BetfairConfig, Config
from trader.execution.executor_py.from_document import python_executor
from trader.execution.interfaces.executor import ExecutorStartError
from trader.execution.ipc import Bus
from trader.execution.rust_executor import External, RustExecutor
from trader.execution.supervisor import Listening
from trader.execution.switching import BackendName, Makers, SwitchingExecutor, SwitchPolicy
from trader.monitoring.metrics import Metrics


def document(config: Config) -> dict[str, Any]:
    """The sections of a live executor, as the sidecar's JSON has them.

    Raises `ExecutorStartError` where something needed is left empty.
    """
    execution = config.execution
    if not execution.journal.dir:
        raise ExecutorStartError(
            "execution.journal.dir is empty: the folder of the journal of orders"
        )
    scope = execution.live_scope
    return {
        "betfair": betfair_section(config.betfair),
        "journal": asdict(execution.journal) | {"dir": str(Path(execution.journal.dir).absolute())},
        "limits": asdict(execution.limits),
        "pacing": asdict(execution.pacing),
        "reconcile": asdict(execution.reconcile),
        "live_scope": {
            "market_ids": list(scope.market_ids),
            "event_types": list(scope.event_types),
        },
    }


def betfair_section(betfair: BetfairConfig) -> dict[str, Any]:
    """The venue, as the sidecar's JSON has it: what is left empty is left out.

    Raises `ExecutorStartError` where something needed is left empty.
    """
    if not betfair.app_key_file:
        raise ExecutorStartError(
            "betfair.app_key_file is empty: the file (0600) with the application key"
        )
    section = {key: value for key, value in asdict(betfair).items() if value != ""}
    session = {key: value for key, value in asdict(betfair.session).items() if value}
    if not session:
        raise ExecutorStartError(
            "betfair.session is empty: files (0600) with user name and password, and certificate"
        )
    return section | {"session": session, "stream": asdict(betfair.stream)}


def live_executor(
    config: Config,
    bus: Bus,
    metrics: Metrics,
    run_dir: Path,
    binary: Path | None = None,
    heard_seq: int = 0,
) -> SwitchingExecutor:
    """Both executors over one journal, the configured one to begin with; not started yet.
    `heard_seq`: the last report that a trader before this one has kept."""
    makers = _makers(config, bus, metrics, run_dir, binary)
    backend = cast(BackendName, config.execution.backend)
    return SwitchingExecutor(bus, makers, backend, _policy(config), metrics, heard_seq)


def begin_again(
    executor: SwitchingExecutor,
    config: Config,
    bus: Bus,
    metrics: Metrics,
    run_dir: Path,
    *,
    anew: bool,
) -> None:
    """Goes on with the executor of another configuration, `anew` also where the same one runs.
    Raises `ExecutorStartError`, and all is as it was before, if that still starts."""
    executor.reconfigure(
        _makers(config, bus, metrics, run_dir, None),
        cast(BackendName, config.execution.backend),
        _policy(config),
        anew=anew,
    )


def _makers(
    config: Config, bus: Bus, metrics: Metrics, run_dir: Path, binary: Path | None
) -> Makers:
    sections = document(config)
    rust = replace(
        rust_config(config), clock="wall", live=sections, external=external_sidecar(config)
    )
    return {
        "python": lambda heard_seq: python_executor(
            sections | {"on_stop": "leave"}, bus, heard_seq
        ),
        "rust": lambda heard_seq: RustExecutor(
            bus, rust, binary, run_dir, metrics, heard_seq=heard_seq
        ),
    }


def _policy(config: Config) -> SwitchPolicy:
    execution = config.execution
    return SwitchPolicy(
        supervise="external" if execution.supervise == "external" else "child",
        fallback="python" if execution.on_unhealthy == "fallback" else None,
        restarts=execution.restarts,
        restart_window_s=execution.restart_window_s,
    )


def external_sidecar(config: Config) -> External | None:
    """Where the sidecar is that somebody else looks after; None where it is a child's.

    Raises `ExecutorStartError` where something needed is left empty.
    """
    execution = config.execution
    if execution.supervise == "child":
        return None
    for key in ("external_socket", "external_token_file"):
        if not getattr(execution, key):
            raise ExecutorStartError(f"execution.{key} is empty: supervise is external")
    return External(
        Listening(socket_path=execution.external_socket), Path(execution.external_token_file)
    )

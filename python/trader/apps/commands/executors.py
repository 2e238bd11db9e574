"""The executor the configuration asks for; never the other one instead."""

from __future__ import annotations

from pathlib import Path

from trader.config.schema import Config
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.fallback import FallbackExecutor
from trader.execution.interfaces.executor import Executor, ExecutorStartError
from trader.execution.ipc import Bus
from trader.execution.rust_executor import RustExecutor, RustExecutorConfig
from trader.execution.supervisor import find_binary
from trader.monitoring.metrics import Metrics
from trader.session import StartError


def make_executor(config: Config, bus: Bus, metrics: Metrics, run_dir: Path) -> Executor:
    """Not started yet; `run_dir` is where the sidecar's config, token and log go.

    Raises `StartError` when the sidecar's binary is not there.
    """
    if config.execution.backend == "python":
        return PythonExecutor(bus, config.execution.limits.dry_run())
    binary = executor_binary()
    sidecar = RustExecutor(bus, rust_config(config), binary, run_dir, metrics)
    if config.execution.on_unhealthy == "pause":
        return sidecar
    limits = config.execution.limits.dry_run()
    return FallbackExecutor(sidecar, PythonExecutor(bus, limits), bus, limits, metrics)


def executor_binary() -> Path:
    """The sidecar's. Raises `StartError` when it is not there."""
    try:
        return find_binary()
    except ExecutorStartError as error:
        raise StartError(
            f"{error} (build it with ./bazelw build //rust/executor, "
            "or run with --execution python)"
        ) from None


def rust_config(config: Config) -> RustExecutorConfig:
    """What the sidecar's JSON and the connection to it are made from.

    Its clock is the wire's: time is what the recording says it is.
    """
    execution = config.execution
    return RustExecutorConfig(
        clock="wire",
        limits=config.execution.limits.dry_run(),
        transport="uds" if execution.transport == "uds" else "tcp",
        host=execution.host,
        port=execution.port,
        metrics_host=execution.metrics.host,
        metrics_port=execution.metrics.port,
        heartbeat_ms=execution.heartbeat_ms,
        heartbeat_timeout_s=execution.heartbeat_timeout_s,
        recover_s=execution.recover_s,
        trader_timeout_s=execution.trader_timeout_s,
        send_queue_max=execution.send_queue_max,
        spin_us=execution.spin_us,
        log_level=execution.log.level,
        log_format=execution.log.format,
        bundle_version=config.bundle_version,
    )

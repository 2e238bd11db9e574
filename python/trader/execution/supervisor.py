"""Owns the executor's process: writes its config and token, waits until it is ready, ends it.

The child ends with the trader, however the trader dies: the kernel sends it a signal when the
thread that started it ends (PR_SET_PDEATHSIG). In a dry run that is SIGKILL, which needs nothing of
the child. A live one gets SIGHUP: it cancels what rests at the venue, which nobody else would do,
and ends.
The price: `start` must be called on a thread that lives as long as the trader (the main thread).
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import secrets
import select
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, Final

from trader.execution.interfaces.executor import ExecutorStartError

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG: Final = 1
_LOG_TAIL_BYTES: Final = 4096
_LAST_LINE_CHARS: Final = 300
_READY_LINE_BYTES: Final = 4096
_PUMP_WAIT_S: Final = 1.0
# The log is looked at so often; over the bound its end is moved to `executor.log.1`.
_LOG_LOOK_S: Final = 1.0
_LOG_MAX_BYTES: Final = 8 << 20
# Loaded here because the child may only make calls between fork and exec, not imports.
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def find_binary(repository: Path | None = None) -> Path:
    """The executor's binary: `HOTLOOP_EXECUTOR`, else Bazel's, else cargo's.

    Raises `ExecutorStartError` that names the places looked at.
    """
    named = os.environ.get("HOTLOOP_EXECUTOR")
    if named:
        # A person's path: relative to where they typed it, also under `bazel run`.
        places = [Path(os.environ.get("BUILD_WORKING_DIRECTORY", "")) / named]
    else:
        # Not resolved: under Bazel this file is a link out of the runfiles tree.
        root = repository if repository is not None else Path(__file__).parents[3]
        target = root / "rust" / "target"
        places = [root / "rust" / "executor" / "executor"]
        places += [target / kind / "executor" for kind in ("release", "debug")]
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return place.absolute()
    looked = ", ".join(str(place) for place in places)
    raise ExecutorStartError(f"no executor binary: looked at {looked}")


@dataclass(frozen=True, slots=True)
class Listening:
    """Where an executor takes connections: a port, or a socket in the file system."""

    host: str = ""
    port: int = 0
    socket_path: str = ""

    @classmethod
    def read(cls, text: object) -> Listening:
        """From the ready line: `127.0.0.1:4100`, `[::1]:4100`, `unix:/path`. Or `ValueError`."""
        if str(text).startswith("unix:/"):
            return cls(socket_path=str(text).removeprefix("unix:"))
        return cls(*_address(text))


class Supervisor:
    """One child process in `run_dir`: `executor.json`, `executor.token`, `executor.log`.

    The log is bounded: its end moves to `executor.log.1` when it has grown too long.
    """

    def __init__(self, binary: Path, run_dir: Path) -> None:
        self._binary = binary
        self._run_dir = run_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._pump: threading.Thread | None = None
        self.log_path = run_dir / "executor.log"
        self.token = ""
        self.listening = Listening()
        self.metrics: tuple[str, int] = ("", 0)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self, config: Mapping[str, Any], ready_timeout_s: float) -> None:
        """Starts the child and waits for its ready line.

        `config` is the executor's JSON without `listen.token_file`, which is added here. Raises
        `ExecutorStartError` when it cannot be started, ends, or is not ready in time; the child is
        gone then.
        """
        try:
            config_path = self._write_files(config)
            # A live one has orders to cancel first; it ends by itself then.
            is_live = config.get("mode") == "live"
            ready = self._spawn(config_path, signal.SIGHUP if is_live else signal.SIGKILL)
        except OSError as error:
            raise ExecutorStartError(f"cannot start {self._binary}: {error}") from None
        try:
            self._await_ready(ready, ready_timeout_s)
        except BaseException:
            # Also when the person at the desk does not want to wait.
            self.stop(grace_s=0.0)
            raise

    def gone(self) -> str | None:
        """Why the process has ended; None while it runs. Any thread may ask."""
        if self._process is None or self._process.poll() is not None:
            return self._why_ended()
        return None

    def stop(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL when it still runs after `grace_s`. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(grace_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._pump is not None and process.stdout is not None:
            # Somebody the child started may hold its output open: that is not waited for.
            self._pump.join(_PUMP_WAIT_S)
            if not self._pump.is_alive():
                process.stdout.close()

    def _await_ready(self, ready: SimpleQueue[str | None], timeout_s: float) -> None:
        """Takes the addresses from the ready line. Raises `ExecutorStartError`."""
        try:
            line = ready.get(timeout=timeout_s)
        except Empty:
            raise ExecutorStartError(
                f"executor was not ready within {timeout_s:g} s; see {self.log_path}"
            ) from None
        if line is None:
            raise ExecutorStartError(self._why_ended())
        try:
            told = json.loads(line)
            self.listening = Listening.read(told["listening"])
            self.metrics = _address(told["metrics"])
        except (ValueError, KeyError, TypeError, RecursionError):
            shown = line[:_LAST_LINE_CHARS]
            raise ExecutorStartError(f"executor's ready line cannot be read: {shown!r}") from None

    def _write_files(self, config: Mapping[str, Any]) -> Path:
        self._run_dir.mkdir(parents=True, exist_ok=True)
        self.token = secrets.token_hex(32)
        token_path = self._run_dir / "executor.token"
        config_path = self._run_dir / "executor.json"
        _write_private(token_path, self.token)
        full = {**config, "listen": {**config["listen"], "token_file": str(token_path.absolute())}}
        _write_private(config_path, json.dumps(full, indent=2, sort_keys=True) + "\n")
        return config_path

    def _spawn(self, config_path: Path, when_orphaned: signal.Signals) -> SimpleQueue[str | None]:
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "--config", config_path.absolute()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                cwd=self._run_dir,
                # Ctrl-C at the terminal is for the trader, which then stops the executor in order.
                process_group=0,
                preexec_fn=_Leash(os.getpid(), when_orphaned),  # noqa: PLW1509  (system calls only)
            )
        assert self._process.stdout is not None
        ready: SimpleQueue[str | None] = SimpleQueue()
        self._pump = threading.Thread(
            target=_pump,
            args=(self._process.stdout, self.log_path, ready),
            name="executor-stdout",
            daemon=True,
        )
        self._pump.start()
        return ready

    def _why_ended(self) -> str:
        process = self._process
        if process is None:
            return "executor is stopped"
        try:
            code = process.wait(1.0)
        except subprocess.TimeoutExpired:
            return f"executor closed its output before it was ready; see {self.log_path}"
        how = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with code {code}"
        last = self._last_log_line()
        return f"executor {how}; see {self.log_path}" + (f" ({last})" if last else "")

    def _last_log_line(self) -> str:
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(log.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES, 0))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return lines[-1][-_LAST_LINE_CHARS:] if lines else ""


class _Leash:
    """Runs in the child between fork and exec; only system calls, all prepared beforehand."""

    def __init__(self, parent_pid: int, when_orphaned: signal.Signals) -> None:
        self._parent_pid = parent_pid
        self._when_orphaned = when_orphaned
        self._prctl = _LIBC.prctl

    def __call__(self) -> None:
        if self._prctl(_PR_SET_PDEATHSIG, self._when_orphaned, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        # The trader may have died before the call: then nothing would end this process.
        if os.getppid() != self._parent_pid:
            os._exit(1)


def _pump(stdout: IO[bytes], log_path: Path, ready: SimpleQueue[str | None]) -> None:
    """Gives the first line (None at the end of the output), puts what follows into the log.

    Were the rest not read, a child that writes more than it should would block for ever. Until the
    output ends it also keeps the log within its bound.
    """
    first = stdout.readline(_READY_LINE_BYTES)
    whole = first.endswith(b"\n") or len(first) == _READY_LINE_BYTES
    ready.put(first.decode(errors="replace") if whole else None)
    poll = select.poll()
    poll.register(stdout, select.POLLIN)
    with log_path.open("a+b", buffering=0) as log:
        while True:
            _bound_log(log, log_path)
            if poll.poll(_LOG_LOOK_S * 1_000):
                data = stdout.read(_LOG_TAIL_BYTES)
                if not data:
                    return
                log.write(data)


def _bound_log(log: FileIO, path: Path) -> None:
    """Moves the end of a log that has grown too long aside and empties it.

    The file stays the same one because the child goes on writing to it (appending). A pipe instead
    would make the child wait whenever this process does, just when it should act on its own. What
    is written between reading and emptying is lost.
    """
    if log.seek(0, os.SEEK_END) <= _LOG_MAX_BYTES:
        return
    log.seek(-_LOG_MAX_BYTES, os.SEEK_END)
    try:
        path.with_name(f"{path.name}.1").write_bytes(log.read(_LOG_MAX_BYTES))
    except OSError as error:
        logger.warning("the end of %s is not kept: %s", path, error)
    log.truncate(0)


def _write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, also when it was there with another mode."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(text)


def _address(text: object) -> tuple[str, int]:
    """Host and port of `127.0.0.1:4100` or `[::1]:4100`. Raises `ValueError` for anything else."""
    host, _, port = str(text).rpartition(":")
    if not host or not 0 < int(port) < 1 << 16:
        raise ValueError(f"{text!r} is not an address")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

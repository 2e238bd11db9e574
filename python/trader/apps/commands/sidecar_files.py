"""What a sidecar that somebody else looks after (systemd, say) is started with: JSON and token."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from trader.apps.commands.executors import rust_config
from trader.apps.commands.live_executor import document, external_sidecar
from trader.config.schema import Config
from trader.execution.executor_py.secret_file import read_secret
from trader.simulator.output import OutputError, replace_file

TOKEN_FILE: Final = "executor.token"


def why_none(config: Config) -> str:
    """Why this configuration needs no sidecar of somebody else; empty where it does."""
    execution = config.execution
    if execution.dry_run:
        return "execution.dry_run is true: whatever the trader needs it starts itself"
    if execution.backend != "rust":
        return f"execution.backend is {execution.backend}: there is no sidecar"
    if execution.supervise != "external":
        return "execution.supervise is child: the trader starts the sidecar itself"
    return ""


def rendered(config: Config) -> dict[str, Any]:
    """The sidecar's whole JSON. One that the trader starts has its token made by it, in the run's
    folder; one of somebody else listens where `execution.external_socket` says, and cancels what
    rests when it is stopped: nobody is there to go on with it.

    Raises `ExecutorStartError` where something needed is left empty.
    """
    settings = rust_config(config)
    external = None if why_none(config) else external_sidecar(config)
    if external is not None or config.betfair.app_key_file:
        settings = replace(settings, clock="wall", live=document(config))
    told = settings.render(Path())
    if external is None:
        told["listen"]["token_file"] = TOKEN_FILE
        return told
    listen = {key: value for key, value in told["listen"].items() if key not in ("host", "port")}
    return told | {
        "listen": listen
        | {
            "transport": "uds",
            "socket": external.listening.socket_path,
            "token_file": str(external.token_file),
        },
        "on_stop": "cancel",
    }


def write(told: Mapping[str, Any], out: Path) -> None:
    """Puts the JSON of a sidecar of somebody else at `out`, and a token where it names one; both
    have mode 0600. A token that is there is kept, so that a running trader finds a sidecar that
    was started again.

    Raises `ExecutorStartError` for a token that others may read, `OutputError`.
    """
    token_file = Path(told["listen"]["token_file"])
    try:
        if not token_file.exists():
            _put_private(token_file, secrets.token_hex(32))
        _put_private(out, json.dumps(told, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise OutputError(f"{error.filename}: cannot be written: {error.strerror}") from None
    read_secret(token_file)


def _put_private(path: Path, text: str) -> None:
    """Whole or not at all: a process that was killed leaves no half of it."""
    staged = path.with_name(f".{path.name}.new")
    staged.unlink(missing_ok=True)
    os.close(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    replace_file(path, text.encode(), staged=staged)

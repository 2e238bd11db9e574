"""Secrets, each in a file that nobody but its owner may read."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from trader.execution.interfaces.executor import ExecutorStartError

SECRET_BYTES_MAX: Final = 1_024


def read_secret(path: str | Path) -> str:
    """The secret in a file that nobody but its owner may read. Raises `ExecutorStartError`, which
    never quotes it."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            mode = stat.S_IMODE(Path(path).stat().st_mode)
            if mode & 0o177:
                raise ExecutorStartError(f"{path} has mode {mode:04o}; it must be 0600")
            text = file.read(SECRET_BYTES_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ExecutorStartError(f"{path} cannot be read: {error}") from None
    if not text.strip() or len(text) > SECRET_BYTES_MAX:
        raise ExecutorStartError(f"{path} is empty, or longer than {SECRET_BYTES_MAX} bytes")
    return text.strip()

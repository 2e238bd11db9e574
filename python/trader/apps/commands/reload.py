"""`trader reload --profile P`: asks the live trader that runs to read its configuration anew."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

from trader.apps.arguments import user_path
from trader.apps.commands.common import live_folder, profile_of
from trader.apps.interrupt import Interrupt
from trader.live.folder import holder
from trader.simulator.output import RELOAD

TAKEN: Final = 0
REFUSED: Final = 1
NOT_RUNNING: Final = 3
INTERRUPTED: Final = 130
_LOOK_S: Final = 0.05


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Exit code 0 taken, 1 refused or not answered in time, 3 where no trader runs."""
    shown = live_folder(arguments.out, profile_of(arguments.profile) or "")
    folder = user_path(shown)
    pid = holder(folder)
    if pid is None:
        return _fail(f"no live trader runs in {shown} (its --out, or its --profile)", NOT_RUNNING)
    asked_ns = time.monotonic_ns()
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError as error:  # it has ended meanwhile, or is another user's
        why = error.strerror or "cannot be asked"
        return _fail(f"the live trader of {shown} (process {pid}): {why.lower()}", NOT_RUNNING)
    until_s = time.monotonic() + arguments.timeout
    while time.monotonic() < until_s and not interrupt.requested():
        answer = _answer(folder / RELOAD, pid, asked_ns)
        if answer is not None:
            return _tell(answer)
        if holder(folder) != pid:
            return _fail(f"the live trader of {shown} has ended without an answer", NOT_RUNNING)
        time.sleep(_LOOK_S)
    told = f"no answer yet: it was asked, and answers in {shown}/{RELOAD} when it can"
    return _fail(told, INTERRUPTED if interrupt.requested() else REFUSED)


def _answer(path: Path, pid: int, asked_ns: int) -> dict[str, Any] | None:
    """What that trader says of a configuration that it began to read after we asked."""
    try:
        answer = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    is_ours = (
        isinstance(answer, dict)
        and answer.get("pid") == pid
        and answer.get("began_monotonic_ns", 0) >= asked_ns
    )
    return answer if is_ours else None


def _tell(answer: dict[str, Any]) -> int:
    if answer["outcome"] != "taken":
        return _fail(f"refused, all is as it was: {answer['error']}", REFUSED)
    keys = answer["changed"]
    shadow = f" ({answer['shadow']} in its shadow)" if answer["shadow"] else ""
    print(f"taken: {', '.join(keys) if keys else 'nothing has changed'}")
    print(
        f"hotloop {answer['hotloop']}{shadow}, execution {answer['execution']}; "
        f"reload {answer['number']} of this run, {answer['took_ms']} ms"
    )
    return TAKEN


def _fail(said: str, code: int) -> int:
    print(f"trader: {said}", file=sys.stderr)
    return code

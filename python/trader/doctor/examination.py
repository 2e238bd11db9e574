"""Goes through the list, one check after the other, each with a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from trader.doctor.findings import Finding, fail, failed, skipped
from trader.doctor.subject import Subject

Run = Callable[[Subject], list[Finding]]
Tell = Callable[[Finding], None]
LIMIT_S: Final = 20.0
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Check:
    """`needs`: checks that must have been made before it and not have failed; `network`: whether it
    waits for the venue, which is said meanwhile and left out offline."""

    name: str
    run: Run
    needs: tuple[str, ...] = ()
    network: bool = False
    limit_s: float = LIMIT_S


def examine(
    checks: Iterable[Check],
    subject: Subject,
    *,
    offline: bool,
    tell: Tell,
    waiting: Callable[[str], None],
    stop: Callable[[], bool] = lambda: False,
) -> list[Finding]:
    """Every finding in order; each is told as soon as it is there, and `waiting` before a check of
    the network. `stop` ends it at any time: raises `KeyboardInterrupt`."""
    found: list[Finding] = []
    unmade: dict[str, str] = {}
    for check in checks:
        if stop():
            raise KeyboardInterrupt
        unmet = next((name for name in check.needs if name in unmade), None)
        if offline and check.network:
            findings = [skipped(check.name, "--offline")]
            unmade[check.name] = "was left out"
        elif unmet is not None:
            findings = [skipped(check.name, f"needs {unmet}, which {unmade[unmet]}")]
            unmade[check.name] = "was skipped"
        else:
            if check.network:
                waiting(check.name)
            findings = limited(check, subject, stop)
            if failed(findings):
                unmade[check.name] = "failed"
        for finding in findings:
            found.append(finding)
            tell(finding)
    return found


def limited(
    check: Check, subject: Subject, stop: Callable[[], bool] = lambda: False
) -> list[Finding]:
    """What a check finds; that it failed where it takes too long or raises. `stop` ends the wait.

    It runs on a thread of its own, which is left behind when it does not come back.
    """
    found: list[Finding] = []

    def run() -> None:
        try:
            found.extend(check.run(subject))
        except Exception as error:
            why = " ".join(str(error).split())[:200]
            found.append(
                fail(
                    check.name,
                    f"the check itself ended in {type(error).__name__}: {why}",
                    "this is a defect of the trader: please report it",
                )
            )

    thread = threading.Thread(target=run, name=f"doctor {check.name}", daemon=True)
    thread.start()
    until_s = time.monotonic() + check.limit_s
    while thread.is_alive() and (left_s := until_s - time.monotonic()) > 0:
        thread.join(min(left_s, _LOOK_S))
        if stop():
            raise KeyboardInterrupt
    if thread.is_alive():
        late = f"no answer within {check.limit_s:g} s"
        return [fail(check.name, late, "see what it waits for: network, disk, or the process")]
    return list(found)

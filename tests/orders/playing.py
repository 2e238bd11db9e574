"""Scripts of `rust/orders` played by the Python machine."""

from __future__ import annotations

from typing import Any

from trader.execution.orders.script import Player


def differing(script: dict[str, Any]) -> str | None:
    """Where the Python machine does something else than the script says; None: nowhere."""
    player = Player(script["config"])
    for number, step in enumerate(script["steps"]):
        got = player.play(step["act"])
        if got == step:
            continue
        for part in ("effects", "wake_ms", "snapshot"):
            wanted, found = step.get(part), got.get(part)
            if wanted != found:
                return f"{script['about']}, step {number}, {part}: {found} for {wanted}"
    return None

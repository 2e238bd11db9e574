"""The scripts take every line and branch of the machine but those named here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Final

BOUNDS: Final = {
    "book.py": {
        "if len(self.ended) > ENDED_MAX:",
        "_, oldest = self.ended.popitem(last=False)",
        "if oldest.bet is not None:",
        "self.bets.pop(oldest.bet.bet_id, None)",
    },
    "claims.py": {"if len(core.unclaimed) >= UNCLAIMED_MAX:", "del core.unclaimed[0]"},
    "core.py": {
        "for _ in range(len(self._known) - MAX_MARKETS):",
        "market_id = next(iter(self._known))",
        "known = self._known.pop(market_id)",
        "if market_id in needed:",
        "self._known[market_id] = known",
    },
    "pacing.py": {
        "if len(self._markets) > _MARKETS_MAX:",
        "for bucket in self._markets.values():",
        "bucket.fill(config.market_per_second, now_ms)",
        "self._markets = {name: one for name, one in self._markets.items() if one.tokens < full}",
    },
}
"""Bounds of thousands of things: `bounds_test.py` reaches them."""

NEVER: Final = {
    "answers.py": {
        "return",
        "if order is not None:",
        "elif kind is Kind.CANCEL:",
        "if flight is None:",
        "case Lost():",
    },
    "batching.py": {"return None", "if order is None:"},
    "book.py": {
        "return",
        "case records.Ending() if (order := self.order(record.name)) is not None:",
        "if order is not None:",
        "if target is not None:",
        "if order is None:",
        "if cancel is not None:",
        "if report.status.is_terminal:",
        "if ended is not None:",
        "elif name in self.cancels:",
    },
    "dispatch.py": {"elif isinstance(order.stage, Live):"},
    "machine.py": {"case events.LoggedIn():"},
    "sending.py": {
        "return",
        "return None",
        "if instructions is not None:",
        "elif cancel is not None:",
        "if order is None or bet_id is None:",
    },
    "settle.py": {"return", "if ended is None or ended.bet is None:", "case None:"},
}
"""The other side of a question that is asked for the types' sake, or of names that a record cannot
have: it speaks of orders that records before it have opened."""


ELSEWHERE: Final = {
    "funds.py": {
        "if tolerance_centi is None:",
        "core.funds_look = None  # nobody looks by now: the last one must not grow old",
        "return",
    },
}
"""No script's configuration leaves the account's funds alone: `execution/orders/funds_test.py` and
`rust/orders/tests/account.rs` take it."""


def not_taken() -> dict[str, set[str]]:
    """The texts of lines that no script took, and of those that none left in one of their ways."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.orders.cover_scripts"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {name: set(parts["lines"] + parts["branches"]) for name, parts in found.items()}


def test_the_scripts_take_every_branch_of_the_machine() -> None:
    found = not_taken()
    assert len(found) > 15, f"the machine has more modules than {sorted(found)}"
    for name, texts in found.items():
        named = {*BOUNDS.get(name, ()), *NEVER.get(name, ()), *ELSEWHERE.get(name, ())}
        assert texts == named, f"{name}: not taken and not named, or the other way round"

"""The class `Hotloop`: that the installed one is there, of the right version, and answers alike."""

from __future__ import annotations

import itertools
from typing import Final

from trader.doctor.findings import Finding, fail, ok, skipped
from trader.doctor.subject import Subject
from trader.simulator.feed_lines import stream_lines
from trader.simulator.feeds import GeneratedFeed
from trader.simulator.generator import RaceShape
from trader.strategy.hotloop.api import Hotloop, UnsupportedHotloopError
from trader.strategy.hotloop.comparison import Comparison, Difference
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import METHODS

LOADS: Final = "Hotloop"
ALIKE: Final = "Hotloop, parity"
PARITY_LINES: Final = 300
PARITY_SEED: Final = 7
_SHAPE: Final = RaceShape(
    runners=5, pre_off_s=60.0, in_play_s=20.0, messages_per_s=4.0, non_runner=True, bsp=True
)
_INSTALL: Final = "install the wheel of this release, or set hotloop.rust: false"


def loads(subject: Subject) -> list[Finding]:
    """The configured backend, its API and what it can do."""
    config = subject.config.hotloop
    is_rust = config.backend == "rust"
    try:
        book = Hotloop(config.seam_config(), rust=is_rust)
    except UnsupportedHotloopError as error:
        return [fail(LOADS, str(error), f"{_INSTALL}; docs/upgrade.md")]
    except ImportError as error:
        return [fail(LOADS, str(error), _INSTALL)]
    except HotloopError as error:
        return [fail(LOADS, f"the hotloop block is refused: {error}", "see docs/signals.md")]
    can = book.capabilities()
    lacking = [method for method in METHODS if can.get(method) is not True]
    if lacking:
        return [fail(LOADS, f"does not compute: {', '.join(lacking)}", _INSTALL)]
    what = f"{book.backend}, API {can['api_version']}, {len(METHODS)} of {len(METHODS)} methods"
    return [ok(LOADS, what)]


def alike(subject: Subject) -> list[Finding]:
    """Both backends over the beginning of a generated race, every answer compared."""
    block = subject.config.hotloop.seam_config()
    try:
        rust = Hotloop(block, rust=True)
    except ImportError as error:
        return [skipped(ALIKE, f"Python is asked for, and of Rust: {error}")]
    comparison = Comparison(rust, Hotloop(block, rust=False))
    events = GeneratedFeed(PARITY_SEED, shape=_SHAPE).events()
    count = 0
    try:
        for line in itertools.islice(stream_lines(events), PARITY_LINES):
            comparison.apply(line)
            count += 1
    except Difference as difference:
        what = "; ".join(part.strip() for part in str(difference).splitlines())
        return [
            fail(
                ALIKE,
                f"line {count + 1} of a generated race: {what[:300]}",
                f"do not trade with the Rust one: {_INSTALL}; `trader parity` tells more",
            )
        ]
    return [ok(ALIKE, f"{comparison.values:,} answers over {count} generated lines are equal")]

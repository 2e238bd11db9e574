"""Resident size of a market, and whether it grows as messages keep coming.

Markets of 15 runners, each with a full image of 40 prices a side and 100 traded ones: more than
most races show. What the process holds is read from the kernel, so that nothing is left out: not
the allocator's own, nor what Python objects the module keeps.
"""

import json
import os
from pathlib import Path
from typing import Any

from hotloop import Hotloop

RUNNERS, LEVELS, TRADED = 15, 40, 100

STEPS = (
    *((1.01, 2.0, 0.01), (2.0, 3.0, 0.02), (3.0, 4.0, 0.05), (4.0, 6.0, 0.1), (6.0, 10.0, 0.2)),
    *((10.0, 20.0, 0.5), (20.0, 30.0, 1.0), (30.0, 50.0, 2.0), (50.0, 100.0, 5.0)),
)
"""(from, to, step) of the venue's prices, as far as needed here."""


def ladder() -> list[float]:
    prices = []
    for begin, end, step in STEPS:
        prices += [round(begin + number * step, 2) for number in range(round((end - begin) / step))]
    return prices


def image(number: int, prices: list[float]) -> bytes:
    """One market as its first message gives it, the same for the same number."""

    def rows(chosen: list[float], seed: int) -> list[list[float]]:
        return [
            [price, round(2 + (seed + at * 37) % 5_000 / 7, 2)] for at, price in enumerate(chosen)
        ]

    changes, runners = [], []
    for index in range(RUNNERS):
        runner, middle = 1_000 + index, 60 + (index * 13 + number) % (len(prices) - 120)
        runners.append({"id": runner, "status": "ACTIVE", "sortPriority": index + 1})
        changes.append(
            {
                "id": runner,
                "atb": rows(prices[middle - LEVELS : middle], number + index),
                "atl": rows(prices[middle : middle + LEVELS], number + index + 1),
                "trd": rows(
                    prices[middle - TRADED // 2 : middle + TRADED // 2], number + index + 2
                ),
                "ltp": prices[middle],
            }
        )
    definition = {"status": "OPEN", "bettingType": "ODDS", "inPlay": False, "runners": runners}
    market: dict[str, Any] = {"id": f"1.{number + 100_000_000}", "img": True, "rc": changes}
    market["marketDefinition"] = definition
    message = {"op": "mcm", "pt": 1_700_000_000_000 + number, "mc": [market]}
    return json.dumps(message, separators=(",", ":")).encode()


def resident_kb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000


def held(markets: int, warm: int) -> dict[str, Any]:
    """Grown by `markets` after `warm` others, which pay for what is there once."""
    book, prices = Hotloop(), ladder()
    image_bytes = 0
    for number in range(warm):
        book.apply_delta(image(number, prices), 0)
    before = resident_kb()
    for number in range(warm, warm + markets):
        line = image(number, prices)
        image_bytes += len(line)
        book.apply_delta(line, 0)
    grown = resident_kb() - before
    assert len(book.markets()) == warm + markets
    return {"markets": markets, "market_kb": grown / markets, "image_bytes": image_bytes // markets}


def growth_kb(lines: list[bytes], messages: int) -> float:
    """From the end of the first tenth to the end: one market whose book is always replaced."""
    book, applied, before = Hotloop(), 0, 0.0
    while applied < messages:
        for line in lines:
            book.apply_delta(line, 0)
        applied += len(lines)
        if not before and applied >= messages // 10:
            before = resident_kb()
    return resident_kb() - before


def measure(lines: list[bytes], options: dict[str, Any]) -> dict[str, Any]:
    answer = held(options["markets"], options["warm_markets"])
    return {
        **answer,
        "shape": f"{RUNNERS}, {LEVELS}, {TRADED}",
        "messages": options["messages"],
        "growth_kb": growth_kb(lines, options["messages"]),
    }

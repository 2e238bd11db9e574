"""What an argument may be: each takes the text and gives the value, or raises `ArgumentTypeError`,
of which argparse makes one line with the argument's name."""

from __future__ import annotations

import argparse
from typing import Final

WORKERS_MAX: Final = 256


def seed(text: str) -> int:
    """Which race: a whole number below 2^63."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number below 2^63")
    return int(text)


def count(text: str) -> int:
    """How many: from 1 to 5000."""
    if not text.isdecimal() or not 1 <= int(text) <= 5_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 5000")
    return int(text)


def workers(text: str) -> int:
    """From 1 to `WORKERS_MAX`."""
    if not text.isdecimal() or not 1 <= int(text) <= WORKERS_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to {WORKERS_MAX}")
    return int(text)


def milliseconds(text: str) -> int:
    """From 1 ms to an hour."""
    if not text.isdecimal() or not 1 <= int(text) <= 3_600_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 3600000")
    return int(text)


def port(text: str) -> int:
    """From 0 (any) to 65535."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port from 0 to 65535")
    return int(text)


def pace(text: str) -> float:
    """As `speed`, but not as fast as it goes."""
    per_second = speed(text)
    if not per_second:
        raise argparse.ArgumentTypeError("an exchange has no 'max': its clients need time")
    return per_second


def speed(text: str) -> float:
    """Market seconds per second; 0.0 for `max`."""
    if text == "max":
        return 0.0
    try:
        per_second = float(text)
    except ValueError:
        per_second = -1.0
    if not 0.01 <= per_second <= 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not 'max' or a number from 0.01 to 1000000")
    return per_second


def seconds(text: str) -> float:
    """From 0.1 to 3600."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.1 <= value <= 3_600.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds from 0.1 to 3600")
    return value

"""A trader as a process of its own, to be killed: `python -m tests.faults.trader_program SOCKET
DIARY SEED`."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from tests.faults.kills_test import busy
from tests.faults.trader import Trader

SECONDS = 60.0


def main() -> None:
    socket, diary, seed = sys.argv[1:]
    trader = Trader(socket, Path(diary))
    trader.connect()
    busy(trader, random.Random(seed), SECONDS)


if __name__ == "__main__":
    main()

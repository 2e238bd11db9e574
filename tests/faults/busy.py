"""What the traders of the fault tests do."""

from __future__ import annotations

import os
import random
import time

from tests.faults.trader import Trader
from trader.execution.interfaces.intents import Side

KILLS = int(os.environ.get("HOTLOOP_KILLS", "50"))
SEED = int(os.environ.get("HOTLOOP_SEED", "1"))


def busy(trading: Trader, rng: random.Random, seconds: float) -> None:
    """A trader that places, moves and cancels for so long."""
    until_ms = trading.now_ms + seconds * 1_000
    while trading.now_ms < until_ms:
        trading.poll()
        time.sleep(rng.uniform(0.0, 0.004))
        open_orders = trading.open_orders()
        action = rng.random()
        if len(open_orders) < 20 and (action < 0.5 or not open_orders):
            back = rng.random() < 0.5
            trading.place(
                side=Side.BACK if back else Side.LAY,
                # Some meet what is offered and are matched, in part or whole.
                price_centi=rng.choice([330, 340, 298] if back else [200, 210, 310]),
                selection_id=rng.choice([101, 102, 103]),
                size_centi=rng.choice([200, 500]),
            )
        elif open_orders and action < 0.75:
            name = rng.choice(open_orders)
            at = trading.intents[name].price_centi
            trading.move(name, at + rng.choice([10, 20]))
        elif open_orders:
            trading.cancel(rng.choice(open_orders))


def one_of_each(trading: Trader) -> None:
    """Placed, matched in part, moved, cancelled, ended by the desk."""
    trading.place()
    trading.place(side=Side.BACK, price_centi=298, size_centi=900, selection_id=102)
    trading.place(side=Side.LAY, price_centi=200)
    settle = trading.settled
    trading.wait(lambda: settle("i1") and settle("i2") and settle("i3"))
    trading.move("i1", 340)
    trading.wait(lambda: settle("m4"))
    trading.cancel("i3")
    trading.wait(lambda: settle("c5"))

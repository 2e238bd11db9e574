"""The arguments of the seam's methods, checked: a bad one raises `HotloopError` with its name.

What only cannot be found (a handicap no runner has) is None, as getters never raise for that.
"""

from __future__ import annotations

import math
from typing import Final

from trader.betfair.books import RestedSide, TakenSide
from trader.betfair.messages import RunnerKey
from trader.betfair.normalize import PRICE_CENTI_MAX, SIZE_CENTI_MAX, round_centi
from trader.strategy.hotloop.errors import HotloopError, hotloop_error

ORDER_ID_LENGTH_MAX: Final = 64

_SIDES: Final[dict[str, TakenSide]] = {"BACK": "BACK", "LAY": "LAY"}


def refused(field: str, why: str) -> HotloopError:
    """The error of a bad argument."""
    return hotloop_error(f"{field}: {why}", field=field)


def taken_side(side: str) -> TakenSide:
    """BACK or LAY, whichever way the method means it."""
    known = _SIDES.get(side)
    if known is None:
        raise refused("side", f'"BACK" or "LAY", not {side!r}')
    return known


def rested_side(side: str) -> RestedSide:
    """The same check, of the side on which an order rests."""
    return taken_side(side)


def runner_key(r: int, handicap: float) -> RunnerKey | None:
    """The runner's key, None for a handicap that no runner can have."""
    if not abs(handicap) <= SIZE_CENTI_MAX:  # also where it is not a number
        return None
    return r, round_centi(handicap)


def finite_key(r: int, handicap: float) -> RunnerKey:
    """The key of a runner that may become known later."""
    key = runner_key(r, handicap)
    if key is None:
        raise refused("handicap", f"{handicap} is not a handicap")
    return key


def price_or_none(price: float) -> int | None:
    """A price in hundredths, None where there can be no such price."""
    return round_centi(price) if 0 <= price <= PRICE_CENTI_MAX / 100 else None


def price_centi(price: float) -> int:
    """A finite price of 0 to `PRICE_CENTI_MAX` hundredths."""
    return _centi("price", price, PRICE_CENTI_MAX)


def size_centi(field: str, size: float) -> int:
    """A finite size of 0 to `SIZE_CENTI_MAX` hundredths."""
    return _centi(field, size, SIZE_CENTI_MAX)


def _centi(field: str, value: float, largest: int) -> int:
    if not math.isfinite(value) or value < 0:
        raise refused(field, f"{value} is not a finite number of 0 or more")
    # A value far beyond the largest would overflow when it is scaled.
    centi = round_centi(value) if value <= largest else largest + 1
    if centi > largest:
        raise refused(field, f"{value} is above {largest / 100}")
    return centi


def order_id_to_track(order_id: str) -> str:
    """An id of 1 to `ORDER_ID_LENGTH_MAX` characters."""
    if not 1 <= len(order_id) <= ORDER_ID_LENGTH_MAX:
        raise refused("order_id", f"has {len(order_id)} characters, not 1 to {ORDER_ID_LENGTH_MAX}")
    return order_id


def horizon(horizon_ms: int) -> int:
    """A horizon of 0 ms or more."""
    if horizon_ms < 0:
        raise refused("horizon_ms", f"{horizon_ms} is negative")
    return horizon_ms

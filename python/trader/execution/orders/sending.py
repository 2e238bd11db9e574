"""How a request is made, noted and sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trader.execution.orders import record as records
from trader.execution.orders.core import Core
from trader.execution.orders.kinds import Kind
from trader.execution.orders.request import (
    Cancel,
    Instruction,
    LookUp,
    Place,
    Replace,
    Request,
    Send,
)

_LOOKS_FROM: Final = 1 << 48
"""Look-ups are numbered apart: their numbers need not outlive the process."""


def send_new(core: Core, kind: Kind, names: Sequence[str]) -> None:
    instructions = instructions_of(core, kind, names)
    if instructions is not None:
        send(core, core.book.next_request, kind, names, instructions)


def send(
    core: Core, number: int, kind: Kind, names: Sequence[str], instructions: list[Instruction]
) -> None:
    """A request leaves, for the first time or again."""
    order, cancel = core.book.order(names[0]), core.book.cancels.get(names[0])
    if order is not None:
        market_id = order.intent.market_id
    elif cancel is not None:
        market_id = cancel.intent.market_id
    else:
        return
    # Before a byte of it leaves, it is known to have left.
    core.note(records.Sent(number, kind, list(names), core.now_ms))
    reference = reference_of(core, number)
    core.effects.append(Send(Request(number, kind, reference, market_id, instructions)))


def instructions_of(core: Core, kind: Kind, names: Sequence[str]) -> list[Instruction] | None:
    """The parts of a request; None where one of them cannot be made."""
    made = [_instruction_of(core, kind, name) for name in names]
    known = [instruction for instruction in made if instruction is not None]
    return known if len(known) == len(made) else None


def _instruction_of(core: Core, kind: Kind, name: str) -> Instruction | None:
    order = core.book.order(name)
    if kind is Kind.PLACE:
        return None if order is None else Place(order.intent)
    if kind is Kind.REPLACE:
        bet_id = None if order is None else _bet_of(core, order.intent.target_intent_id)
        if order is None or bet_id is None:
            return None
        return Replace(bet_id, order.intent.price_centi)
    cancel = core.book.cancels.get(name)
    if cancel is not None:
        bet_id = _bet_of(core, cancel.intent.target_intent_id)
        return None if bet_id is None else Cancel(bet_id, cancel.intent.size_centi)
    bet_id = _bet_of(core, name)
    return None if bet_id is None else Cancel(bet_id, None)


def _bet_of(core: Core, name: str | None) -> str | None:
    order = core.book.order(name)
    return None if order is None else order.bet_id


def look_up_of(core: Core, name: str) -> list[Instruction]:
    """How an order is looked for."""
    order = core.book.order(name)
    return [] if order is None else [LookUp(order.venue_ref, order.bet_id)]


def reference_of(core: Core, number: int) -> str:
    """Unlike every other, whichever process made it; the same for the same request."""
    return f"h{core.book.epoch_of(number):x}-{number:x}"


def look_number(core: Core) -> int:
    core.next_look += 1
    return _LOOKS_FROM + core.next_look

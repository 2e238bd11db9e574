"""For tests: hypothesis strategies of what a trader may say to an executor, with time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st

from trader.execution.executor_py.machine import MachineInput
from trader.execution.interfaces.executor import Executor
from trader.execution.interfaces.intents import (
    Action,
    Persistence,
    QuoteIntent,
    Side,
    TimeInForce,
)
from trader.execution.interfaces.messages import (
    Control,
    ControlAction,
    DryFill,
    Ladder,
    MarketState,
    MarketStatus,
    RunnerState,
    RunnerStatus,
)
from trader.execution.transport import Transport


@dataclass(frozen=True, slots=True)
class Advance:
    """Time comes to `ts_ms`."""

    ts_ms: int


Step: TypeAlias = MachineInput | Advance


def say(executor: Executor | Transport, step: Step) -> None:
    """One step of a script, through the seam that both backends and the bare transport have."""
    if isinstance(step, Advance):
        executor.tick(step.ts_ms)
    elif isinstance(step, QuoteIntent):
        executor.submit(step)
    elif isinstance(step, DryFill):
        executor.dry_fill(step)
    elif isinstance(step, Control):
        executor.control(step.action, step.reason)
    else:
        executor.market(step)


def intent(intent_id: str, **changes: Any) -> QuoteIntent:
    """A PLACE that is good on any market, with some fields changed."""
    fields: dict[str, Any] = {
        "v": 1,
        "intent_id": intent_id,
        "ts_ms": 0,
        "edge": "maker",
        "market_id": "1.1",
        "selection_id": 7,
        "handicap_centi": 0,
        "action": Action.PLACE,
        "side": Side.BACK,
        "price_centi": 200,
        "size_centi": 500,
        "ttl_ms": 10_000,
        "persistence": Persistence.LAPSE,
        "time_in_force": None,
        "min_fill_size_centi": None,
        "target_intent_id": None,
        "market_version": None,
        "hedge_of": None,
        "strategy_ref": "test",
        "dry_run": True,
    }
    return QuoteIntent(**{**fields, **changes})


_few_ids = st.integers(0, 30).map("i{}".format)
_markets = st.sampled_from(["1.1", "1.2"])
_runners = st.sampled_from([7, 8])


@st.composite
def intents(draw: st.DrawFn, now_ms: int, said: dict[str, QuoteIntent]) -> QuoteIntent:
    """Mostly good ones, some that the checks refuse; identities repeat. Notes each in `said`."""
    action = draw(st.sampled_from([Action.PLACE] * 3 + [Action.REPLACE, Action.CANCEL]))
    place = action is Action.PLACE
    target = None if place else draw(_few_ids | st.none())
    # What is about an order mostly names its market, runner and side.
    like = said.get(target or "") if draw(st.sampled_from([True] * 5 + [False])) else None
    made = intent(
        draw(_few_ids),
        action=action,
        ts_ms=max(0, now_ms - draw(st.sampled_from([0, 0, 0, 40]))),
        market_id=like.market_id if like else draw(_markets),
        selection_id=like.selection_id if like else draw(_runners),
        side=like.side if like else draw(st.sampled_from(list(Side))),
        price_centi=draw(st.sampled_from([101, 200, 201, 210, 1_000, 100_000])),
        size_centi=draw(st.sampled_from([500, 500, 77, 1] if place else [0, 0, 0, 100])),
        ttl_ms=draw(st.sampled_from([1, 30, 100, 10_000])),
        persistence=draw(st.sampled_from(list(Persistence))),
        time_in_force=draw(st.sampled_from([None, None, TimeInForce.FILL_OR_KILL])),
        target_intent_id=target,
        market_version=draw(st.sampled_from([None, 1, 2])),
    )
    said.setdefault(made.intent_id, made)
    return made


@st.composite
def markets(draw: st.DrawFn) -> MarketState:
    """States of two markets, mostly open."""
    often_open = [MarketStatus.OPEN] * 4 + [MarketStatus.SUSPENDED, MarketStatus.CLOSED]
    often_active = [RunnerStatus.ACTIVE] * 4 + [RunnerStatus.REMOVED]
    return MarketState(
        market_id=draw(_markets),
        status=draw(st.sampled_from(often_open)),
        in_play=draw(st.booleans()),
        version=draw(st.sampled_from([None, 1, 2])),
        bet_delay=draw(st.sampled_from([0, 5])),
        ladder=draw(st.sampled_from(list(Ladder))),
        runners=tuple(
            RunnerState(
                selection_id=runner, handicap_centi=0, status=draw(st.sampled_from(often_active))
            )
            for runner in draw(st.sampled_from([(7, 8), (7,), ()]))
        ),
        winners=1,
        event_type_id=draw(st.sampled_from([None, "7"])),
    )


@st.composite
def scripts(draw: st.DrawFn, max_steps: int = 40) -> list[Step]:
    """Messages and time that goes forward, starting at 1,000 ms; at least one intent."""
    now_ms = 1_000
    said: dict[str, QuoteIntent] = {}
    steps: list[Step] = [draw(intents(now_ms, said))]
    for _ in range(draw(st.integers(0, max_steps))):
        kind = draw(st.sampled_from("iiiiifffmmtttc"))
        if kind == "t":
            now_ms += draw(st.sampled_from([0, 1, 20, 100]))
            steps.append(Advance(now_ms))
        elif kind == "f":
            steps.append(
                DryFill(
                    intent_id=draw(_few_ids),
                    price_centi=draw(st.sampled_from([199, 200, 333, 100_000])),
                    size_centi=draw(st.sampled_from([1, 77, 250, 500, 1_000])),
                    ts_ms=now_ms,
                )
            )
        elif kind == "m":
            steps.append(draw(markets()))
        elif kind == "c":
            action = draw(st.sampled_from(list(ControlAction)))
            steps.append(Control(action=action, reason="script"))
        else:
            steps.append(draw(intents(now_ms, said)))
    return steps

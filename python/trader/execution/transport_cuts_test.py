"""The transport when connections end: nothing is lost, nothing doubled, nothing hangs."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trader.execution.client_for_tests import PATIENCE_S, Client, connected, play
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import (
    ExecutorLost,
)
from trader.execution.interfaces.intents import Action, QuoteIntent
from trader.execution.interfaces.messages import (
    ErrorMessage,
    Hello,
    Ladder,
    MarketState,
    MarketStatus,
    Message,
)
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.interfaces.wire import WireStruct
from trader.execution.ipc import Bus
from trader.execution.scripts_for_tests import Advance, Step, intent, scripts
from trader.execution.testing import Cut, FakePeer


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=scripts(max_steps=25),
    cuts=st.lists(
        st.builds(Cut, messages=st.integers(0, 12), answer_bytes=st.integers(0, 3_000)), max_size=5
    ),
)
def test_cut_anywhere_nothing_is_lost_or_doubled(script: list[Step], cuts: list[Cut]) -> None:
    """The reports are those of an executor that was never cut off, byte for byte."""
    wanted: list[ExecutionReport] = []
    uncut = PythonExecutor(Bus())
    uncut._bus.subscribe(wanted.append)
    play(uncut, [*script, Advance(10**9)])
    # A cut right at the start would end `start`, which does not try again.
    peer = FakePeer(cuts=[Cut(max(c.messages, 1), c.answer_bytes) for c in cuts])
    with connected(peer) as client:
        play(client.transport, [*script, Advance(10**9)])
        assert [r.to_wire() for r in client.heard] == [r.to_wire() for r in wanted]
        assert client.metrics.transport_reconnects_total == peer.connections - 1


def test_repeated_reports_are_dropped_and_counted() -> None:
    def twice(message: Message) -> list[WireStruct] | None:
        if isinstance(message, QuoteIntent):
            reports = peer._usual(message)
            return [*reports, *reports]
        return None

    peer = FakePeer(on_message=twice)
    with connected(peer) as client:
        client.transport.submit(intent("a"))
        client.transport.tick(1)
        assert client.statuses() == [("a", Status.PLACED)]
        assert client.metrics.duplicate_reports_total == 1


def test_missing_report_is_asked_for_again_by_reconnecting() -> None:
    swallowed: list[Message] = []

    def swallow_first(message: Message) -> list[WireStruct] | None:
        if isinstance(message, QuoteIntent) and message.intent_id == "b" and not swallowed:
            swallowed.append(message)
            peer._usual(message)
            return []
        return None

    peer = FakePeer(on_message=swallow_first)
    with connected(peer) as client:
        for intent_id in "abc":
            client.transport.submit(intent(intent_id))
        client.transport.tick(1)
        assert [r.seq for r in client.heard] == [1, 2, 3]
        assert client.metrics.transport_reconnects_total == 1


def test_report_that_stays_missing_is_final() -> None:
    def forget(message: Message) -> list[WireStruct] | None:
        if isinstance(message, QuoteIntent) and message.intent_id == "b":
            peer._usual(message)
            return []
        if isinstance(message, Hello):
            answers = peer._usual(message)
            return [a for a in answers if not (isinstance(a, ExecutionReport) and a.seq == 2)]
        return None

    peer = FakePeer(on_message=forget)
    with connected(peer) as client:
        for intent_id in "abc":
            client.transport.submit(intent(intent_id))
        with pytest.raises(ExecutorLost, match="reports 2 to 2 are missing"):
            client.transport.tick(1)
        assert not client.transport.healthy


def test_a_trader_that_is_new_to_an_executor_does_not_wait_for_anothers_reports() -> None:
    with connected(peer := FakePeer()) as former:
        for number, intent_id in enumerate("abc"):
            former.transport.submit(intent(intent_id))
            former.transport.tick(number)
        former.transport.stop()
        deadline = time.monotonic() + PATIENCE_S
        while peer.acked < 3:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        # Had it died before it acknowledged the last one:
        peer.acked = 2
        new = Client(peer)
        new.transport.start()
        new.transport.submit(intent("d"))
        new.transport.tick(3)
        assert [(r.seq, r.intent_id) for r in new.heard] == [(3, "c"), (4, "d")]
        new.transport.tick(4)
        # From now on it knows where it stands: a gap is a gap.
        peer.machine._next_seq += 1
        new.transport.submit(intent("e"))
        with pytest.raises(ExecutorLost, match="reports 5 to 5 are missing"):
            new.transport.tick(5)
        new.transport.stop()


def test_reports_the_first_heartbeat_counts_and_nobody_sent_are_missing() -> None:
    with connected(peer := FakePeer()) as client:
        client.transport.submit(intent("a"))
        client.transport.tick(1)
        peer.machine._next_seq += 1
        peer.drop()
        with pytest.raises(ExecutorLost, match="reports 2 to 2 are missing"):
            client.transport.tick(2)


def test_stop_ends_a_connection_the_engine_has_not_heard_of() -> None:
    """The link had just reconnected when the trader decided to stop."""
    with connected(peer := FakePeer(clock="wall")) as client:
        link = client.transport._link
        peer.drop()
        client.poll_until(lambda: client.transport._connection is None)
        deadline = time.monotonic() + PATIENCE_S
        while not link.connected:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        stopping = threading.Thread(target=client.transport.stop, daemon=True)
        stopping.start()
        stopping.join(PATIENCE_S)
        assert not stopping.is_alive()
        assert not link.is_alive()


def test_a_market_said_after_an_order_is_not_lost_with_the_connection() -> None:
    """What shows that the order was handled says nothing of it."""
    states = [
        MarketState(
            market_id="1.1",
            status=status,
            in_play=False,
            version=1,
            bet_delay=0,
            ladder=Ladder.CLASSIC,
            runners=(),
            winners=1,
            event_type_id=None,
        )
        for status in (MarketStatus.OPEN, MarketStatus.SUSPENDED)
    ]
    # The peer handles HELLO, the first state and the order; nobody hears its answer.
    with connected(peer := FakePeer(clock="wall", cuts=[Cut(2)])) as client:
        client.transport.market(states[0])
        client.transport.submit(intent("a"))
        client.transport.market(states[1])
        client.poll_until(lambda: states[1] in peer.heard)
        assert client.statuses() == [("a", Status.PLACED)]


@pytest.mark.parametrize("code", ["TRUNCATED", "REPORTS_UNACKED"])
def test_an_error_that_a_new_connection_cures_is_no_error_of_the_message(code: str) -> None:
    said: list[Message] = []

    def refuse_first(message: Message) -> list[WireStruct] | None:
        if isinstance(message, QuoteIntent) and not said:
            said.append(message)
            return [ErrorMessage(code=code, message="")]
        return None

    with connected(peer := FakePeer(on_message=refuse_first)) as client:
        client.transport.submit(intent("a"))
        client.transport.tick(1)
        assert client.statuses() == [("a", Status.PLACED)]
        assert peer.connections == 2


def test_executor_that_was_started_anew_is_lost() -> None:
    with connected(peer := FakePeer()) as client:
        client.transport.submit(intent("a"))
        client.transport.tick(1)
        peer.instance = "another"
        peer.drop()
        with pytest.raises(ExecutorLost, match="started anew"):
            client.transport.tick(2)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=scripts(max_steps=25),
    cuts=st.lists(
        st.builds(Cut, messages=st.integers(1, 8), answer_bytes=st.integers(0, 2_000)), max_size=4
    ),
)
def test_wall_clock_cut_anywhere_every_intent_is_answered_and_the_last_market_known(
    script: list[Step], cuts: list[Cut]
) -> None:
    """Without lockstep the reports depend on when a cut comes; this does not."""
    said = [step for step in script if not isinstance(step, Advance)]
    with connected(peer := FakePeer(clock="wall", cuts=cuts)) as client:
        for step in said:
            play(client.transport, [step])
            # Time for an answer to arrive, or for the cut to be noticed, between two messages.
            time.sleep(0.001)
            client.transport.poll()
        play(client.transport, [intent("last", action=Action.CANCEL)])
        client.poll_until(lambda: any(r.intent_id == "last" for r in client.heard))
        wanted = {step.intent_id for step in said if isinstance(step, QuoteIntent)} | {"last"}
        markets = {m.market_id: m for m in said if isinstance(m, MarketState)}
        client.poll_until(lambda: not client.transport._outbox.frames())
        assert {r.intent_id for r in client.heard} == wanted
        ended = [r.intent_id for r in client.heard if r.is_terminal]
        assert len(ended) == len(set(ended))
        assert [r.seq for r in client.heard] == list(range(1, len(client.heard) + 1))
        assert {name: known.state for name, known in peer.machine._markets.items()} == markets

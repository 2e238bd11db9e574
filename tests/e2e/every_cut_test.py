"""The wire cut at every byte of every type of message, both ways: nothing lost, nothing doubled.

One session that has every message in it is repeated against one running executor, each time with a
connection that ends after one byte more, and each time heard to give what an executor in process
gives that was never cut off. What the cuts went through is counted from the bytes themselves.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, Literal, TypeAlias

import pytest

from tests.e2e.executor_rig import PATIENCE_S, WIRE, supervised, transport_to
from tests.e2e.tcp_proxy import ByteLimit, Stream, TcpProxy
from trader.execution.client_for_tests import Client
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.interfaces.executor import (
    ConfigRejectedError,
    Executor,
    ExecutorProtocolError,
    ExecutorStartError,
)
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import (
    DryFill,
    ErrorMessage,
    Ladder,
    MarketState,
    MarketStatus,
    Message,
    RunnerState,
    RunnerStatus,
)
from trader.execution.interfaces.reports import ExecutionReport
from trader.execution.interfaces.wire import WireStruct
from trader.execution.ipc import Bus
from trader.execution.scripts_for_tests import intent
from trader.execution.supervisor import Supervisor
from trader.execution.testing import Cut, FakePeer
from trader.execution.transport import Transport

Way: TypeAlias = Literal["up", "down"]
ALL: Final = 1 << 30
# A connection that lives through HELLO and ends in what comes after it.
FIRST: Final = ByteLimit(up=1_500, down=ALL)
QUIET: Final = replace(WIRE, heartbeat_ms=60_000)

UP: Final = {
    *("HELLO", "MARKET", "INTENT", "DRY_FILL", "CONFIG", "CONTROL", "TICK"),
    *("REPORT_ACK", "HEARTBEAT_ACK", "GOODBYE"),
}
DOWN: Final = {
    *("HELLO_ACK", "HEARTBEAT", "REPORT", "TICK_ACK", "CONFIG_ACK", "CONFIG_REJECT"),
    "CONTROL_ACK",
}


def say_everything(executor: Executor | Transport, key: str, now_ms: int) -> None:
    """Every message that a trader says, in lockstep; `key` tells the orders of sessions apart."""
    market = MarketState(
        market_id=f"1.{key}",
        status=MarketStatus.OPEN,
        in_play=False,
        version=1,
        bet_delay=0,
        ladder=Ladder.CLASSIC,
        runners=(RunnerState(selection_id=7, handicap_centi=0, status=RunnerStatus.ACTIVE),),
        winners=1,
        event_type_id="7",
    )
    executor.market(market)
    order = intent(f"{key}-a", market_id=market.market_id, ts_ms=now_ms)
    executor.submit(order)
    executor.tick(now_ms)
    executor.dry_fill(
        DryFill(intent_id=order.intent_id, price_centi=210, size_centi=77, ts_ms=now_ms + 1)
    )
    moved = order.replace(intent_id=f"{key}-b", ts_ms=now_ms + 1, price_centi=220, ttl_ms=5_000)
    executor.submit(moved)
    executor.tick(now_ms + 1)
    if isinstance(executor, Transport):
        executor.configure(json.dumps({"heartbeat_ms": QUIET.heartbeat_ms}))
        with pytest.raises(ConfigRejectedError, match="limits"):
            executor.configure('{"limits": 7}')
    executor.submit(moved.cancel(intent_id=f"{key}-c", ts_ms=now_ms + 2))
    executor.submit(intent(f"{key}-d", market_id=market.market_id, ts_ms=now_ms + 2))
    executor.tick(now_ms + 2)
    executor.control("cancel_all", "the end of it")
    executor.tick(now_ms + 3)


class Sessions:
    """The same session again and again with one executor, and what was to be heard of it."""

    def __init__(self, process: Supervisor) -> None:
        self._process = process
        self._number = 0
        self._bus, self._wanted = Bus(), list[bytes]()
        self._bus.subscribe(lambda report: self._wanted.append(report.comparable()))
        self._uncut = PythonExecutor(self._bus)
        self.cuts: dict[Way, dict[str, set[tuple[int, int]]]] = {
            "up": defaultdict(set),
            "down": defaultdict(set),
        }
        """Way → type → (byte of the frame at which it was cut, its length)."""

    def run(self, *limits: ByteLimit) -> list[tuple[Stream, Stream]]:
        """One session over connections with these limits; the streams of each."""
        self._number += 1
        key, now_ms = f"{self._number:06}", 1_000_000 + 10_000 * self._number
        bus, heard = Bus(), list[ExecutionReport]()
        bus.subscribe(heard.append)
        with TcpProxy(*self._address(), limits) as proxy:
            transport = self._started(bus, proxy.port)
            say_everything(transport, key, now_ms)
            transport.stop()
        say_everything(self._uncut, key, now_ms)
        self._bus.drain()
        mine = [report for report in heard if report.intent_id.startswith(key)]
        assert [r.comparable() for r in mine] == self._wanted[-len(mine) :], limits
        assert len(mine) == 8, [(r.intent_id, r.status) for r in mine]
        for limit, (up, down) in zip(limits, proxy.streams, strict=False):
            if len(up.passed) == limit.up:
                self._note("up", up)
            if len(down.passed) == limit.down:
                self._note("down", down)
        return proxy.streams

    def _address(self) -> tuple[str, int]:
        return self._process.listening.host, self._process.listening.port

    def _started(self, bus: Bus, port: int) -> Transport:
        """A start that is cut off says so; the next one must do."""
        for _ in range(3):
            transport = transport_to(self._process, bus, host="127.0.0.1", port=port)
            try:
                transport.start()
            except ExecutorStartError as error:
                assert "closed" in str(error) or "reset" in str(error) or "cut" in str(error), error
                transport.stop()
            else:
                return transport
        raise AssertionError("it never started")

    def _note(self, way: Way, stream: Stream) -> None:
        """Which byte of which frame was the first that did not go through."""
        cut = len(stream.passed)
        for kind, at, length in frames(bytes(stream.passed + stream.held)):
            if at <= cut < at + length:
                self.cuts[way][kind].add((cut - at, length))


def frames(stream: bytes) -> Iterator[tuple[str, int, int]]:
    """Type, place and length of every whole frame."""
    at = 0
    while at + 4 <= len(stream):
        length = 4 + int.from_bytes(stream[at : at + 4], "big")
        if at + length <= len(stream):
            yield json.loads(stream[at + 4 : at + length])["type"], at, length
        at += length


@contextmanager
def sessions() -> Iterator[Sessions]:
    with supervised(QUIET) as process:
        yield Sessions(process)


def uncut_at(cuts: dict[str, set[tuple[int, int]]], kinds: set[str]) -> dict[str, list[int]]:
    """Of each type the bytes at which no message of it was cut, by the length cut most often. Of a
    cut between two messages it is not known which one would have been the second."""
    missing = {}
    for kind in kinds:
        lengths = [length for _, length in cuts[kind]]
        longest = max(lengths, key=lengths.count, default=1)
        missing[kind] = sorted(set(range(1, longest)) - {at for at, _ in cuts[kind]})
    return {kind: places for kind, places in missing.items() if places}


@pytest.mark.parametrize("way", ["up", "down"])
def test_cut_at_every_byte_of_every_message(way: Way) -> None:
    kinds = UP if way == "up" else DOWN
    with sessions() as repeated:

        def uncut() -> bytes:
            ((up, down),) = repeated.run()
            return bytes(up.passed if way == "up" else down.passed)

        def cut(at: int, *before: ByteLimit) -> None:
            limit = ByteLimit(up=at, down=ALL) if way == "up" else ByteLimit(up=ALL, down=at)
            repeated.run(*before, limit)

        whole = uncut()
        hello = 4 + int.from_bytes(whole[:4], "big")
        for at in range(len(whole)):
            if at < hello + 300:
                # A start and a reconnect: both are cut in their HELLO.
                cut(at, FIRST)
            cut(at)
        # Numbers have grown from session to session, and what was said with them.
        for _ in range(20):
            for kind, places in uncut_at(repeated.cuts[way], kinds).items():
                for place in places:
                    begins = [a for of, a, size in frames(uncut()) if of == kind and size > place]
                    if begins:
                        cut(begins[-1] + place)
        assert len(whole) > 2_500
        assert uncut_at(repeated.cuts[way], kinds) == {}


def test_a_refused_hello_is_never_a_session_wherever_it_is_cut() -> None:
    with supervised(QUIET) as process:
        host, port = process.listening.host, process.listening.port
        with TcpProxy(host, port) as proxy, pytest.raises(ExecutorStartError, match="BAD_TOKEN"):
            transport_to(process, Bus(), port=proxy.port, token="wrong").start()
        (whole,) = [len(down.passed) for _, down in proxy.streams]
        for at in range(whole):
            with (
                TcpProxy(host, port, [ByteLimit(up=ALL, down=at)]) as proxy,
                pytest.raises(ExecutorStartError),
            ):
                transport_to(process, Bus(), port=proxy.port, token="wrong").start()


def test_an_error_is_heard_once_wherever_it_is_cut() -> None:
    refusal = ErrorMessage(code="BAD_MESSAGE", message="made up")

    def refuse(message: Message) -> list[WireStruct] | None:
        return [refusal] if isinstance(message, QuoteIntent) else None

    for at in range(len(refusal.to_wire()) + 4):
        with FakePeer(on_message=refuse, cuts=[Cut(1, at)]) as peer:
            client = Client(peer)
            client.transport.start()
            client.transport.submit(intent("a"))
            with pytest.raises(ExecutorProtocolError, match="BAD_MESSAGE"):
                client.transport.tick(1)
            client.transport.stop()
            assert peer.connections == 2
            assert not client.heard


def test_the_executors_goodbye_may_be_cut_anywhere() -> None:
    frame = len(b'{"reason":"shutdown","type":"GOODBYE"}') + 4
    for at in range(0, frame, 6):
        with supervised(QUIET) as process:
            host, port = process.listening.host, process.listening.port
            with TcpProxy(host, port) as proxy:
                transport = transport_to(process, Bus(), host="127.0.0.1", port=proxy.port)
                transport.start()
                transport.stop()
            (before,) = [len(down.passed) for _, down in proxy.streams]
            bus, heard = Bus(), list[ExecutionReport]()
            bus.subscribe(heard.append)
            with TcpProxy(host, port, [ByteLimit(up=ALL, down=before + at)]) as proxy:
                transport = transport_to(process, bus, host="127.0.0.1", port=proxy.port)
                transport.start()
                transport.submit(intent("a"))
                process.stop(PATIENCE_S)
                transport.stop()
            assert not heard

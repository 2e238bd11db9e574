"""The transport against a peer that speaks the real framing: refusals, health, limits, the end."""

from __future__ import annotations

import random

import pytest

from trader.execution.client_for_tests import Client, connected, wait_until
from trader.execution.interfaces.executor import (
    ExecutorLost,
    ExecutorProtocolError,
    ExecutorStartError,
    SendQueueFullError,
)
from trader.execution.interfaces.intents import QuoteIntent
from trader.execution.interfaces.messages import (
    ErrorMessage,
    Goodbye,
    HeartbeatAck,
    Hello,
    HelloReject,
    ReportAck,
    Tick,
)
from trader.execution.interfaces.reports import Status
from trader.execution.scripts_for_tests import intent
from trader.execution.testing import FakePeer


def test_lockstep_tick_returns_with_every_report() -> None:
    with connected(FakePeer()) as client:
        client.transport.clock(1_000)
        client.transport.submit(intent("a", ts_ms=1_000, ttl_ms=500))
        assert not client.heard
        client.transport.tick(1_000)
        assert client.statuses() == [("a", Status.PLACED)]
        client.transport.tick(1_500)
        assert client.statuses()[1:] == [("a", Status.EXPIRED)]


def test_hello_carries_the_token_and_what_was_heard() -> None:
    with connected(
        peer := FakePeer(bundle_versions=(3,)), strategy_commit="abc", bundle_version=3
    ) as client:
        hello = peer.heard[0]
        assert isinstance(hello, Hello)
        assert (hello.token, hello.strategy_commit, hello.bundle_version) == (
            "secret-token",
            "abc",
            3,
        )
        assert (hello.last_report_seq, hello.takeover) == (0, False)
        assert "secret-token" not in repr(client.transport._settings)


def test_reports_are_acknowledged_once_delivered() -> None:
    with connected(peer := FakePeer()) as client:
        client.transport.submit(intent("a"))
        client.transport.tick(1)
        assert not [m for m in peer.heard if isinstance(m, ReportAck)]
        client.transport.tick(2)
        client.transport.tick(3)
        assert [m for m in peer.heard if isinstance(m, ReportAck)] == [ReportAck(seq=1)]


def test_heartbeat_is_counted_and_acknowledged_by_the_engine_only() -> None:
    with connected(peer := FakePeer()) as client:
        client.transport.tick(5)
        assert client.metrics.executor_heartbeats_total == 1
        assert HeartbeatAck(ts_ms=0) in peer.heard
        assert client.transport.healthy


@pytest.mark.parametrize("code", ["BAD_TOKEN", "SESSION_TAKEN", "UNSUPPORTED_WIRE"])
def test_refused_session_is_a_start_error_with_its_code(code: str) -> None:
    peer = FakePeer(reject=HelloReject(code=code, message="no", supported=(1,)))
    with peer, pytest.raises(ExecutorStartError, match=f"{code}: no"):
        Client(peer).transport.start()


def test_session_taken_is_waited_for_after_a_cut_and_a_bad_token_is_not() -> None:
    with connected(peer := FakePeer()) as client:
        peer.reject = HelloReject(code="SESSION_TAKEN", message="busy", supported=(1,))
        peer.drop()
        client.poll_until(lambda: peer.connections > 3)
        assert client.transport.healthy
        peer.reject = HelloReject(code="BAD_TOKEN", message="changed", supported=(1,))
        with pytest.raises(ExecutorLost, match="BAD_TOKEN"):
            client.transport.tick(1)


def test_nobody_listening_is_a_start_error_with_the_address() -> None:
    with FakePeer() as peer:
        port = peer.port
    client = Client(peer)
    with pytest.raises(ExecutorStartError, match=f"127.0.0.1:{port}: connection refused"):
        client.transport.start()
    client.transport.stop()


def test_other_clock_is_a_start_error() -> None:
    with FakePeer(clock="wall") as peer, pytest.raises(ExecutorStartError, match="clock 'wall'"):
        Client(peer, clock="wire").transport.start()


def test_silent_peer_is_a_start_error_in_time() -> None:
    peer = FakePeer(on_message=lambda _message: [])
    with peer, pytest.raises(ExecutorStartError, match="timed out"):
        Client(peer, connect_timeout_s=0.05).transport.start()


def test_unanswered_tick_is_an_error_in_time() -> None:
    peer = FakePeer(on_message=lambda m: [] if isinstance(m, Tick) else None)
    with connected(peer, tick_timeout_s=0.05) as client, pytest.raises(ExecutorLost, match="tick"):
        client.transport.tick(1)


def test_dead_process_ends_the_reconnecting() -> None:
    with connected(peer := FakePeer()) as client:
        client.gone = "executor was ended by SIGKILL"
        peer.drop()
        with pytest.raises(ExecutorLost, match="SIGKILL"):
            client.transport.tick(1)
        with pytest.raises(ExecutorLost, match="SIGKILL"):
            client.transport.submit(intent("a"))
        assert client.transport.health_reason == "executor was ended by SIGKILL"
        assert not client.transport.healthy


def test_refused_message_is_an_error_with_its_code() -> None:
    refusal = ErrorMessage(code="BAD_MESSAGE", message="price")
    peer = FakePeer(on_message=lambda m: [refusal] if isinstance(m, QuoteIntent) else None)
    with connected(peer) as client:
        client.transport.submit(intent("a"))
        with pytest.raises(ExecutorProtocolError, match="BAD_MESSAGE: price"):
            client.transport.tick(1)


def test_foreign_status_is_normalised() -> None:
    with connected(peer := FakePeer(clock="wall")) as client:
        foreign = (
            peer.machine.handle(intent("a"))[0].to_wire().replace(b'"PLACED"', b'"EXECUTABLE"')
        )
        current = peer._current
        assert current is not None
        current.sendall(len(foreign).to_bytes(4, "big") + foreign)
        client.poll_until(lambda: bool(client.heard))
        assert client.heard[0].status is Status.PLACED


def test_wall_clock_sends_at_once_and_poll_delivers() -> None:
    with connected(peer := FakePeer(clock="wall")) as client:
        assert client.transport.healthy
        client.transport.submit(intent("a"))
        client.poll_until(lambda: bool(client.heard))
        client.poll_until(lambda: ReportAck(seq=1) in peer.heard)
        client.transport.clock(5)
        client.transport.tick(5)
        assert not [m for m in peer.heard if isinstance(m, Tick)]


def test_missed_heartbeat_is_unhealthy_counted_and_cured_by_reconnecting() -> None:
    with connected(FakePeer(clock="wall"), heartbeat_timeout_s=0.05) as client:
        client.poll_until(lambda: client.metrics.executor_heartbeats_missed_total >= 1)
        client.poll_until(lambda: client.metrics.transport_reconnects_total >= 1)
        client.poll_until(lambda: client.transport.healthy)


def test_wall_clock_queues_while_away_up_to_its_limit() -> None:
    with connected(peer := FakePeer(clock="wall"), send_queue_max=2) as client:
        peer.reject = HelloReject(code="SESSION_TAKEN", message="busy", supported=(1,))
        peer.drop()
        client.poll_until(lambda: not client.transport.healthy)
        client.transport.submit(intent("a"))
        client.transport.submit(intent("b"))
        assert client.metrics.transport_send_queue_depth == 2
        with pytest.raises(SendQueueFullError):
            client.transport.submit(intent("c"))
        peer.reject = None
        client.poll_until(lambda: len(client.heard) == 2)
        assert client.statuses() == [("a", Status.PLACED), ("b", Status.PLACED)]
        client.transport.poll()
        assert client.metrics.transport_send_queue_depth == 0


class NotedRandom(random.Random):
    """Waits for nothing and notes how long it might have been."""

    def __init__(self) -> None:
        super().__init__(1)
        self.ceilings: list[float] = []

    def uniform(self, a: float, b: float) -> float:
        assert a == 0.0
        self.ceilings.append(b)
        return 0.0


def test_reconnects_back_off_exponentially_with_full_jitter_up_to_a_limit() -> None:
    with connected(peer := FakePeer(), backoff_base_s=1.0, backoff_max_s=10.0) as client:
        client.transport._link._rng = rng = NotedRandom()
        peer.reject = HelloReject(code="SESSION_TAKEN", message="busy", supported=(1,))
        peer.drop()
        client.poll_until(lambda: len(rng.ceilings) > 6)
        assert rng.ceilings[:6] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_stop_says_goodbye_and_leaves_no_thread() -> None:
    with connected(peer := FakePeer()) as client:
        link = client.transport._link
        client.transport.stop("enough")
        client.transport.stop()
        assert not link.is_alive()
        wait_until(lambda: peer.heard[-1] == Goodbye(reason="enough"))
    with pytest.raises(ExecutorLost, match="stopped"):
        client.transport.tick(1)


def test_executors_goodbye_is_the_reason_while_it_is_away() -> None:
    with connected(peer := FakePeer(clock="wall")) as client:
        peer.reject = HelloReject(code="SESSION_TAKEN", message="busy", supported=(1,))
        peer.say(Goodbye(reason="shutdown"))
        client.poll_until(lambda: not client.transport.healthy)
        assert client.transport.health_reason

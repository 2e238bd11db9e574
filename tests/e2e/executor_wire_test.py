"""The Python transport against the real executor binary, over real sockets.

The binary is `HOTLOOP_EXECUTOR`, or the one the build made (see `supervisor.find_binary`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.executor_rig import (
    PATIENCE_S,
    WALL,
    WIRE,
    binary,
    is_running,
    poll_until,
    python_reports,
    running,
    supervised,
    transport_to,
)
from tests.e2e.tcp_proxy import ByteLimit, TcpProxy
from trader.execution.executor_py.executor import PythonExecutor
from trader.execution.fallback import FallbackExecutor
from trader.execution.interfaces.executor import (
    ConfigRejectedError,
    DryRunLimits,
    ExecutorLost,
    ExecutorStartError,
)
from trader.execution.interfaces.messages import DryFill, MarketState, decode
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.router import Router
from trader.execution.rust_executor import RustExecutor
from trader.execution.scripts_for_tests import Advance, Step, intent, say, scripts
from trader.execution.testing import load_vectors

FAR_MS = 10**9
# The machine takes any limit, the binary's configuration only sensible ones.
VECTORS = {
    name: vector
    for name, vector in load_vectors("machine").items()
    if vector["config"]["max_remembered_intents"] >= 1_000
}


@pytest.fixture(scope="session", autouse=True)
def _binary_is_there() -> None:
    binary()


# --- the session ---


def test_handshake_says_what_the_executor_is() -> None:
    with running() as rig:
        transport = rig.executor._transport
        assert transport is not None
        assert transport.hello_ack is not None
        assert transport.hello_ack.capabilities == {
            "clock": "wire",
            "config": True,
            "dry_run": True,
        }
        assert transport.hello_ack.next_report_seq == 1
        assert rig.executor.healthy


def test_bad_token_is_refused() -> None:
    with supervised() as process, pytest.raises(ExecutorStartError, match="BAD_TOKEN"):
        transport_to(process, Bus(), token="wrong").start()


def test_second_trader_is_refused_while_the_first_is_there() -> None:
    with supervised() as process:
        first = transport_to(process, Bus())
        first.start()
        with pytest.raises(ExecutorStartError, match="SESSION_TAKEN"):
            transport_to(process, Bus()).start()
        first.tick(1)
        first.stop()


def test_wrong_clock_is_noticed_at_the_start() -> None:
    with supervised(WALL) as process, pytest.raises(ExecutorStartError, match="clock 'wall'"):
        transport_to(process, Bus(), clock="wire").start()


def test_bad_config_is_a_start_error_with_the_executors_own_words() -> None:
    config = replace(WIRE, limits=DryRunLimits(max_open_orders=-1))
    with TemporaryDirectory() as folder:
        executor = RustExecutor(Bus(), config, binary(), Path(folder))
        with pytest.raises(ExecutorStartError, match=r"code 2.*max_open_orders"):
            executor.start()
        executor.stop()


# --- lockstep ---


def test_intents_lead_to_reports_within_the_tick() -> None:
    with running() as rig:
        router = Router(rig.executor, rig.bus, rig.metrics)
        order = intent("a", ts_ms=1_000, ttl_ms=500)
        router.send(order)
        router.tick(1_000)
        router.dry_fill(DryFill(intent_id="a", price_centi=200, size_centi=100, ts_ms=1_010))
        router.send(order.replace(intent_id="b", ts_ms=1_010, price_centi=210, ttl_ms=500))
        router.tick(1_010)
        (open_order,) = router.open_orders()
        assert (open_order.intent_id, open_order.remaining_centi) == ("b", 400)
        router.tick(1_510)
        assert rig.statuses() == [
            ("a", Status.PLACED),
            ("a", Status.PARTIALLY_FILLED),
            ("a", Status.REPLACED),
            ("b", Status.PLACED),
            ("b", Status.EXPIRED),
        ]
        assert [report.ts_ms for report in rig.heard] == [1_000, 1_010, 1_010, 1_010, 1_510]


@settings(deadline=None, max_examples=60)
@given(scripts(), st.sampled_from([2, 200]))
def test_python_and_rust_give_the_same_bytes(script: list[Step], max_open_orders: int) -> None:
    limits = DryRunLimits(max_open_orders=max_open_orders)
    whole = [*script, Advance(FAR_MS)]
    with running(replace(WIRE, limits=limits)) as rig:
        for step in whole:
            say(rig.executor, step)
        assert [r.comparable() for r in rig.heard] == python_reports(whole, limits)
        assert [r.seq for r in rig.heard] == list(range(1, len(rig.heard) + 1))


@pytest.mark.parametrize("name", VECTORS)
def test_vector_over_the_wire(name: str) -> None:
    vector = VECTORS[name]
    limits = DryRunLimits(**vector["config"])
    if limits.max_remembered_intents < 1_000:
        # The machine takes any limit, the configuration of the binary only sensible ones.
        limits = replace(limits, max_remembered_intents=1_000)
        pytest.skip("a limit no configuration may have; the machine's own tests run it")
    wanted = [report for step in vector["steps"] for report in step["reports"]]
    with running(replace(WIRE, limits=limits)) as rig:
        rig.executor.tick(vector["clock_ms"])
        now_ms = vector["clock_ms"]
        for step in vector["steps"]:
            if "advance_ms" in step["in"]:
                now_ms = step["in"]["advance_ms"]
                rig.executor.tick(now_ms)
            else:
                message: Any = decode(msgspec.json.encode(step["in"]))
                say(rig.executor, message)
        rig.executor.tick(now_ms)
        got = [msgspec.json.decode(report.to_wire()) for report in rig.heard]
        for report in got:
            del report["latency"]
        # The tick that fetched the last reports may have ended an order at its deadline.
        assert got[: len(wanted)] == wanted


# --- cuts and kills ---


@settings(deadline=None, max_examples=40)
@given(
    script=scripts(max_steps=25),
    first=st.builds(
        ByteLimit, up=st.integers(420, 4_000), down=st.integers(420, 4_000), half=st.booleans()
    ),
    later=st.lists(
        st.builds(
            ByteLimit, up=st.integers(1, 4_000), down=st.integers(1, 4_000), half=st.booleans()
        ),
        max_size=3,
    ),
)
def test_cut_anywhere_nothing_is_lost_or_doubled(
    script: list[Step], first: ByteLimit, later: list[ByteLimit]
) -> None:
    """The first connection lives through HELLO; after that any byte may be the last."""
    whole = [*script, Advance(FAR_MS)]
    bus, heard = Bus(), list[bytes]()
    bus.subscribe(lambda report: heard.append(report.comparable()))
    with (
        supervised() as process,
        TcpProxy(process.listening.host, process.listening.port, [first, *later]) as proxy,
    ):
        transport = transport_to(process, bus, host="127.0.0.1", port=proxy.port)
        transport.start()
        try:
            for step in whole:
                say(transport, step)
        finally:
            transport.stop()
    assert heard == python_reports(whole, DryRunLimits())


def test_a_trader_new_to_an_executor_that_has_been_running_starts_where_it_stands() -> None:
    with supervised() as process:
        former = transport_to(process, Bus())
        former.start()
        for number in range(3):
            former.submit(intent(f"f{number}"))
            former.tick(number)
        former.stop()
        bus, heard = Bus(), list[ExecutionReport]()
        bus.subscribe(heard.append)
        new = transport_to(process, bus)
        new.start()
        new.submit(intent("n"))
        new.tick(5)
        assert [(r.seq, r.intent_id) for r in heard] == [(4, "n")]
        new.stop()


def test_wall_clock_cut_and_queued_orders_arrive_once() -> None:
    bus, heard = Bus(), list[ExecutionReport]()
    bus.subscribe(heard.append)
    with (
        supervised(WALL) as process,
        TcpProxy(process.listening.host, process.listening.port) as proxy,
    ):
        transport = transport_to(process, bus, host="127.0.0.1", port=proxy.port, clock="wall")
        transport.start()
        now_ms = time.time_ns() // 1_000_000
        transport.submit(intent("a", ts_ms=now_ms, ttl_ms=3_600_000))
        poll_until(transport.poll, lambda: len(heard) == 1)
        proxy.cut()
        transport.submit(intent("b", ts_ms=now_ms, ttl_ms=3_600_000))
        transport.submit(intent("b", ts_ms=now_ms, ttl_ms=3_600_000).cancel(intent_id="c", ts_ms=1))
        poll_until(transport.poll, lambda: len(heard) == 4)
        poll_until(transport.poll, lambda: transport.healthy)
        assert [(r.intent_id, r.status) for r in heard] == [
            ("a", Status.PLACED),
            ("b", Status.PLACED),
            ("b", Status.CANCELLED),
            ("c", Status.CANCELLED),
        ]
        transport.stop()


def test_wall_clock_deadline_and_heartbeats_need_no_word_from_the_trader() -> None:
    with running(WALL) as rig:
        rig.executor.submit(intent("a", ts_ms=time.time_ns() // 1_000_000, ttl_ms=100))
        rig.poll_until(lambda: len(rig.heard) == 2)
        assert rig.statuses() == [("a", Status.PLACED), ("a", Status.EXPIRED)]
        seen = rig.metrics.executor_heartbeats_total
        rig.poll_until(lambda: rig.metrics.executor_heartbeats_total >= seen + 3)
        assert rig.executor.heartbeat is not None
        assert rig.executor.heartbeat.open_orders == 0
        assert rig.executor.heartbeat.next_report_seq == 3


def test_stopped_process_is_unhealthy_until_it_goes_on_and_nothing_is_lost() -> None:
    config = replace(WALL, heartbeat_timeout_s=0.3, connect_timeout_s=0.3)
    with running(config) as rig:
        assert rig.executor.pid is not None
        os.kill(rig.executor.pid, signal.SIGSTOP)
        try:
            rig.poll_until(lambda: not rig.executor.healthy)
            rig.poll_until(lambda: rig.metrics.executor_heartbeats_missed_total >= 1)
            now_ms = time.time_ns() // 1_000_000
            rig.executor.submit(intent("a", ts_ms=now_ms, ttl_ms=3_600_000))
        finally:
            os.kill(rig.executor.pid, signal.SIGCONT)
        rig.poll_until(lambda: rig.executor.healthy and bool(rig.heard))
        assert rig.statuses() == [("a", Status.PLACED)]


def test_full_queue_refuses_new_orders_counts_them_and_has_room_for_cancels() -> None:
    """The process stands still; what was taken is handled once when it goes on, nothing else is."""
    capacity = 20
    config = replace(WALL, send_queue_max=capacity, heartbeat_timeout_s=60.0)
    with running(config) as rig:
        router = Router(rig.executor, rig.bus, rig.metrics)
        now_ms = time.time_ns() // 1_000_000
        orders = [intent(f"o{n}", ts_ms=now_ms, ttl_ms=3_600_000) for n in range(capacity + 5)]
        assert rig.executor.pid is not None
        os.kill(rig.executor.pid, signal.SIGSTOP)
        try:
            taken = [order for order in orders if router.send(order)]
            assert taken == orders[:capacity]
            for order in taken:
                assert router.send(order.cancel(intent_id=f"c-{order.intent_id}", ts_ms=now_ms))
        finally:
            os.kill(rig.executor.pid, signal.SIGCONT)
        rig.poll_until(lambda: len(rig.heard) == 5 + 3 * capacity)
        ends = [r for r in rig.heard if r.is_terminal]
        assert len({r.intent_id for r in ends}) == len(ends) == 2 * capacity + 5
        assert rig.metrics.rejects_total == {"SEND_QUEUE_FULL": 5}
        assert {r.intent_id for r in ends if r.reject_code == "SEND_QUEUE_FULL"} == {
            order.intent_id for order in orders[capacity:]
        }


def test_killed_executor_is_a_clear_error_and_takes_no_more_orders() -> None:
    with running() as rig:
        router = Router(rig.executor, rig.bus, rig.metrics)
        router.send(intent("a", ts_ms=1_000))
        router.tick(1_000)
        assert rig.executor.pid is not None
        os.kill(rig.executor.pid, signal.SIGKILL)
        router.send(intent("b", ts_ms=1_001))
        with pytest.raises(ExecutorLost, match=r"ended by SIGKILL.*executor\.log"):
            router.tick(1_001)
        assert not router.healthy
        assert not router.send(intent("c", ts_ms=1_002))
        with pytest.raises(ExecutorLost):
            router.tick(1_002)
        assert rig.heard[-1].reject_code == "EXECUTOR_UNHEALTHY"


def test_stopped_process_in_lockstep_is_lost_in_time_then_killed_and_reaped() -> None:
    config = replace(
        WIRE,
        heartbeat_timeout_s=0.3,
        connect_timeout_s=0.3,
        tick_timeout_s=0.5,
        stop_grace_s=0.1,
    )
    with running(config) as rig:
        pid = rig.executor.pid
        assert pid is not None
        rig.executor.tick(1)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(ExecutorLost, match="did not answer a tick in time"):
            rig.executor.tick(2)
        rig.executor.stop()
        assert not Path(f"/proc/{pid}").exists()


def test_executor_may_listen_on_ipv6() -> None:
    with running(replace(WIRE, host="::1", metrics_host="::1")) as rig:
        assert rig.executor.metrics_address[0] == "::1"
        rig.executor.tick(1)


def test_stop_leaves_no_process_and_nobody_listening() -> None:
    with running() as rig:
        supervisor = rig.executor._supervisor
        assert supervisor is not None
        pid, listening = rig.executor.pid, supervisor.listening
        assert pid is not None
        rig.executor.stop()
        rig.executor.stop()
        assert not is_running(pid)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((listening.host, listening.port), timeout=PATIENCE_S)


def test_executor_dies_with_a_trader_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from trader.execution.ipc import Bus\n"
        "from trader.execution.rust_executor import RustExecutor, RustExecutorConfig\n"
        "e = RustExecutor(Bus(), RustExecutorConfig(), *map(pathlib.Path, sys.argv[1:]))\n"
        "e.start()\n"
        "print(e.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    trader = subprocess.Popen(
        [sys.executable, "-c", program, binary(), tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert trader.stdin is not None
    assert trader.stdout is not None
    pid = int(trader.stdout.readline())
    assert is_running(pid)
    trader.kill()
    trader.wait()
    trader.stdin.close()
    trader.stdout.close()
    poll_until(lambda: None, lambda: not is_running(pid))


# --- a socket of the file system ---


def test_a_unix_socket_serves_as_a_port_does_and_is_its_owners_only() -> None:
    with running(replace(WIRE, transport="uds")) as rig:
        path = rig.run_dir / "executor.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        rig.executor.submit(intent("a", ts_ms=1))
        rig.executor.tick(1)
        assert rig.statuses() == [("a", Status.PLACED)]
        rig.executor.stop()
        assert not path.exists()


@settings(deadline=None, max_examples=10)
@given(scripts(max_steps=25))
def test_python_and_rust_give_the_same_bytes_over_a_unix_socket(script: list[Step]) -> None:
    whole = [*script, Advance(FAR_MS)]
    with running(replace(WIRE, transport="uds")) as rig:
        for step in whole:
            say(rig.executor, step)
        assert [r.comparable() for r in rig.heard] == python_reports(whole, DryRunLimits())


# --- configuration while running ---


def test_limits_change_while_running_and_a_wrong_one_changes_nothing() -> None:
    with running() as rig:
        with pytest.raises(ConfigRejectedError, match=r"limits\.max_open_orders: 0 is not"):
            rig.executor.set_limits(DryRunLimits(max_open_orders=0))
        rig.executor.submit(intent("a", ts_ms=1))
        rig.executor.set_limits(DryRunLimits(max_open_orders=1))
        rig.executor.submit(intent("b", ts_ms=1))
        rig.executor.tick(1)
        assert [r.reject_code for r in rig.heard] == [None, "MAX_OPEN_ORDERS"]


def test_limits_are_pushed_again_over_a_cut() -> None:
    bus, heard = Bus(), list[ExecutionReport]()
    bus.subscribe(heard.append)
    with (
        supervised() as process,
        TcpProxy(process.listening.host, process.listening.port) as proxy,
    ):
        transport = transport_to(process, bus, host="127.0.0.1", port=proxy.port)
        transport.start()
        proxy.cut()
        transport.configure('{"limits": {"max_open_orders": 1}}')
        transport.submit(intent("a"))
        transport.submit(intent("b"))
        transport.tick(1)
        transport.stop()
    assert [r.reject_code for r in heard] == [None, "MAX_OPEN_ORDERS"]


# --- the other executor meanwhile ---


def test_a_stopped_sidecar_is_stood_in_for_until_it_was_well_for_a_while() -> None:
    config = replace(WALL, heartbeat_timeout_s=0.3, connect_timeout_s=0.3, recover_s=0.2)
    with running(config) as rig:
        limits = DryRunLimits()
        both = FallbackExecutor(
            rig.executor, PythonExecutor(rig.bus, limits), rig.bus, limits, rig.metrics
        )

        def order(name: str) -> None:
            now_ms = time.time_ns() // 1_000_000
            both.submit(intent(name, ts_ms=now_ms, ttl_ms=3_600_000))

        order("a")
        poll_until(both.poll, lambda: len(rig.heard) == 1)
        assert rig.executor.pid is not None
        os.kill(rig.executor.pid, signal.SIGSTOP)
        try:
            order("in-the-gap")  # given to it before anybody could know
            poll_until(both.poll, lambda: both.name == "python" or not both.healthy)
            order("b")
            poll_until(both.poll, lambda: len(rig.heard) == 2)
        finally:
            os.kill(rig.executor.pid, signal.SIGCONT)
        poll_until(both.poll, lambda: not both.sidecar_reason)
        order("c")
        poll_until(both.poll, lambda: len(rig.heard) == 4)
        placed = [r.intent_id for r in rig.heard if r.status is Status.PLACED]
        assert sorted(placed) == ["a", "b", "c", "in-the-gap"]
        assert (both.name, rig.metrics.executor_switches_total) == ("rust", 2)


# --- observability ---


def test_status_page_of_the_executor_is_where_the_ready_line_says() -> None:
    with running() as rig:
        rig.executor.submit(intent("a", ts_ms=0))
        rig.executor.tick(1)
        host, port = rig.executor.metrics_address
        with urllib.request.urlopen(f"http://{host}:{port}/status", timeout=PATIENCE_S) as answer:
            assert json.load(answer)["open_orders"] == 1
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=PATIENCE_S) as answer:
            assert b'hotloop_executor_intents_total{action="PLACE"} 1' in answer.read()


def test_market_state_reaches_the_checks() -> None:
    with running() as rig:
        state = VECTORS["10_market_not_open"]["steps"][0]["in"]
        market = decode(msgspec.json.encode(state))
        assert isinstance(market, MarketState)
        rig.executor.market(market)
        rig.executor.submit(intent("a", market_id=market.market_id))
        rig.executor.tick(1)
        assert [r.reject_code for r in rig.heard] == ["MARKET_NOT_OPEN"]

"""What the wire costs: round trips through the transport, and reading and writing of messages.

    ./bazelw run //tests/wire_bench:wire_bench -- [--rounds N] [--json]

Round trips are those of a lockstep step (INTENT and TICK until REPORT and TICK_ACK), over TCP and
over a Unix socket; beside each in turns, in the same run, a blocking echo of the same number of
bytes. On two cores that do nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from trader.execution.connection import TransportSettings, frame_of
from trader.execution.interfaces.intents import QuoteIntent, Side
from trader.execution.interfaces.messages import Tick, decode
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.rust_executor import RustExecutorConfig
from trader.execution.supervisor import Supervisor, find_binary
from trader.execution.testing import load_vectors
from trader.execution.transport import Transport

ROOT: Final = Path(__file__).absolute().parents[2]
TRANSPORTS: Final = ("tcp", "uds")
WARM_UP: Final = 500
TURN: Final = 250
BATCHES: Final = 15
BATCH_S: Final = 0.01
PARTS: Final = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999))


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Percentiles in microseconds."""

    client: str
    transport: str
    request_bytes: int
    answer_bytes: int
    executor_us: dict[str, float]
    echo_us: dict[str, float]


@dataclass(frozen=True, slots=True)
class Cost:
    """Nanoseconds of one message."""

    message_type: str
    size: int
    python_decode_ns: int
    python_encode_ns: int
    rust_decode_ns: int
    rust_encode_ns: int


def program(name: str, variable: str) -> str:
    """A program of the Rust crates: the build's, else cargo's."""
    path = Path(os.environ.get(variable, ROOT / "rust/target/release/examples" / name)).absolute()
    if not path.is_file():
        raise SystemExit(f"{path} is not there: cargo build --release --example {name}")
    return str(path)


# --- round trips ---------------------------------------------------------------------------------


def rust_round_trips(rounds: int) -> list[RoundTrip]:
    """With a client in Rust: the executor's own share."""
    command = (program("round_trip", "HOTLOOP_ROUND_TRIP"), str(find_binary()), str(rounds))
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return [
        RoundTrip(
            client="rust",
            **{key: value for key, value in json.loads(line).items() if key != "rounds"},
        )
        for line in done.stdout.splitlines()
    ]


def python_round_trips(rounds: int) -> list[RoundTrip]:
    """With the trader's transport, beside a blocking socket of Python's."""
    return [_python_round_trip(transport, rounds) for transport in TRANSPORTS]


def _python_round_trip(transport: str, rounds: int) -> RoundTrip:
    with _trader(transport) as trader:
        request, answer = trader.sizes()
        steps: list[int] = []
        echoes: list[int] = []
        with _echo(transport, request, answer) as floor:
            while len(steps) < WARM_UP + rounds:
                steps += [trader.step() for _ in range(TURN)]
                echoes += [_exchange(floor, request, answer) for _ in range(TURN)]
    return RoundTrip(
        client="python",
        transport=transport,
        request_bytes=request,
        answer_bytes=answer,
        executor_us=_percentiles(steps[WARM_UP:]),
        echo_us=_percentiles(echoes[WARM_UP:]),
    )


class _Trader:
    """Places and cancels one order a step, as the engine would in lockstep."""

    def __init__(self, transport: Transport, bus: Bus) -> None:
        self._transport = transport
        self._heard: list[ExecutionReport] = []
        bus.subscribe(self._heard.append)
        self._round = 0

    def step(self) -> int:
        """Nanoseconds from the intent's making to its report heard and the tick answered."""
        begun = time.perf_counter_ns()
        order = self._order()
        self._transport.submit(order)
        self._transport.tick(order.ts_ms)
        took = time.perf_counter_ns() - begun
        assert [report.status for report in self._heard] == [Status.PLACED]
        self._transport.submit(order.cancel(intent_id=f"c{self._round:08}", ts_ms=order.ts_ms))
        self._transport.tick(order.ts_ms)
        self._heard.clear()
        self._round += 1
        return took

    def sizes(self) -> tuple[int, int]:
        """The bytes of a step's request and of its answer, acknowledgements left out."""
        order = self._order()
        request = len(frame_of(order)) + len(frame_of(Tick(ts_ms=order.ts_ms)))
        self._transport.submit(order)
        self._transport.tick(order.ts_ms)
        answer = len(frame_of(self._heard[-1])) + len(
            b'    {"last_seq":10000,"ts_ms":1700000000000,"type":"TICK_ACK"}'
        )
        self._transport.submit(order.cancel(intent_id="c", ts_ms=order.ts_ms))
        self._transport.tick(order.ts_ms)
        self._heard.clear()
        self._round += 1
        return request, answer

    def _order(self) -> QuoteIntent:
        return QuoteIntent.place(
            intent_id=f"p{self._round:08}",
            ts_ms=1_700_000_000_000 + self._round,
            edge="passive_maker",
            market_id="1.200806927",
            selection_id=7_662_169,
            side=Side.BACK,
            price_centi=200,
            size_centi=500,
            ttl_ms=10_000,
            strategy_ref="hotloop",
            dry_run=True,
        )


@contextmanager
def _trader(transport: str) -> Iterator[_Trader]:
    with TemporaryDirectory() as folder:
        config = RustExecutorConfig(transport="uds" if transport == "uds" else "tcp")
        supervisor = Supervisor(find_binary(), Path(folder))
        supervisor.start(config.render(Path(folder)), ready_timeout_s=20.0)
        bus = Bus()
        settings = TransportSettings(
            **asdict(supervisor.listening),
            token=supervisor.token,
            clock="wire",
            spin_us=config.spin_us,
        )
        link = Transport(settings, bus, rng=random.Random(1))
        try:
            link.start()
            yield _Trader(link, bus)
            link.stop()
        finally:
            supervisor.stop(grace_s=5.0)


@contextmanager
def _echo(transport: str, request: int, answer: int) -> Iterator[socket.socket]:
    """A blocking socket to a peer in another process that answers and does nothing else."""
    command = (program("round_trip", "HOTLOOP_ROUND_TRIP"), "echo", transport)
    process = subprocess.Popen(
        (*command, str(request), str(answer)), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    try:
        if transport == "uds":
            floor = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            floor.connect(address.removeprefix("unix:"))
        else:
            host, _, port = address.partition(":")
            floor = socket.create_connection((host, int(port)))
            floor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with floor:
            yield floor
    finally:
        process.kill()
        process.communicate()


def _exchange(floor: socket.socket, request: int, answer: int) -> int:
    outgoing, left = bytes(request), answer
    begun = time.perf_counter_ns()
    floor.sendall(outgoing)
    while left:
        left -= len(floor.recv(left))
    return time.perf_counter_ns() - begun


def _percentiles(nanos: Sequence[int]) -> dict[str, float]:
    ordered = sorted(nanos)
    return {name: round(ordered[int(len(ordered) * part)] / 1000, 1) for name, part in PARTS}


# --- reading and writing -------------------------------------------------------------------------


def costs() -> list[Cost]:
    """Of one message of each type, the longest of the vectors."""
    bodies: dict[str, str] = {}
    for vector in load_vectors("vectors/v1/messages").values():
        if "code" not in vector:
            kind = json.loads(vector["bytes"])["type"]
            bodies[kind] = max(bodies.get(kind, ""), vector["bytes"], key=len)
    stdin = "".join(f"{body}\n" for body in bodies.values())
    done = subprocess.run(
        [program("costs", "HOTLOOP_COSTS")], input=stdin, capture_output=True, check=True, text=True
    )
    rust = {cost["type"]: cost for cost in map(json.loads, done.stdout.splitlines())}
    return [_cost(kind, bodies[kind], rust[kind]) for kind in sorted(bodies)]


def _cost(kind: str, body: str, rust: dict[str, Any]) -> Cost:
    message = decode(body)
    return Cost(
        message_type=kind,
        size=len(body.encode()),
        python_decode_ns=_nanos(lambda: decode(body)),
        python_encode_ns=_nanos(lambda: frame_of(message)),
        rust_decode_ns=rust["decode_ns"],
        rust_encode_ns=rust["encode_ns"],
    )


def _nanos(call: Callable[[], object]) -> int:
    """Nanoseconds of one call: the median of batches."""
    count = 1
    while (took := _batch(call, count)) < BATCH_S * 1e9:
        count = max(count * 2, int(count * BATCH_S * 1e9 / max(took, 1)))
    return round(statistics.median(_batch(call, count) / count for _ in range(BATCHES)))


def _batch(call: Callable[[], object], count: int) -> int:
    begun = time.perf_counter_ns()
    for _ in range(count):
        call()
    return time.perf_counter_ns() - begun


# --- telling -------------------------------------------------------------------------------------


def markdown(trips: Sequence[RoundTrip], made: Sequence[Cost]) -> str:
    """Both tables, as they stand in docs/performance.md."""
    heads = ("client", "over", "bytes there and back", "executor p50 · p99", "echo p50 · p99")
    lines = [f"| {' | '.join(heads)} | ratio p50 · p99 |", "| --- | --- | --- | --- | --- | --- |"]
    for trip in trips:
        ours, floor = trip.executor_us, trip.echo_us
        ratios = " · ".join(f"{ours[part] / floor[part]:.2f}" for part in ("p50", "p99"))
        lines.append(
            f"| {trip.client} | {trip.transport} | {trip.request_bytes}, {trip.answer_bytes} "
            f"| {ours['p50']} · {ours['p99']} µs | {floor['p50']} · {floor['p99']} µs | {ratios} |"
        )
    lines += [
        "",
        "| message | bytes | Python reads · writes | Rust reads · writes |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {cost.message_type} | {cost.size} | {cost.python_decode_ns:,} · "
        f"{cost.python_encode_ns:,} ns | {cost.rust_decode_ns:,} · {cost.rust_encode_ns:,} ns |"
        for cost in made
    ]
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="wire_bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20_000, help="round trips each (20000)")
    parser.add_argument("--json", action="store_true", help="instead of Markdown")
    given = parser.parse_args(argv)
    if given.rounds < 1:
        parser.error("--rounds: at least 1")
    try:
        print("wire_bench: round trips of the Rust client", file=sys.stderr)
        trips = rust_round_trips(given.rounds)
        print("wire_bench: round trips of the trader's transport", file=sys.stderr)
        trips += python_round_trips(given.rounds)
        print("wire_bench: reading and writing", file=sys.stderr)
        made = costs()
    except KeyboardInterrupt:
        print("wire_bench: interrupted", file=sys.stderr)
        return 130
    if given.json:
        told = {"round_trips": [asdict(t) for t in trips], "costs": [asdict(c) for c in made]}
        print(json.dumps(told, indent=1))
    else:
        print(markdown(trips, made))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

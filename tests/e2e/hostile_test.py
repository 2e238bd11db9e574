"""Whatever bytes come to the executor: a code each, bounded memory, and the session that is there
goes on as if nothing had happened."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from tests.e2e.executor_rig import PATIENCE_S, WIRE, binary, transport_to
from trader.execution.framing import FrameDecoder
from trader.execution.interfaces.reports import ExecutionReport, Status
from trader.execution.ipc import Bus
from trader.execution.scripts_for_tests import intent
from trader.execution.supervisor import Supervisor

MIB: Final = 1 << 20
# What the process may grow by while it is attacked: the frames of 16 connections, and change.
GROWTH_MAX_BYTES: Final = 24 * MIB
HELLO: Final = {
    "type": "HELLO",
    "wire_versions": [1],
    "client": "hostile",
    "token": "",
    "strategy_commit": "",
    "bundle_version": 1,
    "capabilities": {},
    "last_report_seq": 0,
}


@contextmanager
def attacked() -> Iterator[Supervisor]:
    """An executor that loses its patience soon."""
    with TemporaryDirectory() as folder:
        supervisor = Supervisor(binary(), Path(folder))
        config = replace(WIRE, heartbeat_ms=60_000).render(Path(folder))
        config["listen"] |= {"hello_timeout_ms": 1_500, "frame_timeout_ms": 1_500}
        config["listen"]["write_timeout_ms"] = 1_000
        supervisor.start(config, PATIENCE_S)
        try:
            yield supervisor
        finally:
            supervisor.stop(PATIENCE_S)


@pytest.fixture(scope="module")
def executor() -> Iterator[Supervisor]:
    with attacked() as process:
        yield process


class GoodSession:
    """A trader that places and cancels all the time, and hears exactly what it should."""

    def __init__(self, process: Supervisor) -> None:
        self._bus, self._heard = Bus(), list[ExecutionReport]()
        self._bus.subscribe(self._heard.append)
        self._transport = transport_to(process, self._bus)
        self._stopping = threading.Event()
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self.orders = 0

    def __enter__(self) -> GoodSession:
        self._transport.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._transport.stop()
        if self._failed is not None:
            raise self._failed

    def more(self, count: int = 3) -> None:
        """Waits until so many more orders have come and gone."""
        wanted, deadline = self.orders + count, time.monotonic() + PATIENCE_S
        while self.orders < wanted:
            assert self._thread.is_alive(), self._failed
            assert time.monotonic() < deadline, "the good session stands still"
            time.sleep(0.002)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._one_order()
        except Exception as error:
            self._failed = error

    def _one_order(self) -> None:
        now_ms = self.orders + 1
        order = intent(f"good-{self.orders}", ts_ms=now_ms)
        self._transport.submit(order)
        self._transport.tick(now_ms)
        self._transport.submit(order.cancel(intent_id=f"bye-{self.orders}", ts_ms=now_ms))
        self._transport.tick(now_ms)
        statuses = [report.status for report in self._heard]
        assert statuses == [Status.PLACED, Status.CANCELLED, Status.CANCELLED], statuses
        self._heard.clear()
        self.orders += 1


@pytest.fixture(scope="module")
def good(executor: Supervisor) -> Iterator[GoodSession]:
    with GoodSession(executor) as session:
        yield session


def connect(process: Supervisor) -> socket.socket:
    address = process.listening.host, process.listening.port
    return socket.create_connection(address, PATIENCE_S)


def frame(body: str | bytes) -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    return struct.pack(">I", len(raw)) + raw


def answers(stream: socket.socket) -> list[dict[str, Any]]:
    """Every message until the executor closes."""
    decoder, heard = FrameDecoder(), list[dict[str, Any]]()
    while True:
        try:
            data = stream.recv(1 << 16)
        except ConnectionResetError:
            # Closed with bytes of ours unread: what was said before may have come, or not.
            data = b""
        if not data:
            return heard
        decoder.feed(data)
        while (text := decoder.next_frame()) is not None:
            heard.append(json.loads(text))


def metric(process: Supervisor, name: str) -> float:
    """The sum of a counter over its labels."""
    host, port = process.metrics
    page = urllib.request.urlopen(f"http://{host}:{port}/metrics").read().decode()
    lines = [line for line in page.splitlines() if line.startswith(f"hotloop_executor_{name}")]
    assert lines, f"no {name} in {page}"
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def memory(process: Supervisor) -> int:
    """Resident bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) << 10


@dataclass(frozen=True)
class Attack:
    """Bytes before any HELLO, what is done after them, and the code they come to."""

    sends: bytes
    code: str
    then: str = ""


def hello(**changes: Any) -> str:
    return json.dumps({**HELLO, **changes})


NEST: Final = "[" * 200_000 + "]" * 200_000
ATTACKS: Final = {
    "zero": Attack(bytes(4), "BAD_FRAME_LENGTH"),
    "oversize": Attack(struct.pack(">I", MIB + 1), "BAD_FRAME_LENGTH"),
    "largest_length": Attack(b"\xff\xff\xff\xff", "BAD_FRAME_LENGTH"),
    "http": Attack(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "BAD_FRAME_LENGTH"),
    "tls": Attack(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "BAD_FRAME_LENGTH"),
    "truncated": Attack(frame(hello())[:40], "TRUNCATED", "close"),
    "truncated_length": Attack(b"\0\0", "TRUNCATED", "close"),
    "slow": Attack(frame(hello())[:40], "TRUNCATED", "drip"),
    "half_a_frame": Attack(struct.pack(">I", MIB) + b"{", "TRUNCATED", "wait"),
    "silence": Attack(b"", "NOT_HELLO", "wait"),
    "before_hello": Attack(frame('{"ts_ms":1,"type":"TICK"}'), "NOT_HELLO"),
    "unknown_type": Attack(frame('{"type":"HELO"}'), "NOT_HELLO"),
    "no_json": Attack(frame("hello"), "BAD_JSON"),
    "an_array": Attack(frame("[]"), "BAD_JSON"),
    "two_objects": Attack(frame(hello() + hello()), "BAD_JSON"),
    "invalid_utf8": Attack(frame(b'{"type":"HELLO\xff"}'), "BAD_UTF8"),
    "overlong_utf8": Attack(frame(b'{"type":"\xc0\xaf"}'), "BAD_UTF8"),
    "half_a_surrogate_pair": Attack(frame('{"type":"HELLO","client":"\\ud800"}'), "BAD_JSON"),
    "deep_nesting_of_what_nobody_reads": Attack(
        frame(hello(token="guess")[:-1] + f',"a":{NEST}}}'), "BAD_TOKEN"
    ),
    "deep_nesting_of_what_is_read": Attack(
        frame(hello(capabilities="?").replace('"?"', f'{{"a":{NEST}}}')), "BAD_HELLO"
    ),
    "deep_objects": Attack(frame('{"type":' * 100_000), "BAD_JSON"),
    "wrong_types": Attack(frame(hello(wire_versions="1")), "BAD_HELLO"),
    "duplicate_keys": Attack(frame(hello()[:-1] + ',"token":""}'), "BAD_HELLO"),
    "no_versions": Attack(frame(hello(wire_versions=[])), "BAD_HELLO"),
    "huge_number": Attack(frame(hello(last_report_seq=10**400)), "BAD_HELLO"),
    "bad_token": Attack(frame(hello(token="guess")), "BAD_TOKEN"),
    "long_token": Attack(frame(hello(token="x" * 1_000_000)), "BAD_TOKEN"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_each_has_its_code_and_the_good_session_goes_on(
    name: str, executor: Supervisor, good: GoodSession
) -> None:
    attack = ATTACKS[name]
    before = memory(executor)
    good.more(1)
    with connect(executor) as stream:
        stream.sendall(attack.sends)
        if attack.then == "close":
            stream.shutdown(socket.SHUT_WR)
        elif attack.then == "drip":
            drip(stream)
        heard = answers(stream)
    assert [message.get("code") for message in heard] == [attack.code], heard
    assert all(len(json.dumps(message)) < 2_000 for message in heard)
    good.more(2)
    assert memory(executor) - before < GROWTH_MAX_BYTES


def drip(stream: socket.socket) -> None:
    """A byte now and then, as long as the executor lets us."""
    stream.settimeout(0.05)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            stream.sendall(b" ")
            if stream.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    stream.settimeout(PATIENCE_S)


def test_a_thousand_connections_and_a_mebibyte_of_each_at_most(
    executor: Supervisor, good: GoodSession
) -> None:
    before, refused = memory(executor), metric(executor, "connections_refused")
    streams = []
    try:
        for _ in range(1_000):
            stream = connect(executor)
            streams.append(stream)
            try:
                stream.sendall(struct.pack(">I", MIB) + b"{" * 60_000)
            except OSError:
                continue  # it was one too many
        good.more()
        assert memory(executor) - before < GROWTH_MAX_BYTES
    finally:
        for stream in streams:
            stream.close()
    good.more()
    assert metric(executor, "connections_refused") - refused > 500


def test_what_cannot_be_handled_in_a_session_has_its_code_and_only_that() -> None:
    """The hostile one has the token, and a session of its own."""
    tick = '{"ts_ms":1,"type":"TICK"}'
    cases = {
        '{"type":"TICK"}': "BAD_MESSAGE",
        '{"ts_ms":1,"ts_ms":2,"type":"TICK"}': "BAD_MESSAGE",
        '{"ts_ms":"1","type":"TICK"}': "BAD_MESSAGE",
        '{"ts_ms":1e400,"type":"TICK"}': "BAD_MESSAGE",
        '{"ts_ms":-1,"type":"TICK"}': "BAD_MESSAGE",
        '{"type":"TOCK"}': "UNKNOWN_TYPE",
        '{"action":"explode","reason":"","type":"CONTROL"}': "UNKNOWN_ENUM",
        '{"last_seq":1,"ts_ms":1,"type":"TICK_ACK"}': "BAD_MESSAGE",
        hello(): "BAD_MESSAGE",
        f'{{"ts_ms":{NEST},"type":"TICK"}}': "BAD_MESSAGE",
        intent("a").to_wire().decode().replace('"v":1', '"v":2'): "UNKNOWN_VERSION",
    }
    with attacked() as process, connect(process) as stream:
        stream.sendall(frame(hello(token=process.token)))
        for body in cases:
            stream.sendall(frame(body))
        stream.sendall(frame(tick) + frame("hello"))
        heard = [message for message in answers(stream) if message["type"] in {"ERROR", "TICK_ACK"}]
        assert [message.get("code") for message in heard] == [*cases.values(), None, "BAD_JSON"]
        # The session has ended and nothing is lost by it: the next one is a session like any.
        with GoodSession(process) as session:
            session.more()


def test_a_flood_that_reads_no_answers_is_cut_off_and_memory_stays() -> None:
    with attacked() as process, connect(process) as stream:
        stream.sendall(frame(hello(token=process.token)))
        before = memory(process)
        order = intent("flood").to_wire().decode()
        sent = 0
        stream.settimeout(PATIENCE_S)
        with pytest.raises(OSError):
            while sent < 2_000_000:
                batch = [order.replace('"flood"', f'"f{n}"') for n in range(sent, sent + 1_000)]
                stream.sendall(b"".join(map(frame, batch)))
                sent += len(batch)
        assert sent > 1_000
        assert memory(process) - before < 64 * MIB
        assert metric(process, "open_orders") <= WIRE.limits.max_open_orders


def test_it_listens_on_loopback_only(executor: Supervisor) -> None:
    inodes = {
        link.split("[")[1][:-1]
        for fd in Path(f"/proc/{executor.pid}/fd").iterdir()
        if (link := str(fd.readlink())).startswith("socket:")
    }
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{executor.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                addresses.add(fields[1].split(":")[0])
    assert addresses == {"0100007F"}, "127.0.0.1, the wire and the metrics"

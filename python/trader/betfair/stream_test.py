"""The stream client against a venue of a few lines on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import msgspec
import pytest

from trader.betfair.dial import StreamEndpoint, StreamError
from trader.betfair.stream import StreamClient, StreamCredentials, Subscription

CONNECTION = b'{"op":"connection","connectionId":"%s"}'
SUCCESS = b'{"op":"status","statusCode":"SUCCESS","connectionClosed":false}'
IMAGE = b'{"op":"mcm","ct":"SUB_IMAGE","initialClk":"i","clk":"1","pt":1,"mc":[]}'
UPDATE = b'{"op":"mcm","clk":"2","pt":2,"mc":[]}'
DELTA = b'{"op":"mcm","ct":"RESUB_DELTA","initialClk":"i","clk":"3","pt":3,"mc":[]}'

CONNECTS_S = 0.3
"""Time in which a connection on this machine stands."""


def failure(code: str) -> bytes:
    return b'{"op":"status","statusCode":"FAILURE","errorCode":"%s"}' % code.encode()


class Peer:
    """One accepted connection, as the venue sees it."""

    def __init__(self, accepted: socket.socket, number: int) -> None:
        self._socket = accepted
        self._file = accepted.makefile("rb")
        self.say(CONNECTION % str(number).encode())
        self.requests: list[dict[str, Any]] = [self.hear(), self.hear()]

    def hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = msgspec.json.decode(self._file.readline())
        return heard

    def say(self, *lines: bytes) -> None:
        self._socket.sendall(b"".join(line + b"\r\n" for line in lines))

    def send(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def hang_up(self) -> None:
        self._file.close()
        self._socket.close()


@contextmanager
def venue() -> Iterator[tuple[StreamEndpoint, Queue[Peer]]]:
    """A listener; each accepted connection comes through the queue when it has subscribed."""
    peers: Queue[Peer] = Queue()
    accepted_so_far: list[Peer] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            number = 0
            while True:
                try:
                    accepted, _ = listener.accept()
                    number += 1
                    peer = Peer(accepted, number)
                    accepted_so_far.append(peer)
                    peers.put(peer)
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield StreamEndpoint("127.0.0.1", listener.getsockname()[1], tls=False), peers
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for peer in accepted_so_far:
            peer.hang_up()


def client(endpoint: StreamEndpoint, **changes: Any) -> StreamClient:
    tokens = iter(["second", "third"])
    credentials = StreamCredentials("key", lambda: "first", lambda: next(tokens))
    body = {"marketFilter": {"marketIds": ["1.1"]}}
    return StreamClient(endpoint, Subscription("marketSubscription", body, **changes), credentials)


def next_line(stream: StreamClient) -> bytes:
    """The next line; fails when none comes in a long time."""
    line = stream.next_line(20.0)
    assert line is not None
    return line


def test_it_authenticates_subscribes_and_gives_every_line() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        assert stream.next_line(CONNECTS_S) is None
        peer = peers.get(timeout=10)
        assert [request["op"] for request in peer.requests] == [
            "authentication",
            "marketSubscription",
        ]
        assert (peer.requests[0]["appKey"], peer.requests[0]["session"]) == ("key", "first")
        assert peer.requests[1]["marketFilter"] == {"marketIds": ["1.1"]}
        assert peer.requests[1]["heartbeatMs"] == 5000
        peer.say(SUCCESS, SUCCESS, IMAGE, UPDATE)
        assert [next_line(stream), next_line(stream)] == [IMAGE, UPDATE]
        assert stream.position == ("1", 5)
        stream.close()


def test_a_line_may_come_in_pieces_and_be_long() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        stream.next_line(CONNECTS_S)
        peer = peers.get(timeout=10)
        long = b'{"op":"mcm","clk":"2","pt":2,"mc":[],"x":"%s"}' % (b"y" * 600_000)
        sender = threading.Thread(target=peer.say, args=(long, UPDATE))
        sender.start()
        assert next_line(stream) == long
        peer.send(b'{"op":"mcm",')
        assert next_line(stream) == UPDATE
        assert stream.next_line(0.01) is None
        peer.send(b'"pt":4}\r\n')
        assert next_line(stream) == b'{"op":"mcm","pt":4}'
        sender.join()
        stream.close()


def test_a_lost_connection_resumes_at_the_last_line() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        stream.next_line(CONNECTS_S)
        peer = peers.get(timeout=10)
        peer.say(IMAGE, UPDATE)
        next_line(stream), next_line(stream)
        peer.hang_up()
        while stream.counts.connects < 2:
            assert stream.next_line(0.05) is None
        again = peers.get(timeout=10)
        assert (again.requests[1]["initialClk"], again.requests[1]["clk"]) == ("i", "2")
        again.say(DELTA)
        assert next_line(stream) == DELTA
        assert stream.counts.resumed == 1
        assert stream.counts.lost == {"closed by the venue": 1}
        stream.close()


def test_a_place_the_venue_does_not_know_is_given_up_for_an_image() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        stream.next_line(CONNECTS_S)
        peer = peers.get(timeout=10)
        peer.say(IMAGE)
        next_line(stream)
        peer.say(failure("INVALID_CLOCK"))
        while stream.counts.connects < 2:
            assert stream.next_line(0.05) is None
        again = peers.get(timeout=10)
        assert "clk" not in again.requests[1]
        stream.close()


def test_a_session_that_ended_is_replaced_by_a_new_log_in() -> None:
    with venue() as (endpoint, peers):
        asked: list[str] = []

        def relogin() -> str:
            asked.append("again")
            return "new"

        credentials = StreamCredentials("key", lambda: "new" if asked else "old", relogin)
        stream = StreamClient(endpoint, Subscription("orderSubscription", {}), credentials)
        stream.next_line(CONNECTS_S)
        peers.get(timeout=10).say(failure("INVALID_SESSION_INFORMATION"))
        while stream.counts.connects < 2:
            assert stream.next_line(0.05) is None
        assert peers.get(timeout=10).requests[0]["session"] == "new"
        assert asked == ["again"]
        stream.close()


def test_a_silent_connection_is_made_anew() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, silent_s=0.05)
        stream.next_line(CONNECTS_S)
        peers.get(timeout=10).say(IMAGE)
        next_line(stream)
        while stream.counts.connects < 2:
            assert stream.next_line(0.05) is None
        assert stream.counts.lost == {"silent": 1}
        stream.close()


def test_a_wrong_key_is_raised_and_not_tried_again() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint)
        stream.next_line(CONNECTS_S)
        peers.get(timeout=10).say(failure("INVALID_APP_KEY"))
        with pytest.raises(StreamError, match="INVALID_APP_KEY"):
            stream.next_line(10.0)
        stream.close()


def test_a_line_that_is_no_json_is_passed_on_to_be_judged() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        stream.next_line(CONNECTS_S)
        peers.get(timeout=10).say(b'{"op":"mcm",')
        assert next_line(stream) == b'{"op":"mcm",'
        stream.close()


def test_nobody_there_is_tried_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    stream = client(StreamEndpoint("127.0.0.1", port, tls=False))
    assert stream.next_line(CONNECTS_S) is None
    assert stream.next_line(0.3) is None
    assert sum(stream.counts.lost.values()) >= 1


@pytest.mark.parametrize("host", ["10.0.0.1", "stream-api.example.com", "::2"])
def test_another_machine_is_not_spoken_to_in_the_clear(host: str) -> None:
    with pytest.raises(StreamError, match="without TLS"):
        StreamEndpoint(host, 443, tls=False)


def test_resubscribing_asks_for_an_image_at_once() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        stream.next_line(CONNECTS_S)
        peers.get(timeout=10).say(IMAGE)
        next_line(stream)
        stream.resubscribe()
        assert stream.next_line(CONNECTS_S) is None
        assert "clk" not in peers.get(timeout=10).requests[1]
        stream.close()


def test_another_subscription_goes_over_the_standing_connection_and_forgets_the_place() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        stream.next_line(CONNECTS_S)
        peer = peers.get(timeout=10)
        first = peer.requests[1]["id"]
        peer.say(b'{"op":"mcm","id":%d,"initialClk":"i","clk":"1","pt":1,"mc":[]}' % first)
        next_line(stream)
        stream.subscribe({"marketFilter": {"marketIds": ["1.2"]}})
        request = peer.hear()
        assert (request["op"], request["marketFilter"]) == (
            "marketSubscription",
            {"marketIds": ["1.2"]},
        )
        assert "clk" not in request
        # A late line of the former subscription is passed on, but its place is not ours.
        peer.say(b'{"op":"mcm","id":%d,"clk":"9","pt":2,"mc":[]}' % first)
        next_line(stream)
        peer.hang_up()
        while stream.counts.connects < 2:
            stream.next_line(0.05)
        again = peers.get(timeout=10).requests[1]
        assert again["marketFilter"] == {"marketIds": ["1.2"]}
        assert "clk" not in again
        stream.close()


def test_it_is_up_from_its_first_line_until_the_connection_is_lost() -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        stream.next_line(CONNECTS_S)
        peer = peers.get(timeout=10)
        ups = [stream.is_up]  # nothing was heard yet
        peer.say(SUCCESS, SUCCESS, IMAGE)
        next_line(stream)
        ups.append(stream.is_up)
        peer.hang_up()
        assert stream.next_line(0.05) is None
        ups.append(stream.is_up)
        assert ups == [False, True, False]
        stream.close()


@pytest.mark.parametrize(
    ("conflate_ms", "delayed"), [(0, False), (120_000, False), (180_000, True)]
)
def test_a_key_for_delayed_data_is_known_by_its_conflation(conflate_ms: int, delayed: bool) -> None:
    with venue() as (endpoint, peers):
        stream = client(endpoint, heartbeat_ms=5000)
        stream.next_line(CONNECTS_S)
        said = b'{"op":"mcm","ct":"SUB_IMAGE","conflateMs":%d,"pt":1,"mc":[]}' % conflate_ms
        peers.get(timeout=10).say(said)
        next_line(stream)
        assert stream.is_delayed is delayed
        stream.close()


def test_nobody_waits_for_a_connection_that_takes_long() -> None:
    arrived, may_go = threading.Event(), threading.Event()

    def slow_log_in() -> str:
        arrived.set()
        assert may_go.wait(20)
        return "new"

    with venue() as (endpoint, peers):
        credentials = StreamCredentials("key", lambda: "token", slow_log_in)
        stream = StreamClient(endpoint, Subscription("marketSubscription", {}), credentials)
        stream.next_line(CONNECTS_S)
        peers.get(timeout=10).say(failure("NO_SESSION"))
        while not arrived.is_set():
            assert stream.next_line(0.01) is None
        # The log-in is under way, and whoever asks for lines is answered.
        assert [stream.next_line(0.0) for _ in range(100)] == [None] * 100
        may_go.set()
        while stream.counts.connects < 2:
            assert stream.next_line(0.05) is None
        stream.close()

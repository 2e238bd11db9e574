"""Who may ask the status page, what they get, and that nobody can fill or stop the trader by it."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack, closing
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trader.status.app import FILES, StatusApp
from trader.status.board import EVENTS_MAX, READERS_MAX, StatusBoard
from trader.status.controls import carry_out
from trader.status.names import Names
from trader.status.testing import TOKEN, Served, meanwhile, quoting, served
from trader.testing import QUOTED, Scene

SECRETS = ("/state.json", "/events")
CONTROLS = ("/control/kill", "/control/cancel-all")


def state(page: Served, scene: Scene) -> dict[str, Any]:
    status, content, _ = meanwhile(
        page.board, scene.session, lambda: page.ask("GET", "/state.json")
    )
    assert status == 200, content
    document: dict[str, Any] = json.loads(content)
    return document


def control(page: Served, scene: Scene, action: str) -> tuple[int, dict[str, Any]]:
    status, content, _ = meanwhile(
        page.board, scene.session, lambda: page.ask("POST", f"/control/{action}")
    )
    return status, json.loads(content)


def test_the_page_needs_no_token_and_may_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    with served(quoting(tmp_path)) as page:
        for path in ("/", *(f"/{name}" for name in FILES if name != "page.html")):
            status, content, headers = page.ask("GET", path, {})
            assert status == 200
            assert TOKEN.encode() not in content
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "T" * 43,
        TOKEN[:-1],
        TOKEN + "t",
        "caf\xe9",
    ],
)
def test_without_the_token_nothing_is_told_and_nothing_done(tmp_path: Path, token: str) -> None:
    scene = quoting(tmp_path)
    with served(scene) as page:
        for headers in ({}, {"X-Token": token}):
            for method, paths in (("GET", SECRETS), ("POST", CONTROLS)):
                for path in paths:
                    status, content, _ = page.ask(method, path, headers)
                    assert status == 401
                    assert b"markets" not in content
        page.board.turn(scene.session)
    assert scene.session.engine.killed is None
    assert len(scene.open_sides()) == 2


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil", ""])
def test_a_name_that_only_leads_here_is_refused(tmp_path: Path, host: str) -> None:
    with served(quoting(tmp_path)) as page:
        for method, path in (("GET", "/"), ("GET", "/state.json"), ("POST", "/control/kill")):
            status, _, _ = page.ask(method, path, {"X-Token": TOKEN, "Host": host})
            assert status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_may_not_ask_even_with_the_token(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    scene = quoting(tmp_path)
    with served(scene) as page:
        for method, path in (("POST", "/control/kill"), ("GET", "/state.json"), ("GET", "/events")):
            status, _, _ = page.ask(method, path, {"X-Token": TOKEN, **headers})
            assert status == 403
        page.board.turn(scene.session)
    assert scene.session.engine.killed is None


def test_a_kill_ends_the_orders_on_the_engines_thread_and_twice_is_once(tmp_path: Path) -> None:
    scene = quoting(tmp_path)
    with served(scene) as page:
        assert state(page, scene)["execution"]["open_orders"] == 2
        status, answer = control(page, scene, "kill")
        assert (status, answer["done"], answer["killed"]) == (200, True, True)
        assert answer["open_orders"] == 0
        assert "2 orders told to end" in answer["message"]
        status, answer = control(page, scene, "kill")
        assert (status, answer["done"]) == (200, True)
        assert "was killed before: by hand, status page" in answer["message"]
        scene.change(QUOTED)
        told = state(page, scene)["execution"]
    assert (told["killed"], told["killed_reason"]) == (True, "by hand, status page")
    assert told["open_orders"] == 0, "nothing new leaves"
    assert scene.metrics.kills_total == 1
    assert scene.session.desk.counts.refused["killed"] > 0


def test_cancel_all_ends_the_orders_and_the_edges_go_on(tmp_path: Path) -> None:
    scene = quoting(tmp_path)
    with served(scene) as page:
        status, answer = control(page, scene, "cancel-all")
        assert (status, answer["done"], answer["killed"]) == (200, True, False)
        assert answer["open_orders"] == 0
        scene.change([{"id": 1, "atb": [[3.0, 40.0]]}])
        assert state(page, scene)["execution"]["open_orders"] > 0


def test_a_loop_that_does_not_come_by_is_said_and_the_control_is_done_when_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trader.status.app.CONTROL_WAIT_S", 0.05)
    monkeypatch.setattr("trader.status.app.STATE_WAIT_S", 0.05)
    scene = quoting(tmp_path)
    with served(scene) as page:
        status, content, _ = page.ask("GET", "/state.json")
        assert (status, b"has not begun yet" in content) == (503, True)
        for _ in range(20):
            status, content, _ = page.ask("POST", "/control/kill")
            assert (status, b"as soon as the loop goes on" in content) == (202, True)
            assert b"`trader kill` in a terminal does not wait" in content
        assert scene.metrics.kills_total == 0
        page.board.turn(scene.session)
    assert scene.session.engine.killed == "by hand, status page"
    assert scene.metrics.kills_total == 1, "twenty requests are one"


def test_a_page_that_cannot_be_made_is_not_told_as_one_that_is_fresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trader.status.app.BEAT_S", 0.01)
    monkeypatch.setattr("trader.status.board.EVERY_S", 0.0)
    scene = quoting(tmp_path)
    with served(scene) as page, page.events() as events:
        assert next(events) == ("beat", {"silent_s": None, "blind_s": None})
        told = meanwhile(page.board, scene.session, lambda: [next(events) for _ in range(2)])
        assert [name for name, _ in told] == ["state", "view"]
        tell = page.board._look

        def fails(*_: object) -> NoReturn:
            raise KeyError("a mistake of the page")

        monkeypatch.setattr(page.board, "_look", fails)

        def blind() -> bool:
            return any(name == "beat" and beat["blind_s"] is not None for name, beat in events)

        assert meanwhile(page.board, scene.session, blind)
        monkeypatch.setattr("trader.status.app.STATE_WAIT_S", 0.0)
        status, content, _ = page.ask("GET", "/state.json")
        assert (status, b"cannot tell how things are" in content) == (503, True)
        monkeypatch.setattr(page.board, "_look", tell)
        assert meanwhile(
            page.board, scene.session, lambda: any(name == "state" for name, _ in events)
        )
        assert page.board.blind_s is None


def test_a_trader_that_has_ended_says_so(tmp_path: Path) -> None:
    with served(quoting(tmp_path)) as page:
        page.board.close()
        status, content, _ = page.ask("POST", "/control/kill")
        assert (status, b"the trader has ended" in content) == (503, True)
        with page.events() as events:
            assert [name for name, _ in events] == ["beat", "end"]


def test_events_bring_the_state_the_ladder_and_what_has_happened(tmp_path: Path) -> None:
    scene = quoting(tmp_path)
    with served(scene) as page:
        page.names.named("1.1", "A race", {1: "<b>Bold</b>"})
        scene.session.desk._observer = page.board
        scene.session.engine.cancel_all("test")
        scene.change([{"id": 1, "atb": [[3.0, 40.0]]}], after_ms=5_000)

        def first() -> dict[str, Any]:
            heard: dict[str, Any] = {}
            with page.events("market=1.1&selection=1") as events:
                for name, content in events:
                    heard.setdefault(name, content)
                    if "entries" in heard:
                        return heard
            return heard

        heard = meanwhile(page.board, scene.session, first)
    assert heard["state"]["markets"][0]["market_id"] == "1.1"
    view = heard["view"]
    assert (view["market_id"], view["selection_id"]) == ("1.1", 1)
    assert view["runners"][0]["name"] == "<b>Bold</b>"
    ours = [order for row in view["ladder"] for order in row["orders"]]
    assert {order["side"] for order in ours} <= {"BACK", "LAY"}
    rows = heard["entries"]["rows"]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["kind"] for row in rows} == {"intent", "report"}
    assert rows[0]["name"] == "<b>Bold</b>"
    assert page.board._readers == {}, "who has gone looks no more"


def test_so_many_may_look_and_who_looks_again_takes_his_own_place(tmp_path: Path) -> None:
    with served(quoting(tmp_path)) as page, ExitStack() as looking:
        streams = [
            looking.enter_context(page.events(f"reader=r{place}")) for place in range(READERS_MAX)
        ]
        for stream in streams:
            assert next(stream)[0] == "beat"
        status, content, _ = page.ask("GET", "/events?reader=other")
        assert (status, b"close one" in content) == (503, True)
        again = looking.enter_context(page.events("reader=r0"))
        assert next(again)[0] == "beat"
        assert [name for name, _ in streams[0]][-1] == "end"


def test_a_reader_who_is_too_slow_misses_events_and_is_told_how_many(tmp_path: Path) -> None:
    scene = quoting(tmp_path)
    with served(scene) as page:
        orders = scene.session.router.open_orders()
        tracked = scene.session.router.tracker.get(orders[0].intent_id)
        assert tracked is not None
        for _ in range(EVENTS_MAX + 50):
            page.board.intent(tracked.intent)

        def entries() -> Any:
            with page.events("since=10") as events:
                return next(content for name, content in events if name == "entries")

        heard = meanwhile(page.board, scene.session, entries)
    assert len(heard["rows"]) == EVENTS_MAX
    assert heard["missed"] == 40


GARBAGE = st.binary(max_size=400)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(garbage=GARBAGE)
def test_garbage_is_answered_or_dropped_and_the_page_goes_on(
    page_of_a_scene: Served, garbage: bytes
) -> None:
    with closing(socket.create_connection(("127.0.0.1", page_of_a_scene.port), 20.0)) as connection:
        connection.sendall(garbage + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65_536)
    assert b"200" not in answer.partition(b"\r\n")[0]
    assert page_of_a_scene.ask("GET", "/", {})[0] == 200


@pytest.fixture(scope="module")
def page_of_a_scene(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with served(quoting(tmp_path_factory.mktemp("scene"))) as page:
        yield page


@pytest.mark.parametrize(
    ("method", "path", "more", "wanted"),
    [
        ("GET", "/../note.py", {}, 404),
        ("GET", "/page.html", {}, 404),
        ("GET", "/control/kill", {}, 405),
        ("POST", "/", {}, 405),
        ("POST", "/state.json", {}, 405),
        ("POST", "/control/resume", {}, 404),
        ("POST", "/control/kill", {"Content-Length": "3"}, 413),
        ("POST", "/control/kill", {"Transfer-Encoding": "chunked"}, 413),
        ("GET", "/events?selection=x", {}, 400),
        ("GET", "/events?selection=-1", {}, 400),
        ("GET", "/events?since=99999999999999999", {}, 400),
        ("GET", "/events?handicap=nan", {}, 400),
        ("GET", "/events?" + "&".join(f"a{n}=1" for n in range(20)), {}, 400),
        ("GET", "/events?market=" + "1" * 600, {}, 414),
    ],
)
def test_what_is_no_request_is_refused(
    page_of_a_scene: Served, method: str, path: str, more: dict[str, str], wanted: int
) -> None:
    status, content, _ = page_of_a_scene.ask(method, path, {"X-Token": TOKEN, **more})
    assert status == wanted
    assert json.loads(content)["error"]


def test_a_reader_who_takes_nothing_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trader.monitoring.page._Handler.timeout", 0.2)
    scene = quoting(tmp_path)
    with served(scene) as page, closing(page.connection()) as connection:
        make = page.board._look

        def look(*asked: Any) -> Any:
            told, views = make(*asked)
            return msgspec.structs.replace(told, profile="x" * 16_000_000), views

        page.board._look = look
        connection.request("GET", "/events", headers={"X-Token": TOKEN})
        deadline_s = monotonic() + 60.0
        while not page.board._readers:
            assert monotonic() < deadline_s
        while page.board._readers:
            assert monotonic() < deadline_s
            page.board.turn(scene.session)
        assert page.ask("GET", "/", {})[0] == 200


HEADER_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80)


@given(token=HEADER_TEXTS, host=HEADER_TEXTS, origin=st.none() | HEADER_TEXTS)
def test_only_who_says_host_token_and_origin_right_is_answered(
    token: str, host: str, origin: str | None
) -> None:
    board = StatusBoard(lambda *_: pytest.fail("nobody is told anything"), carry_out)
    app = StatusApp(board, Names(), TOKEN)
    app.port = 4_711
    statuses: list[str] = []

    def start_response(status: str, *_: object) -> Any:
        statuses.append(status)

    right = {"HTTP_HOST": "127.0.0.1:4711", "HTTP_X_TOKEN": TOKEN}
    for wrong in (
        {"HTTP_X_TOKEN": token} if token != TOKEN else {"HTTP_X_TOKEN": ""},
        {"HTTP_HOST": host if host != right["HTTP_HOST"] else "evil.example"},
        {"HTTP_ORIGIN": origin or "null"},
    ):
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/control/kill", **right, **wrong}
        app(environ, start_response)
        assert statuses[-1][:3] in ("401", "403", "421")
        assert not board._requests, "nothing was asked of the engine"

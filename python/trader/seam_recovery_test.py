"""A line that the seam refuses in the middle of a race: what is mended, and what waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trader import session as session_module
from trader.betfair.book_builder import BookBuilder
from trader.recovery import SeamLost
from trader.simulator.generator import MARKET_ID, Race, RaceShape
from trader.strategy.hotloop.api import Hotloop
from trader.strategy.hotloop.interface import HotloopApi
from trader.testing import QUOTED, Scene

LINES = list(Race(3, RaceShape(pre_off_s=90.0, in_play_s=4.0)).lines())
SPOILED = (300, 301, 700)
"""Which lines; they are of the time before the off, with changes of the book in them."""


def spoil(raw: bytes) -> bytes:
    """The line with a value in it that is refused; its market can still be told."""
    message = json.loads(raw)
    message["mc"][0]["rc"] = [{"id": "one"}]
    return json.dumps(message).encode()


class FlawedSeam:
    """A Hotloop that reads some good lines wrongly, as one with a fault would."""

    def __init__(self, book: HotloopApi, misread: dict[bytes, bytes]) -> None:
        self._book = book
        self._misread = misread

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)

    def apply_delta(self, raw: bytes, ts_ms: int) -> Any:
        return self._book.apply_delta(self._misread.get(raw, raw), ts_ms)


class BrokenSeam(FlawedSeam):
    """A Hotloop that stops half-way at some line, and then refuses every call."""

    error: BaseException = RuntimeError("an earlier call stopped half-way")

    def __getattr__(self, name: str) -> Any:
        if self.__dict__.get("is_broken"):
            raise RuntimeError("an earlier call stopped half-way")
        return super().__getattr__(name)

    def apply_delta(self, raw: bytes, ts_ms: int) -> Any:
        if raw in self._misread:
            self.is_broken = True
            raise self.error
        return super().apply_delta(raw, ts_ms)


@pytest.fixture(params=["python", "rust"])
def hotloop(request: pytest.FixtureRequest) -> str:
    if request.param == "rust":
        pytest.importorskip("hotloop", reason="the Rust extension `hotloop` is not installed")
    return str(request.param)


def options(hotloop: str) -> list[str]:
    on = "true" if hotloop == "rust" else "false"
    return [f"hotloop.enabled={on}", f"hotloop.rust={on}", "edges.passive_maker.requote_ms=0"]


def with_second_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hotloop: str, misread: dict[bytes, bytes]
) -> Scene:
    """A scene whose seam misreads lines that the second book beside it reads well."""
    book = FlawedSeam(Hotloop(rust=hotloop == "rust"), misread)
    monkeypatch.setattr(session_module, "open_book", lambda _config: book)
    return Scene(tmp_path, *options("rust"), "book_builder.feed=always")


def books_of(book: HotloopApi) -> list[object]:
    info = book.market(MARKET_ID)
    assert info is not None
    return [
        read(MARKET_ID, runner["id"], *more)
        for runner in info["runners"]
        for read, more in (
            (book.best, ()),
            (book.ladder_top, ("BACK", None)),
            (book.ladder_top, ("LAY", None)),
            (book.traded_ladder, ()),
            (book.last_traded, ()),
        )
    ]


def intents_after(scene: Scene, pt_ms: int) -> int:
    (row,) = scene.rows(f"select count(*) from intents where ts_ms > {pt_ms}")
    return int(row[0])


def image_at(count: int) -> bytes:
    """The venue's image of the market after so many lines."""
    builder = BookBuilder()
    for raw in LINES[:count]:
        builder.apply_delta(json.loads(raw))
    image = {"op": "mcm", "pt": builder.last_pt_ms, "mc": [builder.snapshot(MARKET_ID)]}
    return json.dumps(image).encode()


def test_a_market_is_not_quoted_from_a_spoiled_line_to_its_image(
    tmp_path: Path, hotloop: str
) -> None:
    scene = Scene(tmp_path, *options(hotloop))
    at = SPOILED[0]
    for raw in LINES[:at]:
        scene.line(raw)
    assert scene.open_sides(), "there is something to take away"
    before = scene.session.desk.counts.intents.total()
    scene.line(spoil(LINES[at]))
    assert scene.open_sides() == []
    cancelled = scene.session.desk.counts.intents.total()
    for raw in LINES[at + 1 : at + 100]:
        scene.line(raw)
    assert scene.session.desk.counts.intents.total() == cancelled > before
    assert scene.metrics.stale_markets == 1
    scene.line(image_at(at + 100))
    assert scene.open_sides(), "quoting resumes with the image"
    for raw in LINES[at + 100 :]:
        scene.line(raw)
    assert books_of(scene.session.book) == books_of(whole_race(hotloop))
    assert scene.session.engine.counts.seam_errors == 1
    assert scene.session.recovery.counts.reseeds == 0
    assert scene.metrics.stale_markets == 0
    assert scene.metrics.seam_refusals_total == {"mc.rc.id": 1}
    scene.session.engine.finish("end of test")
    assert scene.session.results.by_market[MARKET_ID].kind == "settled"
    scene.blotter.close()


def whole_race(hotloop: str) -> HotloopApi:
    book = Hotloop(rust=hotloop == "rust")
    book.apply_batch(LINES, 0)
    return book


def test_a_market_is_reseeded_from_the_second_book_and_quoting_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hotloop: str
) -> None:
    misread = {LINES[at]: spoil(LINES[at]) for at in SPOILED}
    scene = with_second_book(tmp_path, monkeypatch, hotloop, misread)
    for at, raw in enumerate(LINES):
        scene.line(raw)
        if at == SPOILED[-1]:
            assert scene.session.book.stale_markets() == []
            assert scene.open_sides(), "what rests stays, as the book is right again"
            mended_ms = scene.session.engine.now_ms
    assert scene.session.engine.counts.seam_errors == len(SPOILED)
    assert scene.session.recovery.counts.reseeds == len(SPOILED)
    assert scene.metrics.reseeds_total == len(SPOILED)
    assert books_of(scene.session.book) == books_of(whole_race(hotloop))
    assert intents_after(scene, mended_ms) > 0
    scene.blotter.close()


def test_what_a_reseed_changed_is_decided_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hotloop: str
) -> None:
    raw = b'{"op":"mcm","pt":1700000002000,"mc":[{"id":"1.1","rc":[{"id":1,"atb":[[3.0,0]]}]}]}'
    misread = {raw: b'{"op":"mcm","pt":1700000002000,"mc":[{"id":"1.1","rc":[{"id":"one"}]}]}'}
    scene = with_second_book(tmp_path, monkeypatch, hotloop, misread)
    scene.define(rc=QUOTED)
    assert scene.open_sides() == ["BACK", "LAY"]
    scene.line(raw)
    assert scene.session.engine.counts.seam_errors == 1
    assert scene.open_sides() == [], "one side has gone: there is no spread to quote"
    scene.blotter.close()


def test_a_line_that_neither_book_can_read_waits_for_the_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hotloop: str
) -> None:
    scene = with_second_book(tmp_path, monkeypatch, hotloop, {})
    scene.define(rc=QUOTED)
    scene.line(b"{")
    assert scene.open_sides() == []
    assert scene.session.recovery.counts.reseeds == 0
    scene.tell(mc=[{"id": "1.1", "img": True, "rc": QUOTED}])
    assert scene.open_sides() == ["BACK", "LAY"]
    scene.blotter.close()


class PanicException(BaseException):
    """A stand-in for what a panic in Rust raises, named and derived as pyo3's own."""


@pytest.fixture(params=[RuntimeError("stopped half-way"), PanicException("index out of range")])
def failure(request: pytest.FixtureRequest) -> Iterator[BaseException]:
    yield request.param


def test_a_seam_that_fails_ends_the_run_with_its_orders_taken_away_and_its_results_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    book = BrokenSeam(Hotloop(rust=False), {b"boom": b""})
    monkeypatch.setattr(book, "error", failure)
    monkeypatch.setattr(session_module, "open_book", lambda _config: book)
    scene = Scene(tmp_path)
    scene.define(rc=QUOTED)
    scene.change([{"id": 1, "atb": [[3.2, 99.0]], "atl": [[3.2, 0], [3.4, 50.0]]}])
    assert scene.session.desk.counts.fills == 1
    assert scene.open_sides()
    counts = scene.session.stats()
    with pytest.raises(SeamLost, match=rf"at line 3: {type(failure).__name__}: {failure}"):
        scene.line(b"boom")
    engine = scene.session.engine
    assert (engine.counts.seam_errors, scene.metrics.seam_errors_total) == (1, 1)
    engine.finish("hotloop lost")
    assert scene.open_sides() == []
    assert scene.session.results.by_market["1.1"].note.endswith(
        "1 runners without a price at their worst outcome"
    )
    assert scene.session.stats() == counts
    scene.blotter.close()


def test_a_panic_in_what_an_edge_asks_ends_the_run_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def best(*_: object) -> None:
        raise PanicException("index out of range")

    book = FlawedSeam(Hotloop(rust=False), {})
    monkeypatch.setattr(book, "best", best, raising=False)
    monkeypatch.setattr(session_module, "open_book", lambda _config: book)
    scene = Scene(tmp_path)
    with pytest.raises(SeamLost, match="at line 1: PanicException: index out of range"):
        scene.define(rc=QUOTED)
    assert scene.session.engine.book_lost
    scene.session.engine.finish("hotloop lost")
    scene.blotter.close()


def test_what_ends_the_process_is_no_failure_of_the_seam(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = BrokenSeam(Hotloop(rust=False), {b"boom": b""})
    monkeypatch.setattr(book, "error", KeyboardInterrupt())
    monkeypatch.setattr(session_module, "open_book", lambda _config: book)
    scene = Scene(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        scene.line(b"boom")
    assert scene.session.engine.counts.seam_errors == 0
    scene.blotter.close()


def test_the_venue_is_asked_once_through_the_callable_that_a_stream_passes(tmp_path: Path) -> None:
    asked: list[list[str] | None] = []
    scene = Scene(tmp_path, resubscribe=asked.append)
    scene.define(rc=QUOTED)
    scene.tell(mc=[{"id": "1.2", "img": True, "rc": QUOTED}])
    for _ in range(3):
        scene.tell(mc=[{"id": "1.1", "rc": [{"id": "one"}]}])
    assert asked == [["1.1"]]
    for _ in range(12):
        scene.tell(mc=[{"id": "1.2", "rc": QUOTED}])
    assert asked == [["1.1"], ["1.1"]], "no image came: asked again, once"
    assert scene.metrics.resubscribes_total == 2
    scene.blotter.close()

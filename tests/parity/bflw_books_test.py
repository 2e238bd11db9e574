"""Books after every message equal betfairlightweight's own cache, over every recording.

For every touched runner, after every message, and for all runners at the end of each file: the
full ladders available to back, available to lay and traded, the last traded price, and the best
prices; from the Rust Hotloop and from the Python reference, against the dictionaries of
betfairlightweight 2.x in its lightweight mode.

Where they rightly differ
-------------------------
Over the recordings the full ladders, the last traded price and the runners are equal without
exception. One thing differs there, and some more on messages no recording holds; each is asserted
to occur by the test named:

1. *Which array the best price is read from.* We decide per market (once it has shown full depth,
   full depth it is); betfairlightweight decides per runner and side (the first of `atb`, `bdatb`,
   `batb` that is not empty just now), so that a runner whose last offer is taken changes over to a
   rolled-up or delayed book for a while. Occurs in betfair_database__1.209492553 (recorded from
   the middle: some runners have shown only `bdatb`), counted by
   `test_best_prices_after_every_message`; nowhere else.
2. *Made messages* (`test_where_we_rightly_differ_*`): a bad message is half applied by theirs;
   float noise and sizes below half a hundredth are kept by theirs; `ltp: null` forgets the price in
   theirs; messages of an older subscription are applied by theirs; markets a new SUB_IMAGE leaves
   out, and markets long closed, stay in theirs; an image without a definition forgets it in theirs;
   each segment of a message is applied at once by theirs.

Found to make no difference: handicaps, the FINEST ladder, split `rc` entries, empty `batb`/`batl`,
deletes of absent levels, images in mid-stream, one market twice in a message, null clocks, and a
market without a definition (`test_a_market_without_a_definition_has_a_book`).
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import hotloop
import pytest

from tests.parity.bflw_cache import BflwCache, Rows, full_depth, offers, published_best
from tests.parity.recordings import per_recording, read_lines
from trader.strategy.hotloop import reference
from trader.strategy.hotloop.errors import HotloopError
from trader.strategy.hotloop.interface import HotloopApi, Touched

BACKENDS: Final[dict[str, Callable[[dict[str, Any] | None], HotloopApi]]] = {
    "rust": hotloop.Hotloop,
    "python": reference.Hotloop,
}
per_backend = pytest.mark.parametrize("backend", BACKENDS)

NO_DEFINITION: Final = "betfair_database__1.209492553.json"

BEST_READ_ELSEWHERE: Final = Counter({NO_DEFINITION: 13})
"""Difference 1: (touched runner, side) pairs of each recording whose best price differs."""


def _ladders(book: HotloopApi, runner: Touched) -> tuple[Rows, Rows, Rows]:
    market_id, selection_id, handicap = runner
    return (
        book.ladder_top(market_id, selection_id, "BACK", None, True, handicap),
        book.ladder_top(market_id, selection_id, "LAY", None, True, handicap),
        book.traded_ladder(market_id, selection_id, handicap),
    )


def _best_rows(book: HotloopApi, runner: Touched) -> tuple[Rows, Rows]:
    """`best()` in the shape of `published_best`."""
    market_id, selection_id, handicap = runner
    back, back_size, lay, lay_size = book.best(market_id, selection_id, handicap)
    return (
        [] if back is None or back_size is None else [(back, back_size)],
        [] if lay is None or lay_size is None else [(lay, lay_size)],
    )


def _apply_to_all(books: dict[str, HotloopApi], line: bytes) -> list[Touched]:
    """The runners touched, which are the same for all."""
    first, *others = (book.apply_delta(line, 0) for book in books.values())
    assert all(touched == first for touched in others)
    return first


def _named(decoded: dict[str, Any]) -> list[Touched]:
    """Runners named in `rc`, by first appearance, read off the message itself."""
    named = (
        (change["id"], entry["id"], float(entry.get("hc", 0)))
        for change in decoded["mc"]
        for entry in change.get("rc", ())
    )
    return list(dict.fromkeys(named))


def _all_runners(cache: BflwCache) -> list[Touched]:
    return [
        (market_id, selection_id, float(handicap))
        for market_id in cache.market_ids()
        for selection_id, handicap in cache.market(market_id).runner_dict
    ]


def _assert_full_depth(cache: BflwCache, books: dict[str, HotloopApi], runner: Touched) -> None:
    theirs = cache.runner(*runner)
    expected = full_depth(theirs)
    market_id, selection_id, handicap = runner
    for name, book in books.items():
        assert _ladders(book, runner) == expected, f"{name}: ladders of {runner}"
        last = book.last_traded(market_id, selection_id, handicap)
        assert last == theirs.last_price_traded, f"{name}: last traded of {runner}"


@per_recording
def test_full_ladders_after_every_message(name: str) -> None:
    cache = BflwCache()
    books = {backend: make({"book": {"source": "full"}}) for backend, make in BACKENDS.items()}
    for number, line in enumerate(read_lines(name), start=1):
        decoded = json.loads(line)
        cache.apply(decoded)
        touched = _apply_to_all(books, line)
        named = _named(decoded)
        assert touched[: len(named)] == named, f"line {number}"
        for runner in touched:
            try:
                _assert_full_depth(cache, books, runner)
            except AssertionError as difference:
                difference.add_note(f"{name} line {number}, pt {decoded['pt']}")
                raise
    assert _all_runners(cache)
    for runner in _all_runners(cache):
        _assert_full_depth(cache, books, runner)
    for book in books.values():
        assert book.markets() == cache.market_ids()
        for market_id in book.markets():
            market = book.market(market_id)
            assert market is not None
            ours = {(runner["id"], runner["handicap"]) for runner in market["runners"]}
            assert ours == set(cache.market(market_id).runner_dict)


@per_recording
def test_best_prices_after_every_message(name: str) -> None:
    """Against the books betfairlightweight publishes; difference 1 is counted."""
    cache = BflwCache()
    books = {backend: make(None) for backend, make in BACKENDS.items()}
    differing: Counter[str] = Counter()
    for number, line in enumerate(read_lines(name), start=1):
        cache.apply(json.loads(line))
        for runner in _apply_to_all(books, line):
            theirs = cache.runner(*runner)
            full = full_depth(theirs)[:2]
            published = published_best(theirs)
            expected = tuple(rows[:1] for rows in full)
            for backend, book in books.items():
                assert _best_rows(book, runner) == expected, f"{backend}: line {number}: {runner}"
            for side, other in zip(expected, published, strict=True):
                if side != other:
                    # Only ever the same thing: no full depth there, something else published.
                    assert side == [] and other != [], f"line {number}: {runner}"
                    differing[name] += 1
    assert differing[name] == BEST_READ_ELSEWHERE[name]


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("kelvin__MarketStream-1.241629436.json", "best"),
        ("flumine__1.197931750.json", "display"),
        (NO_DEFINITION, "display"),
    ],
)
def test_best_and_display_offers_after_every_message(name: str, depth: str) -> None:
    """The rolled-up arrays, level by level; kelvin has 4,083 empty ones that clear nothing."""
    cache = BflwCache()
    books = {backend: make({"book": {"source": depth}}) for backend, make in BACKENDS.items()}
    shown = 0
    for number, line in enumerate(read_lines(name), start=1):
        cache.apply(json.loads(line))
        for runner in _apply_to_all(books, line):
            expected = offers(cache.runner(*runner), depth)
            shown += len(expected[0])
            for backend, book in books.items():
                ours = _ladders(book, runner)[:2]
                assert ours == expected, f"{backend}: line {number}: {runner}"
    assert shown > 0


@per_backend
def test_a_market_without_a_definition_has_a_book(backend: str) -> None:
    """Not a difference: neither knows a status, both have the books (compared above)."""
    cache, book = BflwCache(), BACKENDS[backend](None)
    for line in read_lines(NO_DEFINITION):
        cache.apply(json.loads(line))
        book.apply_delta(line, 0)
    (market_id,) = book.markets()
    theirs, ours = cache.market(market_id).create_resource(0), book.market(market_id)
    assert ours is not None
    assert ours["status"] is theirs["status"] is None
    assert len(ours["runners"]) == len(theirs["runners"]) == 6
    assert {runner["status"] for runner in ours["runners"]} == {"UNKNOWN"}


# --- difference 2: what no recording holds ------------------------------------------------------

M: Final = "1.1"
DEFINITION: Final = {
    "status": "OPEN",
    "bettingType": "ODDS",
    "runners": [{"id": 8, "status": "ACTIVE"}],
}


class Both:
    """The same messages to theirs and to one of ours."""

    def __init__(self, backend: str, config: dict[str, Any] | None = None) -> None:
        self.theirs = BflwCache()
        self.ours = BACKENDS[backend](config)

    def apply(self, *changes: dict[str, Any], pt: int = 1_000, **fields: Any) -> None:
        decoded = {"op": "mcm", "pt": pt, "mc": list(changes), **fields}
        self.ours.apply_delta(json.dumps(decoded).encode(), 0)
        self.theirs.apply(decoded)

    def backs(self, selection_id: int = 7) -> tuple[Rows, Rows]:
        """(theirs, ours): what is available to back."""
        theirs = full_depth(self.theirs.runner(M, selection_id, 0))[0]
        return theirs, self.ours.ladder_top(M, selection_id, "BACK", None)


def _rc(selection_id: int = 7, **fields: Any) -> dict[str, Any]:
    return {"id": selection_id, **fields}


def _mc(*entries: dict[str, Any], market_id: str = M, **fields: Any) -> dict[str, Any]:
    return {"id": market_id, "rc": list(entries), **fields}


@per_backend
def test_where_we_rightly_differ_a_bad_message_is_not_half_applied(backend: str) -> None:
    both = Both(backend)
    both.apply(_mc(_rc(atb=[[2, 5]])))
    bad = {"op": "mcm", "pt": 2, "mc": [_mc(_rc(atb=[[2, 9]]), _rc(atb=[["x"]]))]}
    with pytest.raises(HotloopError):
        both.ours.apply_delta(json.dumps(bad).encode(), 0)
    with pytest.raises(IndexError):
        both.theirs.apply(bad)
    assert both.backs() == ([(2, 9)], [(2.0, 5.0)])


@per_backend
def test_where_we_rightly_differ_sizes_are_hundredths(backend: str) -> None:
    both = Both(backend)
    both.apply(_mc(_rc(atb=[[2, 8.879999999999999], [1.5, 0.004]])))
    assert both.backs() == ([(2, 8.879999999999999), (1.5, 0.004)], [(2.0, 8.88)])


@per_backend
def test_where_we_rightly_differ_a_null_is_not_a_value(backend: str) -> None:
    both = Both(backend)
    both.apply(_mc(_rc(ltp=2.5)))
    both.apply(_mc(_rc(ltp=None)))
    assert both.theirs.runner(M, 7, 0).last_price_traded is None
    assert both.ours.last_traded(M, 7) == 2.5


@per_backend
def test_where_we_rightly_differ_old_subscriptions_are_over(backend: str) -> None:
    both = Both(backend)
    both.apply(_mc(_rc(atb=[[2, 5]]), img=True), id=3, ct="SUB_IMAGE")
    both.apply(_mc(_rc(atb=[[2, 9]])), id=2)
    assert both.backs() == ([(2, 9)], [(2.0, 5.0)])


@per_backend
def test_where_we_rightly_differ_a_new_image_is_all_there_is(backend: str) -> None:
    both = Both(backend)
    both.apply(_mc(img=True), _mc(img=True, market_id="1.2"), id=3, ct="SUB_IMAGE")
    both.apply(_mc(img=True), id=3, ct="SUB_IMAGE")
    assert both.theirs.market_ids() == [M, "1.2"]
    assert both.ours.markets() == [M]


@per_backend
def test_where_we_rightly_differ_closed_markets_are_dropped(backend: str) -> None:
    hour_ms = 3_600_000
    both = Both(backend)
    both.apply(_mc(marketDefinition={**DEFINITION, "status": "CLOSED"}), pt=0)
    both.apply(_mc(market_id="1.2"), pt=hour_ms)
    assert both.ours.markets() == both.theirs.market_ids() == [M, "1.2"]
    both.apply(_mc(market_id="1.2"), pt=hour_ms + 1)
    assert both.theirs.market_ids() == [M, "1.2"]
    assert both.ours.markets() == ["1.2"]


@per_backend
def test_where_we_rightly_differ_an_image_keeps_the_definition(backend: str) -> None:
    both = Both(backend)
    both.apply(_mc(marketDefinition=DEFINITION))
    both.apply(_mc(_rc(atb=[[2, 5]]), img=True))
    assert set(both.theirs.market(M).runner_dict) == {(7, 0)}
    market = both.ours.market(M)
    assert market is not None and market["status"] == "OPEN"
    assert [runner["id"] for runner in market["runners"]] == [8]


@per_backend
def test_where_we_rightly_differ_segments_are_one_message(backend: str) -> None:
    both = Both(backend)
    both.apply(_mc(_rc(atb=[[2, 5]])))
    both.apply(_mc(_rc(atb=[[2, 9]])), segmentType="SEG_START")
    assert both.backs() == ([(2, 9)], [(2.0, 5.0)])
    both.apply(_mc(), segmentType="SEG_END")
    assert both.backs() == ([(2, 9)], [(2.0, 9.0)])


@per_backend
def test_an_empty_trd_wipes_on_both_sides(backend: str) -> None:
    """Not a difference: the venue's way of taking back the trades of a removed runner."""
    both = Both(backend)
    both.apply(_mc(_rc(trd=[[2, 5]])))
    both.apply(_mc(_rc(trd=[])))
    assert full_depth(both.theirs.runner(M, 7, 0))[2] == both.ours.traded_ladder(M, 7) == []

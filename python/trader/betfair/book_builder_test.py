"""The books: messages applied whole or not at all, and equal to a plain model of them."""

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.betfair.book_builder import BookBuilder
from trader.betfair.normalize import MessageError
from trader.betfair.testing import M, book, built, change, definition, mcm, rc

# --- rows -------------------------------------------------------------------------------------


def test_rows_set_replace_and_delete() -> None:
    builder = built(
        mcm(change(rc(atb=[[1.5, 2], [1.6, 3]]))),
        mcm(change(rc(atb=[[1.5, 0], [1.6, 4], [1.7, 0]]))),
    )
    assert book(builder).prices["atb"] == {160: 400}


def test_empty_arrays_of_offers_change_nothing_and_an_empty_trd_wipes() -> None:
    builder = built(
        mcm(change(rc(atb=[[1.5, 2]], batb=[[0, 1.5, 2]], trd=[[1.5, 9]]))),
        mcm(change(rc(atb=[], batb=[], batl=[], bdatb=[]))),
    )
    assert book(builder).prices["atb"] == {150: 200}
    assert book(builder).levels["batb"] == {0: (150, 200)}
    assert book(builder).prices["trd"] == {150: 900}
    builder.apply_delta(mcm(change(rc(trd=[]))))
    assert book(builder).prices["trd"] == {}


def test_ladders_are_best_first_and_levels_are_read_as_prices() -> None:
    builder = built(
        mcm(
            change(
                rc(
                    atb=[[1.5, 1], [1.7, 2], [1.6, 3]],
                    atl=[[1.9, 1], [1.8, 2]],
                    batb=[[1, 1.7, 5], [0, 1.5, 6]],
                )
            )
        )
    )
    runner = book(builder)
    assert runner.ladder("BACK", "full") == [(170, 200), (160, 300), (150, 100)]
    assert runner.ladder("LAY", "full") == [(180, 200), (190, 100)]
    assert runner.ladder("BACK", "best") == [(170, 500), (150, 600)]
    assert runner.size_at("BACK", "full", 160) == 300
    assert runner.size_at("BACK", "best", 150) == 600
    assert runner.size_at("LAY", "display", 150) == 0


@pytest.mark.parametrize(
    ("arrays", "depth"),
    [
        ([{"bdatb": [[0, 2, 1]]}], "display"),
        ([{"bdatb": [[0, 2, 1]]}, {"batl": [[0, 2, 0]]}], "best"),
        ([{"batb": [[0, 2, 1]]}, {"atl": []}], "best"),
        ([{"batb": [[0, 2, 1]]}, {"atl": [[2, 0]]}, {"img": True}], "full"),
    ],
)
def test_a_market_is_read_at_the_fullest_depth_it_has_shown(
    arrays: list[dict[str, Any]], depth: str
) -> None:
    builder = BookBuilder()
    for fields in arrays:
        image = fields.pop("img", False)
        builder.apply_delta(mcm(change(rc(**fields), img=image)))
    market = builder.market(M)
    assert market is not None and market.depth == depth


# --- images, definitions, touched -------------------------------------------------------------


def test_an_image_replaces_runners_and_keeps_the_definition() -> None:
    builder = built(
        mcm(change(rc(7, atb=[[2, 1]], ltp=2), rc(9), marketDefinition=definition("OPEN", 7, 8)))
    )
    touched = builder.apply_delta(mcm(change(rc(10, atb=[[3, 1]]), img=True)))
    assert touched == [(M, 10, 0.0), (M, 7, 0.0), (M, 8, 0.0), (M, 9, 0.0)]
    assert builder.runner(M, 9) is None
    assert book(builder).prices["atb"] == {} and book(builder).ltp_centi is None
    market = builder.market(M)
    assert market is not None and market.definition is not None
    assert (market.definition.status, market.definition_seq) == ("OPEN", 1)


def test_touched_are_those_named_once_and_all_of_a_defined_market() -> None:
    builder = BookBuilder()
    touched = builder.apply_delta(
        mcm(
            change(rc(9), rc(7, hc=0.5), rc(9, ltp=2)),
            change(rc(1), market_id="1.2"),
            change(rc(7), marketDefinition=definition("OPEN", 8, 9)),
        )
    )
    assert touched == [
        (M, 9, 0.0), (M, 7, 0.5), ("1.2", 1, 0.0), (M, 7, 0.0), (M, 8, 0.0),
    ]  # fmt: skip


# --- messages as wholes -----------------------------------------------------------------------


def test_the_same_market_twice_is_applied_in_order() -> None:
    builder = built(mcm(change(rc(atb=[[2, 1]])), change(rc(atb=[[2, 3]]))))
    assert book(builder).prices["atb"] == {200: 300}
    assert builder.counts.market_changes == builder.counts.runner_changes == 2


def test_a_503_marks_every_market_until_a_message_without_it() -> None:
    builder = built(mcm(change(rc())))
    market = builder.market(M)
    assert market is not None and not builder.is_stale(market)
    builder.apply_delta({"op": "mcm", "id": 2, "status": 503})
    assert builder.is_stale(market)
    builder.apply_delta({"op": "ocm"})
    assert builder.is_stale(market)
    builder.apply_delta({"op": "mcm", "ct": "HEARTBEAT"})
    assert not builder.is_stale(market)


def test_messages_of_an_older_subscription_are_ignored() -> None:
    builder = built(mcm(change(rc(ltp=2)), id=5, ct="SUB_IMAGE"))
    assert builder.apply_delta(mcm(change(rc(ltp=3)), id=4, pt=2_000)) == []
    assert book(builder).ltp_centi == 200
    assert (builder.counts.ignored, builder.last_pt_ms) == (1, 1_000)
    builder.apply_delta(mcm(change(rc(ltp=4))))  # without an id: not old
    assert book(builder).ltp_centi == 400


def test_a_sub_image_drops_what_its_subscription_held_and_it_does_not_carry() -> None:
    one, two = change(rc(), market_id="1.2"), change(rc(), market_id="1.3")
    builder = built(
        mcm(change(rc()), id=1), mcm(one, two, id=2), mcm(change(rc(), market_id="1.4"))
    )
    builder.apply_delta(mcm(one, id=2, ct="SUB_IMAGE"))
    assert list(builder.markets) == [M, "1.2", "1.4"]


def test_segments_are_one_message() -> None:
    builder = BookBuilder()
    parts = [
        mcm(change(rc(atb=[[2, 1]])), segmentType="SEG_START", id=3, ct="SUB_IMAGE"),
        mcm(change(rc(8)), segmentType="SEG", pt=2_000),
        mcm(change(rc(atb=[[2, 5]])), segmentType="SEG_END", pt=3_000, id=3),
    ]
    assert [builder.apply_delta(part) for part in parts] == [[], [], [(M, 7, 0.0), (M, 8, 0.0)]]
    assert builder.last_pt_ms == 3_000
    assert book(builder).prices["atb"] == {200: 500}
    assert builder.apply_delta(mcm(change(rc(ltp=2)), id=2)) == []  # SUB_IMAGE of id 3 counted


@pytest.mark.parametrize("kind", ["SEG", "SEG_END"])
def test_a_segment_without_a_start_is_an_error(kind: str) -> None:
    with pytest.raises(MessageError) as caught:
        BookBuilder().apply_delta(mcm(change(rc()), segmentType=kind))
    assert caught.value.field == "segmentType"


def test_a_refused_message_throws_the_segments_away() -> None:
    builder = built(mcm(change(rc()), segmentType="SEG_START"))
    with pytest.raises(MessageError):
        builder.apply_delta({"op": "mcm", "pt": "?"})
    with pytest.raises(MessageError):
        builder.apply_delta(mcm(segmentType="SEG_END"))
    assert builder.markets == {}


def test_segments_are_bounded() -> None:
    builder = BookBuilder(segment_bytes_max=100)
    builder.apply_delta(mcm(segmentType="SEG_START"), size_bytes=60)
    with pytest.raises(MessageError, match="exceed 100 bytes"):
        builder.apply_delta(mcm(segmentType="SEG"), size_bytes=41)


def test_segments_need_a_time_at_their_end() -> None:
    builder = built(mcm(change(rc()), segmentType="SEG_START"))
    with pytest.raises(MessageError) as caught:
        builder.apply_delta({"op": "mcm", "segmentType": "SEG_END"})
    assert caught.value.field == "pt"


# --- bounds -----------------------------------------------------------------------------------


def test_closed_markets_are_dropped_after_their_retention() -> None:
    closed = mcm(change(marketDefinition=definition("CLOSED", 7)), pt=1_000)
    other = change(rc(), market_id="1.2")
    builder = built(closed, mcm(other, pt=1_500), closed_retention_ms=500)
    assert list(builder.markets) == [M, "1.2"]
    builder.apply_delta(mcm(other, pt=1_501))
    assert list(builder.markets) == ["1.2"]


def test_a_market_that_opens_again_is_kept() -> None:
    builder = built(
        mcm(change(marketDefinition=definition("CLOSED", 7)), pt=1_000),
        mcm(change(marketDefinition=definition("OPEN", 7)), pt=1_100),
        mcm(change(rc()), pt=99_000),
        closed_retention_ms=500,
    )
    assert list(builder.markets) == [M]


def test_one_market_too_many_is_refused_and_named() -> None:
    builder = built(mcm(change(rc())), markets_max=2)
    with pytest.raises(MessageError) as caught:
        builder.apply_delta(
            mcm(*(change(rc(ltp=2), market_id=f"1.{i}") for i in (1, 2, 3)), pt=2_000)
        )
    assert (caught.value.market_id, caught.value.field) == ("1.3", "mc[2].id")
    assert list(builder.markets) == [M]
    assert book(builder).ltp_centi is None


def test_a_snapshot_is_an_image_without_a_time() -> None:
    builder = built(mcm(change(rc(7, atb=[[2, 1]]))))
    assert builder.apply_snapshot(M, {"rc": [rc(8)]}) == [(M, 8, 0.0), (M, 7, 0.0)]
    market = builder.market(M)
    assert market is not None and market.pt_ms == builder.last_pt_ms == 1_000
    assert builder.counts.images == 1


# --- properties -------------------------------------------------------------------------------

prices = st.sampled_from([1.01, 1.5, 2.02, 3.05, 1000])
sizes = st.sampled_from([0, 0, 0.5, 2, 7.25])
price_rows = st.lists(st.tuples(prices, sizes).map(list), max_size=4)
entries = st.fixed_dictionaries(
    {"id": st.integers(1, 3)},
    optional={"hc": st.sampled_from([0, 0.25]), "atb": price_rows, "atl": price_rows,
              "trd": price_rows, "ltp": prices},
)  # fmt: skip
changes = st.fixed_dictionaries(
    {"id": st.sampled_from(["1.1", "1.2"]), "rc": st.lists(entries, max_size=4)},
    optional={"img": st.booleans()},
)
messages = st.lists(changes, min_size=1, max_size=3).map(lambda c: mcm(*c))

Model = dict[tuple[str, int, float, str], dict[float, float]]


def model_of(stream: list[dict[str, Any]]) -> Model:
    """Books the plain way: one dict of floats per market, runner and array."""
    model: Model = defaultdict(dict)
    for message in stream:
        for market in message["mc"]:
            if market.get("img"):
                for key in [key for key in model if key[0] == market["id"]]:
                    del model[key]
            for entry in market["rc"]:
                for array in ("atb", "atl", "trd"):
                    rows = model[market["id"], entry["id"], entry.get("hc", 0), array]
                    if array == "trd" and entry.get("trd") == []:
                        rows.clear()
                    for price, size in entry.get(array, []):
                        rows.update({price: size})
                        if not size:
                            del rows[price]
    return model


def held(builder: BookBuilder) -> Model:
    return {
        (market.market_id, key[0], key[1] / 100, array): {
            price / 100: size / 100 for price, size in rows.items()
        }
        for market in builder.markets.values()
        for key, runner in market.runners.items()
        for array, rows in runner.prices.items()
    }


@given(st.lists(messages, max_size=6))
def test_the_books_equal_the_plain_model(stream: list[dict[str, Any]]) -> None:
    assert held(built(*stream)) == model_of(stream)


def spoiled(message: dict[str, Any], which: int) -> dict[str, Any]:
    """The message with one bad value, as late in it as there is a place."""
    bad = copy.deepcopy(message)
    market = bad["mc"][-1]
    spoil: list[Callable[[], object]] = [
        lambda: bad.pop("pt"),
        lambda: market["rc"].append({"id": 1, "atb": [[2, 1], [2, None]]}),
        lambda: market["rc"].append({"hc": 1}),
        lambda: market.update(marketDefinition={"runners": [{"id": "x"}]}),
        lambda: bad["mc"].append({"id": 7}),
        lambda: bad.update(segmentType="SEG_END"),
    ]
    spoil[which]()
    return bad


def state_of(builder: BookBuilder) -> object:
    """Everything a message can change, but error counts and stale marks."""
    return (
        held(builder),
        builder.last_pt_ms,
        {
            m.market_id: (
                m.definition, m.definition_seq, m.pt_ms, m.closed_pt_ms, m.subscription_id, m.depth,
                {key: r.ltp_centi for key, r in m.runners.items()},
            )
            for m in builder.markets.values()
        },
        {**vars_of(builder), "errors": 0},
    )  # fmt: skip


def vars_of(builder: BookBuilder) -> dict[str, int]:
    return {name: getattr(builder.counts, name) for name in builder.counts.__slots__}


@given(st.lists(messages, max_size=3), messages, st.integers(0, 5))
def test_a_bad_message_changes_nothing(
    stream: list[dict[str, Any]], message: dict[str, Any], which: int
) -> None:
    builder = built(*stream)
    before = state_of(builder)
    with pytest.raises(MessageError):
        builder.apply_delta(spoiled(message, which))
    assert state_of(builder) == before
    assert builder.counts.errors == 1
    builder.apply_delta(message)  # and the next good one works

"""What a runner shows: the public's market without what we took, and what is ours."""

from __future__ import annotations

from trader.simulator.exchange.display import RunnerDisplay
from trader.simulator.exchange.testing import (
    RUNNERS,
    Scene,
    defined,
    event,
    offers,
    traded,
)
from trader.simulator.exchange.testing import change as entry

BOOK = offers(
    101,
    back=[[3.0, 20], [2.98, 5]],
    lay=[[3.1, 10], [3.15, 30]],
    traded=[[3.05, 40]],
    ltp=3.05,
    tv=40,
)


def quoted(*later: dict[str, object]) -> Scene:
    events = [traded(1_000 * (i + 1), rc) for i, rc in enumerate(later)]
    return Scene(defined(0, image=True, rc=[BOOK]), *events, accounts=2)


def shown(scene: Scene) -> RunnerDisplay:
    return scene.market.runner((101, 0))


def test_the_public_market_alone_is_shown_as_it_came() -> None:
    display = shown(quoted())
    assert display.ladder("atb") == [(300, 2_000), (298, 500)]
    assert display.ladder("atl") == [(310, 1_000), (315, 3_000)]
    assert display.traded_ladder() == [(305, 4_000)]
    assert display.total_traded() == 4_000
    assert display.values["ltp"] == 3.05


def test_a_resting_back_is_shown_to_be_laid_behind_the_public() -> None:
    scene = quoted()
    scene.bet("BACK", 3.1, 7)
    scene.bet("BACK", 3.05, 2)
    assert shown(scene).ladder("atl") == [(305, 200), (310, 1_700), (315, 3_000)]
    assert shown(scene).ladder("atb") == [(300, 2_000), (298, 500)]


def test_a_resting_lay_is_shown_to_be_backed() -> None:
    scene = quoted()
    scene.bet("LAY", 3.05, 4)
    assert shown(scene).ladder("atb") == [(305, 400), (300, 2_000), (298, 500)]


def test_what_was_taken_of_an_offer_is_not_shown_and_counts_twice_as_traded() -> None:
    scene = quoted()
    scene.bet("BACK", 3.0, 8)
    display = shown(scene)
    assert display.ladder("atb") == [(300, 1_200), (298, 500)]
    assert display.traded_ladder() == [(300, 1_600), (305, 4_000)]
    assert display.total_traded() == 5_600
    assert display.values["ltp"] == 3.0


def test_two_orders_of_ours_that_meet_count_the_stake_of_each() -> None:
    scene = quoted()
    scene.bet("BACK", 3.05, 2)
    scene.bet("LAY", 3.05, 2, account="two")
    assert shown(scene).traded(305) == 4_400
    assert shown(scene).total_traded() == 4_400
    assert shown(scene).offered("atl", 305) == 0


def test_a_share_of_the_public_trade_is_not_counted_again() -> None:
    scene = quoted(offers(101, lay=[[3.1, 0]], traded=[[3.1, 30]], tv=70))
    scene.bet("BACK", 3.1, 2)
    scene.to(1_000)
    assert shown(scene).traded(310) == 3_000
    assert shown(scene).total_traded() == 7_000
    assert shown(scene).offered("atl", 310) == 0


def test_an_offer_that_shrinks_below_what_was_taken_shows_nothing() -> None:
    scene = quoted(offers(101, back=[[3.0, 3]]), offers(101, back=[[3.0, 10]]))
    scene.bet("BACK", 3.0, 8)
    scene.to(1_000)
    assert shown(scene).ladder("atb") == [(298, 500)]
    scene.to(2_000)
    assert shown(scene).ladder("atb") == [(300, 700), (298, 500)]


def test_without_a_public_volume_the_total_is_the_sum_of_the_ladder() -> None:
    book = offers(101, back=[[3.0, 20]], traded=[[3.05, 40], [3.1, 2]])
    scene = Scene(defined(0, image=True, rc=[book]))
    scene.bet("BACK", 3.0, 1)
    assert shown(scene).total_traded() == 4_200 + 200
    assert scene.market.total_traded() == 4_200 + 200


def test_starting_price_rows_are_kept_by_their_long_prices_until_they_go() -> None:
    scene = quoted(
        offers(101, spb=[[70.1621307023403, 12.5], [1000, 3]], spn=3.2, spf="NaN"),
        offers(101, spb=[[70.1621307023403, 0]]),
    )
    scene.to(1_000)
    assert shown(scene).sp["spb"] == {70.1621307023403: 12.5, 1000: 3}
    assert (shown(scene).values["spn"], shown(scene).values["spf"]) == (3.2, "NaN")
    scene.to(2_000)
    assert shown(scene).sp["spb"] == {1000: 3}
    last = scene.heard.changes[-1].markets[scene.market.market_id]
    assert last.runners == {(101, 0): {("spb", 70.1621307023403)}}


def test_an_image_forgets_values_and_rows_that_it_does_not_have() -> None:
    image = entry([offers(101, back=[[4.0, 1]])], image=True)
    scene = Scene(
        defined(0, image=True, rc=[BOOK]),
        traded(500, offers(101, spl=[[1.01, 2]], spn=3.0)),
        event(1_000, image),
    )
    scene.to(1_000)
    display = shown(scene)
    assert display.values == {}
    assert display.sp == {"spb": {}, "spl": {}}
    assert display.ladder("atb") == [(400, 100)]
    cells = scene.heard.changes[-1].markets[scene.market.market_id].runners[101, 0]
    assert {("spl", 1.01), ("atb", 300), ("atb", 400), ("atl", 315), ("trd", 305)} <= cells


def test_the_wipe_of_a_runners_traded_volume_takes_ours_and_tells_of_every_price() -> None:
    scene = quoted({"id": 101, "trd": []})
    scene.bet("BACK", 3.0, 8)
    scene.to(1_000)
    assert shown(scene).traded_ladder() == []
    cells = scene.heard.changes[-1].markets[scene.market.market_id].runners[101, 0]
    assert {("trd", 300), ("trd", 305)} <= cells


def test_cells_name_all_there_is() -> None:
    scene = quoted(offers(101, spl=[[1.01, 2]]))
    scene.to(1_000)
    assert shown(scene).cells() == {
        ("atb", 300),
        ("atb", 298),
        ("atl", 310),
        ("atl", 315),
        ("trd", 305),
        ("ltp", 0),
        ("tv", 0),
        ("spl", 1.01),
    }
    assert scene.market.runner((RUNNERS[1], 0)).cells() == set()

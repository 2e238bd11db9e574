"""Markets whose answer can be worked out: an edge that must win wins just that, and one whose
margin commission eats is stopped by the fee gate. From stream lines to the settled money, through
the gates and the matching of every other run."""

from __future__ import annotations

import pytest

from tests.edges.playing import Played, play
from tests.edges.script import Script, ladder
from trader.betfair.ladder import price_at, tick_of

PLENTY = "sizer.bankroll=1000000"  # Kelly would stake more than the largest stake


def fills(played: Played) -> list[tuple[int, str, int, int]]:
    """(runner, side, price, size) of each, hundredths."""
    return [(row[5], *row[7:10]) for row in played.rows["fills"]]


def money(played: Played) -> tuple[int, int]:
    """Gross and commission, in hundredths of a hundredth."""
    return played.gross_e4, played.commission_e4


def assert_stopped(played: Played) -> None:
    """The fee gate, and nothing else, kept it from placing anything."""
    assert played.orders == 0
    assert set(played.refused) == {"net_edge"}
    assert money(played) == (0, 0)


# --- passive_maker ----------------------------------------------------------------------------


def spread(base_rate: float, winner: int | None = None) -> list[bytes]:
    """3.00 to 3.20, traded at both for eight seconds; with a `winner`, so much is then traded at
    either that the queue there and who stands behind it are filled."""
    script = Script(2, base_rate=base_rate)
    script.change(r1=ladder({3.0: 50}, {3.2: 50}) | {"trd": [[3.0, 0], [3.2, 0]]})
    traded = 0.0
    for _ in range(8):
        traded += 20.0
        script.change(r1={"trd": [[3.0, traded], [3.2, traded]]})
    if winner is not None:
        script.change(r1=ladder({}, {3.2: 1}) | {"trd": [[3.2, traded + 240]]})
        script.change(r1=ladder({}, {3.2: 50}))
        script.change(r1=ladder({3.0: 1}, {}) | {"trd": [[3.0, traded + 240]]})
        script.close(winner)
    return script.lines


MAKER = (PLENTY, "sizer.max_stake=9", "edges.passive_maker.max_inventory=9.3")


@pytest.mark.parametrize(("winner", "gross_e4"), [(1, 18_000), (2, 0)])
def test_passive_maker_earns_the_spread_and_loses_on_no_outcome(winner: int, gross_e4: int) -> None:
    played = play("passive_maker", spread(5.0, winner), MAKER)
    assert fills(played) == [(1, "BACK", 320, 900), (1, "LAY", 300, 900)]
    # 9.00 backed at 3.20 and laid at 3.00: 1.80 when it wins, nothing when it does not.
    assert money(played) == (gross_e4, gross_e4 // 20)


def test_passive_maker_is_stopped_where_commission_eats_its_margin() -> None:
    # 3.2 / 3.1 - 1 is 3.23 %: 3.16 % after a base rate of 2 %, 3.06 % after one of 5 %.
    gate = (*MAKER, "fee_gate.min_net_edge=0.031")
    assert play("passive_maker", spread(2.0, 1), gate).net_e4 == 18_000 - 400
    assert play("passive_maker", spread(2.0), gate).orders == 2
    assert_stopped(play("passive_maker", spread(5.0), gate))


# --- scalp ------------------------------------------------------------------------------------


def drift(base_rate: float, winner: int) -> list[bytes]:
    """From 4.50 down a tick every second to 2.90, with many who wait to back at each."""
    script = Script(2, base_rate=base_rate)
    first, last = tick_of(450), tick_of(290)
    assert first is not None
    assert last is not None
    for tick in range(first, last - 1, -1):
        below, price, above = (price_at(tick + step) / 100 for step in (-1, 0, 1))
        script.change(r1=ladder({price: 0, below: 60}, {above: 0, price: 100}))
    script.close(winner)
    return script.lines


SCALP = (
    PLENTY,
    "edges.scalp.entry=take",
    "edges.scalp.min_trend=0.5",
    "edges.scalp.rest_ms=86400000",
)


@pytest.mark.parametrize("winner", [1, 2])
def test_scalp_earns_its_ticks_whoever_wins(winner: int) -> None:
    played = play("scalp", drift(5.0, winner), SCALP)
    (entry, close) = fills(played)
    assert entry == (1, "BACK", 335, 1000), "half a tick a second, on the average, is seen there"
    # Two ticks lower, and just so much that either outcome is worth the same.
    assert close == (1, "LAY", 325, 1031)
    gross_e4 = 1000 * 235 - 1031 * 225 if winner == 1 else 31 * 100
    assert money(played) == (gross_e4, 200)


def test_scalp_is_stopped_where_commission_eats_its_margin() -> None:
    # It is worth most at 3.05, where the ticks are still 0.05 below: with 60 to back there and 100
    # to lay at 3.10 the microprice is 3.06875, two ticks lower 2.96875.
    worth = 3.05 / 2.96875 - 1
    gate = (*SCALP, f"fee_gate.min_net_edge={worth * 0.965}")
    played = play("scalp", drift(2.0, 2), gate)
    assert fills(played) == [(1, "BACK", 305, 1000), (1, "LAY", 298, 1023)]
    assert money(played) == (2_300, 0), "23 hundredths, of which half a one is commission"
    assert_stopped(play("scalp", drift(5.0, 2), gate))


# --- sweep_follow -----------------------------------------------------------------------------


def sweep(base_rate: float, winner: int) -> list[bytes]:
    """Three levels of resting backs are taken at once, and the price goes on by three ticks."""
    script = Script(2, base_rate=base_rate)
    traded = [[price, 100.0] for price in (3.2, 3.25, 3.3)]
    script.change(r1=ladder({3.15: 50}, {3.2: 10, 3.25: 10, 3.3: 10, 3.35: 80}) | {"trd": traded})
    script.change(r2=ladder({1.4: 50}, {1.41: 50}))
    swept = ladder({3.3: 60}, {3.2: 0, 3.25: 0, 3.3: 0})
    script.change(r1=swept | {"trd": [[price, 120.0] for price in (3.2, 3.25, 3.3)]})
    script.change(r1=ladder({3.35: 0, 3.4: 60}, {3.35: 0, 3.4: 0, 3.45: 80}), after_ms=2_000)
    script.change(r1=ladder({3.5: 60}, {3.45: 0, 3.55: 80}), after_ms=2_000)
    script.close(winner)
    return script.lines


SWEEP = (
    PLENTY,
    "edges.sweep_follow.entry=take",
    "edges.sweep_follow.rest_ms=86400000",
)


@pytest.mark.parametrize(("winner", "gross_e4"), [(1, 2_895), (2, 2_900)])
def test_sweep_follow_earns_its_ticks_whoever_wins(winner: int, gross_e4: int) -> None:
    played = play("sweep_follow", sweep(5.0, winner), SWEEP)
    # Laid 10.00 at 3.35, backed two ticks higher: 33.50 / 3.45 = 9.71.
    assert fills(played) == [(1, "LAY", 335, 1000), (1, "BACK", 345, 971)]
    assert money(played) == (gross_e4, 100)


def test_sweep_follow_is_stopped_where_commission_eats_its_margin() -> None:
    # The microprice is (3.30 * 80 + 3.35 * 60) / 140, a tick and a half up 0.075 more.
    worth = 1 - 3.35 / ((3.3 * 80 + 3.35 * 60) / 140 + 0.075)
    gate = (*SWEEP, f"fee_gate.min_net_edge={worth * 0.965}")
    assert play("sweep_follow", sweep(2.0, 2), gate).net_e4 > 0
    assert_stopped(play("sweep_follow", sweep(5.0, 2), gate))


# --- overround --------------------------------------------------------------------------------


def book(base_rate: float, winner: int, back: float, lay: float) -> list[bytes]:
    """Three runners alike."""
    script = Script(3, base_rate=base_rate)
    alike = ladder({back: 100}, {lay: 100})
    script.change(r1=alike, r2=alike, r3=alike)
    for _ in range(3):
        script.change(r1={"trd": []})  # what was taken does not come again
    script.close(winner)
    return script.lines


@pytest.mark.parametrize("winner", [1, 2, 3])
@pytest.mark.parametrize(("back", "lay", "side"), [(3.1, 3.2, "BACK"), (2.8, 2.9, "LAY")])
def test_overround_earns_the_same_whoever_wins(
    winner: int, back: float, lay: float, side: str
) -> None:
    played = play("overround", book(5.0, winner, back, lay), ["edges.overround.max_stake=20"])
    price = 310 if side == "BACK" else 290
    assert fills(played) == [(runner, side, price, 2000) for runner in (1, 2, 3)]
    # Three times 20.00 against once 62.00, or against once 58.00: 2.00 either way.
    assert money(played) == (20_000, 1_000)


def test_overround_is_stopped_where_commission_eats_its_margin() -> None:
    # 2.00 of 60.00 is 3.33 %: 3.27 % after a base rate of 2 %, 3.17 % after one of 5 %.
    gate = ("edges.overround.min_margin=0", "fee_gate.min_net_edge=0.032")
    assert play("overround", book(2.0, 1, 3.1, 3.2), gate).net_e4 == 20_000 - 400
    assert_stopped(play("overround", book(5.0, 1, 3.1, 3.2), gate))


def test_overround_keeps_what_is_even_and_closes_a_leg_that_stands_over() -> None:
    script = Script(2)
    script.change(r1=ladder({2.1: 20}, {2.12: 50}), r2=ladder({2.1: 20}, {2.12: 50}))
    # The second time 1.00 more is shown on runner 1: it is all there is beside what we took.
    script.change(r1=ladder({2.1: 21}, {}), r2=ladder({2.1: 0, 2.12: 20}, {2.12: 0, 2.14: 50}))
    script.change(r2=ladder({}, {2.14: 51}), after_ms=3_000)
    script.change(r2=ladder({}, {2.14: 52}))
    script.close(1)
    played = play("overround", script.lines, ["fee_gate.min_net_edge=0"])
    first, second = fills(played)[:4], fills(played)[4:]
    assert sorted(first[:2]) == [(1, "BACK", 210, 2000), (2, "BACK", 210, 2000)]
    bought = {row[0]: row[3] for row in first[2:]}
    assert bought[1] == 100
    (close,) = second
    assert close[:3] == (2, "LAY", 214)
    over_e4 = bought[2] * 212 - bought[1] * 210
    assert close[3] == round(over_e4 / 214)

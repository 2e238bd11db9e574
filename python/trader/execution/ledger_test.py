"""The ledger's arithmetic: positions, worst cases, settlement, commission."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.execution.interfaces.executor import OpenOrder
from trader.execution.interfaces.intents import Side
from trader.execution.ledger import Fill, Ledger, MarketResult, Position, commission_e4, totals
from trader.strategy.context import MarketView, Runner
from trader.strategy.testing import MARKET, A, B, C, fill, market, order, record


def ledger(*fills: Fill, discount: float = 0.0) -> Ledger:
    result = Ledger(discount, 5.0)
    for number, one in enumerate(fills):
        record(result, replace(one, intent_id=f"I{number}"))
    return result


def settled(book: Ledger, view: MarketView) -> MarketResult:
    result = book.settle(view)
    assert result is not None
    return result


def test_a_back_and_a_lay_return_what_the_exchange_pays() -> None:
    position = Position()
    position.change(Side.BACK, 1000, 300_000)  # £10 at 3.0: +20 or -10
    assert (position.win_e4, position.lose_e4) == (200_000, -100_000)
    position.change(Side.LAY, 1200, 300_000)  # £12 laid at 2.5: -18 or +12
    assert (position.win_e4, position.lose_e4) == (20_000, 20_000)
    assert position.hedge_stake(2.5) == 0.0


def test_settlement_pays_the_winner_and_charges_commission_on_net_winnings() -> None:
    book = ledger(fill(A, Side.BACK, 300, 1000), fill(B, Side.LAY, 400, 500))
    result = settled(book, market({A: "WINNER", B: "LOSER", C: "LOSER"}))
    assert (result.kind, result.gross_e4, result.commission_e4) == ("settled", 250_000, 12_500)
    assert result.net_e4 == 237_500
    assert [part.gross_e4 for part in result.runners] == [200_000, 50_000]


def test_a_losing_market_pays_no_commission() -> None:
    book = ledger(fill(A, Side.BACK, 300, 1000))
    result = settled(book, market({A: "LOSER", B: "WINNER", C: "LOSER"}))
    assert (result.gross_e4, result.commission_e4) == (-100_000, 0)


def test_bets_on_a_removed_runner_are_void_and_reductions_are_admitted() -> None:
    book = ledger(fill(A, Side.BACK, 300, 1000), fill(B, Side.BACK, 300, 1000))
    result = settled(book, market({A: "REMOVED", B: "WINNER", C: "LOSER"}))
    assert result.gross_e4 == 200_000
    assert "reduction factors not applied" in result.note


def test_a_dead_heat_halves_the_stake() -> None:
    book = ledger(fill(A, Side.BACK, 500, 1000))
    result = settled(book, market({A: "WINNER", B: "WINNER", C: "LOSER"}))
    assert result.gross_e4 == 150_000  # £5 wins 20, £5 loses
    assert result.note == "dead heat"


def test_a_place_market_pays_every_placed_runner() -> None:
    book = ledger(fill(A, Side.BACK, 200, 1000), fill(B, Side.BACK, 200, 1000))
    view = market({A: "WINNER", B: "WINNER", C: "LOSER"}, winners=2)
    assert settled(book, view).gross_e4 == 200_000


@pytest.mark.parametrize(
    "view",
    [market(), market({A: "WINNER", B: "LOSER", C: "LOSER"}, winners=0), market({B: "WINNER"})],
)
def test_a_market_without_a_result_is_not_settled(view: MarketView) -> None:
    assert ledger(fill(A, Side.BACK, 300, 1000)).settle(view) is None


def test_a_market_without_fills_has_no_result() -> None:
    assert ledger().settle(market()) is None
    assert ledger().mark(market(), lambda _: 2.0) is None


def test_marking_values_a_position_at_the_price_and_says_so() -> None:
    book = ledger(fill(A, Side.BACK, 400, 1000))
    result = book.mark(market(), lambda _: 2.0)
    assert result is not None
    assert result.gross_e4 == 100_000  # worth 40 in half of the cases, 10 staked
    assert result.kind == "marked"
    assert result.note.startswith("marked to market")


def test_without_a_price_the_worse_outcome_is_taken() -> None:
    result = ledger(fill(A, Side.BACK, 400, 1000)).mark(market(), lambda _: None)
    assert result is not None
    assert result.gross_e4 == -100_000
    assert "1 runners without a price" in result.note


def test_an_unknown_base_rate_is_assumed_and_said() -> None:
    book = ledger(fill(A, Side.BACK, 300, 1000))
    result = settled(book, market({A: "WINNER", B: "LOSER", C: "LOSER"}, mbr=None))
    assert result.commission_e4 == 10_000
    assert "assumed 5 %" in result.note


@pytest.mark.parametrize(
    ("gross_e4", "mbr", "discount", "commission"),
    [
        (100_000, 5.0, 0.0, 5_000),
        (100_000, 5.0, 0.2, 4_000),
        (1_000, 5.0, 0.0, 100),  # half a penny is rounded up
        (999, 5.0, 0.0, 0),
        (-5, 5.0, 0.0, 0),
        (0, 5.0, 0.0, 0),
        (123_456, 6.5, 0.0, 8_000),
    ],
)
def test_commission_is_rounded_half_up_to_the_penny(
    gross_e4: int, mbr: float, discount: float, commission: int
) -> None:
    assert commission_e4(gross_e4, mbr, discount) == commission


def test_totals_add_markets_up() -> None:
    book = ledger(fill(A, Side.BACK, 300, 1000))
    won = settled(book, market({A: "WINNER", B: "LOSER", C: "LOSER"}))
    lost = settled(book, market({A: "LOSER", B: "WINNER", C: "LOSER"}))
    assert totals({"1.1": won, "1.2": lost}) == (100_000, 10_000, 90_000)


fills = st.lists(
    st.builds(
        fill,
        st.sampled_from([A, B, C]),
        st.sampled_from(list(Side)),
        st.integers(101, 2000),
        st.integers(1, 5000),
    ),
    max_size=8,
)
orders = st.lists(
    st.builds(
        order,
        st.sampled_from([A, B, C]),
        st.sampled_from(list(Side)),
        st.integers(101, 2000),
        st.integers(1, 5000),
    ),
    max_size=3,
)


@given(fills, orders, st.sampled_from([1, 2]))
def test_the_worst_case_is_the_worst_over_all_outcomes_and_fills(
    matched: list[Fill], resting: list[OpenOrder], winners: int
) -> None:
    outcomes: dict[bool, list[int]] = {True: [], False: []}  # by whether A wins
    for count in range(len(resting) + 1):
        for filled in combinations(resting, count):
            more = [
                fill(Runner(MARKET, o.selection_id, 0.0, 0), o.side, o.price_centi, o.size_centi)
                for o in filled
            ]
            book = ledger(*matched, *more)
            for winning in combinations((A, B, C), winners):
                statuses = {r: "WINNER" if r in winning else "LOSER" for r in (A, B, C)}
                result = book.settle(market(statuses, winners=winners))
                outcomes[A in winning].append(result.gross_e4 if result is not None else 0)
    view, book = market(winners=winners), ledger(*matched)
    assert book.worst_case_e4(view, resting) == min(*outcomes[True], *outcomes[False])
    for wins in (True, False):
        assert book.worst_case_e4(view, resting, (A, wins)) == min(outcomes[wins])


@given(fills)
def test_a_market_of_unknown_winners_is_taken_runner_by_runner(matched: list[Fill]) -> None:
    book = ledger(*matched)
    worst = book.worst_case_e4(market(winners=None), ())
    assert worst == sum(min(book.runner_outcomes(runner, ())) for runner in (A, B, C))
    others = sum(min(book.runner_outcomes(runner, ())) for runner in (B, C))
    for wins, of_a in zip((True, False), book.runner_outcomes(A, ()), strict=True):
        assert book.worst_case_e4(market(winners=None), (), (A, wins)) == others + of_a


def test_an_orders_totals_replace_the_former_ones() -> None:
    book = Ledger(0.0, 5.0)
    book.matched("I", A, Side.BACK, 200, 200 * 300, "maker")
    book.matched("I", A, Side.BACK, 500, 200 * 300 + 300 * 310, "maker")
    position = book.position(A)
    assert position is not None
    assert (position.back_stake_centi, position.win_e4, position.lose_e4) == (
        500,
        200 * 200 + 300 * 210,
        -50_000,
    )


def test_what_the_venue_takes_back_after_the_end_leaves_the_position() -> None:
    book = ledger(fill(A, Side.BACK, 300, 1000), fill(B, Side.LAY, 400, 500))
    assert book.amended("I1", 200, 200 * 400) == MARKET
    result = settled(book, market({A: "LOSER", B: "WINNER", C: "LOSER"}))
    assert result.gross_e4 == -100_000 - 200 * 300
    assert book.amended("never matched", 0, 0) is None


def test_a_forgotten_market_is_not_changed_any_more() -> None:
    book = ledger(fill(A, Side.BACK, 300, 1000))
    book.forget(MARKET)
    assert book.markets() == []
    assert book.amended("I0", 0, 0) is None


def test_what_the_venue_has_paid_is_the_result() -> None:
    book = ledger(fill(A, Side.BACK, 300, 1000))
    result = book.paid_out(market({A: "WINNER", B: "LOSER", C: "LOSER"}), 199_900, 9_900)
    assert (result.kind, result.net_e4) == ("venue", 190_000)
    assert [part.position.back_stake_centi for part in result.runners] == [1000]

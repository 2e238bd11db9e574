"""Results over time add up, nothing is lost where a curve is thinned, every fill has an edge."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trader.report.money import Point, by_edge, by_runner, curve, curves_by_market, thinned, totals
from trader.report.testing import MARKET, OTHER, fill, held, made, result, results, worth


def test_a_curve_begins_with_nothing_and_ends_with_the_result() -> None:
    data = made(
        fills=[fill(1, "BACK", 3.0, 2.0, ts_ms=500)],
        worths=[worth(1000, 20_000, 1000), worth(2000, -30_000), worth(3000, 10_000, 500)],
        markets=results(result(MARKET, 10_000, 500)),
    )
    points, drawdown = curve(data)
    assert [(p.ts_ms, p.gross_e4, p.net_e4, p.drawdown_e4) for p in points] == [
        (499, 0, 0, 0),
        (1000, 20_000, 19_000, 0),
        (2000, -30_000, -30_000, 49_000),
        (3000, 10_000, 9_500, 9_500),
    ]
    assert (drawdown.depth_e4, drawdown.peak_e4) == (49_000, 19_000)
    assert (drawdown.peak_ms, drawdown.trough_ms) == (1000, 2000)


def test_a_result_that_was_not_sampled_ends_the_curve() -> None:
    data = made(
        fills=[fill(1, "BACK", 3.0, 2.0, ts_ms=500), fill(1, "LAY", 3.0, 2.0, ts_ms=900)],
        markets=results(result(MARKET, -10_000)),
    )
    points, _ = curve(data)
    assert [(p.ts_ms, p.net_e4) for p in points] == [(499, 0), (900, -10_000)]


def test_markets_add_up_moment_by_moment() -> None:
    data = made(
        worths=[worth(1, 100), worth(2, 1000, market=OTHER), worth(3, -50), worth(4, 0, 0, OTHER)],
        markets=results(result(MARKET, -50), result(OTHER, 0)),
    )
    points, _ = curve(data)
    assert [p.net_e4 for p in points] == [100, 1100, 950, -50]
    each = curves_by_market(data)
    assert [p.net_e4 for p in each[MARKET][0]] == [100, -50]
    assert each[OTHER][1].depth_e4 == 1000


def test_what_several_markets_come_to_at_one_moment_is_no_drawdown_between_them() -> None:
    data = made(
        worths=[
            worth(1000, 50_000),
            worth(2000, 150_000),
            worth(2000, -100_000, market=OTHER),
            worth(3000, 140_000),
        ],
        markets=results(result(MARKET, 140_000), result(OTHER, -100_000)),
    )
    points, drawdown = curve(data)
    assert [(p.ts_ms, p.net_e4) for p in points] == [(1000, 50_000), (2000, 50_000), (3000, 40_000)]
    assert (drawdown.depth_e4, drawdown.peak_e4) == (10_000, 50_000)
    assert (drawdown.peak_ms, drawdown.trough_ms) == (2000, 3000)


def test_without_fills_there_is_no_curve() -> None:
    assert curve(made())[0] == []


@given(st.lists(st.integers(-1000, 1000), max_size=300), st.integers(8, 80))
def test_a_thinned_curve_keeps_its_ends_its_peak_and_its_trough(
    nets: list[int], at_most: int
) -> None:
    points = [Point(ts_ms, net, net, 0) for ts_ms, net in enumerate(nets)]
    kept = thinned(points, at_most)
    assert len(kept) <= max(at_most + 4, 8)
    assert kept == sorted(kept)
    assert set(kept) <= set(points)
    if points:
        assert (kept[0], kept[-1]) == (points[0], points[-1])
        assert max(p.net_e4 for p in kept) == max(nets)
        assert min(p.net_e4 for p in kept) == min(nets)


def test_every_edge_has_what_its_own_fills_came_to() -> None:
    first = [fill(1, "BACK", 3.0, 2.0, edge="a"), fill(1, "LAY", 2.0, 2.0, edge="b")]
    second = [fill(2, "LAY", 5.0, 1.0, edge="b")]
    data = made(
        fills=[*first, *second],
        held=[held(1, "WINNER", first, 20_000), held(2, "LOSER", second, 10_000)],
        markets=results(result(MARKET, 30_000)),
    )
    edges, rest = by_edge(data)
    assert [(e.edge, e.gross_e4, e.fills) for e in edges] == [("a", 40_000, 1), ("b", -10_000, 2)]
    assert rest == 0


def test_a_marked_position_is_split_at_the_price_it_was_marked_with() -> None:
    fills = [fill(1, "BACK", 4.0, 2.0, edge="a"), fill(1, "LAY", 3.0, 1.0, edge="b")]
    # At odds of 2.5: 0.4 of what winning brings, 0.6 of what losing does.
    a, b = round(0.4 * 60_000 - 0.6 * 20_000), round(-0.4 * 20_000 + 0.6 * 10_000)
    data = made(
        fills=fills,
        held=[held(1, "ACTIVE", fills, a + b)],
        markets=results(result(MARKET, a + b, kind="marked")),
    )
    assert {e.edge: e.gross_e4 for e in by_edge(data)[0]} == {"a": a, "b": b}


def test_bets_on_a_removed_runner_are_void_for_every_edge() -> None:
    fills = [fill(1, "BACK", 4.0, 2.0)]
    data = made(
        fills=fills, held=[held(1, "REMOVED", fills, 0)], markets=results(result(MARKET, 0))
    )
    edges, rest = by_edge(data)
    assert [(e.gross_e4, e.fills) for e in edges] == [(0, 1)]
    assert rest == 0


def test_what_no_runner_explains_is_told_apart() -> None:
    data = made(fills=[fill(1, "BACK", 4.0, 2.0)], markets=results(result(MARKET, 5000)))
    assert by_edge(data)[1] == 5000


def test_runners_come_worst_first() -> None:
    one, two = [fill(1, "BACK", 3.0, 2.0)], [fill(2, "LAY", 3.0, 2.0)]
    data = made(
        fills=[*one, *two], held=[held(1, "LOSER", one, -20_000), held(2, "LOSER", two, 20_000)]
    )
    assert [(r.runner.selection_id, r.fills) for r in by_runner(data)] == [(1, 1), (2, 1)]


def test_fees_are_a_share_of_a_profit_only() -> None:
    won = totals(made(markets=results(result(MARKET, 100_000, 5000))))
    assert (won.net_e4, won.fee_share) == (95_000, 0.05)
    mixed = made(markets=results(result(MARKET, 100_000, 5000), result(OTHER, -150_000)))
    assert totals(mixed).fee_share is None

"""Everything a `Hotloop` answers, gathered so that two of them can be compared with `==`."""

from typing import Any, TypeAlias

from trader.strategy.hotloop.interface import HotloopApi, Touched

SIDES = ("BACK", "LAY")

Answers: TypeAlias = dict[str, Any]


def runner_answers(book: HotloopApi, runner: Touched) -> Answers:
    """Every implemented signal of one runner, by name."""
    m, r, hc = runner
    best = book.best(m, r, hc)
    answers: Answers = {
        "best": best,
        "spread_ticks": book.spread_ticks(m, r, hc),
        "traded_ladder": book.traded_ladder(m, r, hc),
        "last_traded": book.last_traded(m, r, hc),
        "last_traded_ts_ms": book.last_traded_ts_ms(m, r, hc),
    }
    for side in SIDES:
        answers[f"best2_sum {side}"] = book.best2_sum(m, r, side, hc)
        answers[f"ladder_top {side} all"] = book.ladder_top(m, r, side, None, True, hc)
        answers[f"ladder_top {side}"] = book.ladder_top(m, r, side, handicap=hc)
        for price in (best[0], best[2], 2.0):
            if price is not None:
                ahead = book.size_ahead(m, r, side, price, handicap=hc)
                answers[f"size_ahead {side} {price}"] = ahead
    return answers


def market_answers(book: HotloopApi, market_id: str) -> Answers:
    """Everything about one market but its runners' books."""
    return {
        "market": book.market(market_id),
        "get_mbr": book.get_mbr(market_id),
        "definition_seq": book.definition_seq(market_id),
        "rf_seen_recently": book.rf_seen_recently(market_id),
    }


def stream_answers(book: HotloopApi) -> Answers:
    """What does not belong to one market."""
    return {"stats": book.stats(), "markets": book.markets(), "last_pt_ms": book.last_pt_ms()}


def neutral_answers(book: HotloopApi, runner: Touched) -> Answers:
    """The signals of later stages."""
    m, r, hc = runner
    return {
        "match_rate_ema": book.match_rate_ema(m, r, "BACK", 2.0, hc),
        "pfill_ttf": book.pfill_ttf(m, r, "LAY", 2.0, 5.0, None, hc),
        "sweep_sniffer": book.sweep_sniffer(m, r, hc),
        "big_move_trigger": book.big_move_trigger(m, r, hc),
        "trend_lens": book.trend_lens(m, r, hc),
    }


def all_answers(book: HotloopApi, runners: set[Touched]) -> Answers:
    """The whole state that can be seen, over all markets held and the runners given."""
    return {
        "stream": stream_answers(book),
        "markets": {market_id: market_answers(book, market_id) for market_id in book.markets()},
        "runners": {
            runner: runner_answers(book, runner) | neutral_answers(book, runner)
            for runner in sorted(runners)
        },
    }

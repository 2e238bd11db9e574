"""Deliberate one-line bugs in the Rust core, each of which some test has to catch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CORE: Final = "rust/hotloop-core/src"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One bug: in `file` below `CORE`, the text `old`, which occurs once, becomes `new`."""

    name: str
    file: str
    old: str
    new: str


MUTATIONS: Final = (
    Mutation(
        "trd counted whole, not halved",
        "signals/matched.rs",
        "if explained { drop } else { rise / 2 }",
        "if explained { drop } else { rise }",
    ),
    Mutation(
        "a cross match taken for a plain one",
        "signals/matched.rs",
        "drop <= rise + tolerance;",
        "drop <= rise / 2 + tolerance;",
    ),
    Mutation(
        "no tolerance below half of the rise",
        "signals/matched.rs",
        "2 * drop >= rise - 2 * tolerance",
        "2 * drop >= rise",
    ),
    Mutation(
        "the trade credited to the other side",
        "signals/matched.rs",
        "match lay_drop.cmp(&back_drop) {",
        "match back_drop.cmp(&lay_drop) {",
    ),
    Mutation(
        "revaluation taken for trading",
        "signals/matched.rs",
        "filter(is_little).count() >= config.revaluation_levels;",
        "filter(is_little).count() > config.revaluation_levels;",
    ),
    Mutation(
        "a revaluation hides the trades beside it",
        "signals/matched.rs",
        "!(revalued && is_little(level))",
        "!revalued",
    ),
    Mutation(
        "the last row of a price says what was before the message",
        "runner.rs",
        "sort_unstable_by_key(|was| (was.price, was.of, was.order))",
        "sort_unstable_by_key(|was| (was.price, was.of, usize::MAX - was.order))",
    ),
    Mutation(
        "the first message of a runner is trading",
        "runner.rs",
        "self.log.begin(self.has_baseline);",
        "self.log.begin(true);",
    ),
    Mutation(
        "runners an image leaves empty get no baseline",
        "market.rs",
        "            runner.has_baseline = true;\n",
        "            runner.has_baseline = false;\n",
    ),
    Mutation(
        "an image forgets the signals",
        "market.rs",
        "self.runners[place].signals = signals;",
        "drop(signals);",
    ),
    Mutation(
        "averages grow with age",
        "signals/rate.rs",
        "(-float(age_ms) / (1_000.0 * window_s)).exp()",
        "(float(age_ms) / (1_000.0 * window_s)).exp()",
    ),
    Mutation(
        "a rate is not decayed when read",
        "signals/rate.rs",
        "self.value * decay(age_ms(now_ms, self.at_ms), window_s)",
        "self.value * decay(age_ms(now_ms, self.at_ms).min(0), window_s)",
    ),
    Mutation(
        "the order itself is no work",
        "signals/log_logistic.rs",
        ".saturating_add(order.size)",
        "",
    ),
    Mutation(
        "lays are behind where they are before the best",
        "signals/log_logistic.rs",
        "Side::Lay => steps(ladder, order.price, best),",
        "Side::Lay => steps(ladder, best, order.price),",
    ),
    Mutation(
        "the price's rate taken for the side's",
        "signals/log_logistic.rs",
        "(side_rate, rate(None)),",
        "(side_rate, rate(Some(order.price))),",
    ),
    Mutation(
        "travel only when the price comes back",
        "signals/travel.rs",
        "        self.price = Some(price);",
        "        self.price = self.price.or(Some(price));",
    ),
    Mutation(
        "trades do not go through a trial",
        "signals/trials.rs",
        "if is_worse && trade.of(side) > 0 {",
        "if is_worse && trade.of(side) < 0 {",
    ),
    Mutation(
        "a trial does not queue",
        "signals/trials.rs",
        "(float(trade.of(side)) - self.position.ahead).max(0.0)",
        "float(trade.of(side))",
    ),
    Mutation(
        "a trial counts after an upset",
        "signals/trials.rs",
        "if last.epoch == self.epoch && self",
        "if self",
    ),
    Mutation(
        "a trial that was filled counts again",
        "signals/trials.rs",
        "            trial.has_counted = true;",
        "            trial.has_counted = false;",
    ),
    Mutation(
        "trials on one side only",
        "signals/trials.rs",
        "side = last.position.place.side.opposite();",
        "side = last.position.place.side;",
    ),
    Mutation(
        "trials where nothing is traded",
        "signals/trials.rs",
        "age_ms(now.now_ms, traded_ms) > now.config.trial_horizon_ms",
        "age_ms(now.now_ms, traded_ms) > i64::MAX",
    ),
    Mutation(
        "trials do not fade",
        "signals/trials.rs",
        "let left = decay(age_ms(now_ms, at_ms), config.trial_window_s);",
        "let left = decay(age_ms(now_ms, at_ms).min(0), config.trial_window_s);",
    ),
    Mutation(
        "the mean trade size is of the last trade",
        "signals/rate.rs",
        "            self.sum *= left;\n",
        "            self.sum *= 0.0;\n",
    ),
    Mutation(
        "trades do not advance a position",
        "signals/queue.rs",
        "self.ahead = (self.ahead - float(matched)).max(0.0);",
        "self.ahead = self.ahead.max(0.0);",
    ),
    Mutation(
        "cancellations split the wrong way round",
        "signals/queue.rs",
        "1.0 / (1.0 + (ahead / behind).powf(config.queue_power_n))",
        "1.0 / (1.0 + (behind / ahead).powf(config.queue_power_n))",
    ),
    Mutation(
        "more ahead than is visible",
        "signals/queue.rs",
        "unknown || seen <= size => self.ahead.min(float(size)),",
        "unknown || seen <= size => self.ahead,",
    ),
    Mutation(
        "suspension does not freeze a position",
        "market.rs",
        "if !self.is_open() {\n            Moment::Frozen",
        "if !self.is_open() {\n            Moment::Seen",
    ),
    Mutation(
        "the in-play turn is an ordinary change to a position",
        "market.rs",
        "self.image_message == message || self.turn_message == message",
        "self.image_message == message",
    ),
    Mutation(
        "own orders are offered to us",
        "read.rs",
        "level.size -= taken;",
        "own -= 0 * taken;",
    ),
    Mutation(
        "two levels are a sweep of three",
        "signals/sweep.rs",
        "recent.count() >= config.sweep_levels",
        "recent.count() + 1 >= config.sweep_levels",
    ),
    Mutation(
        "a cancelled level counts as consumed",
        "signals/matched.rs",
        "lay_consumed: level.back.is_gone() && lay >= level.back.before,",
        "lay_consumed: level.back.is_gone(),",
    ),
    Mutation(
        "a move is forgotten when it begins",
        "signals/moves.rs",
        "self.ended.push_back((value, at_ms));",
        "self.ended.push_back((value, since_ms));",
    ),
    Mutation(
        "a move down is told as one up",
        "signals/moves.rs",
        "} else if up >= down {",
        "} else if up <= down {",
    ),
    Mutation(
        "the drift has the wrong sign",
        "signals/trend.rs",
        "(fast - slow) / (config",
        "(slow - fast) / (config",
    ),
    Mutation(
        "the microprice leans to the larger queue",
        "market.rs",
        "(float(back_tick) * float(lay.size) + float(lay_tick) * float(back.size))",
        "(float(back_tick) * float(back.size) + float(lay_tick) * float(lay.size))",
    ),
    Mutation(
        "a removal without a factor counts as a reduction",
        "message.rs",
        "runner.adjustment_factor.is_some_and(|factor| factor > 0.0)",
        "runner.adjustment_factor.is_none_or(|factor| factor > 0.0)",
    ),
    Mutation(
        "observation does not begin again in play",
        "market.rs",
        "*since_ms = since_ms.and(self.pt_ms);",
        "*since_ms = since_ms.or(self.pt_ms);",
    ),
    Mutation(
        "time to fill has no cap",
        "signals/fill.rs",
        "(p_fill, ttf_ms.min(float(config.max_ttf_ms)))",
        "(p_fill, ttf_ms)",
    ),
    Mutation(
        "half a trade fills an order",
        "signals/fill.rs",
        "let size = float(work.size).max(work.trade_size);",
        "let size = float(work.size).max(work.trade_size / 2.0);",
    ),
    Mutation(
        "the gamma series stops early",
        "signals/gamma.rs",
        "if term < sum * SMALL {",
        "if term < sum * 1e-6 {",
    ),
    Mutation(
        "the ladder breaks one step late",
        "ladder.rs",
        "if price > last {",
        "if price > last + 1 {",
    ),
    Mutation(
        "a lower version replaces a higher one",
        "market.rs",
        "if given < held)",
        "if given > held)",
    ),
    Mutation(
        "the clock goes on after a loss",
        "state.rs",
        "self.clocks_held |= self.lost_changes;",
        "self.clocks_held &= self.lost_changes;",
    ),
    Mutation(
        "a refused line leaves no mark",
        "state.rs",
        "None => self.store.mark_all_stale(),",
        "None => self.segments.clear(),",
    ),
    Mutation(
        "closed markets stay for ever",
        "store.rs",
        "pt.saturating_sub(closed) > config.closed_retention_ms",
        "pt.saturating_sub(closed) > i64::MAX - config.closed_retention_ms",
    ),
    Mutation(
        "of two rows for one price the first tells what is now",
        "runner.rs",
        "rows.next_back().unwrap_or(first).after",
        "first.after",
    ),
    Mutation(
        "one decimal read as two",
        "json/scan.rs",
        "[100, 0, 10, 1]",
        "[100, 0, 1, 1]",
    ),
    Mutation(
        "a leading zero taken in the quick reading of a number",
        "json/scan.rs",
        "scale == 0 || eight.has_leading_zero(point)",
        "scale == 0",
    ),
    Mutation(
        "a price above the highest taken in the quick reading of a row",
        "quick.rs",
        "(price <= PRICE_MAX && size <= SIZE_MAX)",
        "(size <= SIZE_MAX)",
    ),
    Mutation(
        "an empty trd no wipe in the quick reading",
        "quick.rs",
        """    if bytes.get(at + 1) == Some(&b']') {
        return None;
    }
    prices(bytes, at, RowKind::Traded, rows)""",
        "    prices(bytes, at, RowKind::Traded, rows)",
    ),
    Mutation(
        "the best prices of a ladder searched one too far",
        "book.rs",
        ".filter(|level| level.price < signed)",
        ".filter(|level| level.price <= signed)",
    ),
)
"""Every file is of the crate hotloop-core."""

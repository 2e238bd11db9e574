//! The signals of one runner, each within the range that docs/signals.md gives it.

use hotloop_core::{Centi, Error, HotloopCore, MarketBook, RunnerKey, Side};

/// Both sides.
pub(crate) const SIDES: [Side; 2] = [Side::Back, Side::Lay];

/// Times to read at: the market's own, later, the first and the last there are.
const NOWS_MS: [fn(i64) -> Option<i64>; 4] = [
    |_| None,
    |pt_ms| Some(pt_ms.saturating_add(1_500)),
    |_| Some(i64::MIN),
    |_| Some(i64::MAX),
];

/// What is asked for: sizes, and horizons with them.
const ORDERS: [(f64, Option<i64>); 3] = [(2.0, None), (0.0, Some(0)), (9.0e13, Some(i64::MAX))];

/// Every signal of the runner at every time and at these prices, as bits: equal only where they are the same.
pub(crate) fn read(core: &HotloopCore, market_id: &str, key: RunnerKey, prices: &[Centi]) -> Vec<u64> {
    let pt_ms = core.market(market_id).and_then(MarketBook::pt_ms);
    let mut bits = Vec::with_capacity(64);
    for (place, now) in NOWS_MS.iter().enumerate() {
        let now_ms = now(pt_ms.unwrap_or(0));
        // Estimates take longest: at the market's own time all of them, later on one.
        let (prices, orders) = if place == 0 {
            (prices, &ORDERS[..])
        } else {
            (&prices[..prices.len().min(1)], &ORDERS[..1])
        };
        read_at(core, market_id, key, now_ms, &mut bits);
        for (side, price) in SIDES
            .iter()
            .flat_map(|side| prices.iter().map(move |price| (*side, *price)))
        {
            let rate = checked_rate(core.match_rate(market_id, key, Some(side), Some(price), now_ms));
            bits.push(rate.to_bits());
            for (size, horizon_ms) in orders {
                let found = core.fill_estimate(market_id, key, side, price, *size, *horizon_ms, now_ms);
                bits.extend(checked_estimate(&found, core.config().max_ttf_ms).map(f64::to_bits));
            }
        }
    }
    bits
}

/// The signals that are not of one price.
pub(crate) fn read_at(
    core: &HotloopCore,
    market_id: &str,
    key: RunnerKey,
    now_ms: Option<i64>,
    bits: &mut Vec<u64>,
) {
    let both = checked_rate(core.match_rate(market_id, key, None, None, now_ms));
    let each = SIDES.map(|side| checked_rate(core.match_rate(market_id, key, Some(side), None, now_ms)));
    assert!(
        (both - each[0] - each[1]).abs() <= 1e-9 * both,
        "{both} is not {each:?} together"
    );
    bits.extend([both, each[0], each[1]].map(f64::to_bits));
    let trend = core.trend(market_id, key, now_ms);
    assert!(trend.is_finite(), "trend {trend}");
    let direction = core.big_move_direction(market_id, key, now_ms);
    assert!((-1..=1).contains(&direction), "big move {direction}");
    let sweep = core.sweep_side(market_id, key, now_ms);
    bits.extend([trend.to_bits(), direction.cast_unsigned()]);
    bits.push(sweep.map_or(0, |side| 1 + u64::from(side == Side::Lay)));
}

fn checked_rate(rate: f64) -> f64 {
    assert!(rate.is_finite() && rate >= 0.0, "match rate {rate}");
    rate
}

fn checked_estimate(found: &Result<(f64, f64), Error>, max_ttf_ms: i64) -> [f64; 2] {
    let Ok((p_fill, ttf_ms)) = *found else {
        panic!("no estimate: {found:?}");
    };
    assert!((0.0..=1.0).contains(&p_fill), "p_fill {p_fill}");
    #[allow(clippy::cast_precision_loss)] // a bound of some minutes
    let in_time = (0.0..=max_ttf_ms as f64).contains(&ttf_ms);
    assert!(in_time, "ttf {ttf_ms} of at most {max_ttf_ms}");
    [p_fill, ttf_ms]
}

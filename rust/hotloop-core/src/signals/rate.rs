//! Averages that decay with time: match rates and the mean trade size.

use super::matched::{Trade, float};
use crate::ladder::Centi;
use crate::market::Side;

/// Milliseconds from `then` to `now`, 0 when that is the other way round.
pub(crate) fn age_ms(now_ms: i64, then_ms: i64) -> i64 {
    now_ms.saturating_sub(then_ms).max(0)
}

/// What is left of a decaying value after `age_ms` with a time constant in seconds.
pub(crate) fn decay(age_ms: i64, window_s: f64) -> f64 {
    (-float(age_ms) / (1_000.0 * window_s)).exp()
}

/// A sum whose parts fade with their age; its time never goes back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fading {
    value: f64,
    at_ms: i64,
}

impl Fading {
    /// `amount` is above 0.
    pub(crate) fn add(&mut self, amount: f64, at_ms: i64, window_s: f64) {
        let left = self.read(at_ms, window_s);
        self.at_ms = if self.value > 0.0 {
            self.at_ms.max(at_ms)
        } else {
            at_ms
        };
        self.value = left + amount;
    }

    pub(crate) fn read(&self, now_ms: i64, window_s: f64) -> f64 {
        if self.value == 0.0 {
            return 0.0;
        }
        self.value * decay(age_ms(now_ms, self.at_ms), window_s)
    }
}

/// Matched volume per second, hundredths, as of its last trade.
#[derive(Debug, Clone, Copy, Default)]
struct Rate(Fading);

impl Rate {
    fn add(&mut self, volume: Centi, at_ms: i64, window_s: f64) {
        if volume != 0 {
            self.0.add(float(volume) / window_s, at_ms, window_s);
        }
    }

    fn read(&self, now_ms: i64, window_s: f64) -> f64 {
        self.0.read(now_ms, window_s)
    }
}

#[derive(Debug)]
struct PriceRates {
    price: Centi,
    sides: [Rate; 2],
}

/// Match rates of one runner: by side rested, and by price and side.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    sides: [Rate; 2],
    /// Ascending by price.
    prices: Vec<PriceRates>,
}

const SIDES: [Side; 2] = [Side::Back, Side::Lay];

fn index(side: Side) -> usize {
    usize::from(side == Side::Lay)
}

impl Rates {
    pub(crate) fn add(&mut self, trade: &Trade, at_ms: i64, window_s: f64) {
        let at_price = self.at_price(trade.price);
        for (i, volume) in [trade.back, trade.lay].into_iter().enumerate() {
            self.prices[at_price].sides[i].add(volume, at_ms, window_s);
            self.sides[i].add(volume, at_ms, window_s);
        }
    }

    /// Place of the price's rates, made if there were none. There are no more of them than prices
    /// at which the venue named a traded volume.
    fn at_price(&mut self, price: Centi) -> usize {
        let found = self.prices.binary_search_by_key(&price, |rates| rates.price);
        found.unwrap_or_else(|place| {
            let sides = [Rate::default(); 2];
            self.prices.insert(place, PriceRates { price, sides });
            place
        })
    }

    /// Hundredths per second, of one side or both, at one price or all.
    pub(crate) fn read(&self, side: Option<Side>, price: Option<Centi>, now_ms: i64, window_s: f64) -> f64 {
        let rates = match price {
            None => &self.sides,
            Some(price) => match self.prices.binary_search_by_key(&price, |rates| rates.price) {
                Ok(place) => &self.prices[place].sides,
                Err(_) => return 0.0,
            },
        };
        let of = |side| rates[index(side)].read(now_ms, window_s);
        side.map_or_else(|| SIDES.into_iter().map(of).sum(), of)
    }
}

/// Mean trade size of one runner: decayed sum of volumes over decayed count.
#[derive(Debug, Default)]
pub(crate) struct TradeSize {
    /// Hundredths.
    sum: f64,
    count: f64,
    at_ms: i64,
}

impl TradeSize {
    pub(crate) fn add(&mut self, volume: Centi, at_ms: i64, window_s: f64) {
        if self.count > 0.0 {
            let left = decay(age_ms(at_ms, self.at_ms), window_s);
            self.sum *= left;
            self.count *= left;
            self.at_ms = self.at_ms.max(at_ms);
        } else {
            self.at_ms = at_ms;
        }
        self.sum += float(volume);
        self.count += 1.0;
    }

    /// N/w: trades per second of late.
    pub(crate) fn per_s(&self, now_ms: i64, window_s: f64) -> f64 {
        self.count * decay(age_ms(now_ms, self.at_ms), window_s) / window_s
    }

    /// Hundredths; none before the first trade.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(price: Centi, back: Centi, lay: Centi) -> Trade {
        Trade {
            price,
            back,
            lay,
            back_consumed: false,
            lay_consumed: false,
        }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs()
    }

    #[test]
    fn a_rate_decays_between_trades_and_again_when_read() {
        let mut rates = Rates::default();
        rates.add(&trade(200, 100, 0), 1_000, 10.0);
        rates.add(&trade(200, 50, 0), 6_000, 10.0);
        let wanted = (10.0 * (-0.5_f64).exp() + 5.0) * (-0.25_f64).exp();
        assert!(close(
            rates.read(Some(Side::Back), Some(200), 8_500, 10.0),
            wanted
        ));
        assert!(close(rates.read(None, None, 8_500, 10.0), wanted));
        assert!(close(
            rates.read(None, None, 0, 10.0),
            10.0 * (-0.5_f64).exp() + 5.0
        ));
        assert_eq!(rates.read(Some(Side::Lay), None, 8_500, 10.0).to_bits(), 0);
        assert_eq!(rates.read(None, Some(201), 8_500, 10.0).to_bits(), 0);
    }

    #[test]
    fn time_does_not_go_back() {
        let mut rates = Rates::default();
        rates.add(&trade(200, 100, 0), 5_000, 10.0);
        rates.add(&trade(200, 100, 0), 1_000, 10.0);
        assert!(close(rates.read(None, None, 5_000, 10.0), 20.0));
    }

    #[test]
    fn the_mean_trade_size_weighs_recent_trades_more() {
        let mut size = TradeSize::default();
        assert_eq!(size.mean(), None);
        size.add(100, 0, 60.0);
        size.add(300, 60_000, 60.0);
        let left = (-1.0_f64).exp();
        assert!(close(size.mean().unwrap(), (100.0 * left + 300.0) / (left + 1.0)));
    }
}

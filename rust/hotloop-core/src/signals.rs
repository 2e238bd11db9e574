//! What is read back: best prices, depth, distances, last trades.
//!
//! A market or runner that is not known answers nothing, empty or 0; nothing here fails but a side
//! that is neither BACK nor LAY. Prices and sizes are hundredths.

use std::str::FromStr;

use crate::book::{Level, SideRef};
use crate::error::Error;
use crate::ladder::Centi;
use crate::market::{MarketBook, RunnerBook, Side};
use crate::message::RunnerKey;
use crate::state::HotloopCore;
use crate::stats::Stats;
use crate::store::MarketRef;

impl FromStr for Side {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "BACK" => Ok(Self::Back),
            "LAY" => Ok(Self::Lay),
            _ => Err(Error::Argument {
                field: "side",
                reason: "is neither BACK nor LAY",
            }),
        }
    }
}

impl Side {
    /// A resting BACK stands in what is available to lay, and the other way round.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Back => Self::Lay,
            Self::Lay => Self::Back,
        }
    }
}

impl HotloopCore {
    /// The market, where it is held.
    #[must_use]
    pub fn market(&self, market_id: &str) -> Option<&MarketBook> {
        self.store.get(market_id)
    }

    /// The market of a touched runner.
    #[must_use]
    pub fn market_of(&self, market: MarketRef) -> &MarketBook {
        self.store.book(market.slot)
    }

    /// Markets held, in the order they were first seen.
    pub fn markets(&self) -> impl Iterator<Item = &MarketBook> {
        self.store.in_order()
    }

    /// The runner, where it is known.
    #[must_use]
    pub fn runner(&self, market_id: &str, key: RunnerKey) -> Option<&RunnerBook> {
        self.store.get(market_id)?.runner(key)
    }

    /// Whether the market's book may be untrue: a message for it was lost, or the venue says its
    /// data are not reliable (503).
    #[must_use]
    pub fn is_stale(&self, market: &MarketBook) -> bool {
        self.unreliable || market.stale
    }

    /// `pt` of the last message applied.
    #[must_use]
    pub fn last_pt_ms(&self) -> Option<i64> {
        self.last_pt_ms
    }

    /// Counts since the core was made.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Best available to back and to lay, each none where that side is empty.
    #[must_use]
    pub fn best(&self, market_id: &str, key: RunnerKey) -> (Option<Level>, Option<Level>) {
        let best = |side| self.available(market_id, key, side).and_then(SideRef::best);
        (best(Side::Back), best(Side::Lay))
    }

    /// Sizes at the best two prices of the side **taken**, summed.
    #[must_use]
    pub fn best2_sum(&self, market_id: &str, key: RunnerKey, side: Side) -> Centi {
        self.available(market_id, key, side)
            .map_or(0, |available| available.sum_of_best(2))
    }

    /// Ticks of the market's ladder from best back up to best lay: 0 or less when crossed, none
    /// when one side is empty or a price is off the ladder.
    #[must_use]
    pub fn spread_ticks(&self, market_id: &str, key: RunnerKey) -> Option<i64> {
        let (back, lay) = self.best(market_id, key);
        self.store
            .get(market_id)?
            .ladder()
            .ticks_between(back?.price, lay?.price)
    }

    /// The best `n` levels (all without `n`) of the side **taken**, best first.
    #[must_use]
    pub fn ladder_top(&self, market_id: &str, key: RunnerKey, side: Side, n: Option<usize>) -> Vec<Level> {
        self.available(market_id, key, side)
            .map_or_else(Vec::new, |available| available.top(n))
    }

    /// Visible size that a new order **resting** on `side` at `price` would queue behind.
    #[must_use]
    pub fn size_ahead(&self, market_id: &str, key: RunnerKey, side: Side, price: Centi) -> Centi {
        self.available(market_id, key, side.opposite())
            .map_or(0, |available| available.size_at(price))
    }

    fn available(&self, market_id: &str, key: RunnerKey, side: Side) -> Option<SideRef<'_>> {
        let market = self.store.get(market_id)?;
        let depth = market.depth(self.config.book_source);
        Some(market.runner(key)?.available(side, depth))
    }
}

//! What is read back: best prices, depth, distances, last trades.
//!
//! A market or runner that is not known answers nothing, empty or 0; nothing here fails but a side
//! that is neither BACK nor LAY. Prices and sizes are hundredths.

use std::str::FromStr;

use crate::book::{Level, SideRef};
use crate::error::Error;
use crate::ladder::Centi;
use crate::market::{MarketBook, Side};
use crate::message::RunnerKey;
use crate::runner::RunnerBook;
use crate::signals::queue::Place;
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

    /// Receipt time of the last line taken without error.
    #[must_use]
    pub fn last_ts_ms(&self) -> Option<i64> {
        self.last_ts_ms
    }

    /// `initialClk` and `clk` to resubscribe with.
    #[must_use]
    pub fn clocks(&self) -> (Option<&str>, Option<&str>) {
        (self.initial_clock.get(), self.clock.get())
    }

    /// Markets whose book may be untrue, in the order they were first seen.
    pub fn stale_markets(&self) -> impl Iterator<Item = &MarketBook> {
        self.markets().filter(|market| self.is_stale(market))
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

    /// As [`Self::ladder_top`], without the own size of tracked orders.
    #[must_use]
    pub fn ladder_of_others(
        &self,
        market_id: &str,
        key: RunnerKey,
        side: Side,
        n: Option<usize>,
    ) -> Vec<Level> {
        let mut levels = self.ladder_top(market_id, key, side, None);
        let rests_here = |place: &Place| place.runner == key && place.side == side.opposite();
        for position in self
            .store
            .get(market_id)
            .iter()
            .flat_map(|market| &market.positions)
        {
            let price = position.place.price;
            if !rests_here(&position.place) {
                continue;
            }
            let mut own = position.own;
            // On a screen several positions may show one price.
            for level in levels.iter_mut().filter(|level| level.price == price) {
                let taken = own.min(level.size);
                level.size -= taken;
                own -= taken;
            }
        }
        levels.retain(|level| level.size > 0);
        levels.truncate(n.unwrap_or(usize::MAX));
        levels
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

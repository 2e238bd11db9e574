//! What may be lost, and whether the venue thinks so, too.

use wire::Side;

use crate::exposure::liability;
use crate::machine::{FundsLook, Machine};
use crate::order::Order;

impl Machine {
    /// What one market may cost, hundredths of hundredths: what is matched in the worst case, and all that rests.
    #[must_use]
    pub fn exposure_of(&self, market_id: &str) -> i64 {
        let resting = self.book.orders.values();
        let open: i64 = resting
            .filter(|order| order.intent.market_id == market_id)
            .map(|order| self.resting_cost(order) + untold_cost(order))
            .sum();
        open + self.book.exposure.worst(market_id)
    }

    /// What still rests of it. Until a replacement stands, the order it moves is counted as far as that rests, and what the
    /// replacement may cost more.
    fn resting_cost(&self, order: &Order) -> i64 {
        let cost = |order: &Order| {
            let intent = &order.intent;
            liability(intent.side, intent.price_centi, order.remaining_centi().max(0))
        };
        match self.book.target_of(order).filter(|_| order.bet_id.is_none()) {
            Some(target) => (cost(order) - cost(target)).max(0),
            None => cost(order),
        }
    }

    /// What all markets may cost.
    #[must_use]
    pub fn exposure(&self) -> i64 {
        let mut markets: Vec<&str> = self.book.exposure.markets().collect();
        markets.extend(
            self.book
                .orders
                .values()
                .map(|order| order.intent.market_id.as_str()),
        );
        markets.sort_unstable();
        markets.dedup();
        markets.into_iter().map(|market| self.exposure_of(market)).sum()
    }

    /// The tripwire: the account's exposure is between what our matched bets cost and what all of ours may; anything else
    /// is a bet that we do not know, or one that is not there. Not looked at while an order is in doubt.
    pub(crate) fn funds(&mut self, exposure_centi: i64) {
        let Some(tolerance_centi) = self.config().limits.funds_tolerance_centi else {
            self.funds_look = None; // nobody looks by now: the last one must not grow old
            return;
        };
        if self.book.orders.values().any(Order::is_uncertain) {
            return;
        }
        let matched: i64 = self
            .book
            .exposure
            .markets()
            .map(|market| self.book.exposure.worst(market))
            .sum();
        let (told, tolerance, most) = (exposure_centi * 100, tolerance_centi * 100, self.exposure());
        self.funds_look = Some(FundsLook {
            at_ms: self.now_ms,
            difference: (told - most).max(0) + (told - matched).min(0),
        });
        if (matched - tolerance..=most + tolerance).contains(&told) {
            self.funds_differ_since_ms = None;
            return;
        }
        // A fill or a settlement may be under way: it has to last.
        let since_ms = *self.funds_differ_since_ms.get_or_insert(self.now_ms);
        if self.now_ms - since_ms >= self.config().windows.funds_ms && self.halted.is_none() {
            self.halted = Some("FUNDS_MISMATCH");
            self.counters.funds_trips += 1;
        }
    }
}

/// What is matched of it and has not been told yet: it waits for the answer that says how it ended.
fn untold_cost(order: &Order) -> i64 {
    let (size, value) = order.matched();
    let (size, value) = (size - order.told.matched_centi, value - order.told.value);
    let cost = match order.intent.side {
        Side::Back => size * 100,
        Side::Lay => value - size * 100,
    };
    cost.max(0)
}

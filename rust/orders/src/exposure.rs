//! What may be lost, by market: orders matched so far in the worst outcome, and what still rests, all of it counted as filled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wire::{Intent, Side};

use crate::facts::RunnerKey;

/// Profit of one runner's bets, hundredths of hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Profit {
    if_wins: i64,
    if_loses: i64,
}

/// JSON has no keys but texts, so a market's runners are a list; there are few.
type Runners = Vec<(RunnerKey, Profit)>;

/// Matched bets by market and runner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    markets: BTreeMap<String, Runners>,
}

/// What an open order of this size and price may cost, hundredths of hundredths.
#[must_use]
pub fn liability(side: Side, price_centi: i64, size_centi: i64) -> i64 {
    match side {
        Side::Back => size_centi * 100,
        Side::Lay => size_centi * (price_centi - 100),
    }
}

impl Exposure {
    /// What is matched of an order has changed from (size, value) to another.
    pub fn matched(&mut self, intent: &Intent, before: (i64, i64), after: (i64, i64)) {
        let (size, value) = (after.0 - before.0, after.1 - before.1);
        if (size, value) == (0, 0) {
            return;
        }
        let sign = match intent.side {
            Side::Back => 1,
            Side::Lay => -1,
        };
        let runner = (intent.selection_id, intent.handicap_centi);
        let market = self.markets.entry(intent.market_id.clone()).or_default();
        let place = market
            .iter()
            .position(|(of, _)| *of == runner)
            .unwrap_or_else(|| {
                market.push((runner, Profit::default()));
                market.len() - 1
            });
        let profit = &mut market[place].1;
        profit.if_wins += sign * (value - size * 100);
        profit.if_loses -= sign * size * 100;
    }

    /// The market is settled: nothing of it can be lost any more.
    pub fn settle(&mut self, market_id: &str) {
        self.markets.remove(market_id);
    }

    /// The most that what is matched in a market may cost: whichever of our runners wins, or none of them.
    #[must_use]
    pub fn worst(&self, market_id: &str) -> i64 {
        let Some(runners) = self.markets.get(market_id) else {
            return 0;
        };
        let none: i64 = runners.iter().map(|(_, profit)| profit.if_loses).sum();
        let winner = runners
            .iter()
            .map(|(_, profit)| none - profit.if_loses + profit.if_wins)
            .min();
        -none.min(winner.unwrap_or(0)).min(0)
    }

    /// The markets with anything matched.
    pub fn markets(&self) -> impl Iterator<Item = &str> {
        self.markets.keys().map(String::as_str)
    }
}

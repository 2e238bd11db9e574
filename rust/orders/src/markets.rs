//! What the trader has said about markets.

use std::collections::{HashMap, VecDeque};

use wire::{Ladder, Market, MarketStatus, RunnerStatus};

/// How many markets are known at most.
pub const MAX_MARKETS: usize = 20_000;

/// One market as last told.
#[derive(Debug)]
pub struct Known {
    /// Its state.
    pub status: MarketStatus,
    /// True once turned in-play.
    pub in_play: bool,
    /// The venue's version.
    pub version: Option<i64>,
    /// The prices it allows.
    pub ladder: Ladder,
    /// Seconds an in-play order is held back.
    pub bet_delay: i64,
    /// Which kind of event it is of, as the venue numbers them.
    pub event_type: Option<String>,
    runners: HashMap<(i64, i64), RunnerStatus>,
}

impl Known {
    /// True if the runner is listed and does not take part.
    #[must_use]
    pub fn is_out(&self, runner: (i64, i64)) -> bool {
        self.runners
            .get(&runner)
            .is_some_and(|status| *status != RunnerStatus::Active)
    }
}

/// All markets heard of.
#[derive(Debug, Default)]
pub struct Markets {
    known: HashMap<String, Known>,
    /// Market ids in the order they were first heard of.
    heard: VecDeque<String>,
}

impl Markets {
    /// The market, if it was heard of.
    #[must_use]
    pub fn get(&self, market_id: &str) -> Option<&Known> {
        self.known.get(market_id)
    }

    /// Replaces what was known of the market. True if it is the turn in-play: known not to be, and now it is.
    pub fn set(&mut self, market: &Market) -> bool {
        let runners = market
            .runners
            .iter()
            .map(|runner| ((runner.selection_id, runner.handicap_centi), runner.status))
            .collect();
        let now = Known {
            status: market.status,
            in_play: market.in_play,
            version: market.version,
            ladder: market.ladder,
            bet_delay: market.bet_delay,
            event_type: market.event_type_id.clone(),
            runners,
        };
        if let Some(before) = self.known.insert(market.market_id.clone(), now) {
            return !before.in_play && market.in_play;
        }
        self.heard.push_back(market.market_id.clone());
        false
    }

    /// Forgets the market heard of first if there are too many; one that is `needed` stays and counts as heard of now.
    pub fn trim(&mut self, needed: impl Fn(&str) -> bool) {
        for _ in 0..self.heard.len().saturating_sub(MAX_MARKETS) {
            let Some(market_id) = self.heard.pop_front() else {
                return;
            };
            if needed(&market_id) {
                self.heard.push_back(market_id);
            } else {
                self.known.remove(&market_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(number: usize) -> Market {
        Market {
            market_id: format!("1.{number}"),
            status: MarketStatus::Open,
            in_play: false,
            version: None,
            bet_delay: 0,
            ladder: Ladder::Classic,
            runners: Vec::new(),
            winners: 1,
            event_type_id: None,
        }
    }

    #[test]
    fn the_market_heard_of_first_is_forgotten_unless_needed() {
        let mut markets = Markets::default();
        for number in 0..MAX_MARKETS + 2 {
            markets.set(&market(number));
            markets.trim(|market_id| market_id == "1.0");
        }
        assert!(markets.get("1.0").is_some());
        assert!(markets.get("1.1").is_none());
        assert!(markets.get("1.3").is_some());
        assert!(markets.heard.len() <= MAX_MARKETS);
        assert_eq!(markets.heard.len(), markets.known.len());
    }
}

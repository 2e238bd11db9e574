//! Orders held against what the venue shows: look-ups, and the stream that begins anew.

use wire::{Action, Intent, Persistence, is_intent_id};

use crate::claims::asks_for_such;
use crate::config::UnknownBets;
use crate::facts::Bet;
use crate::machine::Machine;
use crate::order::{Order, Stage};
use crate::record::Record;
use crate::request::Effect;

impl Machine {
    pub(crate) fn looked(&mut self, request: u64, bets: Option<Vec<Bet>>) {
        let Some(look) = self.looks.remove(&request) else {
            return;
        };
        let Some(bets) = bets else {
            return; // it is due again by itself
        };
        let found: Vec<String> = bets.iter().map(|bet| bet.bet_id.clone()).collect();
        for bet in bets {
            self.fact(bet);
        }
        for name in look.names {
            self.judge_absence(&name, look.at_ms, &found);
        }
    }

    /// An order in doubt that a look-up did not find, which began when its time was over, is not there.
    fn judge_absence(&mut self, name: &str, looked_ms: i64, found: &[String]) {
        let Some(order) = self.book.order(name) else {
            return;
        };
        let Stage::Doubt { since_ms } = order.stage else {
            return;
        };
        if order.bet_id.as_ref().is_some_and(|bet| found.contains(bet)) {
            return;
        }
        if looked_ms >= since_ms + self.doubt_ms(&order.intent.market_id) {
            self.counters.not_placed += 1;
            self.note(Record::NotFound {
                name: name.to_owned(),
            });
        }
    }

    /// How long an order of the market is looked for.
    pub(crate) fn doubt_ms(&self, market_id: &str) -> i64 {
        let delay = self.markets().get(market_id).map_or(0, |market| market.bet_delay);
        self.config().windows.look_up_ms + delay * 1_000
    }

    pub(crate) fn reconciled(&mut self, bets: Vec<Bet>) {
        self.is_ready = true;
        let shown: Vec<String> = bets.iter().map(|bet| bet.bet_id.clone()).collect();
        for bet in bets {
            self.fact(bet);
        }
        // What ended meanwhile is not shown.
        let absent: Vec<String> = self
            .book
            .orders
            .values()
            .filter(|order| order.bet_id.as_ref().is_some_and(|bet| !shown.contains(bet)))
            .map(|order| order.name().to_owned())
            .collect();
        for name in absent {
            self.look_after.remove(&name);
            self.book.doubt(&name);
        }
        self.find_unknown(&shown);
    }

    /// Bets that rest with our strategy's reference and that no order of ours can have asked for.
    fn find_unknown(&mut self, shown: &[String]) {
        let is_unknown = |bet: &&Bet| {
            !bet.is_complete()
                && shown.contains(&bet.bet_id)
                && !self.unknown.contains(&bet.bet_id)
                && !self.book.orders.values().any(|order| may_have_made(order, bet))
        };
        let found: Vec<Bet> = self.unclaimed.iter().filter(is_unknown).cloned().collect();
        for bet in found {
            self.counters.unknown += 1;
            self.unknown.insert(bet.bet_id.clone());
            self.effects.push(Effect::Unknown(bet.clone()));
            match self.config().unknown_bets {
                UnknownBets::Leave => {}
                UnknownBets::Cancel => {
                    self.strays.insert(bet.bet_id.clone(), (bet, self.now_ms));
                }
                UnknownBets::Adopt => self.adopt(bet),
            }
        }
    }

    /// The bet becomes an order of ours like any other, with an end of its own.
    fn adopt(&mut self, bet: Bet) {
        let is_free = |name: &&str| is_intent_id(name) && !self.book.knows(name);
        let named = bet.order_ref.as_deref().filter(is_free);
        let name = named.map_or_else(|| format!("bet-{}", bet.bet_id), str::to_owned);
        let intent = Intent {
            v: 1,
            intent_id: name,
            ts_ms: self.now_ms,
            edge: "adopted".to_owned(),
            market_id: bet.market_id.clone(),
            selection_id: bet.runner.0,
            handicap_centi: bet.runner.1,
            action: Action::Place,
            side: bet.side,
            price_centi: bet.price_centi,
            size_centi: bet.size_centi,
            ttl_ms: self.config().windows.adopt_ms,
            persistence: Persistence::Lapse,
            time_in_force: None,
            min_fill_size_centi: None,
            target_intent_id: None,
            market_version: None,
            hedge_of: None,
            strategy_ref: String::new(),
            dry_run: false,
        };
        self.unclaimed.retain(|other| other.bet_id != bet.bet_id);
        let intent = Box::new(intent);
        self.note(Record::Adopted { intent, bet });
    }
}

/// True while a reply may still say that the bet is this order's.
fn may_have_made(order: &Order, bet: &Bet) -> bool {
    order.bet_id.is_none() && order.is_uncertain() && asks_for_such(&order.intent, bet)
}

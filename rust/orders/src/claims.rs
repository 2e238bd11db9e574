//! Whose bet is it: what the stream and look-ups show, put to the orders that we have.

use wire::{Action, Intent};

use crate::book::Ended;
use crate::facts::Bet;
use crate::machine::Machine;
use crate::order::{Order, Stage};
use crate::record::Record;

/// States of bets that nobody has named yet.
const UNCLAIMED_MAX: usize = 1_000;
/// The venue's clock may be so much behind ours.
const SKEW_MS: i64 = 5_000;

impl Machine {
    /// A bet as it stands, from the stream or a look-up.
    pub(crate) fn fact(&mut self, bet: Bet) {
        let owner = self.book.owner(&bet.bet_id).map(str::to_owned);
        let Some(name) = owner.or_else(|| self.owner_by_looks(&bet)) else {
            self.keep_unclaimed(bet);
            return;
        };
        let known = match self.book.order(&name) {
            Some(order) => order.bet.as_ref(),
            None => self.book.ended.get(&name).and_then(|ended| ended.bet.as_ref()),
        };
        if known.is_some_and(|known| known.bet_id == bet.bet_id && !bet.is_news_after(known)) {
            return;
        }
        let is_stray = self.book.order(&name).is_none();
        self.note(Record::Bet {
            name: name.clone(),
            bet: bet.clone(),
        });
        if is_stray {
            self.stray(name, bet);
        }
        // What is known now may say whose the others are.
        self.claim_again();
    }

    /// Nobody's, so far. States come in any order here, too.
    fn keep_unclaimed(&mut self, bet: Bet) {
        if let Some(known) = self.unclaimed.iter_mut().find(|known| known.bet_id == bet.bet_id) {
            if bet.is_news_after(known) {
                *known = bet;
            }
            return;
        }
        if self.unclaimed.len() >= UNCLAIMED_MAX {
            self.unclaimed.remove(0);
        }
        self.unclaimed.push(bet);
    }

    pub(crate) fn claim_again(&mut self) {
        for bet in std::mem::take(&mut self.unclaimed) {
            self.fact(bet);
        }
    }

    /// A bet of an order that was told to have ended: what rests of it has to end, too.
    fn stray(&mut self, name: String, bet: Bet) {
        if bet.is_complete() {
            self.strays.remove(&name);
        } else if !self.strays.contains_key(&name) {
            self.counters.strays += 1;
            self.strays.insert(name, (bet, self.now_ms));
        }
    }

    /// Whose bet this is, where no reply has named it: the order with its reference that waits for one, or one that was
    /// told not to be there.
    fn owner_by_looks(&self, bet: &Bet) -> Option<String> {
        let asked_for = |of: &Intent, venue_ref: &str| {
            let is_named = match bet.order_ref.as_deref() {
                Some(reference) => venue_ref == reference,
                // The venue may leave a replaced bet without one: its size is at most what was taken off the bet it replaces.
                None => of.action == Action::Replace && self.taken_off_target(of) >= Some(bet.size_centi),
            };
            is_named && asks_for_such(of, bet)
        };
        let waits = |order: &&Order| {
            order.bet_id.is_none()
                && order.is_uncertain()
                && asked_for(&order.intent, &order.venue_ref)
                && order
                    .first_sent_ms
                    .is_some_and(|sent_ms| bet.placed_ms + SKEW_MS >= sent_ms)
        };
        let waiting: Vec<&Order> = self.book.orders.values().filter(waits).collect();
        // Of several that look alike replies may still tell which it is.
        let is_clear = waiting.len() == 1
            || bet.order_ref.is_some()
            || waiting
                .iter()
                .all(|order| matches!(order.stage, Stage::Doubt { .. }));
        if let (Some(order), true) = (waiting.first(), is_clear) {
            return Some(order.name().to_owned());
        }
        if !waiting.is_empty() {
            return None;
        }
        let denied = |ended: &&Ended| ended.bet.is_none() && asked_for(&ended.intent, &ended.venue_ref);
        let ended = self.book.ended.values().find(denied)?;
        Some(ended.intent.intent_id.clone())
    }

    /// What was cancelled of the order that a REPLACE moves, once that is complete.
    fn taken_off_target(&self, replace: &Intent) -> Option<i64> {
        let name = replace.target_intent_id.as_deref()?;
        let target = match self.book.order(name) {
            Some(order) => order.bet.as_ref(),
            None => self.book.ended.get(name)?.bet.as_ref(),
        }?;
        target.is_complete().then_some(target.cancelled_centi)
    }
}

/// True where the bet is of the intent's market, runner, side and price.
pub(crate) fn asks_for_such(intent: &Intent, bet: &Bet) -> bool {
    intent.market_id == bet.market_id
        && (intent.selection_id, intent.handicap_centi) == bet.runner
        && intent.side == bet.side
        && intent.price_centi == bet.price_centi
}

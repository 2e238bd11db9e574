//! Once a message, when all its changes are in the books: what it means to the signals.

use crate::message::RunnerKey;
use crate::state::HotloopCore;

/// A runner named by the message being applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub slot: usize,
    /// Where it stood when it was named: an image may have moved it since.
    pub place: usize,
    pub key: RunnerKey,
}

impl HotloopCore {
    /// Brings the signals past the message: trades, then the books it left, then positions.
    pub(crate) fn update_signals(&mut self) {
        for i in 0..self.named.len() {
            self.update_runner(self.named[i]);
        }
        if self.store.order_count() > 0 {
            for i in 0..self.message.markets.len() {
                self.update_positions(i);
            }
        }
    }

    fn update_runner(&mut self, named: Named) {
        let Self {
            config,
            store,
            levels,
            ..
        } = self;
        let market = store.book_mut(named.slot);
        let is_imaged = market.is_imaged(self.number);
        let place = if is_imaged {
            market.place_of(named.key)
        } else {
            Some(named.place)
        };
        // A snapshot is read at the time of the market; without one there is none to read it at.
        let (Some(place), Some(at_ms)) = (place, self.message.header.pt_ms.or(market.pt_ms())) else {
            return;
        };
        market.trade(place, at_ms, levels, config);
        let runner = &mut market.runners_mut()[place];
        runner.has_baseline = true;
        runner.signals.observed_since_ms.get_or_insert(at_ms);
        market.observe(place, at_ms, config);
        market.follow_trials(place, at_ms, config);
    }

    /// Positions of the market of `mc` entry `i`, once for each market of the message.
    fn update_positions(&mut self, i: usize) {
        let name = |change| self.message.name(change);
        let id = name(&self.message.markets[i]);
        let Some(slot) = self.store.find(id) else {
            return;
        };
        let book = self.store.book_mut(slot);
        // First what is cheap: most of the markets of a large image have no order of ours.
        if book.positions.is_empty() || self.message.markets[..i].iter().any(|change| name(change) == id) {
            return;
        }
        let moment = book.moment(self.number);
        let mut positions = std::mem::take(&mut book.positions);
        for position in &mut positions {
            let place = position.place;
            let matched = book
                .trades_of(place.runner)
                .find(|trade| trade.price == place.price)
                .map_or(0, |trade| trade.of(place.side));
            let view = book.view(&place, self.config.book_source);
            position.update(matched, view, moment, &self.config);
        }
        book.positions = positions;
    }
}

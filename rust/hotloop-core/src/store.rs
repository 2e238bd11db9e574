//! The markets held, by slot and by id.
//!
//! Slots are small integers that callers may key caches by; a slot is used again after its market
//! was dropped, and its generation then tells the two markets apart.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::Config;
use crate::error::Error;
use crate::market::MarketBook;
use crate::message::{ChangeType, MarketChange, Message};
use crate::signals::queue::Position;

/// A market by its place in memory, cheaper than by id. Valid until the market is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MarketRef {
    /// Index of the slot, dense from 0.
    pub slot: usize,
    /// How often the slot was given out before.
    pub generation: u64,
}

/// All markets held.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// One per slot; empty ones are named in `free`.
    books: Vec<MarketBook>,
    generations: Vec<u64>,
    free: Vec<usize>,
    slots: FxHashMap<Box<str>, usize>,
    /// Held slots, first seen first.
    order: Vec<usize>,
    /// Slot found last: most messages are for the market of the one before.
    recent: Option<usize>,
    /// Earliest publish time at which a held market closed.
    first_closed_ms: Option<i64>,
    /// Slot of the market in which each order is tracked.
    orders: FxHashMap<Box<str>, usize>,
}

impl Store {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Markets in the order they were first seen.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &MarketBook> {
        self.order.iter().map(|slot| &self.books[*slot])
    }

    /// As [`Self::find`], of an id as a message holds it: for the market of the last message nothing of
    /// it is looked at but that it is the same.
    pub(crate) fn find_named(&self, message: &Message, change: &MarketChange) -> Option<usize> {
        match self.recent {
            Some(recent) if self.books[recent].id().as_bytes() == message.name_bytes(change) => Some(recent),
            _ => self.find(message.name(change)),
        }
    }

    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        if let Some(recent) = self.recent
            && self.books[recent].id() == id
        {
            return Some(recent);
        }
        self.slots.get(id).copied()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&MarketBook> {
        self.find(id).map(|slot| &self.books[slot])
    }

    pub(crate) fn reference(&self, slot: usize) -> MarketRef {
        MarketRef {
            slot,
            generation: self.generations[slot],
        }
    }

    pub(crate) fn book(&self, slot: usize) -> &MarketBook {
        &self.books[slot]
    }

    pub(crate) fn book_mut(&mut self, slot: usize) -> &mut MarketBook {
        &mut self.books[slot]
    }

    /// Slot of the market, held from now on if it was not.
    pub(crate) fn hold(&mut self, message: &Message, change: &MarketChange) -> usize {
        let slot = self
            .find_named(message, change)
            .unwrap_or_else(|| self.insert(message.name(change)));
        self.recent = Some(slot);
        slot
    }

    fn insert(&mut self, id: &str) -> usize {
        let book = MarketBook::new(id);
        let slot = if let Some(slot) = self.free.pop() {
            self.books[slot] = book;
            slot
        } else {
            self.books.push(book);
            self.generations.push(0);
            self.books.len() - 1
        };
        self.slots.insert(id.into(), slot);
        self.order.push(slot);
        slot
    }

    pub(crate) fn drop_slots(&mut self, dropped: &[usize]) {
        if dropped.is_empty() {
            return;
        }
        self.recent = None;
        self.order.retain(|slot| !dropped.contains(slot));
        for slot in dropped {
            let book = std::mem::replace(&mut self.books[*slot], MarketBook::new(""));
            self.slots.remove(book.id());
            for position in &book.positions {
                self.orders.remove(&position.id);
            }
            self.generations[*slot] += 1;
            self.free.push(*slot);
        }
        self.note_closed();
    }

    /// Orders tracked, in all markets.
    pub(crate) fn order_count(&self) -> usize {
        self.orders.len()
    }

    pub(crate) fn position(&self, order_id: &str) -> Option<(usize, &Position)> {
        let slot = *self.orders.get(order_id)?;
        let mut positions = self.books[slot].positions.iter();
        Some((slot, positions.find(|position| &*position.id == order_id)?))
    }

    pub(crate) fn position_mut(&mut self, order_id: &str) -> Option<&mut Position> {
        let slot = *self.orders.get(order_id)?;
        let mut positions = self.books[slot].positions.iter_mut();
        positions.find(|position| &*position.id == order_id)
    }

    /// Tracks an order in the market of this slot, and nowhere else.
    pub(crate) fn track(&mut self, slot: usize, position: Position) {
        self.untrack(&position.id);
        self.orders.insert(position.id.clone(), slot);
        self.books[slot].positions.push(position);
    }

    /// Forgets an order; whether it was tracked.
    pub(crate) fn untrack(&mut self, order_id: &str) -> bool {
        let Some(slot) = self.orders.remove(order_id) else {
            return false;
        };
        self.books[slot]
            .positions
            .retain(|position| &*position.id != order_id);
        true
    }

    /// Brings `first_closed_ms` up to date; after a definition or a drop.
    pub(crate) fn note_closed(&mut self) {
        self.first_closed_ms = self.in_order().filter_map(MarketBook::closed_pt_ms).min();
    }

    /// Marks the market, where it is held.
    pub(crate) fn mark_stale(&mut self, id: &str) {
        if let Some(slot) = self.find(id) {
            self.books[slot].stale = true;
        }
    }

    pub(crate) fn mark_all_stale(&mut self) {
        self.books.iter_mut().for_each(|book| book.stale = true);
    }

    /// The slots that go before `message` is applied: markets closed for long, and those that a
    /// `SUB_IMAGE` of their subscription leaves out. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Limit`] when more markets would be held than the configuration allows.
    pub(crate) fn plan(&self, message: &Message, config: &Config) -> Result<Vec<usize>, Error> {
        let mut dropped = Vec::new();
        if let (Some(pt), Some(first)) = (message.header.pt_ms, self.first_closed_ms) {
            let is_over = |closed: i64| pt.saturating_sub(closed) > config.closed_retention_ms;
            if is_over(first) {
                let over = |slot: &&usize| self.books[**slot].closed_pt_ms().is_some_and(is_over);
                dropped.extend(self.order.iter().filter(over));
            }
        }
        if message.header.change_type == ChangeType::SubImage && message.header.subscription.is_some() {
            self.left_out(message, &mut dropped);
        }
        self.check_limit(message, &dropped, config.max_markets)?;
        Ok(dropped)
    }

    fn left_out(&self, message: &Message, dropped: &mut Vec<usize>) {
        let carried: FxHashSet<&str> = message.markets.iter().map(|c| message.name(c)).collect();
        for slot in &self.order {
            let book = &self.books[*slot];
            let left_out = book.subscription == message.header.subscription
                && !carried.contains(book.id())
                && !dropped.contains(slot);
            if left_out {
                dropped.push(*slot);
            }
        }
    }

    fn check_limit(&self, message: &Message, dropped: &[usize], max: usize) -> Result<(), Error> {
        let room_for_all = self.len() + message.markets.len() <= max;
        let all_held = || {
            message
                .markets
                .iter()
                .all(|c| self.find_named(message, c).is_some())
        };
        if room_for_all || (self.len() <= max && all_held()) {
            return Ok(());
        }
        let mut held = self.len() - dropped.len();
        let mut new = FxHashSet::default();
        for (i, change) in message.markets.iter().enumerate() {
            let name = message.name(change);
            let is_held = self.find(name).is_some_and(|slot| !dropped.contains(&slot));
            held += usize::from(!is_held && new.insert(name));
            if held > max {
                return Err(Error::Limit {
                    market_id: Some(name.to_owned()),
                    field: format!("mc[{i}].id"),
                    limit: "state.max_markets",
                    value: max as u64,
                });
            }
        }
        Ok(())
    }
}

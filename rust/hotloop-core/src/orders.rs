//! Queue positions of the trader's own orders: docs/signals.md, "Queue positions".

use crate::error::Error;
use crate::ladder::{Centi, hundredths};
use crate::market::Side;
use crate::rows::{PRICE_MAX, SIZE_MAX};
use crate::signals::matched::float;
use crate::signals::queue::{Place, Position};
use crate::state::HotloopCore;

/// Longest order id, characters.
const ORDER_ID_CHARS_MAX: usize = 64;

const NOT_TRACKED: Error = refused("order_id", "is not tracked");

/// A method was called with something it does not take.
pub(crate) const fn refused(field: &'static str, reason: &'static str) -> Error {
    Error::Argument { field, reason }
}

/// An amount in hundredths from what a caller gave.
pub(crate) fn amount(field: &'static str, value: f64, max: Centi) -> Result<Centi, Error> {
    let centi = hundredths(value);
    if value.is_finite() && value >= 0.0 && centi <= max {
        return Ok(centi);
    }
    Err(refused(field, "is not a finite number of 0 or more within range"))
}

/// Whether an id is one that can be tracked.
///
/// # Errors
/// [`Error::Argument`] where it is empty or too long.
pub fn check_order_id(order_id: &str) -> Result<(), Error> {
    if order_id.is_empty() || order_id.chars().count() > ORDER_ID_CHARS_MAX {
        return Err(refused("order_id", "is not of 1 to 64 characters"));
    }
    Ok(())
}

impl HotloopCore {
    /// Starts (again) the queue position of an order at the tail of what is visible; hundredths
    /// ahead of it. `own_size` stands in the book.
    ///
    /// # Errors
    /// [`Error::Argument`] for what cannot be tracked, [`Error::Limit`] for one order too many.
    pub fn track_order(
        &mut self,
        order_id: &str,
        market_id: &str,
        place: Place,
        own_size: f64,
    ) -> Result<f64, Error> {
        check_order_id(order_id)?;
        let own = amount("size", own_size, SIZE_MAX)?;
        let Some(slot) = self.store.find(market_id) else {
            return Err(refused("m", "is not a market held"));
        };
        let is_known = self.store.position(order_id).is_some();
        let max = self.config.max_orders;
        if !is_known && self.store.order_count() >= max {
            return Err(Error::Limit {
                market_id: None,
                field: "order_id".to_owned(),
                limit: "state.max_orders",
                value: max as u64,
            });
        }
        let market = self.store.book(slot);
        let view = market.view(&place, self.config.book_source);
        let position = Position::new(order_id, place, own, view, market.is_open());
        let ahead = position.ahead;
        self.store.track(slot, position);
        Ok(ahead)
    }

    /// Sets what is ahead of an order (none: the visible size now) and, where given, its own size;
    /// hundredths ahead of it.
    ///
    /// # Errors
    /// [`Error::Argument`] for an order that is not tracked and for sizes out of range.
    pub fn reseed_queue(
        &mut self,
        order_id: &str,
        ahead: Option<f64>,
        own_size: Option<f64>,
    ) -> Result<f64, Error> {
        let Some((slot, position)) = self.store.position(order_id) else {
            return Err(NOT_TRACKED);
        };
        let ahead = ahead.map(|size| amount("ahead", size, SIZE_MAX)).transpose()?;
        let own = own_size.map(|size| amount("size", size, SIZE_MAX)).transpose()?;
        let view = self
            .store
            .book(slot)
            .view(&position.place, self.config.book_source);
        let Some(position) = self.store.position_mut(order_id) else {
            return Err(NOT_TRACKED);
        };
        position.own = own.unwrap_or(position.own);
        position.ahead = float(ahead.or(view.size).unwrap_or(0));
        Ok(position.ahead)
    }

    /// Forgets an order; whether it was tracked.
    pub fn untrack_order(&mut self, order_id: &str) -> bool {
        self.store.untrack(order_id)
    }

    /// Hundredths ahead of a tracked order that rests at `place` (none: where nothing can rest).
    ///
    /// # Errors
    /// [`Error::Argument`] where it is not tracked, or rests elsewhere.
    pub fn order_ahead(&self, order_id: &str, market_id: &str, place: Option<Place>) -> Result<f64, Error> {
        let Some((slot, position)) = self.store.position(order_id) else {
            return Err(NOT_TRACKED);
        };
        if self.store.find(market_id) != Some(slot) || Some(position.place) != place {
            return Err(refused("order_id", "is tracked at another place"));
        }
        Ok(position.ahead)
    }
}

impl Place {
    /// Where an order rests, from what a caller gave.
    ///
    /// # Errors
    /// [`Error::Argument`] for a price out of range or a handicap that is not finite.
    pub fn new(runner_id: i64, handicap: f64, side: Side, price: f64) -> Result<Self, Error> {
        let price = amount("price", price, PRICE_MAX)?;
        if !handicap.is_finite() || handicap.abs() > float(SIZE_MAX) {
            return Err(refused("handicap", "is not a finite number within range"));
        }
        Ok(Self {
            runner: crate::message::RunnerKey::new(runner_id, handicap),
            side,
            price,
        })
    }
}

//! How far the last traded price went of late: every step of it, up or down, fading with its age.

use super::log_logistic::steps;
use super::rate::Fading;
use crate::ladder::{Centi, Ladder};

/// A jump counts as this many ticks at most.
const JUMP_MAX: f64 = 10.0;

/// Of one runner, in ticks.
#[derive(Debug, Default)]
pub(crate) struct Travel {
    price: Option<Centi>,
    way: Fading,
}

impl Travel {
    /// The last traded price, on the ladder, at the end of a message.
    pub(crate) fn observe(&mut self, price: Centi, ladder: Ladder, at_ms: i64, window_s: f64) {
        if self.price == Some(price) {
            return;
        }
        if let Some(ticks) = self.price.and_then(|before| steps(ladder, before, price)) {
            self.way.add(ticks.abs().min(JUMP_MAX), at_ms, window_s);
        }
        self.price = Some(price);
    }

    /// Ticks, fading; 0 before the price first changed.
    pub(crate) fn read(&self, now_ms: i64, window_s: f64) -> f64 {
        self.way.read(now_ms, window_s)
    }
}

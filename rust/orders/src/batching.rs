//! Orders of one market that leave together.

use std::collections::VecDeque;

use crate::machine::Machine;
use crate::record::Kind;

/// Orders that one request may place.
const PLACE_MAX: usize = 200;
/// Bets that one request may move.
const REPLACE_MAX: usize = 60;

impl Machine {
    /// What the orders that may leave together are gathered under.
    pub(crate) fn gathering_of(&self, kind: Kind, names: &[String]) -> String {
        let order = names.first().and_then(|name| self.book.order(name));
        let market_id = order.map_or("", |order| order.intent.market_id.as_str());
        format!("{market_id} {kind:?}")
    }

    /// With an order what may leave in the same request: of one market, with the same reference and version of it.
    pub(crate) fn gather(
        &self,
        kind: Kind,
        names: &mut Vec<String>,
        queue: &mut VecDeque<(bool, Kind, String)>,
    ) {
        let pacing = self.config().pacing;
        let share = |name: &str| {
            let intent = &self.book.order(name)?.intent;
            Some((
                intent.market_id.clone(),
                intent.strategy_ref.clone(),
                intent.market_version,
            ))
        };
        let of_first = share(&names[0]);
        let most = if kind == Kind::Place {
            PLACE_MAX
        } else {
            REPLACE_MAX
        };
        let free = pacing
            .per_hour
            .saturating_sub(self.book.transactions(self.now_ms));
        let most = most.min(pacing.per_second.min(pacing.market_per_second).min(free) as usize);
        queue.retain(|(is_later, of, name)| {
            let goes_along = *is_later && *of == kind && names.len() < most && share(name) == of_first;
            if goes_along {
                names.push(name.clone());
            }
            !goes_along
        });
    }

    /// True once the market's orders have been gathered for long enough.
    pub(crate) fn is_gathered(&mut self, kind: Kind, names: &[String]) -> bool {
        let key = self.gathering_of(kind, names);
        let window_ms = self.config().pacing.batch_window_ms;
        let due_ms = *self.gathered.entry(key).or_insert(self.now_ms + window_ms);
        if due_ms > self.now_ms {
            self.wake_at(due_ms);
            return false;
        }
        true
    }
}

//! The orders that stand, and the order in which time and placing end them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wire::{Action, Intent, Persistence, Side};

/// Place of an order in placing order (D1.6).
pub type Number = u64;

/// One order that stands. Prices and sizes are hundredths, times milliseconds.
#[derive(Clone, Debug)]
pub struct Order {
    /// The intent it came from.
    pub intent_id: String,
    /// The action of that intent: PLACE or REPLACE.
    pub action: Action,
    /// Its market.
    pub market_id: String,
    /// Its runner: selection and handicap.
    pub runner: (i64, i64),
    /// Its side.
    pub side: Side,
    /// Its price.
    pub price_centi: i64,
    /// What has not been matched; above zero.
    pub remaining_centi: i64,
    /// What has.
    pub matched_centi: i64,
    /// Σ price × size of what has, below 2^53.
    pub matched_value: i64,
    /// When it expires.
    pub deadline_ms: i64,
    /// When it came to stand.
    pub placed_ms: i64,
    /// What becomes of it at the turn in-play.
    pub persistence: Persistence,
    /// True: may not rest.
    pub fill_or_kill: bool,
}

impl Order {
    /// True if the intent names the market, runner and side of this order.
    #[must_use]
    pub fn is_of(&self, intent: &Intent) -> bool {
        self.market_id == intent.market_id
            && self.runner == (intent.selection_id, intent.handicap_centi)
            && self.side == intent.side
    }
}

/// All orders that stand.
#[derive(Debug, Default)]
pub struct OpenOrders {
    orders: BTreeMap<Number, Order>,
    by_intent: HashMap<String, Number>,
    by_deadline: BTreeSet<(i64, Number)>,
    fill_or_kill: BTreeSet<(i64, Number)>,
    next: Number,
}

impl OpenOrders {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// True if the intent's order stands.
    #[must_use]
    pub fn contains(&self, intent_id: &str) -> bool {
        self.by_intent.contains_key(intent_id)
    }

    /// True if an order stands in the market.
    #[must_use]
    pub fn any_in(&self, market_id: &str) -> bool {
        self.orders.values().any(|order| order.market_id == market_id)
    }

    /// The intent's order.
    #[must_use]
    pub fn get(&self, intent_id: &str) -> Option<&Order> {
        self.orders.get(self.by_intent.get(intent_id)?)
    }

    /// Puts an order last in placing order.
    pub fn insert(&mut self, order: Order) {
        debug_assert!(order.remaining_centi > 0, "an order without a rest has ended");
        debug_assert!(!self.contains(&order.intent_id), "one order an intent");
        let number = self.next;
        self.next += 1;
        self.by_intent.insert(order.intent_id.clone(), number);
        self.by_deadline.insert((order.deadline_ms, number));
        if order.fill_or_kill {
            self.fill_or_kill.insert((order.placed_ms, number));
        }
        self.orders.insert(number, order);
    }

    /// Takes the intent's order out.
    pub fn remove(&mut self, intent_id: &str) -> Option<Order> {
        let number = *self.by_intent.get(intent_id)?;
        self.take(number)
    }

    /// Takes an order out.
    pub fn take(&mut self, number: Number) -> Option<Order> {
        let order = self.orders.remove(&number)?;
        self.by_intent.remove(&order.intent_id);
        self.by_deadline.remove(&(order.deadline_ms, number));
        self.fill_or_kill.remove(&(order.placed_ms, number));
        Some(order)
    }

    /// Matches `size_centi` of the intent's order, at most what remains, and gives the order as it is then with the
    /// size really matched. An order with nothing remaining is out.
    pub fn fill(&mut self, intent_id: &str, price_centi: i64, size_centi: i64) -> Option<(Order, i64)> {
        let number = *self.by_intent.get(intent_id)?;
        let order = self.orders.get_mut(&number)?;
        let size = size_centi.min(order.remaining_centi);
        order.remaining_centi -= size;
        order.matched_centi += size;
        order.matched_value += price_centi * size;
        let order = if order.remaining_centi == 0 {
            self.take(number)?
        } else {
            order.clone()
        };
        Some((order, size))
    }

    /// The orders for which `chosen` holds, in placing order.
    pub fn numbers(&self, mut chosen: impl FnMut(&Order) -> bool) -> Vec<Number> {
        self.orders
            .iter()
            .filter(|(_, order)| chosen(order))
            .map(|(number, _)| *number)
            .collect()
    }

    /// The next `FILL_OR_KILL` order placed before `now_ms`.
    #[must_use]
    pub fn next_killed(&self, now_ms: i64) -> Option<Number> {
        self.fill_or_kill
            .first()
            .filter(|(placed_ms, _)| *placed_ms < now_ms)
            .map(|(_, number)| *number)
    }

    /// The next order whose deadline has come.
    #[must_use]
    pub fn next_expired(&self, now_ms: i64) -> Option<Number> {
        self.by_deadline
            .first()
            .filter(|(deadline_ms, _)| *deadline_ms <= now_ms)
            .map(|(_, number)| *number)
    }

    /// The earliest time at which time alone ends an order.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        let killed = self.fill_or_kill.first().map(|(placed_ms, _)| placed_ms + 1);
        let expired = self.by_deadline.first().map(|(deadline_ms, _)| *deadline_ms);
        killed.into_iter().chain(expired).min()
    }
}

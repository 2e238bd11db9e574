//! Two cores that hear the same stream: one line by line and looked at after each, the other in batches.

use hotloop_core::{BatchError, Centi, Config, Error, HotloopCore, Place, RunnerBook, Stats, Touched};

use crate::parse::unspaced;
use crate::signals::read_at;
use crate::text::spaced;
use crate::view::{View, look};

/// An order the player has tracked.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub id: String,
    pub market_id: String,
    pub place: Place,
    /// What was ahead of it when last asked.
    ahead: f64,
}

/// A line the twin has not heard yet, and what came of it: runner changes, or an error.
struct Pending {
    line: Vec<u8>,
    is_spaced: bool,
    outcome: Result<u64, Error>,
}

/// Puts steps to both cores and holds each against the laws.
pub(crate) struct Player {
    pub core: HotloopCore,
    pub orders: Vec<Order>,
    twin: HotloopCore,
    pending: Vec<Pending>,
    /// The twin hears lines with spaces in them.
    twin_is_spaced: bool,
    ts_ms: i64,
    /// Signals read and not looked at any further.
    bits: Vec<u64>,
}

/// What there was before a message.
struct Before {
    stats: Stats,
    markets: usize,
    view: Option<View>,
}

impl Player {
    pub(crate) fn new(config: Config, twin_is_spaced: bool) -> Self {
        Self {
            core: HotloopCore::new(config.clone()),
            orders: Vec::new(),
            twin: HotloopCore::new(config),
            pending: Vec::new(),
            twin_is_spaced,
            ts_ms: 1,
            bits: Vec::new(),
        }
    }

    /// One line; whether it was taken.
    pub(crate) fn line(&mut self, line: &[u8]) -> bool {
        let before = self.before(|core| core.apply(line, 1).is_err());
        let stats = before.stats;
        let outcome = self.core.apply(line, self.ts_ms).map(<[Touched]>::to_vec);
        if let Err(error) = &outcome {
            assert!(
                error.offset().is_none_or(|offset| offset <= line.len()),
                "{error:?} is beyond the line"
            );
        }
        self.look(&outcome, &before);
        let changes = self.core.stats().runner_changes - stats.runner_changes;
        // The bytes of segments count: those are heard as they are.
        let may_be_segment = line.contains(&b'\\') || line.windows(7).any(|part| part == b"segment");
        let is_taken = outcome.is_ok();
        self.pending.push(Pending {
            line: line.to_vec(),
            is_spaced: self.twin_is_spaced && !may_be_segment,
            outcome: outcome.map(|_| changes),
        });
        is_taken
    }

    /// A snapshot of a market.
    pub(crate) fn snapshot(&mut self, market_id: &str, snapshot: &[u8]) {
        self.catch_up();
        let before = self.before(|core| core.apply_snapshot(market_id, snapshot, 1).is_err());
        let apply = |core: &mut HotloopCore, ts_ms| {
            core.apply_snapshot(market_id, snapshot, ts_ms)
                .map(<[Touched]>::to_vec)
        };
        let outcome = apply(&mut self.core, self.ts_ms);
        self.look(&outcome, &before);
        assert_eq!(apply(&mut self.twin, self.ts_ms), outcome);
    }

    /// A new configuration.
    pub(crate) fn configure(&mut self, config: &Config) {
        self.catch_up();
        self.twin.set_config(config.clone());
        self.core.set_config(config.clone());
    }

    /// An order from now on, or from here anew.
    pub(crate) fn track(&mut self, id: &str, market_id: &str, place: Place, own: f64) {
        self.catch_up();
        let tracked = self.core.track_order(id, market_id, place, own);
        assert_eq!(self.twin.track_order(id, market_id, place, own), tracked);
        if let Ok(ahead) = tracked {
            let visible = self
                .core
                .size_ahead(market_id, place.runner, place.side, place.price);
            assert_same(ahead, float(visible));
            self.orders.retain(|order| order.id != id);
            self.orders.push(Order {
                id: id.to_owned(),
                market_id: market_id.to_owned(),
                place,
                ahead,
            });
        }
    }

    /// Another place in the queue for an order.
    pub(crate) fn reseed(&mut self, id: &str, ahead: Option<f64>, own: Option<f64>) {
        self.catch_up();
        let reseeded = self.core.reseed_queue(id, ahead, own);
        assert_eq!(self.twin.reseed_queue(id, ahead, own), reseeded);
        let order = self.orders.iter_mut().find(|order| order.id == id);
        assert!(order.is_some() || reseeded.is_err(), "{id} was never tracked");
        if let (Some(order), Ok(ahead)) = (order, reseeded) {
            order.ahead = ahead;
        }
    }

    /// An order no more.
    pub(crate) fn untrack(&mut self, id: &str) {
        self.catch_up();
        let was_tracked = self.orders.iter().any(|order| order.id == id);
        self.orders.retain(|order| order.id != id);
        assert_eq!(self.core.untrack_order(id), was_tracked);
        assert_eq!(self.twin.untrack_order(id), was_tracked);
    }

    /// Both have come to the same.
    pub(crate) fn finish(mut self) {
        self.catch_up();
        assert_eq!(View::of(&mut self.twin), View::of(&mut self.core));
        for order in &self.orders {
            let asked = |core: &HotloopCore| core.order_ahead(&order.id, &order.market_id, Some(order.place));
            assert_eq!(asked(&self.twin), asked(&self.core));
        }
    }

    /// Lets the twin hear what is pending, as batches that end where a line is refused.
    fn catch_up(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let text = |heard: &Pending| {
            if heard.is_spaced {
                spaced(&heard.line)
            } else {
                heard.line.clone()
            }
        };
        let texts: Vec<Vec<u8>> = pending.iter().map(text).collect();
        let mut from = 0;
        while from < texts.len() {
            let batch = texts[from..].iter().map(Vec::as_slice);
            let found = self.twin.apply_lines(batch, self.ts_ms);
            let refused = pending[from..].iter().position(|heard| heard.outcome.is_err());
            let taken = &pending[from..from + refused.unwrap_or(texts.len() - from)];
            match found {
                Ok(changes) => {
                    assert_eq!(refused, None, "the twin took what was refused");
                    let each = taken.iter().map(|heard| heard.outcome.clone().unwrap_or(0));
                    assert_eq!(changes, each.sum::<u64>());
                    break;
                }
                Err(BatchError { line, error }) => {
                    assert_eq!(Some(line), refused, "the twin refused another line: {error:?}");
                    let heard = &pending[from + line];
                    let error = if heard.is_spaced {
                        unspaced(error, &heard.line)
                    } else {
                        error
                    };
                    assert_eq!(Err(error), heard.outcome);
                    from += line + 1;
                }
            }
        }
        self.ts_ms += 1;
        assert_eq!(self.twin.stats(), self.core.stats());
        assert!(
            stale(&self.twin).eq(stale(&self.core)),
            "not the same markets are stale"
        );
    }

    /// What there is before a message. All that can be seen of it only where a core that holds nothing refuses
    /// the message too, and now and then: it takes its time.
    fn before(&mut self, is_refused: impl FnOnce(&mut HotloopCore) -> bool) -> Before {
        let stats = self.core.stats();
        let is_due = (stats.messages + stats.errors).is_multiple_of(16);
        let is_seen = is_due || is_refused(&mut HotloopCore::new(self.core.config().clone()));
        Before {
            stats,
            markets: self.core.markets().count(),
            view: is_seen.then(|| View::of(&mut self.core)),
        }
    }

    /// Looks at what a message has changed.
    fn look(&mut self, outcome: &Result<Vec<Touched>, Error>, before: &Before) {
        let stats = self.core.stats();
        if let Ok(touched) = outcome {
            assert_eq!(stats.messages, before.stats.messages + 1);
            self.look_at_touched(touched, stats.images > before.stats.images);
        } else {
            if let Some(view) = &before.view {
                assert_eq!(
                    &View::of(&mut self.core),
                    view,
                    "a refused message changed something"
                );
            }
            let errors = before.stats.errors + 1;
            assert_eq!(
                stats,
                Stats {
                    errors,
                    ..before.stats
                }
            );
            assert!(self.core.touched().is_empty());
        }
        let held = self.core.markets().count();
        assert!(
            held <= self.core.config().max_markets.max(before.markets),
            "{held} markets are held"
        );
        self.look_at_orders();
    }

    fn look_at_touched(&mut self, touched: &[Touched], has_images: bool) {
        for (place, runner) in touched.iter().enumerate() {
            let is_new = !touched[..place]
                .iter()
                .any(|other| (other.market, other.runner) == (runner.market, runner.runner));
            assert!(is_new, "{runner:?} is touched twice");
            let market = self.core.market_of(runner.market);
            let found = self.core.market(market.id()).map(std::ptr::from_ref);
            assert_eq!(
                found,
                Some(std::ptr::from_ref(market)),
                "a market is touched and not held"
            );
            if !has_images {
                let there = market.runners().get(runner.place).map(RunnerBook::key);
                assert_eq!(
                    there,
                    Some(runner.runner),
                    "it does not stand where it is said to"
                );
            }
            let id = market.id();
            look(&self.core, id, runner.runner);
            self.bits.clear();
            read_at(&self.core, id, runner.runner, None, &mut self.bits);
        }
    }

    /// Nobody comes to stand ahead of an order, unless its price was out of view before.
    fn look_at_orders(&mut self) {
        let core = &self.core;
        self.orders.retain_mut(|order| {
            let Ok(ahead) = core.order_ahead(&order.id, &order.market_id, Some(order.place)) else {
                // Its market was dropped, and may be held anew.
                return false;
            };
            let Place { runner, side, price } = order.place;
            let visible = float(core.size_ahead(&order.market_id, runner, side, price));
            assert!(ahead.is_finite() && ahead >= 0.0, "{ahead} ahead of {order:?}");
            assert!(
                ahead <= order.ahead.max(visible),
                "{ahead} ahead of {order:?}, {visible} in view"
            );
            order.ahead = ahead;
            true
        });
    }
}

fn stale(core: &HotloopCore) -> impl Iterator<Item = &str> {
    core.stale_markets().map(hotloop_core::MarketBook::id)
}

#[allow(clippy::cast_precision_loss)] // sizes are at most 2^53 each; sums of several are compared alike
fn float(size: Centi) -> f64 {
    size as f64
}

fn assert_same(found: f64, wanted: f64) {
    assert_eq!(found.to_bits(), wanted.to_bits(), "{found} is not {wanted}");
}

//! What a request that left, and the answer that came, tell of its orders.

use crate::book::{Book, Flight, HOUR_MS, Outcome};
use crate::codes::Class;
use crate::facts::{Answer, Told};
use crate::order::{Order, Stage};
use crate::record::Kind;

impl Book {
    pub(crate) fn sent(&mut self, request: u64, kind: Kind, names: &[String], at_ms: i64) {
        self.next_request = self.next_request.max(request + 1);
        let epoch = self.epoch;
        let flight = self.flights.entry(request).or_insert_with(|| Flight {
            epoch,
            kind,
            names: names.to_vec(),
            first_ms: at_ms,
            attempts: 0,
            again_ms: None,
        });
        flight.attempts += 1;
        flight.again_ms = None;
        if matches!(kind, Kind::Place | Kind::Replace) {
            self.count(at_ms, names.len());
        }
        for name in names {
            match (kind, self.cancels.get_mut(name)) {
                (Kind::Cancel, Some(cancel)) => cancel.is_sent = true,
                _ => self.order_sent(name, kind, at_ms),
            }
        }
    }

    fn order_sent(&mut self, name: &str, kind: Kind, at_ms: i64) {
        let Some(order) = self.order_mut(name) else {
            return;
        };
        match kind {
            Kind::Place | Kind::Replace => {
                order.stage = Stage::Sent;
                order.first_sent_ms.get_or_insert(at_ms);
            }
            Kind::Cancel => order.is_cancelling = true,
            Kind::LookUp => {}
        }
    }

    fn count(&mut self, at_ms: i64, transactions: usize) {
        let hour = at_ms.div_euclid(HOUR_MS);
        if self.hour.0 != hour {
            self.hour = (hour, 0);
        }
        let more = u32::try_from(transactions).unwrap_or(u32::MAX);
        self.hour.1 = self.hour.1.saturating_add(more);
    }

    pub(crate) fn answered(&mut self, request: u64, at_ms: i64, answer: &Answer) {
        let Some(flight) = self.flights.get(&request).cloned() else {
            return;
        };
        let code = match answer {
            Answer::Told(_) => None,
            Answer::Refused(code) => Some(code.as_str()),
            Answer::NotSent(_) => Some("SERVICE_BUSY"),
            Answer::Lost(_) => Some("UNEXPECTED_ERROR"),
        };
        let class = code.map(Class::of);
        let goes_again = matches!(class, Some(Class::Transient | Class::Auth))
            && matches!(flight.kind, Kind::Place | Kind::Replace);
        if goes_again {
            if let Some(flight) = self.flights.get_mut(&request) {
                flight.again_ms = Some(at_ms);
            }
        } else {
            self.flights.remove(&request);
        }
        for (place, name) in flight.names.iter().enumerate() {
            let told = match answer {
                Answer::Told(told) => told.get(place).cloned().unwrap_or(Told::TimedOut),
                _ => Told::Failed(code.unwrap_or_default().to_owned()),
            };
            match flight.kind {
                Kind::Place | Kind::Replace if goes_again => {
                    if let Some(order) = self.order_mut(name)
                        && order.bet_id.is_none()
                    {
                        order.stage = Stage::Again;
                    }
                }
                Kind::Place | Kind::Replace => self.placed(name, &told, at_ms),
                Kind::Cancel => self.cancelled(name, &told, at_ms),
                Kind::LookUp => {}
            }
        }
    }

    /// What a reply says of an order that was to be placed, or moved to.
    fn placed(&mut self, name: &str, told: &Told, at_ms: i64) {
        let Some(order) = self.order_mut(name) else {
            return;
        };
        match told {
            Told::Done {
                bet_id: Some(bet_id),
                size_centi,
            } => {
                if order.bet.is_none() {
                    order.size_centi = *size_centi;
                }
                self.take_over(name, bet_id);
                self.claim(name, bet_id);
            }
            // The stream was quicker, and knows better.
            _ if order.bet_id.is_some() => return,
            Told::Done { bet_id: None, .. } | Told::TimedOut => {
                order.stage = Stage::Doubt { since_ms: at_ms }
            }
            Told::Failed(code) => match Class::of(code) {
                Class::Ambiguous => order.stage = Stage::Doubt { since_ms: at_ms },
                class => {
                    let gone = class == Class::Gone && order.is_replace();
                    // Of a new order it says that the market has moved past the version it named.
                    let class = if gone || class != Class::Gone {
                        class
                    } else {
                        Class::Reject
                    };
                    let code_told = if gone { "TARGET_GONE" } else { code.as_str() };
                    order.stage = Stage::refused(code_told, class, Some(code));
                    // CANCELLED_NOT_PLACED: the old bet is gone, and nobody asked for that.
                    self.release_target(name, gone || code == "CANCELLED_NOT_PLACED");
                }
            },
        }
        if self.order(name).is_some_and(Order::is_uncertain) {
            self.doubt_target(name);
        }
    }

    fn cancelled(&mut self, name: &str, told: &Told, at_ms: i64) {
        if let Some(cancel) = self.cancels.get_mut(name)
            && cancel.intent.size_centi != 0
        {
            cancel.is_sent = false;
            match told {
                Told::Done { .. } => cancel.outcome = Some(Outcome::Done),
                Told::Failed(code) => match Class::of(code) {
                    // It did nothing, and may be sent again.
                    Class::Transient | Class::Auth => {}
                    class => {
                        cancel.outcome = Some(Outcome::Refused {
                            code: code.clone(),
                            class,
                        });
                    }
                },
                // A part taken off twice is too much: what it came to, the order's next report says.
                Told::TimedOut => {
                    cancel.outcome = Some(Outcome::Refused {
                        code: "TIMEOUT".to_owned(),
                        class: Class::Ambiguous,
                    });
                }
            }
            let target = cancel.intent.target_intent_id.clone();
            if let Some(order) = target.and_then(|name| self.order_mut(&name)) {
                order.is_unsure = true;
                order.cancel_after_ms = at_ms;
                order.cancel_attempts += 1;
            }
            return;
        }
        let Some(order) = self.order_mut(name) else {
            return;
        };
        order.is_cancelling = false;
        // Whatever was said, the bet shows what it came to.
        order.is_unsure = true;
        order.cancel_after_ms = at_ms;
        let Told::Failed(code) = told else {
            // Done, as far as we know: until the bet is shown it is not asked for again at once.
            order.cancel_attempts = 1;
            return;
        };
        order.cancel_attempts += 1;
        let class = Class::of(code);
        if matches!(class, Class::Reject | Class::Halt) && code != "NO_ACTION_REQUIRED" {
            let waiting = std::mem::take(&mut order.cancels);
            for cancel in waiting {
                self.refuse_cancel(&cancel, code, class);
            }
        }
    }

    pub(crate) fn grounded(&mut self, request: u64, at_ms: i64) {
        let names = self
            .flights
            .remove(&request)
            .map_or_else(Vec::new, |flight| flight.names);
        for name in names {
            if let Some(order) = self.order_mut(&name)
                && order.bet_id.is_none()
            {
                order.stage = Stage::Doubt { since_ms: at_ms };
            }
        }
    }

    /// A reply has named an order's bet. What was taken for it by its looks is not, nor is it the bet of another.
    fn take_over(&mut self, name: &str, bet_id: &str) {
        let since_ms = self.last_ms;
        if let Some(order) = self.order_mut(name)
            && order.bet_id.as_deref().is_some_and(|known| known != bet_id)
        {
            let known = order.bet_id.take();
            order.bet = None;
            self.bets.remove(known.as_deref().unwrap_or_default());
        }
        let other = self
            .owner(bet_id)
            .filter(|other| *other != name)
            .map(str::to_owned);
        if let Some(other) = other.and_then(|other| self.order_mut(&other)) {
            other.bet_id = None;
            other.bet = None;
            other.stage = Stage::Doubt { since_ms };
        }
    }
}

//! What has to leave now: what follows from what is known and the time, in the order of its urgency.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::book::{Flight, HOUR_MS};
use crate::machine::{Look, Machine};
use crate::order::{Order, Stage};
use crate::record::{Kind, Record, Why};
use crate::request::{Effect, Instruction, Request};

/// Bets that one request may cancel.
const CANCEL_MAX: usize = 60;
/// Orders that one request may look for.
const LOOK_MAX: usize = 100;

impl Machine {
    /// Sends whatever is due.
    pub(crate) fn dispatch(&mut self) {
        self.send_again();
        self.drop_unsent();
        self.end_by_deadline();
        self.send_cancels();
        self.send_reductions();
        self.end_strays();
        self.send_orders();
        self.send_look_ups();
    }

    // --- again ----------------------------------------------------------------------------------

    /// Requests that the venue did not act on: again with the same reference, or not at all.
    fn send_again(&mut self) {
        let waiting: Vec<u64> = self
            .book
            .flights
            .iter()
            .filter(|(_, flight)| flight.again_ms.is_some())
            .map(|(number, _)| *number)
            .collect();
        for number in waiting {
            let Some(flight) = self.book.flights.get(&number).cloned() else {
                continue;
            };
            if !self.may_go_again(&flight) {
                self.ground(number, &flight);
                continue;
            }
            let due_ms = flight.again_ms.unwrap_or(0) + self.backoff_ms(flight.attempts);
            if self.needs_login {
                continue; // woken by the session
            }
            if due_ms > self.now_ms {
                self.wake_at(due_ms);
            } else if let Some(instructions) = self.instructions_of(flight.kind, &flight.names)
                && self.is_paced(&flight.names)
            {
                self.send(number, flight.kind, &flight.names, instructions);
            }
        }
    }

    fn may_go_again(&self, flight: &Flight) -> bool {
        let until_ms = flight.first_ms + self.config().windows.resend_ms;
        let deadline_ms = flight
            .names
            .iter()
            .map(|name| match self.book.order(name) {
                // One that has a bet by now must not leave again, whatever the venue said of its request.
                Some(order)
                    if order.bet_id.is_none() && !order.is_unwanted() && self.target_stands(order) =>
                {
                    order.intent.deadline_ms()
                }
                _ => i64::MIN,
            })
            .min();
        let end_ms = deadline_ms.map_or(until_ms, |deadline| deadline.min(until_ms));
        if end_ms > self.now_ms {
            self.wake_at(end_ms);
        }
        end_ms > self.now_ms
    }

    fn target_stands(&self, order: &Order) -> bool {
        let target = self.book.target_of(order);
        !order.is_replace() || target.is_some_and(|target| !target.is_complete())
    }

    /// It will not leave again. The venue has said that it did nothing; of a request of many parts that is looked at.
    fn ground(&mut self, request: u64, flight: &Flight) {
        self.note(Record::Grounded {
            request,
            at_ms: self.now_ms,
        });
        let is_in_time = self.now_ms < flight.first_ms + self.config().windows.resend_ms;
        if let ([name], true) = (flight.names.as_slice(), is_in_time)
            && let Some(order) = self.book.order(name)
            && order.bet_id.is_none()
        {
            let code = self.why_dropped(order);
            self.note(Record::Dropped {
                name: name.clone(),
                code: code.to_owned(),
            });
        }
    }

    // --- orders that never left -----------------------------------------------------------------

    fn drop_unsent(&mut self) {
        let gone: Vec<(String, &'static str)> = self
            .book
            .orders
            .values()
            .filter(|order| match order.stage {
                Stage::Queued => {
                    order.is_unwanted()
                        || order.intent.deadline_ms() <= self.now_ms
                        || !self.target_stands(order)
                }
                // Its target ended whole: nothing was cancelled, so nothing was placed.
                Stage::Doubt { .. } => self.cannot_be(order),
                _ => false,
            })
            .map(|order| (order.name().to_owned(), self.why_dropped(order)))
            .collect();
        for (name, code) in gone {
            self.note(Record::Dropped {
                name,
                code: code.to_owned(),
            });
        }
    }

    fn cannot_be(&self, order: &Order) -> bool {
        let target = self.book.target_of(order).and_then(|target| target.bet.as_ref());
        order.is_replace() && target.is_some_and(|bet| bet.is_complete() && bet.cancelled_centi == 0)
    }

    fn why_dropped(&self, order: &Order) -> &'static str {
        match order.ending {
            _ if !self.target_stands(order) => "TARGET_GONE",
            _ if !order.cancels.is_empty() => "CANCELLED",
            Some(Why::Kill) => "KILLED",
            Some(Why::CancelAll) => "CANCEL_ALL",
            Some(Why::Deadline) | None => "TTL_PREVENTED",
        }
    }

    // --- the end of orders ----------------------------------------------------------------------

    fn end_by_deadline(&mut self) {
        let mut due = Vec::new();
        for order in self.book.orders.values() {
            let deadline_ms = order.intent.deadline_ms();
            let counts = matches!(order.stage, Stage::Live | Stage::Queued) && order.ending.is_none();
            if !counts || order.is_complete() {
                continue;
            }
            if deadline_ms > self.now_ms {
                self.wake_at(deadline_ms);
            } else if order.stage == Stage::Live {
                due.push(order.name().to_owned());
            }
        }
        for name in due {
            self.note(Record::Ending {
                name,
                why: Why::Deadline,
            });
        }
    }

    fn send_cancels(&mut self) {
        let mut markets: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for order in self.book.orders.values() {
            let wants = order.stage == Stage::Live && order.is_unwanted() && !order.is_complete();
            if !wants || order.is_cancelling || self.is_moving(order) {
                continue;
            }
            let due_ms = order.cancel_after_ms + self.cancel_backoff_ms(order.cancel_attempts);
            if due_ms > self.now_ms {
                self.wake_at(due_ms);
            } else {
                let market = markets.entry(order.intent.market_id.clone()).or_default();
                market.push(order.name().to_owned());
            }
        }
        for names in markets.into_values() {
            for names in names.chunks(CANCEL_MAX) {
                self.send_new(Kind::Cancel, names);
            }
        }
    }

    /// True while a request to move it has not ended: at the venue one of the two would fail, nobody knows which.
    fn is_moving(&self, order: &Order) -> bool {
        order.is_replaced || self.book.mover_of(order).is_some_and(Order::is_uncertain)
    }

    fn send_reductions(&mut self) {
        let mut due = Vec::new();
        for (name, cancel) in &self.book.cancels {
            let target = cancel.intent.target_intent_id.as_deref();
            let Some(order) = target.and_then(|name| self.book.order(name)) else {
                continue;
            };
            let waits = cancel.intent.size_centi == 0 || cancel.is_sent || cancel.outcome.is_some();
            if waits || order.stage != Stage::Live || self.is_moving(order) {
                continue;
            }
            let due_ms = order.cancel_after_ms + self.cancel_backoff_ms(order.cancel_attempts);
            if due_ms > self.now_ms {
                self.wake_at(due_ms);
            } else {
                due.push(name.clone());
            }
        }
        for name in due {
            self.send_new(Kind::Cancel, &[name]);
        }
    }

    /// Bets that no open order has.
    fn end_strays(&mut self) {
        let every_ms = self.config().windows.look_up_every_ms;
        let now_ms = self.now_ms;
        let mut requests = Vec::new();
        let mut wake = Vec::new();
        for (bet, due_ms) in self.strays.values_mut() {
            if *due_ms <= now_ms {
                *due_ms = now_ms + every_ms;
                requests.push((bet.market_id.clone(), bet.bet_id.clone()));
            }
            wake.push(*due_ms);
        }
        requests.sort_unstable();
        for due_ms in wake {
            self.wake_at(due_ms);
        }
        for (market_id, bet_id) in requests {
            let number = self.look_number();
            let instructions = vec![Instruction::Cancel {
                bet_id,
                reduce_centi: None,
            }];
            self.effects.push(Effect::Send(Request {
                number,
                kind: Kind::Cancel,
                reference: self.reference(number),
                market_id,
                instructions,
            }));
        }
    }

    // --- orders ---------------------------------------------------------------------------------

    /// Hedges, then replacements, then new orders, each as they came, as fast as they may.
    fn send_orders(&mut self) {
        if !self.is_ready || self.needs_login {
            return;
        }
        let (now_ms, window_ms) = (self.now_ms, self.config().pacing.batch_window_ms);
        self.gathered.retain(|_, due_ms| *due_ms + window_ms > now_ms);
        let mut queued: Vec<(bool, Kind, u64, String)> = self
            .book
            .orders
            .iter()
            .filter(|(_, order)| order.stage == Stage::Queued && self.can_leave(order))
            .map(|(number, order)| {
                let is_later = !order.is_hedge();
                (is_later, kind_of(order), *number, order.name().to_owned())
            })
            .collect();
        queued.sort_unstable();
        let mut queue: VecDeque<(bool, Kind, String)> =
            queued.into_iter().map(|(l, k, _, name)| (l, k, name)).collect();
        while let Some((is_later, kind, name)) = queue.pop_front() {
            let on_their_way = self.book.flights.values();
            let placing = on_their_way.filter(|flight| flight.kind != Kind::Cancel).count();
            if placing >= self.config().pacing.in_flight {
                return; // woken by an answer
            }
            let mut names = vec![name];
            if is_later && self.config().pacing.batch_window_ms > 0 {
                self.gather(kind, &mut names, &mut queue);
                if !self.is_gathered(kind, &names) {
                    continue;
                }
            }
            if self.is_paced(&names) {
                self.gathered.remove(&self.gathering_of(kind, &names));
                self.send_new(kind, &names);
            }
        }
    }

    /// Takes what these orders need of the second's and the hour's instructions; if there is none, sees to it that they
    /// come again.
    fn is_paced(&mut self, names: &[String]) -> bool {
        let pacing = self.config().pacing;
        let hour = usize::try_from(self.book.transactions(self.now_ms)).unwrap_or(usize::MAX);
        let of_hour = usize::try_from(pacing.per_hour).unwrap_or(usize::MAX);
        if hour + names.len() > of_hour {
            self.wake_at((self.now_ms.div_euclid(HOUR_MS) + 1) * HOUR_MS);
            self.counters.paced += 1;
            return false;
        }
        let market = names
            .first()
            .and_then(|name| self.book.order(name))
            .map_or_else(String::new, |order| order.intent.market_id.clone());
        match self.pace.take(&pacing, &market, names.len(), self.now_ms) {
            Ok(()) => true,
            Err(ready_ms) => {
                self.wake_at(ready_ms);
                self.counters.paced += 1;
                false
            }
        }
    }

    /// A replacement needs the bet that it moves, and that nobody else is about to end.
    fn can_leave(&self, order: &Order) -> bool {
        let may_move = |target: &Order| {
            target.bet_id.is_some() && !target.is_unwanted() && !target.is_cancelling && !target.is_complete()
        };
        !order.is_replace() || self.book.target_of(order).is_some_and(may_move)
    }

    // --- looking --------------------------------------------------------------------------------

    fn send_look_ups(&mut self) {
        let every_ms = self.config().windows.look_up_every_ms;
        let mut due = Vec::new();
        let looked_for: HashSet<&String> = self.looks.values().flat_map(|look| &look.names).collect();
        for order in self.book.orders.values() {
            let looks =
                matches!(order.stage, Stage::Doubt { .. }) || (order.is_unsure && order.bet_id.is_some());
            if !looks || looked_for.contains(&order.intent.intent_id) {
                continue;
            }
            let due_ms = self.look_after.get(order.name()).copied().unwrap_or(0);
            if due_ms > self.now_ms {
                self.wake_at(due_ms);
            } else {
                due.push(order.name().to_owned());
            }
        }
        for names in due.chunks(LOOK_MAX) {
            let number = self.look_number();
            let instructions = names.iter().filter_map(|name| self.look_up_of(name)).collect();
            for name in names {
                self.look_after.insert(name.clone(), self.now_ms + every_ms);
            }
            let look = Look {
                names: names.to_vec(),
                at_ms: self.now_ms,
            };
            self.looks.insert(number, look);
            self.effects.push(Effect::Send(Request {
                number,
                kind: Kind::LookUp,
                reference: String::new(),
                market_id: String::new(),
                instructions,
            }));
        }
        let orders = &self.book;
        self.look_after.retain(|name, _| orders.order(name).is_some());
    }

    pub(crate) fn look_up_of(&self, name: &str) -> Option<Instruction> {
        let order = self.book.order(name)?;
        Some(Instruction::LookUp {
            venue_ref: order.venue_ref.clone(),
            bet_id: order.bet_id.clone(),
        })
    }
}

fn kind_of(order: &Order) -> Kind {
    if order.is_replace() {
        Kind::Replace
    } else {
        Kind::Place
    }
}

//! What is known: orders, requests on their way, reports the trader has not acknowledged. Changed by records only.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use wire::{Action, Intent, Report, Status};

use crate::codes::Class;
use crate::exposure::Exposure;
use crate::facts::Bet;
use crate::order::{Order, Stage};
use crate::record::{Kind, Record};
use crate::remembered::Remembered;

/// Orders that have ended and of which the venue may still say something.
const ENDED_MAX: usize = 10_000;
/// The venue counts transactions by the clock hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// A request that has left and may have to leave again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// What it asks for.
    pub kind: Kind,
    /// The orders, or the CANCEL intents of a part, in the order of its instructions.
    pub names: Vec<String>,
    /// When it first left.
    pub first_ms: i64,
    /// The process that sent it first.
    pub epoch: u64,
    /// How often it has left.
    pub attempts: u32,
    /// While it waits to leave again: not before this.
    pub again_ms: Option<i64>,
}

/// A CANCEL intent that has not been answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cancel {
    /// What was asked for.
    pub intent: Intent,
    /// How it ended, once it has.
    pub outcome: Option<Outcome>,
    /// Of a part: true while its request has not ended.
    pub is_sent: bool,
}

/// How a CANCEL ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not.
    Refused {
        /// Why.
        code: String,
        /// Of which class.
        class: Class,
    },
}

/// An order that has ended: the venue may void or re-price it, or turn out to have it after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// What was asked for.
    pub intent: Intent,
    /// The reference that its bet has, or would have.
    pub venue_ref: String,
    /// Its bet as last seen.
    pub bet: Option<Bet>,
    /// Matched and its value, as the trader was told.
    pub told: (i64, i64),
}

/// The durable state.
#[derive(Debug)]
pub struct Book {
    /// Number of the process.
    pub epoch: u64,
    /// Number of the next request.
    pub next_request: u64,
    /// The latest time of any record: a machine's time never goes back, whatever the clock does.
    pub last_ms: i64,
    /// `seq` of the last report.
    pub last_seq: i64,
    /// True while the kill switch is on.
    pub killed: bool,
    /// Open orders by the number of their taking up.
    pub orders: BTreeMap<u64, Order>,
    /// CANCEL intents that wait, by their ids.
    pub cancels: BTreeMap<String, Cancel>,
    /// Requests on their way or waiting to leave again.
    pub flights: BTreeMap<u64, Flight>,
    /// Reports not acknowledged, oldest first.
    pub unacked: VecDeque<Report>,
    /// The last report of each order of the dry run that has not ended.
    pub dry: BTreeMap<String, Report>,
    /// Orders that ended.
    pub ended: BTreeMap<String, Ended>,
    /// Those of them of which more is known than was told.
    pub amended: BTreeSet<String>,
    /// What is won and lost.
    pub exposure: Exposure,
    /// Every intent ever taken up, as far as there is room.
    pub remembered: Remembered,
    pub(crate) ended_order: VecDeque<String>,
    pub(crate) next_number: u64,
    pub(crate) numbers: HashMap<String, u64>,
    pub(crate) bets: HashMap<String, String>,
    pub(crate) hour: (i64, u32),
}

impl Book {
    /// Nothing is known.
    #[must_use]
    pub fn new(max_remembered: usize) -> Self {
        Self {
            epoch: 0,
            next_request: 1,
            last_ms: 0,
            last_seq: 0,
            killed: false,
            orders: BTreeMap::new(),
            cancels: BTreeMap::new(),
            flights: BTreeMap::new(),
            unacked: VecDeque::new(),
            dry: BTreeMap::new(),
            ended: BTreeMap::new(),
            amended: BTreeSet::new(),
            exposure: Exposure::default(),
            remembered: Remembered::new(max_remembered),
            ended_order: VecDeque::new(),
            next_number: 0,
            numbers: HashMap::new(),
            bets: HashMap::new(),
            hour: (0, 0),
        }
    }

    /// The open order of a name.
    #[must_use]
    pub fn order(&self, name: &str) -> Option<&Order> {
        self.orders.get(self.numbers.get(name)?)
    }

    /// The open order of a name, to be changed by records only.
    pub(crate) fn order_mut(&mut self, name: &str) -> Option<&mut Order> {
        self.orders.get_mut(self.numbers.get(name)?)
    }

    /// The open order that a REPLACE moves.
    #[must_use]
    pub fn target_of(&self, order: &Order) -> Option<&Order> {
        self.order(order.intent.target_intent_id.as_deref()?)
    }

    /// The REPLACE that is to move an order, while it is open.
    #[must_use]
    pub fn mover_of(&self, order: &Order) -> Option<&Order> {
        self.order(order.replace.as_deref()?)
    }

    /// The open order that the one of this name moves.
    fn target_mut(&mut self, name: &str) -> Option<&mut Order> {
        let target = self.order(name)?.intent.target_intent_id.clone()?;
        self.order_mut(&target)
    }

    /// True for an intent that was taken up before: as far as there is room for ids, and whatever still stands or ended lately.
    #[must_use]
    pub fn knows(&self, intent_id: &str) -> bool {
        self.remembered.contains(intent_id)
            || self.numbers.contains_key(intent_id)
            || self.cancels.contains_key(intent_id)
            || self.ended.contains_key(intent_id)
    }

    /// The order, open or ended, that has a bet.
    #[must_use]
    pub fn owner(&self, bet_id: &str) -> Option<&str> {
        self.bets.get(bet_id).map(String::as_str)
    }

    /// Transactions of the clock hour of `now_ms`.
    #[must_use]
    pub fn transactions(&self, now_ms: i64) -> u32 {
        let (hour, count) = self.hour;
        if hour == now_ms.div_euclid(HOUR_MS) {
            count
        } else {
            0
        }
    }

    /// The reference of a request is made of its number and of the process that numbered it first.
    #[must_use]
    pub fn epoch_of(&self, request: u64) -> u64 {
        self.flights
            .get(&request)
            .map_or(self.epoch, |flight| flight.epoch)
    }

    /// An order has to be looked up. Not by a record: after a restart all of them are held against the stream.
    pub(crate) fn doubt(&mut self, name: &str) {
        if let Some(order) = self.order_mut(name) {
            order.is_unsure = true;
        }
    }

    /// Takes in one record, whatever made it.
    pub fn apply(&mut self, record: &Record) {
        self.last_ms = self.last_ms.max(match record {
            Record::Sent { at_ms, .. } | Record::Answered { at_ms, .. } | Record::Grounded { at_ms, .. } => {
                *at_ms
            }
            Record::Report(report) => report.ts_ms,
            _ => 0,
        });
        match record {
            Record::Snapshot(snapshot) => self.restore(snapshot),
            Record::Began { epoch } => self.epoch = *epoch,
            Record::Intent(intent) => self.take_up(intent),
            Record::Adopted { intent, bet } => {
                self.take_up(intent);
                self.learned(&intent.intent_id, bet);
            }
            Record::Sent {
                request,
                kind,
                names,
                at_ms,
            } => self.sent(*request, *kind, names, *at_ms),
            Record::Answered {
                request,
                at_ms,
                answer,
            } => self.answered(*request, *at_ms, answer),
            Record::Bet { name, bet } => self.learned(name, bet),
            Record::NotFound { name } => self.not_found(name),
            Record::Grounded { request, at_ms } => self.grounded(*request, *at_ms),
            Record::Dropped { name, code } => {
                if let Some(order) = self.order_mut(name) {
                    order.stage = Stage::Refused {
                        code: code.clone(),
                        class: None,
                        venue_code: None,
                    };
                }
                self.release_target(name, false);
            }
            Record::Ending { name, why } => {
                if let Some(order) = self.order_mut(name) {
                    order.ending = Some(*why);
                }
            }
            Record::Switch { killed } => self.killed = *killed,
            Record::Report(report) => self.reported(report),
            Record::Acked { seq } => {
                while self.unacked.front().is_some_and(|report| report.seq <= *seq) {
                    self.unacked.pop_front();
                }
            }
        }
    }

    fn take_up(&mut self, intent: &Intent) {
        self.remembered.insert(&intent.intent_id);
        let target = intent.target_intent_id.as_deref();
        match intent.action {
            Action::Place => {
                self.open(Order::new(
                    intent.clone(),
                    intent.intent_id.clone(),
                    intent.size_centi,
                ));
            }
            Action::Replace => {
                let Some(moved) = target.and_then(|name| self.order_mut(name)) else {
                    return;
                };
                moved.replace = Some(intent.intent_id.clone());
                let (venue_ref, size_centi) = (moved.venue_ref.clone(), moved.remaining_centi());
                self.open(Order::new(intent.clone(), venue_ref, size_centi));
            }
            Action::Cancel => {
                let cancel = Cancel {
                    intent: intent.clone(),
                    outcome: None,
                    is_sent: false,
                };
                self.cancels.insert(intent.intent_id.clone(), cancel);
                if intent.size_centi == 0
                    && let Some(order) = target.and_then(|name| self.order_mut(name))
                {
                    order.cancels.push(intent.intent_id.clone());
                }
            }
        }
    }

    fn open(&mut self, order: Order) {
        self.numbers.insert(order.name().to_owned(), self.next_number);
        self.orders.insert(self.next_number, order);
        self.next_number += 1;
    }

    /// More is known of a bet.
    fn learned(&mut self, name: &str, bet: &Bet) {
        if let Some(ended) = self.ended.get_mut(name) {
            self.bets.insert(bet.bet_id.clone(), name.to_owned());
            if ended.bet.is_none() || (bet.matched_centi, bet.value) != ended.told {
                self.amended.insert(name.to_owned());
            }
            ended.bet = Some(bet.clone());
            return;
        }
        self.claim(name, &bet.bet_id);
        if let Some(order) = self.order_mut(name) {
            order.size_centi = bet.size_centi;
            order.is_unsure &= !bet.is_complete();
            order.bet = Some(bet.clone());
        }
    }

    /// A bet is known to be an order's.
    pub(crate) fn claim(&mut self, name: &str, bet_id: &str) {
        let Some(order) = self.order_mut(name) else {
            return;
        };
        if order.bet_id.is_none() {
            order.bet_id = Some(bet_id.to_owned());
            order.stage = Stage::Live;
            self.bets.insert(bet_id.to_owned(), name.to_owned());
        }
        self.target_replaced(name);
    }

    /// The order that this one moves has ended with it.
    fn target_replaced(&mut self, name: &str) {
        if let Some(target) = self.target_mut(name)
            && !target.is_replaced
        {
            target.is_replaced = true;
            target.is_unsure = !target.is_complete();
        }
    }

    /// The order that this one was to move stays as it is; `is_unsure`: if it still is.
    pub(crate) fn release_target(&mut self, name: &str, is_unsure: bool) {
        if let Some(target) = self.target_mut(name)
            && target.replace.as_deref() == Some(name)
        {
            target.replace = None;
            target.is_unsure |= is_unsure;
        }
    }

    pub(crate) fn doubt_target(&mut self, name: &str) {
        if let Some(target) = self.target_mut(name) {
            target.is_unsure = true;
        }
    }

    fn not_found(&mut self, name: &str) {
        if let Some(order) = self.order_mut(name) {
            order.stage = Stage::refused("NOT_PLACED", Class::Reject, None);
        }
        self.release_target(name, true);
    }

    pub(crate) fn refuse_cancel(&mut self, name: &str, code: &str, class: Class) {
        if let Some(cancel) = self.cancels.get_mut(name) {
            cancel.outcome = Some(Outcome::Refused {
                code: code.to_owned(),
                class,
            });
        }
    }

    fn reported(&mut self, report: &Report) {
        if !self.remembered.contains(&report.intent_id) {
            // Refused on sight: its report is all there is of it.
            self.remembered.insert(&report.intent_id);
        }
        self.last_seq = report.seq;
        self.unacked.push_back(report.clone());
        let name = report.intent_id.as_str();
        if report.dry_run {
            if report.status.is_terminal() {
                self.dry.remove(name);
            } else {
                self.dry.insert(name.to_owned(), report.clone());
            }
            return;
        }
        if report.status == Status::Amended {
            self.amended.remove(name);
            if let Some(ended) = self.ended.get_mut(name) {
                let before = ended.told;
                ended.told = matched(ended.bet.as_ref());
                let (intent, after) = (ended.intent.clone(), ended.told);
                self.exposure.matched(&intent, before, after);
            }
            return;
        }
        if self.cancels.contains_key(name) {
            if report.status.is_terminal() {
                self.cancels.remove(name);
            }
            return;
        }
        let Some(order) = self.order_mut(name) else {
            return; // an intent that was refused and never stood
        };
        let before = (order.told.matched_centi, order.told.value);
        let mut now = order.matched();
        match report.status {
            Status::Accepted => order.told.accepted = true,
            Status::Unknown => order.told.unknown = true,
            _ => order.told.placed = true,
        }
        if matches!(report.status, Status::Accepted | Status::Unknown | Status::Placed) {
            now = before; // what is matched is told by a report of its own
        }
        (order.told.matched_centi, order.told.value) = now;
        order.told.cancelled_centi = order.bet.as_ref().map_or(0, |bet| bet.cancelled_centi);
        let intent = order.intent.clone();
        self.exposure.matched(&intent, before, now);
        if report.status.is_terminal() {
            self.close(name, report.status);
        }
    }

    /// An order has been told to have ended.
    fn close(&mut self, name: &str, status: Status) {
        let Some(order) = self.numbers.remove(name).and_then(|n| self.orders.remove(&n)) else {
            return;
        };
        let was_cancelled = status == Status::Cancelled;
        for cancel in &order.cancels {
            if was_cancelled {
                if let Some(cancel) = self.cancels.get_mut(cancel) {
                    cancel.outcome = Some(Outcome::Done);
                }
            } else {
                self.refuse_cancel(cancel, "TARGET_GONE", Class::Gone);
            }
        }
        let told = (order.told.matched_centi, order.told.value);
        let ended = Ended {
            venue_ref: order.venue_ref,
            intent: order.intent,
            bet: order.bet,
            told,
        };
        self.ended.insert(name.to_owned(), ended);
        self.ended_order.push_back(name.to_owned());
        if self.ended_order.len() > ENDED_MAX
            && let Some(oldest) = self.ended_order.pop_front()
            && let Some(Ended { bet: Some(bet), .. }) = self.ended.remove(&oldest)
        {
            self.bets.remove(&bet.bet_id);
        }
    }
}

/// Matched and its value.
fn matched(bet: Option<&Bet>) -> (i64, i64) {
    bet.map_or((0, 0), |bet| (bet.matched_centi, bet.value))
}

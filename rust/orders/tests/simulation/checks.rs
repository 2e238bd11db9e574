//! What must hold, whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use orders::codes::Class;
use orders::facts::{Answer, Told};
use orders::{Config, Effect, Event, Instruction, Kind, Machine, Record, Request, Stage};
use wire::{Action, Report, Status};

use crate::trader::Trader;
use crate::venue::{STRANGER, Venue};
use crate::world::listed;

#[derive(Debug, Default)]
pub struct Judge {
    config: Config,
    /// Orders that may be at the venue without our knowing: nothing may send them again.
    in_doubt: BTreeSet<String>,
    names: BTreeMap<u64, Vec<String>>,
    references: BTreeMap<String, String>,
    deadlines: BTreeMap<String, i64>,
    journaled: BTreeMap<u64, u32>,
    sent: BTreeMap<u64, u32>,
    told: i64,
    /// When instructions that are paced have left.
    paced: Vec<i64>,
    /// Orders that the venue carried out later than it may.
    pub broken: BTreeSet<String>,
    /// When the clock was last put forward or back.
    pub stepped_ms: i64,
    /// Orders of which a bet is known.
    placed: BTreeSet<String>,
    /// CANCELs of a part that were carried out.
    reduced: BTreeSet<String>,
}

impl Judge {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// What the machine is about to be told.
    pub fn hears(&mut self, event: &Event, machine: &Machine) {
        match event {
            Event::Intent(intent) => {
                self.deadlines
                    .insert(intent.intent_id.clone(), intent.deadline_ms());
            }
            Event::Answered { request, answer } if machine.book().flights.contains_key(request) => {
                let names = self.names.get(request).cloned().unwrap_or_default();
                for (place, name) in names.into_iter().enumerate() {
                    if is_doubtful(answer, place) {
                        self.in_doubt.insert(name);
                    }
                }
            }
            _ => {}
        }
    }

    /// A process died with requests under way.
    pub fn restarts(&mut self, machine: &Machine) {
        for order in machine.book().orders.values() {
            if order.is_uncertain() {
                self.in_doubt.insert(order.name().to_owned());
            }
        }
    }

    /// What the machine wants done.
    pub fn does(&mut self, effect: &Effect, now_ms: i64) -> Result<(), String> {
        match effect {
            Effect::Journal(Record::Sent { request, names, .. }) => {
                *self.journaled.entry(*request).or_default() += 1;
                self.names.insert(*request, names.clone());
                Ok(())
            }
            Effect::Journal(Record::Bet { name, .. }) => {
                self.placed.insert(name.clone());
                Ok(())
            }
            Effect::Journal(Record::Report(report)) => {
                self.told = report.seq;
                Ok(())
            }
            Effect::Report(report) if report.seq > self.told => Err(format!(
                "report {} leaves before it is in the journal",
                report.seq
            )),
            Effect::Send(request) if request.kind != Kind::LookUp && !request.instructions.is_empty() => {
                self.sends(request, now_ms)
            }
            _ => Ok(()),
        }
    }

    fn sends(&mut self, request: &Request, now_ms: i64) -> Result<(), String> {
        let Some(names) = self.names.get(&request.number).cloned() else {
            // A bet that no open order has is ended without a record: nothing depends on it.
            return if request.kind == Kind::Cancel {
                Ok(())
            } else {
                Err(format!("{request:?} is not in the journal"))
            };
        };
        let times = self.sent.entry(request.number).or_default();
        *times += 1;
        if self.journaled.get(&request.number) != Some(times) {
            return Err(format!(
                "request {} leaves before it is in the journal",
                request.number
            ));
        }
        if request.kind == Kind::Cancel {
            return Ok(());
        }
        self.paces(names.len(), now_ms)?;
        for name in &names {
            if self.in_doubt.contains(name) {
                return Err(format!("{name} is sent again while it is in doubt"));
            }
            if self.placed.contains(name) {
                return Err(format!("{name} is sent though it has a bet"));
            }
            if self
                .deadlines
                .get(name)
                .is_some_and(|deadline| *deadline <= now_ms - 2_000)
            {
                return Err(format!("{name} is sent after its deadline"));
            }
            let before = self.references.insert(name.clone(), request.reference.clone());
            if before.is_some_and(|before| before != request.reference) {
                return Err(format!("{name} is sent with another reference"));
            }
        }
        Ok(())
    }

    /// Never more in a second than a full bucket and what runs into it meanwhile (unless the clock is put forward), nor in a clock hour than is free.
    fn paces(&mut self, instructions: usize, now_ms: i64) -> Result<(), String> {
        let pacing = self.config.pacing;
        self.paced.extend(std::iter::repeat_n(now_ms, instructions));
        let lately = self.paced.iter().filter(|at_ms| now_ms - **at_ms < 1_000).count();
        let hour = self
            .paced
            .iter()
            .filter(|at_ms| **at_ms / 3_600_000 == now_ms / 3_600_000)
            .count();
        let is_steady = now_ms - self.stepped_ms > 4_000;
        if is_steady && lately > 2 * usize::try_from(pacing.per_second).unwrap() {
            return Err(format!("{lately} instructions within a second"));
        }
        if hour > usize::try_from(pacing.per_hour).unwrap() {
            return Err(format!("{hour} instructions within an hour"));
        }
        Ok(())
    }

    /// When everything that an event caused is done.
    pub fn rests(machine: &Machine) -> Result<(), String> {
        let book = machine.book();
        let limits = &machine.config().limits;
        if book.orders.values().filter(|order| !order.is_replace()).count() > limits.max_open_orders {
            return Err("more orders than are allowed".to_owned());
        }
        for order in book.orders.values() {
            let mover = order.replace.as_deref().and_then(|name| book.order(name));
            let is_moving = order.is_replaced || mover.is_some_and(orders::Order::is_uncertain);
            let is_held_back = order.stage == Stage::Live
                && order.is_unwanted()
                && !order.is_complete()
                && !order.is_cancelling
                && order.cancel_attempts == 0
                && !is_moving;
            if is_held_back {
                return Err(format!("the cancel of {} is held back", order.name()));
            }
            let is_overdue = order.stage == Stage::Live
                && order.ending.is_none()
                && order.intent.deadline_ms() < machine.now_ms();
            if is_overdue && !order.is_complete() {
                return Err(format!("{} outlives its deadline", order.name()));
            }
        }
        for flight in book.flights.values() {
            if flight.again_ms.is_some() && machine.now_ms() - flight.first_ms > 50_000 {
                return Err(format!(
                    "{:?} may leave again after the venue has forgotten it",
                    flight.names
                ));
            }
        }
        Ok(())
    }

    /// The venue has carried a request out.
    pub fn executed(
        &mut self,
        request: &Request,
        names: &[String],
        venue: &Venue,
        trader: &Trader,
    ) -> Result<(), String> {
        // One that turned up after all is not counted: the venue has broken its word.
        let open = venue
            .bets
            .values()
            .filter(|entry| !entry.bet.is_complete() && trader.end(&entry.intent_id).is_none())
            .count();
        if open > self.config.limits.max_open_orders + usize::from(venue.has_stranger()) {
            return Err(format!("{open} bets are open after {request:?}"));
        }
        for (instruction, name) in request.instructions.iter().zip(names) {
            let is_part = matches!(
                instruction,
                Instruction::Cancel {
                    reduce_centi: Some(_),
                    ..
                }
            );
            if is_part && !self.reduced.insert(name.clone()) && !self.broken.contains(name) {
                return Err(format!("{name} takes a part off twice"));
            }
        }
        for name in names {
            let bets = venue
                .bets
                .values()
                .filter(|entry| &entry.intent_id == name)
                .count();
            if bets > 1 {
                return Err(format!("{name} has {bets} bets"));
            }
        }
        self.costs(request, names, venue)
    }

    /// The tripwire is quiet while the ledger is what we think it is.
    pub fn counts(&self, machine: Option<&Machine>, venue: &Venue) -> Result<(), String> {
        let trips = machine.map_or(0, |machine| machine.counters().funds_trips);
        if trips > 0 && !venue.voids && !venue.has_stranger() && self.broken.is_empty() {
            return Err("the funds' tripwire fires though nothing is wrong".to_owned());
        }
        Ok(())
    }

    /// What the bets may cost is within the limits, and none meets another of ours, as the ledger has it. Where it lies
    /// against its rules, or makes bets void that were counted on, nobody can keep to that.
    fn costs(&self, request: &Request, names: &[String], venue: &Venue) -> Result<(), String> {
        let limits = &self.config.limits;
        if request.kind == Kind::Cancel || venue.voids || venue.has_stranger() || !self.broken.is_empty() {
            return Ok(());
        }
        let (market, all) = (venue.exposure_of(&request.market_id), venue.exposure());
        if market > limits.max_market_exposure_centi * 100 || all > limits.max_exposure_centi * 100 {
            return Err(format!("{names:?} may cost {market} and all of them {all}"));
        }
        let placed = venue
            .bets
            .values()
            .filter(|entry| names.contains(&entry.intent_id));
        for entry in placed.filter(|entry| !entry.bet.is_complete()) {
            if let Some(other) = venue.met_by(&entry.bet) {
                return Err(format!("{} would meet {}", entry.intent_id, other.intent_id));
            }
        }
        Ok(())
    }

    /// When everything has ended: what was told is what the ledger says.
    pub fn finish(&self, trader: &Trader, venue: &Venue) -> Result<(), String> {
        let mut named: BTreeSet<String> = BTreeSet::new();
        for entry in venue.bets.values() {
            if !entry.bet.is_complete() {
                return Err(format!(
                    "bet {} of {} still rests",
                    entry.bet.bet_id, entry.intent_id
                ));
            }
            if entry.intent_id != STRANGER {
                named.insert(entry.intent_id.clone());
            }
        }
        for (name, intent) in trader.said() {
            let end = trader.end(name).ok_or_else(|| format!("{name} has no end"))?;
            let bet = venue
                .bets
                .values()
                .find(|entry| &entry.intent_id == name)
                .map(|entry| &entry.bet);
            if intent.action == Action::Cancel {
                if !matches!(end.status, Status::Cancelled | Status::Rejected) {
                    return Err(format!("the cancel {name} ended {:?}", end.status));
                }
                continue;
            }
            let last = trader
                .heard
                .values()
                .rfind(|report| &report.intent_id == name)
                .unwrap_or(end);
            let (matched, value) = bet.map_or((0, 0), |bet| (bet.matched_centi, bet.value));
            if last.size_matched_centi != matched {
                return Err(format!(
                    "{name}: told {} matched, the ledger has {matched} ({:?})",
                    last.size_matched_centi, end.status
                ));
            }
            if !is_average(last, matched, value) {
                return Err(format!(
                    "{name}: told {:?}, the ledger has {value} / {matched}",
                    last.avg_price_matched
                ));
            }
            let is_denied =
                end.status == Status::Rejected || end.reject_code.as_deref() == Some("TTL_PREVENTED");
            let may_be_denied = last.status == Status::Amended && self.broken.contains(name);
            if is_denied && bet.is_some() && !may_be_denied {
                return Err(format!(
                    "{name} was told {:?} ({:?}), and has a bet",
                    end.status, end.reject_code
                ));
            }
            if end.status == Status::Filled
                && bet.is_none_or(|bet| bet.cancelled_centi + bet.lapsed_centi > 0)
            {
                return Err(format!("{name} was told to be filled, and was not"));
            }
            let is_taken_back = is_denied || self.broken.contains(name);
            if let (Action::Replace, Some(_), false) = (intent.action, bet, is_taken_back) {
                let target = intent.target_intent_id.as_deref().unwrap_or_default();
                let of_target = trader.end(target).map(|report| report.status);
                if of_target != Some(Status::Replaced) {
                    return Err(format!(
                        "{name} has replaced {target}, which was told {of_target:?}"
                    ));
                }
            }
            named.remove(name);
        }
        if named.is_empty() {
            Ok(())
        } else {
            Err(format!("bets that nobody asked for: {}", listed(&named)))
        }
    }
}

fn is_average(report: &Report, matched: i64, value: i64) -> bool {
    match report.avg_price_matched {
        None => matched == 0,
        Some(average) => {
            let told = average * 100.0 * f64::from(i32::try_from(matched).unwrap());
            (told - f64::from(i32::try_from(value).unwrap())).abs() < 0.5
        }
    }
}

/// True where the venue may have acted.
fn is_doubtful(answer: &Answer, place: usize) -> bool {
    match answer {
        Answer::NotSent(_) => false,
        Answer::Lost(_) => true,
        Answer::Refused(code) => Class::of(code) == Class::Ambiguous,
        Answer::Told(told) => match told.get(place) {
            Some(Told::Failed(code)) => Class::of(code) == Class::Ambiguous,
            Some(Told::Done { .. }) => false,
            Some(Told::TimedOut) | None => true,
        },
    }
}

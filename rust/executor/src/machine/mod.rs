//! The dry-run machine: clauses D1 to D10 of `proto_wire/ORDERS.md`.
//!
//! Entry points: [`Machine::handle`] for what the trader says, [`Machine::advance`] for what time does.
//!
//! Invariants:
//! 1. Pure: no I/O and no clock; the same inputs give the same reports.
//! 2. `seq` has no gaps and an intent has at most one terminal report.
//! 3. Matched and remaining never exceed the size placed; open orders never exceed the limit.

mod input;
mod orders;
mod outcome;
mod reports;

use wire::{
    Action, ControlAction, DryFill, FillEvent, Intent, Ladder, Market, MarketStatus, Persistence, Report,
    Status, TimeInForce,
};

use ::orders::markets::Markets;
use ::orders::remembered::Remembered;
pub use input::{ClockBack, Counters, Input, Limits};
use orders::{Number, OpenOrders, Order};
pub use outcome::{End, Refusal};
use reports::decimal;

/// The state of the dry run.
#[derive(Debug)]
pub struct Machine {
    limits: Limits,
    now_ms: i64,
    last_seq: i64,
    killed: bool,
    paused: bool,
    orders: OpenOrders,
    markets: Markets,
    remembered: Remembered,
    counters: Counters,
}

impl Machine {
    /// A machine without orders whose time is `now_ms`.
    #[must_use]
    pub fn new(limits: Limits, now_ms: i64) -> Self {
        Self {
            limits,
            now_ms,
            last_seq: 0,
            killed: false,
            paused: false,
            orders: OpenOrders::default(),
            markets: Markets::default(),
            remembered: Remembered::new(limits.max_remembered_intents),
            counters: Counters::default(),
        }
    }

    /// The machine's time, milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// `seq` of the last report made, 0 for none.
    #[must_use]
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// Orders that stand.
    #[must_use]
    pub fn open_orders(&self) -> usize {
        self.orders.len()
    }

    /// True while the kill switch is on.
    #[must_use]
    pub fn killed(&self) -> bool {
        self.killed
    }

    /// True while PLACE and REPLACE are refused for want of acknowledgements (S9).
    #[must_use]
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Keeps to other limits from now on. What stands stays, also above a lower limit.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.remembered.set_max(limits.max_remembered_intents);
    }

    /// Refuses PLACE and REPLACE with `REPORTS_UNACKED`, or no longer.
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// True if an order of this name stands.
    #[must_use]
    pub fn has(&self, intent_id: &str) -> bool {
        self.orders.contains(intent_id)
    }

    /// What happened that no report tells of.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The earliest time at which [`Machine::advance`] has something to report.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        self.orders.next_due_ms()
    }

    /// What the input causes, in order.
    pub fn handle(&mut self, input: Input<'_>) -> Vec<Report> {
        match input {
            Input::Intent(intent) => self.intent(intent),
            Input::Market(market) => self.market(market),
            Input::DryFill(fill) => self.dry_fill(fill).into_iter().collect(),
            Input::Control(control) => self.control(control.action),
        }
    }

    /// Sets the time and ends what it ends: D7, then D8.
    ///
    /// # Errors
    /// [`ClockBack`] if `now_ms` lies before the machine's time; nothing has changed then.
    pub fn advance(&mut self, now_ms: i64) -> Result<Vec<Report>, ClockBack> {
        if now_ms < self.now_ms {
            return Err(ClockBack {
                now_ms: self.now_ms,
                asked_ms: now_ms,
            });
        }
        self.now_ms = now_ms;
        let mut reports = Vec::new();
        while let Some(number) = self.orders.next_killed(now_ms) {
            reports.extend(self.end(number, End::FillOrKill));
        }
        while let Some(number) = self.orders.next_expired(now_ms) {
            reports.extend(self.end(number, End::TtlExpired));
        }
        Ok(reports)
    }

    /// Ends every order that stands, in placing order.
    pub fn end_all(&mut self, end: End) -> Vec<Report> {
        self.end_where(end, |_| true)
    }

    fn intent(&mut self, intent: &Intent) -> Vec<Report> {
        let intent_id = intent.intent_id.as_str();
        if self.remembered.contains(intent_id) || self.orders.contains(intent_id) {
            self.counters.duplicates += 1;
            return Vec::new();
        }
        self.remembered.insert(intent_id);
        let answer = match intent.action {
            Action::Place => self.place(intent),
            Action::Cancel => self.cancel(intent),
            Action::Replace => self.replace(intent),
        };
        answer.unwrap_or_else(|refusal| vec![self.refuse(intent, refusal)])
    }

    fn place(&mut self, intent: &Intent) -> Result<Vec<Report>, Refusal> {
        self.check_quote(intent)?;
        let limits = self.limits;
        // In hundredths of hundredths, so that nothing is rounded.
        let payout = intent.price_centi * intent.size_centi;
        if intent.size_centi < limits.min_size_centi && payout < limits.min_payout_centi * 100 {
            return Err(Refusal::InvalidBetSize);
        }
        let known_version = self
            .markets
            .get(&intent.market_id)
            .and_then(|market| market.version);
        if let (Some(known), Some(named)) = (known_version, intent.market_version)
            && named < known
        {
            return Err(Refusal::InvalidMarketVersion);
        }
        if self.orders.len() >= limits.max_open_orders {
            return Err(Refusal::MaxOpenOrders);
        }
        let order = Order {
            intent_id: intent.intent_id.clone(),
            action: Action::Place,
            market_id: intent.market_id.clone(),
            runner: (intent.selection_id, intent.handicap_centi),
            side: intent.side,
            price_centi: intent.price_centi,
            remaining_centi: intent.size_centi,
            matched_centi: 0,
            matched_value: 0,
            deadline_ms: intent.deadline_ms(),
            placed_ms: self.now_ms,
            persistence: intent.persistence,
            fill_or_kill: intent.time_in_force == Some(TimeInForce::FillOrKill),
        };
        Ok(vec![self.stand(order)])
    }

    fn cancel(&mut self, intent: &Intent) -> Result<Vec<Report>, Refusal> {
        let target = self.target(intent)?;
        if intent.size_centi != 0 {
            return Err(Refusal::UnsupportedSizeReduction);
        }
        let target = self.orders.remove(target).ok_or(Refusal::TargetGone)?;
        let ended = self.of_order(&target, Status::Cancelled);
        Ok(vec![ended, self.of_intent(intent, Status::Cancelled)])
    }

    fn replace(&mut self, intent: &Intent) -> Result<Vec<Report>, Refusal> {
        self.check_quote(intent)?;
        let name = self.target(intent)?;
        let target = self.orders.get(name).ok_or(Refusal::TargetGone)?;
        if !target.is_of(intent) {
            return Err(Refusal::TargetMismatch);
        }
        if intent.size_centi != 0 {
            return Err(Refusal::ReplaceChangesSize);
        }
        if target.price_centi == intent.price_centi {
            return Err(Refusal::NoActionRequired);
        }
        let target = self.orders.remove(name).ok_or(Refusal::TargetGone)?;
        let ended = self.of_order(&target, Status::Replaced);
        let order = Order {
            intent_id: intent.intent_id.clone(),
            action: Action::Replace,
            price_centi: intent.price_centi,
            matched_centi: 0,
            matched_value: 0,
            deadline_ms: intent.deadline_ms(),
            placed_ms: self.now_ms,
            ..target
        };
        Ok(vec![ended, self.stand(order)])
    }

    /// The checks PLACE and REPLACE share: D3.1 to D3.5.
    fn check_quote(&self, intent: &Intent) -> Result<(), Refusal> {
        if self.now_ms > intent.deadline_ms() {
            return Err(Refusal::TtlPrevented);
        }
        if self.killed {
            return Err(Refusal::Killed);
        }
        if self.paused {
            return Err(Refusal::ReportsUnacked);
        }
        let market = self.markets.get(&intent.market_id);
        if market.is_some_and(|market| market.status != MarketStatus::Open) {
            return Err(Refusal::MarketNotOpen);
        }
        if market.is_some_and(|market| market.is_out((intent.selection_id, intent.handicap_centi))) {
            return Err(Refusal::RunnerRemoved);
        }
        let ladder = market.map_or(Ladder::Classic, |market| market.ladder);
        if ::orders::ladder::allows(ladder, intent.price_centi) {
            Ok(())
        } else {
            Err(Refusal::InvalidOdds)
        }
    }

    /// The name of the order the intent means, if it stands.
    fn target<'a>(&self, intent: &'a Intent) -> Result<&'a str, Refusal> {
        let target = intent.target_intent_id.as_deref().ok_or(Refusal::TargetGone)?;
        if self.orders.contains(target) {
            Ok(target)
        } else {
            Err(Refusal::TargetGone)
        }
    }

    fn market(&mut self, market: &Market) -> Vec<Report> {
        let market_id = market.market_id.as_str();
        let turned = self.markets.set(market);
        self.markets.trim(|known| self.orders.any_in(known));
        if market.status == MarketStatus::Closed {
            return self.end_where(End::MarketClosed, |order| order.market_id == market_id);
        }
        let mut reports = Vec::new();
        if turned {
            reports = self.end_where(End::InPlay, |order| {
                order.market_id == market_id && order.persistence == Persistence::Lapse
            });
        }
        let Some(known) = self.markets.get(market_id) else {
            return reports;
        };
        let out = self
            .orders
            .numbers(|order| order.market_id == market_id && known.is_out(order.runner));
        reports.extend(
            out.into_iter()
                .filter_map(|number| self.end(number, End::RunnerRemoved)),
        );
        reports
    }

    fn dry_fill(&mut self, fill: &DryFill) -> Option<Report> {
        let Some((order, size_centi)) = self
            .orders
            .fill(&fill.intent_id, fill.price_centi, fill.size_centi)
        else {
            self.counters.stray_fills += 1;
            return None;
        };
        if size_centi < fill.size_centi {
            self.counters.cut_fills += 1;
        }
        let status = if order.remaining_centi == 0 {
            Status::Filled
        } else {
            Status::PartiallyFilled
        };
        let event = FillEvent {
            price: decimal(fill.price_centi),
            size: decimal(size_centi),
            ts_ms: fill.ts_ms,
        };
        let mut report = self.of_order(&order, status);
        report.fill_price = Some(event.price);
        report.fill_size = Some(event.size);
        report.fill_events = vec![event];
        Some(report)
    }

    fn control(&mut self, action: ControlAction) -> Vec<Report> {
        match action {
            ControlAction::CancelAll => self.end_all(End::CancelAll),
            ControlAction::Kill => {
                self.killed = true;
                self.end_all(End::Killed)
            }
            ControlAction::Resume => {
                self.killed = false;
                Vec::new()
            }
        }
    }

    fn end_where(&mut self, end: End, chosen: impl FnMut(&Order) -> bool) -> Vec<Report> {
        let numbers = self.orders.numbers(chosen);
        numbers
            .into_iter()
            .filter_map(|number| self.end(number, end))
            .collect()
    }

    fn end(&mut self, number: Number, end: End) -> Option<Report> {
        let order = self.orders.take(number)?;
        let mut report = self.of_order(&order, end.status());
        report.reject_code = Some(end.code().to_owned());
        Some(report)
    }

    /// Puts the order up and reports it PLACED.
    fn stand(&mut self, order: Order) -> Report {
        let report = self.of_order(&order, Status::Placed);
        self.orders.insert(order);
        debug_assert!(self.orders.len() <= self.limits.max_open_orders, "D3.8");
        report
    }
}

//! What the trader is owed: reports that follow from what is known and have not been made.

use wire::{FillEvent, Intent, Report, Status};

use crate::book::Outcome;
use crate::checks::{Refusal, TTL_PREVENTED};
use crate::codes::Class;
use crate::machine::Machine;
use crate::order::{Order, Stage};
use crate::record::{Record, Why};
use crate::request::Effect;

/// What is to be said of an intent.
#[derive(Debug, Default)]
struct Draft {
    status: Option<Status>,
    code: Option<String>,
    class: Option<Class>,
    venue_code: Option<String>,
}

impl Draft {
    fn of(status: Status) -> Self {
        Self {
            status: Some(status),
            ..Self::default()
        }
    }

    fn because(status: Status, code: &str) -> Self {
        Self {
            code: Some(code.to_owned()),
            ..Self::of(status)
        }
    }
}

impl Machine {
    /// Makes every report that is owed.
    pub(crate) fn settle(&mut self) {
        let numbers: Vec<u64> = self.book.orders.keys().copied().collect();
        for number in numbers {
            while let Some((name, draft)) = self.owed(number) {
                self.report_order(&name, draft);
            }
        }
        for name in self.book.amended.clone() {
            self.amend(&name);
        }
        let waiting: Vec<String> = self.book.cancels.keys().cloned().collect();
        for name in waiting {
            self.settle_cancel(&name);
        }
    }

    /// An intent that never stood.
    pub(crate) fn refuse(&mut self, intent: &Intent, refusal: Refusal) {
        let status = if refusal == TTL_PREVENTED {
            self.counters.ttl_prevented += 1;
            Status::Expired
        } else {
            Status::Rejected
        };
        let mut report = self.blank(intent, status);
        report.reject_code = Some(refusal.code.to_owned());
        report.reject_class = Some(refusal.class.as_str().to_owned());
        self.tell(report);
    }

    /// What became known of an order after its end.
    fn amend(&mut self, name: &str) {
        let Some(ended) = self.book.ended.get(name) else {
            return;
        };
        let Some(bet) = ended.bet.clone() else { return };
        let intent = ended.intent.clone();
        let mut report = self.blank(&intent, Status::Amended);
        report.bet_id = Some(bet.bet_id.clone());
        report.size_matched_centi = bet.matched_centi;
        report.size_remaining_centi = bet.remaining_centi().max(0);
        report.avg_price_matched = average(bet.matched_centi, bet.value);
        self.tell(report);
    }

    /// The next report that an order is owed.
    fn owed(&self, number: u64) -> Option<(String, Draft)> {
        let order = self.book.orders.get(&number)?;
        let draft = match &order.stage {
            Stage::Refused {
                code,
                class,
                venue_code,
            } => Some(of_refused(order, code, *class, venue_code.clone())),
            Stage::Doubt { .. } if !order.told.unknown => Some(Draft {
                class: Some(Class::Ambiguous),
                ..Draft::because(Status::Unknown, "IN_DOUBT")
            }),
            Stage::Queued | Stage::Sent | Stage::Again if !order.told.accepted => {
                Some(Draft::of(Status::Accepted))
            }
            Stage::Live => self.of_live(order),
            _ => None,
        }?;
        Some((order.name().to_owned(), draft))
    }

    fn of_live(&self, order: &Order) -> Option<Draft> {
        let told = &order.told;
        if !told.placed {
            return Some(Draft::of(Status::Placed));
        }
        let bet = order.bet.as_ref()?;
        if bet.is_complete() {
            // Whether it was replaced or only cancelled, its replacement's answer says.
            let waits = bet.cancelled_centi > 0 && self.book.mover_of(order).is_some_and(Order::is_uncertain);
            return (!waits).then(|| of_complete(order));
        }
        if (bet.matched_centi, bet.value) != (told.matched_centi, told.value) {
            return Some(Draft::of(Status::PartiallyFilled));
        }
        (bet.cancelled_centi != told.cancelled_centi).then(|| Draft::of(Status::Placed))
    }

    fn report_order(&mut self, name: &str, draft: Draft) {
        let (Some(order), Some(status)) = (self.book.order(name).cloned(), draft.status) else {
            return;
        };
        match (status, draft.code.as_deref()) {
            (Status::Unknown, _) => self.counters.doubts += 1,
            (Status::Expired, Some("TTL_PREVENTED")) => self.counters.ttl_prevented += 1,
            _ => {}
        }
        let mut report = self.blank(&order.intent, status);
        let tells_fills = !matches!(status, Status::Accepted | Status::Unknown | Status::Placed);
        let (size, value) = if tells_fills {
            order.matched()
        } else {
            (order.told.matched_centi, order.told.value)
        };
        report.bet_id.clone_from(&order.bet_id);
        report.size_matched_centi = size;
        report.avg_price_matched = average(size, value);
        report.size_remaining_centi = if status.is_terminal() {
            0
        } else {
            order.remaining_centi().max(0) + order.matched().0 - size
        };
        let (new_size, new_value) = (size - order.told.matched_centi, value - order.told.value);
        if new_size > 0 {
            let at_ms = order.bet.as_ref().and_then(|bet| bet.matched_ms);
            let event = FillEvent {
                price: decimal(new_value, new_size * 100),
                size: decimal(new_size, 100),
                ts_ms: at_ms.unwrap_or(self.now_ms),
            };
            report.fill_price = Some(event.price);
            report.fill_size = Some(event.size);
            report.fill_events = vec![event];
        }
        report.reject_code = draft.code;
        report.reject_class = draft.class.map(|class| class.as_str().to_owned());
        report.venue_code = draft.venue_code;
        self.tell(report);
    }

    fn settle_cancel(&mut self, name: &str) {
        let Some(cancel) = self.book.cancels.get(name) else {
            return;
        };
        let intent = cancel.intent.clone();
        let is_orphan = !cancel.is_sent
            && intent
                .target_intent_id
                .as_deref()
                .is_none_or(|target| self.book.order(target).is_none());
        let (status, code, class) = match &cancel.outcome {
            Some(Outcome::Done) => (Status::Cancelled, None, None),
            Some(Outcome::Refused { code, class }) => (Status::Rejected, Some(code.clone()), Some(*class)),
            None if is_orphan => (
                Status::Rejected,
                Some("TARGET_GONE".to_owned()),
                Some(Class::Gone),
            ),
            None => return,
        };
        let mut report = self.blank(&intent, status);
        report.reject_code = code;
        report.reject_class = class.map(|class| class.as_str().to_owned());
        self.tell(report);
    }

    fn blank(&self, intent: &Intent, status: Status) -> Report {
        let (seq, intent_id) = (self.book.last_seq + 1, intent.intent_id.clone());
        Report::new(seq, intent_id, self.now_ms, intent.action, status, false)
    }

    /// A report of the dry run, numbered as ours are.
    pub(crate) fn relay(&mut self, mut report: Report) {
        report.seq = self.book.last_seq + 1;
        self.tell(report);
    }

    /// A dry order that a process before this one had.
    pub(crate) fn end_dry(&mut self, mut report: Report) {
        report.ts_ms = self.now_ms;
        report.status = Status::Cancelled;
        report.size_remaining_centi = 0;
        report.reject_code = Some("RESTARTED".to_owned());
        (report.fill_price, report.fill_size) = (None, None);
        report.fill_events.clear();
        self.relay(report);
    }

    fn tell(&mut self, report: Report) {
        self.note(Record::Report(Box::new(report.clone())));
        self.effects.push(Effect::Report(report));
    }
}

/// How an order is told that has no bet.
fn of_refused(order: &Order, code: &str, class: Option<Class>, venue_code: Option<String>) -> Draft {
    match (code, class) {
        ("CANCELLED", None) => Draft::of(Status::Cancelled),
        ("CANCEL_ALL" | "KILLED", None) => Draft::because(Status::Cancelled, code),
        ("TTL_PREVENTED", None) => Draft {
            class: Some(Class::Reject),
            ..Draft::because(Status::Expired, code)
        },
        _ => {
            let is_gone = code == "TARGET_GONE" && order.is_replace();
            let usual = if is_gone { Class::Gone } else { Class::Reject };
            Draft {
                class: class.or(Some(usual)),
                venue_code,
                ..Draft::because(Status::Rejected, code)
            }
        }
    }
}

/// How an order ended whose bet is complete.
fn of_complete(order: &Order) -> Draft {
    let Some(bet) = order.bet.as_ref() else {
        return Draft::default();
    };
    // It lives on, whatever else befell it.
    if order.is_replaced && bet.cancelled_centi > 0 {
        return Draft::of(Status::Replaced);
    }
    if bet.voided_centi > 0 && bet.matched_centi == 0 {
        return Draft::of(Status::Voided);
    }
    if bet.lapsed_centi > 0 {
        return Draft::of(Status::Lapsed);
    }
    if bet.cancelled_centi == 0 {
        return Draft::of(Status::Filled);
    }
    if order.is_fill_or_kill() {
        return Draft::because(Status::Expired, "FOK_KILLED");
    }
    match order.ending {
        _ if !order.cancels.is_empty() => Draft::of(Status::Cancelled),
        Some(Why::Deadline) => Draft::because(Status::Expired, "TTL_EXPIRED"),
        Some(Why::Kill) => Draft::because(Status::Cancelled, "KILLED"),
        Some(Why::CancelAll) => Draft::because(Status::Cancelled, "CANCEL_ALL"),
        None => Draft::because(Status::Cancelled, "BY_THE_VENUE"),
    }
}

fn average(size_centi: i64, value: i64) -> Option<f64> {
    (size_centi > 0).then(|| decimal(value, size_centi * 100))
}

/// `numerator / denominator` as a double. Both are far below 2^53.
fn decimal(numerator: i64, denominator: i64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "sizes and prices of the wire are far below 2^53"
    )]
    let quotient = numerator as f64 / denominator as f64;
    quotient
}

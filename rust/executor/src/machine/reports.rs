//! How the machine's reports are filled in (clause D1, D6.1).

use wire::{Action, Intent, Report, Status};

use super::Machine;
use super::orders::Order;
use super::outcome::Refusal;

impl Machine {
    pub(super) fn refuse(&mut self, intent: &Intent, refusal: Refusal) -> Report {
        let mut report = self.of_intent(intent, refusal.status());
        report.reject_code = Some(refusal.code().to_owned());
        report.reject_class = Some(refusal.class().to_owned());
        report
    }

    /// A report with the order's totals; nothing remains once it has ended.
    pub(super) fn of_order(&mut self, order: &Order, status: Status) -> Report {
        let mut report = self.report(order.intent_id.clone(), order.action, status);
        report.size_remaining_centi = if status.is_terminal() {
            0
        } else {
            order.remaining_centi
        };
        report.size_matched_centi = order.matched_centi;
        report.avg_price_matched = average(order);
        report
    }

    /// A report of an intent that has no order.
    pub(super) fn of_intent(&mut self, intent: &Intent, status: Status) -> Report {
        self.report(intent.intent_id.clone(), intent.action, status)
    }

    fn report(&mut self, intent_id: String, action: Action, status: Status) -> Report {
        self.last_seq += 1;
        Report::new(self.last_seq, intent_id, self.now_ms, action, status, true)
    }
}

/// Hundredths as the wire's decimal. Both are exact: the ranges of the wire lie below 2^53.
#[expect(clippy::cast_precision_loss, reason = "the wire's ranges lie below 2^53")]
pub(super) fn decimal(centi: i64) -> f64 {
    centi as f64 / 100.0
}

/// The average of what is matched, by D6.1.
#[expect(
    clippy::cast_precision_loss,
    reason = "the wire's ranges keep both sums below 2^53"
)]
fn average(order: &Order) -> Option<f64> {
    (order.matched_centi > 0).then(|| order.matched_value as f64 / order.matched_centi as f64 / 100.0)
}

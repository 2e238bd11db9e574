//! What is refused before the venue would refuse it.

use wire::{Action, Intent, Ladder, MarketStatus, Side};

use crate::codes::Class;
use crate::exposure::liability;
use crate::machine::Machine;

/// Why an intent is refused on sight: its code and its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `reject_code`.
    pub code: &'static str,
    /// `reject_class`.
    pub class: Class,
}

const fn reject(code: &'static str) -> Refusal {
    Refusal {
        code,
        class: Class::Reject,
    }
}

/// The deadline has passed: told as EXPIRED.
pub const TTL_PREVENTED: Refusal = reject("TTL_PREVENTED");
/// No open order of that name.
pub const TARGET_GONE: Refusal = Refusal {
    code: "TARGET_GONE",
    class: Class::Gone,
};

type Checked = Result<(), Refusal>;

impl Machine {
    /// Everything that speaks against an intent; the first thing that does.
    pub(crate) fn check(&self, intent: &Intent) -> Checked {
        match intent.action {
            Action::Place => self.check_quote(intent).and_then(|()| self.check_place(intent)),
            Action::Replace => self.check_quote(intent).and_then(|()| self.check_replace(intent)),
            Action::Cancel => self.check_cancel(intent),
        }
    }

    fn check_quote(&self, intent: &Intent) -> Checked {
        must(self.now_ms() < intent.deadline_ms(), TTL_PREVENTED)?;
        if let Some(code) = self.halted() {
            let class = Class::Halt;
            return Err(Refusal { code, class });
        }
        let known = self.markets().get(&intent.market_id);
        let runner = (intent.selection_id, intent.handicap_centi);
        must(
            known.is_none_or(|market| market.status == MarketStatus::Open),
            reject("MARKET_NOT_OPEN"),
        )?;
        must(
            !known.is_some_and(|market| market.is_out(runner)),
            reject("RUNNER_REMOVED"),
        )?;
        let ladder = known.map_or(Ladder::Classic, |market| market.ladder);
        must(
            crate::ladder::allows(ladder, intent.price_centi),
            reject("INVALID_ODDS"),
        )
    }

    fn check_place(&self, intent: &Intent) -> Checked {
        let limits = &self.config().limits;
        // In hundredths of hundredths, so that nothing is rounded.
        let payout = intent.price_centi * intent.size_centi;
        must(
            intent.size_centi >= limits.min_size_centi || payout >= limits.min_payout_centi * 100,
            reject("INVALID_BET_SIZE"),
        )?;
        must(
            profit_is_fair(intent.price_centi, intent.size_centi),
            reject("INVALID_PROFIT_RATIO"),
        )?;
        let known = self.markets().get(&intent.market_id).and_then(|m| m.version);
        let is_stale = matches!((known, intent.market_version), (Some(known), Some(named)) if named < known);
        must(!is_stale, reject("INVALID_MARKET_VERSION"))?;
        must(
            self.book().orders.len() < limits.max_open_orders,
            reject("MAX_OPEN_ORDERS"),
        )?;
        self.check_self_match(intent, None)?;
        let more = liability(intent.side, intent.price_centi, intent.size_centi);
        self.check_exposure(intent, more)
    }

    fn check_replace(&self, intent: &Intent) -> Checked {
        let name = intent.target_intent_id.as_deref().ok_or(TARGET_GONE)?;
        let target = self.book().order(name).ok_or(TARGET_GONE)?;
        // Whoever is on the way out cannot be moved.
        must(
            !target.is_unwanted() && target.replace.is_none() && !target.is_complete(),
            TARGET_GONE,
        )?;
        let of = &target.intent;
        let is_same = (&of.market_id, of.selection_id, of.handicap_centi, of.side)
            == (
                &intent.market_id,
                intent.selection_id,
                intent.handicap_centi,
                intent.side,
            );
        must(is_same, reject("TARGET_MISMATCH"))?;
        must(intent.size_centi == 0, reject("REPLACE_CHANGES_SIZE"))?;
        must(of.price_centi != intent.price_centi, reject("NO_ACTION_REQUIRED"))?;
        self.check_self_match(intent, Some(name))?;
        let size = target.remaining_centi();
        let more =
            liability(intent.side, intent.price_centi, size) - liability(of.side, of.price_centi, size);
        self.check_exposure(intent, more)
    }

    fn check_cancel(&self, intent: &Intent) -> Checked {
        let name = intent.target_intent_id.as_deref();
        let target = name.and_then(|name| self.book().order(name)).ok_or(TARGET_GONE)?;
        must(!target.is_complete(), TARGET_GONE)?;
        must(
            intent.size_centi < target.remaining_centi() || intent.size_centi == 0,
            reject("SIZE_REDUCTION_TOO_LARGE"),
        )
    }

    /// Against an order of ours on the other side of the same runner that it would meet.
    fn check_self_match(&self, intent: &Intent, moved: Option<&str>) -> Checked {
        let runner = (intent.selection_id, intent.handicap_centi);
        let meets = self.book().orders.values().any(|other| {
            let of = &other.intent;
            of.market_id == intent.market_id
                && other.runner() == runner
                && of.side != intent.side
                && Some(other.name()) != moved
                && match intent.side {
                    Side::Back => of.price_centi >= intent.price_centi,
                    Side::Lay => of.price_centi <= intent.price_centi,
                }
        });
        must(!meets, reject("SELF_MATCH"))
    }

    /// `more`: what the order may cost beyond what is there, hundredths of hundredths.
    fn check_exposure(&self, intent: &Intent, more: i64) -> Checked {
        let limits = &self.config().limits;
        let market = self.exposure_of(&intent.market_id) + more;
        must(
            market <= limits.max_market_exposure_centi * 100,
            reject("MAX_MARKET_EXPOSURE"),
        )?;
        must(
            self.exposure() + more <= limits.max_exposure_centi * 100,
            reject("MAX_EXPOSURE"),
        )
    }
}

fn must(holds: bool, refusal: Refusal) -> Checked {
    if holds { Ok(()) } else { Err(refusal) }
}

/// The venue's rule of rounding: what is paid in hundredths is at least 80 % and at most 125 % of what it ought to be.
fn profit_is_fair(price_centi: i64, size_centi: i64) -> bool {
    let exact = size_centi * (price_centi - 100);
    let paid = (exact + 50) / 100 * 100;
    paid * 100 >= exact * 80 && paid * 100 <= exact * 125
}

#[cfg(test)]
mod tests {
    use super::profit_is_fair;

    #[test]
    fn a_bet_that_is_rounded_too_far_is_unfair() {
        // 13p at 1.06 pays 0.78p, told as 1p.
        assert!(!profit_is_fair(106, 13));
        assert!(profit_is_fair(200, 1));
        assert!(profit_is_fair(106, 200));
        assert!(!profit_is_fair(101, 40));
    }
}

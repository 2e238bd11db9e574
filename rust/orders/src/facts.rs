//! What comes from the venue: bets as they stand, and answers to requests.

use serde::{Deserialize, Serialize};
use wire::Side;

/// A runner of a market: its id, and its handicap in hundredths.
pub type RunnerKey = (i64, i64);

/// A bet as the order stream or a look-up shows it. Sizes in hundredths of the account currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bet {
    /// The venue's name for it.
    pub bet_id: String,
    /// The reference it was placed with; a replaced bet may have its forerunner's, or none.
    pub order_ref: Option<String>,
    /// Its market.
    pub market_id: String,
    /// Its runner.
    pub runner: RunnerKey,
    /// Its side.
    pub side: Side,
    /// The price asked for, hundredths.
    pub price_centi: i64,
    /// The size asked for.
    pub size_centi: i64,
    /// When it was placed, the venue's time.
    pub placed_ms: i64,
    /// Matched so far, in all.
    pub matched_centi: i64,
    /// The sum of price times size over what is matched, hundredths of hundredths.
    pub value: i64,
    /// When it was last matched.
    pub matched_ms: Option<i64>,
    /// Taken away by request, or killed by its time in force.
    pub cancelled_centi: i64,
    /// Ended by the market.
    pub lapsed_centi: i64,
    /// Undone by the venue.
    pub voided_centi: i64,
}

impl Bet {
    /// What still rests.
    #[must_use]
    pub fn remaining_centi(&self) -> i64 {
        self.size_centi - self.matched_centi - self.gone_centi()
    }

    /// True once nothing can be matched any more.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.remaining_centi() <= 0
    }

    fn gone_centi(&self) -> i64 {
        self.cancelled_centi + self.lapsed_centi + self.voided_centi
    }

    /// Orders what is known of one bet: a later state is never below an earlier one. Matched may become void, never come
    /// back from it, so a void counts twice.
    fn progress(&self) -> (i64, i64) {
        (self.matched_centi + self.gone_centi(), self.voided_centi)
    }

    /// True if this says more of the bet than `known`: states come late and twice. Of equal progress with another value
    /// the venue has made another price (a reduction factor).
    #[must_use]
    pub fn is_news_after(&self, known: &Self) -> bool {
        match self.progress().cmp(&known.progress()) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => self.value < known.value,
            std::cmp::Ordering::Less => false,
        }
    }
}

/// How a request ended, as far as its sender can know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The reply was read: what became of each instruction, in their order.
    Told(Vec<Told>),
    /// The venue refused the request as a whole with this code.
    Refused(String),
    /// Not a byte of it left us, for this reason.
    NotSent(String),
    /// It may have arrived; no whole reply came, for this reason.
    Lost(String),
}

/// What a reply says of one instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// It was carried out. PLACE and REPLACE: the (new) bet's id, `None` where it is still being processed, and the size.
    Done {
        /// The bet's id.
        bet_id: Option<String>,
        /// Its size, hundredths.
        size_centi: i64,
    },
    /// It was not, with the venue's code.
    Failed(String),
    /// The venue does not know yet.
    TimedOut,
}

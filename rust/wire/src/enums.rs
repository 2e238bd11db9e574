//! The closed sets of texts on the wire.

use serde::{Deserialize, Serialize};

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal: $variant_doc:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = $variant_doc] #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every text of the set, in the order of the specification.
            pub const TEXTS: &'static [&'static str] = &[$($text),+];

            /// The text on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

wire_enum! {
    /// What an intent asks for.
    Action {
        Place = "PLACE": "A new order.",
        Replace = "REPLACE": "Another price for a standing order.",
        Cancel = "CANCEL": "The end of a standing order.",
    }
}

wire_enum! {
    /// The side of an order.
    Side {
        Back = "BACK": "For the selection.",
        Lay = "LAY": "Against it.",
    }
}

wire_enum! {
    /// What becomes of an order when the market turns in-play.
    Persistence {
        Lapse = "LAPSE": "It lapses.",
        Persist = "PERSIST": "It stays.",
        MarketOnClose = "MARKET_ON_CLOSE": "It goes to the starting price.",
    }
}

wire_enum! {
    /// How long an order may rest; none: until its deadline.
    TimeInForce {
        FillOrKill = "FILL_OR_KILL": "Not at all.",
    }
}

wire_enum! {
    /// The state an intent is in after a report.
    Status {
        Accepted = "ACCEPTED": "Taken, not yet at the venue.",
        Placed = "PLACED": "Stands at the venue.",
        PartiallyFilled = "PARTIALLY_FILLED": "Some matched, some remains.",
        Filled = "FILLED": "All matched. Terminal.",
        Replaced = "REPLACED": "Lives on as the replace intent's order. Terminal.",
        Cancelled = "CANCELLED": "Ended by request. Terminal.",
        Expired = "EXPIRED": "Ended by its own time. Terminal.",
        Lapsed = "LAPSED": "Ended by the market. Terminal.",
        Voided = "VOIDED": "Undone by the venue. Terminal.",
        Rejected = "REJECTED": "Refused. Terminal.",
        Unknown = "UNKNOWN": "In doubt; the truth follows.",
        Amended = "AMENDED": "Changed by the venue after the end.",
    }
}

impl Status {
    /// True for the statuses of which an intent has exactly one.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Filled
                | Self::Replaced
                | Self::Cancelled
                | Self::Expired
                | Self::Lapsed
                | Self::Voided
                | Self::Rejected
        )
    }
}

wire_enum! {
    /// The state of a market.
    MarketStatus {
        Inactive = "INACTIVE": "Not yet open.",
        Open = "OPEN": "Takes orders.",
        Suspended = "SUSPENDED": "Takes none for now.",
        Closed = "CLOSED": "Over.",
    }
}

wire_enum! {
    /// The prices a market allows.
    Ladder {
        Classic = "CLASSIC": "350 prices from 1.01 to 1000.",
        Finest = "FINEST": "1.01 to 1000 step 0.01.",
        LineRange = "LINE_RANGE": "The market's own lines.",
    }
}

wire_enum! {
    /// The state of a runner.
    RunnerStatus {
        Active = "ACTIVE": "Takes part.",
        Winner = "WINNER": "Won.",
        Loser = "LOSER": "Lost.",
        Placed = "PLACED": "Placed.",
        Removed = "REMOVED": "Does not take part.",
        RemovedVacant = "REMOVED_VACANT": "A trap without a runner.",
        Hidden = "HIDDEN": "Not shown.",
    }
}

wire_enum! {
    /// What CONTROL asks for.
    ControlAction {
        CancelAll = "cancel_all": "Cancel every open order.",
        Kill = "kill": "The same, and refuse new ones.",
        Resume = "resume": "Take orders again.",
    }
}

wire_enum! {
    /// Whether the executor takes new orders (HEARTBEAT).
    State {
        Ready = "READY": "It does.",
        Paused = "PAUSED": "It does not.",
    }
}

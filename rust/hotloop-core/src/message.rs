//! One validated stream message in flat, reusable buffers: integers only, nothing left to check.
//!
//! Entries refer to each other by position (`markets` → `runners` → `rows`) and market ids stand
//! one after another in `names`, so that a message borrows nothing from its line, a buffer once
//! grown is used again for the next line, and the segments of one message simply append.

use std::ops::Range;

use crate::ladder::{Centi, Ladder, hundredths};

/// One runner of a market: selection id and handicap in hundredths (0 where there is none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunnerKey {
    /// The venue's selection id.
    pub id: i64,
    /// Handicap in hundredths.
    pub handicap: Centi,
}

impl RunnerKey {
    /// The key of a selection at a handicap given as a float (rounded to hundredths).
    #[must_use]
    pub fn new(id: i64, handicap: f64) -> Self {
        Self {
            id,
            handicap: hundredths(handicap),
        }
    }
}

/// `ct` of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ChangeType {
    /// Absent, or one this version does not know: an update.
    #[default]
    Update,
    /// `RESUB_DELTA`: an update that begins where a subscription was left.
    ResubDelta,
    /// `SUB_IMAGE`: everything held under the subscription is replaced.
    SubImage,
    /// `HEARTBEAT`: no changes.
    Heartbeat,
}

/// `segmentType` of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Segment {
    /// Not segmented.
    #[default]
    Whole,
    /// `SEG_START`.
    Start,
    /// `SEG`.
    Middle,
    /// `SEG_END`.
    End,
}

/// What is said about the message as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Header {
    /// `op` is `mcm`; nothing else is looked at otherwise.
    pub is_market_change: bool,
    pub change_type: ChangeType,
    pub segment: Segment,
    /// Subscription `id`.
    pub subscription: Option<i64>,
    /// Publish time, ms.
    pub pt_ms: Option<i64>,
    /// `status` 503: the venue says its data are not reliable.
    pub unreliable: bool,
}

/// A place in the stream to resubscribe from, in a buffer that is used again.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// A message has named one.
    pub is_given: bool,
    /// UTF-8, as bytes: only who asks for it pays for looking at that again.
    text: Vec<u8>,
}

impl Clock {
    pub(crate) fn get(&self) -> Option<&str> {
        self.is_given.then(|| utf8(&self.text))
    }

    pub(crate) fn set(&mut self, text: &[u8]) {
        self.is_given = true;
        self.text.clear();
        self.text.extend_from_slice(text);
    }

    /// Takes the other's place, where it has one; the other then has none.
    pub(crate) fn follow(&mut self, other: &mut Self) {
        if other.is_given {
            std::mem::swap(self, other);
            other.is_given = false;
        }
    }
}

/// What was UTF-8 when it was read.
fn utf8(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}

/// A message in buffers that are used again.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub header: Header,
    /// `clk` and `initialClk`.
    pub clock: Clock,
    pub initial_clock: Clock,
    pub markets: Vec<MarketChange>,
    pub runners: Vec<RunnerChange>,
    pub rows: Vec<Row>,
    /// Market ids, one after another, UTF-8; `MarketChange::name` is the part of it.
    pub names: Vec<u8>,
}

impl Message {
    pub(crate) fn clear(&mut self) {
        self.header = Header::default();
        self.clock.is_given = false;
        self.initial_clock.is_given = false;
        self.clear_changes();
    }

    /// Leaves what is said about the message as a whole.
    pub(crate) fn clear_changes(&mut self) {
        self.markets.clear();
        self.runners.clear();
        self.rows.clear();
        self.names.clear();
    }

    /// Moves the entries of `other` behind those of this message; its clocks are the later ones.
    pub(crate) fn append(&mut self, other: &mut Self) {
        let (names, runners, rows) = (self.names.len(), self.runners.len(), self.rows.len());
        for change in &mut other.markets {
            change.name = change.name.start + names..change.name.end + names;
            change.runners = change.runners.start + runners..change.runners.end + runners;
        }
        for change in &mut other.runners {
            change.rows = change.rows.start + rows..change.rows.end + rows;
        }
        self.markets.append(&mut other.markets);
        self.runners.append(&mut other.runners);
        self.rows.append(&mut other.rows);
        self.names.extend_from_slice(&other.names);
        self.clock.follow(&mut other.clock);
        self.initial_clock.follow(&mut other.initial_clock);
        other.clear();
    }

    /// Market id of an entry.
    pub(crate) fn name(&self, change: &MarketChange) -> &str {
        utf8(self.name_bytes(change))
    }

    pub(crate) fn name_bytes(&self, change: &MarketChange) -> &[u8] {
        &self.names[change.name.clone()]
    }
}

/// One `mc` entry.
#[derive(Debug)]
pub(crate) struct MarketChange {
    pub name: Range<usize>,
    /// `img`: the market's runners are replaced.
    pub image: bool,
    /// Taken out when it is applied.
    pub definition: Option<Box<Definition>>,
    /// The entry has a definition (still known once that was taken out).
    pub is_defined: bool,
    pub runners: Range<usize>,
}

/// One `rc` entry.
#[derive(Debug)]
pub(crate) struct RunnerChange {
    pub key: RunnerKey,
    /// `ltp`, hundredths.
    pub last_traded: Option<Centi>,
    pub rows: Range<usize>,
}

/// Which array of an `rc` entry a row stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// `atb`: full depth, available to back.
    FullBack,
    /// `atl`: full depth, available to lay.
    FullLay,
    /// `trd`: traded volume.
    Traded,
    /// `trd: []`: all traded volume is gone. A row of its own, so that the order is kept.
    TradedWiped,
    /// `batb`: best offers, available to back.
    BestBack,
    /// `batl`: best offers, available to lay.
    BestLay,
    /// `bdatb`: display offers, available to back.
    DisplayBack,
    /// `bdatl`: display offers, available to lay.
    DisplayLay,
}

/// One row of an array of an `rc` entry; size 0 deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub kind: RowKind,
    /// Position on the screen; 0 in rows that are keyed by price.
    pub level: u8,
    pub price: Centi,
    pub size: Centi,
}

/// What is used of a `marketDefinition`.
// The flags are the venue's own, each a field of its definition.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Definition {
    /// `status`: OPEN, SUSPENDED, CLOSED, INACTIVE.
    pub status: Option<String>,
    /// `inPlay`.
    pub in_play: bool,
    /// `version`.
    pub version: Option<i64>,
    /// `betDelay`, seconds.
    pub bet_delay_s: i64,
    /// `priceLadderDefinition.type` with the line fields; CLASSIC where absent.
    pub ladder: Ladder,
    /// `bspReconciled`.
    pub bsp_reconciled: bool,
    /// `marketTime`, as the venue writes it.
    pub market_time: Option<String>,
    /// `eventTypeId`.
    pub event_type_id: Option<String>,
    /// `marketType`.
    pub market_type: Option<String>,
    /// `turnInPlayEnabled`.
    pub turn_in_play: bool,
    /// `persistenceEnabled`.
    pub persistence: bool,
    /// `numberOfWinners`.
    pub number_of_winners: Option<i64>,
    /// `marketBaseRate`: commission, percent.
    pub base_rate_percent: Option<f64>,
    /// `runners`, in the venue's order.
    pub runners: Vec<RunnerDefinition>,
}

impl Definition {
    pub(crate) fn is_closed(&self) -> bool {
        self.status.as_deref() == Some("CLOSED")
    }

    pub(crate) fn is_open(&self) -> bool {
        self.status.as_deref() == Some("OPEN")
    }

    /// Whether a runner is removed here, with a reduction factor, that was not in `before`.
    pub(crate) fn has_reduction_since(&self, before: &Self) -> bool {
        self.runners.iter().any(|runner| {
            let was_removed = |key| before.runners.iter().any(|r| r.key == key && r.is_removed());
            runner.is_removed()
                && runner.adjustment_factor.is_some_and(|factor| factor > 0.0)
                && !was_removed(runner.key)
        })
    }
}

/// One runner of a market definition.
#[derive(Debug, Clone, PartialEq)]
pub struct RunnerDefinition {
    /// Selection and handicap.
    pub key: RunnerKey,
    /// `status`: ACTIVE, REMOVED, WINNER, LOSER, PLACED, HIDDEN.
    pub status: Option<String>,
    /// `sortPriority`.
    pub sort_priority: Option<i64>,
    /// `adjustmentFactor`, percent.
    pub adjustment_factor: Option<f64>,
}

impl RunnerDefinition {
    fn is_removed(&self) -> bool {
        self.status.as_deref() == Some("REMOVED")
    }
}

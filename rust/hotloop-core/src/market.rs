//! One market: its runners' books in the order they became known, its definition, its marks.
//!
//! Nothing here checks input: that is done in `parse.rs`, so that applying cannot fail half-way.

use rustc_hash::FxHashMap;

use crate::book::{Best, Level, PriceLadder, ScreenLadder, SideRef};
use crate::config::BookSource;
use crate::ladder::{Centi, Ladder};
use crate::message::{Definition, Row, RowKind, RunnerChange, RunnerKey};

/// A side of the market, as a taker or as a rester: each method says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `"BACK"`
    Back,
    /// `"LAY"`
    Lay,
}

/// The kinds of book the venue sends, fullest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    Full,
    Best,
    Display,
}

/// What is available at one depth.
#[derive(Debug)]
struct Sides<L> {
    back: L,
    lay: L,
}

impl<L> Sides<L> {
    fn of(make: impl Fn(Best) -> L) -> Self {
        Self {
            back: make(Best::Highest),
            lay: make(Best::Lowest),
        }
    }

    fn side(&self, side: Side) -> &L {
        match side {
            Side::Back => &self.back,
            Side::Lay => &self.lay,
        }
    }
}

/// One runner: its ladders as the venue sent them, traded volumes, last traded price.
#[derive(Debug)]
pub struct RunnerBook {
    key: RunnerKey,
    full: Sides<PriceLadder>,
    best: Sides<ScreenLadder>,
    display: Sides<ScreenLadder>,
    traded: PriceLadder,
    /// Sum of `traded`, hundredths.
    traded_total: Centi,
    last_traded: Option<Centi>,
    pub(crate) last_traded_ms: Option<i64>,
    /// An `rc` entry has named it (a runner can be known from the definition alone).
    in_rc: bool,
    /// Number of the last message that touched it.
    pub(crate) message: u64,
    /// `traded_total` before that message changed it; none where that was the baseline.
    traded_before: Option<Centi>,
}

impl RunnerBook {
    fn new(key: RunnerKey) -> Self {
        Self {
            key,
            full: Sides::of(PriceLadder::new),
            best: Sides::of(ScreenLadder::new),
            display: Sides::of(ScreenLadder::new),
            traded: PriceLadder::new(Best::Highest),
            traded_total: 0,
            last_traded: None,
            last_traded_ms: None,
            in_rc: false,
            message: 0,
            traded_before: None,
        }
    }

    /// Selection and handicap.
    #[must_use]
    pub fn key(&self) -> RunnerKey {
        self.key
    }

    /// `ltp`, hundredths.
    #[must_use]
    pub fn last_traded(&self) -> Option<Centi> {
        self.last_traded
    }

    /// Publish time of the last message in which the traded volume rose.
    #[must_use]
    pub fn last_traded_ms(&self) -> Option<i64> {
        self.last_traded_ms
    }

    /// Traded volumes, ascending price.
    #[must_use]
    pub fn traded(&self) -> &[Level] {
        self.traded.worst_first()
    }

    /// What is available to a taker of `side`.
    pub(crate) fn available(&self, side: Side, depth: Depth) -> SideRef<'_> {
        match depth {
            Depth::Full => SideRef::Prices(self.full.side(side)),
            Depth::Best => SideRef::Screen(self.best.side(side)),
            Depth::Display => SideRef::Screen(self.display.side(side)),
        }
    }

    /// Notes that message `message` touches the runner; true for the first time.
    pub(crate) fn begin(&mut self, message: u64) -> bool {
        if self.message == message {
            return false;
        }
        self.message = message;
        self.traded_before = self.in_rc.then_some(self.traded_total);
        self.in_rc = true;
        true
    }

    /// Notes that message `message` touches the runner without naming it; true for the first time.
    pub(crate) fn touch(&mut self, message: u64) -> bool {
        std::mem::replace(&mut self.message, message) != message
    }

    /// Whether the traded volume rose in the message begun last.
    pub(crate) fn has_traded(&self) -> bool {
        self.traded_before
            .is_some_and(|before| self.traded_total > before)
    }

    fn apply_row(&mut self, row: Row) {
        let Row {
            kind,
            level,
            price,
            size,
        } = row;
        match kind {
            RowKind::FullBack => _ = self.full.back.set(price, size),
            RowKind::FullLay => _ = self.full.lay.set(price, size),
            RowKind::Traded => self.traded_total += size - self.traded.set(price, size),
            RowKind::TradedWiped => {
                self.traded.clear();
                self.traded_total = 0;
            }
            RowKind::BestBack => self.best.back.set(level, price, size),
            RowKind::BestLay => self.best.lay.set(level, price, size),
            RowKind::DisplayBack => self.display.back.set(level, price, size),
            RowKind::DisplayLay => self.display.lay.set(level, price, size),
        }
    }
}

/// One market of the stream.
#[derive(Debug)]
pub struct MarketBook {
    id: Box<str>,
    definition: Option<Box<Definition>>,
    definition_seq: u64,
    runners: Vec<RunnerBook>,
    /// Position of each runner in `runners`.
    places: FxHashMap<RunnerKey, usize>,
    /// Fullest kind of book the market has shown a row of.
    shown: Depth,
    pt_ms: Option<i64>,
    closed_pt_ms: Option<i64>,
    pub(crate) subscription: Option<i64>,
    pub(crate) stale: bool,
    /// During a message with an image: the runners from before it, with their last traded times.
    before_image: Option<Vec<(RunnerKey, Option<i64>)>>,
    /// During a message: an image took runners the message had touched, so that they no longer
    /// know they were.
    has_forgotten: bool,
}

impl MarketBook {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            definition: None,
            definition_seq: 0,
            runners: Vec::new(),
            places: FxHashMap::default(),
            shown: Depth::Display,
            pt_ms: None,
            closed_pt_ms: None,
            subscription: None,
            stale: false,
            before_image: None,
            has_forgotten: false,
        }
    }

    /// The venue's market id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The last definition applied.
    #[must_use]
    pub fn definition(&self) -> Option<&Definition> {
        self.definition.as_deref()
    }

    /// Rises by one with each definition applied; 0 before the first.
    #[must_use]
    pub fn definition_seq(&self) -> u64 {
        self.definition_seq
    }

    /// Publish time of the last message that changed the market.
    #[must_use]
    pub fn pt_ms(&self) -> Option<i64> {
        self.pt_ms
    }

    /// Publish time of the definition that closed it.
    pub(crate) fn closed_pt_ms(&self) -> Option<i64> {
        self.closed_pt_ms
    }

    /// Runners in the order they became known since the last image.
    #[must_use]
    pub fn runners(&self) -> &[RunnerBook] {
        &self.runners
    }

    pub(crate) fn runners_mut(&mut self) -> &mut [RunnerBook] {
        &mut self.runners
    }

    /// The runner's book, where the runner is known.
    #[must_use]
    pub fn runner(&self, key: RunnerKey) -> Option<&RunnerBook> {
        self.runners.get(*self.places.get(&key)?)
    }

    /// The market's ladder; CLASSIC before a definition says otherwise.
    #[must_use]
    pub fn ladder(&self) -> Ladder {
        self.definition
            .as_ref()
            .map_or(Ladder::Classic, |definition| definition.ladder)
    }

    /// Which arrays its books are read from.
    pub(crate) fn depth(&self, source: BookSource) -> Depth {
        match source {
            BookSource::Auto => self.shown,
            BookSource::Full => Depth::Full,
            BookSource::Best => Depth::Best,
            BookSource::Display => Depth::Display,
        }
    }

    /// Place of the runner in `runners`, made known if it was not.
    fn place(&mut self, key: RunnerKey) -> usize {
        *self.places.entry(key).or_insert_with(|| {
            self.runners.push(RunnerBook::new(key));
            self.runners.len() - 1
        })
    }

    pub(crate) fn published(&mut self, pt_ms: Option<i64>) {
        self.pt_ms = pt_ms.or(self.pt_ms);
    }

    /// An image in message `message`: all books are gone, the definition stays.
    pub(crate) fn image(&mut self, carries_definition: bool, message: u64) {
        self.stale = false;
        self.has_forgotten |= self.runners.iter().any(|runner| runner.message == message);
        // A second image in one message replaces what the first brought, not what stood before.
        let times = self
            .runners
            .iter()
            .map(|runner| (runner.key, runner.last_traded_ms));
        self.before_image.get_or_insert_with(|| times.collect());
        self.runners.clear();
        self.places.clear();
        if !carries_definition && let Some(definition) = self.definition.take() {
            self.know_runners(&definition);
            self.definition = Some(definition);
        }
    }

    pub(crate) fn define(&mut self, definition: Box<Definition>, pt_ms: Option<i64>) {
        self.definition_seq += 1;
        self.know_runners(&definition);
        if !definition.is_closed() {
            self.closed_pt_ms = None;
        } else if self.closed_pt_ms.is_none() {
            self.closed_pt_ms = pt_ms;
        }
        self.definition = Some(definition);
    }

    fn know_runners(&mut self, definition: &Definition) {
        for runner in &definition.runners {
            self.place(runner.key);
        }
    }

    /// Applies one `rc` entry of message `message`; the runner's place, and whether this is the
    /// first entry of the message that names it.
    pub(crate) fn apply(&mut self, change: &RunnerChange, rows: &[Row], message: u64) -> (usize, bool) {
        let place = self.place(change.key);
        let runner = &mut self.runners[place];
        let first = runner.begin(message);
        for row in rows {
            runner.apply_row(*row);
            match row.kind {
                RowKind::FullBack | RowKind::FullLay => self.shown = Depth::Full,
                RowKind::BestBack | RowKind::BestLay => self.shown = self.shown.min(Depth::Best),
                _ => {}
            }
        }
        runner.last_traded = change.last_traded.or(runner.last_traded);
        (place, first)
    }

    /// Whether the message being applied has had an image of this market.
    pub(crate) fn is_imaged(&self) -> bool {
        self.before_image.is_some()
    }

    /// Whether runners may have been touched by the message being applied without knowing it.
    pub(crate) fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// Ends a message with an image: runners still known keep their last traded time. Returns the
    /// runners from before it.
    pub(crate) fn end_image(&mut self) -> Vec<(RunnerKey, Option<i64>)> {
        self.has_forgotten = false;
        let before = self.before_image.take().unwrap_or_default();
        for (key, last_traded_ms) in &before {
            if let Some(place) = self.places.get(key) {
                self.runners[*place].last_traded_ms = *last_traded_ms;
            }
        }
        before
    }
}

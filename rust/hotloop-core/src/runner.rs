//! One runner: its ladders as the venue sent them, and what the message being applied changed in them.

use crate::book::{Best, Level, PriceLadder, ScreenLadder, SideRef};
use crate::ladder::Centi;
use crate::market::{Depth, Side};
use crate::message::{Row, RowKind, RunnerKey};
use crate::signals::RunnerSignals;
use crate::signals::matched::{Change, LevelChange};

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

    fn side_mut(&mut self, side: Side) -> &mut L {
        match side {
            Side::Back => &mut self.back,
            Side::Lay => &mut self.lay,
        }
    }
}

/// Which of a price's sizes a [`Was`] is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Traded,
    /// At the depth in force at that row: another may be at the end of the message.
    Back(Depth),
    Lay(Depth),
}

impl Of {
    fn side(side: Side, depth: Depth) -> Self {
        match side {
            Side::Back => Self::Back(depth),
            Side::Lay => Self::Lay(depth),
        }
    }
}

/// A size as a row of the message found it, and as it left it.
#[derive(Debug, Clone, Copy)]
struct Was {
    price: Centi,
    of: Of,
    /// Position in the log: of several rows for one price the first tells what was before, the last
    /// what is now.
    order: usize,
    before: Centi,
    /// Not told of a screen, where several positions make up the size at a price.
    after: Centi,
}

/// Sizes before the message, in the order of its rows.
#[derive(Debug, Default)]
struct Log {
    /// Nothing is noted of a message that is a baseline.
    is_open: bool,
    has_traded: bool,
    entries: Vec<Was>,
}

impl Log {
    fn begin(&mut self, is_open: bool) {
        self.is_open = is_open;
        self.has_traded = false;
        self.entries.clear();
    }

    #[inline]
    fn note(&mut self, price: Centi, of: Of, before: Centi, after: Centi) {
        if !self.is_open {
            return;
        }
        self.has_traded |= of == Of::Traded;
        let order = self.entries.len();
        self.entries.push(Was {
            price,
            of,
            order,
            before,
            after,
        });
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
    last_traded: Option<Centi>,
    /// Later messages are compared with what is held: a message named it, or an image left it so.
    pub(crate) has_baseline: bool,
    /// Number of the last message that touched it.
    pub(crate) message: u64,
    log: Log,
    pub(crate) signals: RunnerSignals,
}

impl RunnerBook {
    pub(crate) fn new(key: RunnerKey) -> Self {
        Self {
            key,
            full: Sides::of(PriceLadder::new),
            best: Sides::of(ScreenLadder::new),
            display: Sides::of(ScreenLadder::new),
            traded: PriceLadder::new(Best::Highest),
            last_traded: None,
            has_baseline: false,
            message: 0,
            log: Log::default(),
            signals: RunnerSignals::default(),
        }
    }

    /// The empty book of another runner (or the same anew), with this one's memory.
    pub(crate) fn renewed(mut self, key: RunnerKey) -> Self {
        for ladder in [&mut self.full.back, &mut self.full.lay, &mut self.traded] {
            ladder.clear();
        }
        for screen in [&mut self.best, &mut self.display] {
            screen.back.clear();
            screen.lay.clear();
        }
        self.log.begin(false);
        Self {
            key,
            last_traded: None,
            has_baseline: false,
            message: 0,
            signals: RunnerSignals::default(),
            ..self
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

    /// Publish time of the last message with a trade.
    #[must_use]
    pub fn last_traded_ms(&self) -> Option<i64> {
        self.signals.last_traded_ms
    }

    /// Traded volumes, ascending price.
    #[must_use]
    pub fn traded(&self) -> &[Level] {
        self.traded.ascending()
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
        self.log.begin(self.has_baseline);
        true
    }

    /// Notes that message `message` touches the runner without naming it; true for the first time.
    pub(crate) fn touch(&mut self, message: u64) -> bool {
        std::mem::replace(&mut self.message, message) != message
    }

    pub(crate) fn set_last_traded(&mut self, price: Centi) {
        self.last_traded = Some(price);
    }

    /// Applies a row; `in_force` is the depth the market's books are read from.
    pub(crate) fn apply_row(&mut self, row: Row, in_force: Depth) {
        match row.kind {
            RowKind::FullBack => self.set_price(Side::Back, row, in_force),
            RowKind::FullLay => self.set_price(Side::Lay, row, in_force),
            RowKind::BestBack => self.set_screen(Side::Back, Depth::Best, row, in_force),
            RowKind::BestLay => self.set_screen(Side::Lay, Depth::Best, row, in_force),
            RowKind::DisplayBack => self.set_screen(Side::Back, Depth::Display, row, in_force),
            RowKind::DisplayLay => self.set_screen(Side::Lay, Depth::Display, row, in_force),
            RowKind::Traded => {
                let before = self.traded.set(row.price, row.size);
                self.log.note(row.price, Of::Traded, before, row.size);
            }
            RowKind::TradedWiped => {
                for level in self.traded.ascending() {
                    self.log.note(level.price, Of::Traded, level.size, 0);
                }
                self.traded.clear();
            }
        }
    }

    fn set_price(&mut self, side: Side, row: Row, in_force: Depth) {
        let before = self.full.side_mut(side).set(row.price, row.size);
        if in_force == Depth::Full {
            self.log
                .note(row.price, Of::side(side, in_force), before, row.size);
        }
    }

    fn set_screen(&mut self, side: Side, depth: Depth, row: Row, in_force: Depth) {
        let ladder = match depth {
            Depth::Display => self.display.side_mut(side),
            Depth::Full | Depth::Best => self.best.side_mut(side),
        };
        if in_force == depth {
            // The row takes its position from one price and gives it to another.
            for price in [ladder.price_at(row.level), Some(row.price)]
                .into_iter()
                .flatten()
            {
                self.log
                    .note(price, Of::side(side, depth), ladder.size_at(price), 0);
            }
        }
        ladder.set(row.level, row.price, row.size);
    }

    /// Whether the message begun last changed a traded volume that has a baseline.
    pub(crate) fn has_traded_changes(&self) -> bool {
        self.log.has_traded
    }

    /// Whether the message begun last changed a size at this price that has a baseline.
    pub(crate) fn has_changed(&self, price: Centi) -> bool {
        self.log.entries.iter().any(|was| was.price == price)
    }

    /// Puts into `changes` the prices whose traded volume the message changed, ascending, with their
    /// sizes before and now. A size that was not changed is left at 0: it tells nothing.
    pub(crate) fn traded_changes(&mut self, depth: Depth, changes: &mut Vec<LevelChange>) {
        changes.clear();
        self.log
            .entries
            .sort_unstable_by_key(|was| (was.price, was.of, was.order));
        // Sorted, a price's traded volume comes first.
        let by_price = self.log.entries.chunk_by(|a, b| a.price == b.price);
        let traded = by_price.filter(|noted| noted[0].of == Of::Traded);
        changes.extend(traded.map(|noted| LevelChange {
            price: noted[0].price,
            traded: self.change(noted, Of::Traded, depth),
            back: self.change(noted, Of::side(Side::Back, depth), depth),
            lay: self.change(noted, Of::side(Side::Lay, depth), depth),
        }));
    }

    /// What the message did to one size at one price, which `noted` is all of.
    fn change(&self, noted: &[Was], of: Of, depth: Depth) -> Change {
        let mut rows = noted.iter().filter(|was| was.of == of);
        let Some(first) = rows.next() else {
            return Change::default();
        };
        let after = match of {
            Of::Back(Depth::Full) | Of::Lay(Depth::Full) | Of::Traded => {
                rows.next_back().unwrap_or(first).after
            }
            Of::Back(_) => self.available(Side::Back, depth).size_at(first.price),
            Of::Lay(_) => self.available(Side::Lay, depth).size_at(first.price),
        };
        Change {
            before: first.before,
            after,
        }
    }
}

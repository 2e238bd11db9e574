//! One market: its runners' books in the order they became known, its definition, its marks.
//!
//! Nothing here checks input: that is done in `parse.rs`, so that applying cannot fail half-way.

use rustc_hash::FxHashMap;

use crate::config::{BookSource, Config};
use crate::ladder::Ladder;
use crate::message::{Definition, Row, RowKind, RunnerChange, RunnerKey};
use crate::runner::RunnerBook;
use crate::signals::RunnerSignals;
use crate::signals::log_logistic::RunnerNow;
use crate::signals::matched::{LevelChange, RunnerTrade, Trade, float, trades};
use crate::signals::queue::{Moment, Place, Position, View};
use crate::signals::rate::age_ms;
use crate::signals::trials::MarketTrials;

/// A side of the market, as a taker or as a rester: each method says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `"BACK"`
    Back,
    /// `"LAY"`
    Lay,
}

impl Side {
    /// A resting BACK stands in what is available to lay, and the other way round.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Back => Self::Lay,
            Self::Lay => Self::Back,
        }
    }
}

/// The kinds of book the venue sends, fullest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    Full,
    Best,
    Display,
}

/// One market of the stream.
#[derive(Debug)]
pub struct MarketBook {
    id: Box<str>,
    definition: Option<Box<Definition>>,
    definition_seq: u64,
    runners: Vec<RunnerBook>,
    /// Books that an image has emptied, to be used again with the memory they have.
    spare: Vec<RunnerBook>,
    /// Position of each runner in `runners`.
    places: FxHashMap<RunnerKey, usize>,
    /// Fullest kind of book the market has shown a row of.
    shown: Depth,
    pt_ms: Option<i64>,
    ts_ms: Option<i64>,
    closed_pt_ms: Option<i64>,
    /// Publish time of the last removal of a runner with a reduction factor.
    reduction_ms: Option<i64>,
    pub(crate) subscription: Option<i64>,
    pub(crate) stale: bool,
    /// Number of the last message with an entry of it.
    pub(crate) message: u64,
    /// What that message matched, each runner's prices ascending.
    trades: Vec<RunnerTrade>,
    /// Numbers of the last messages with an image and with an in-play turn.
    image_message: u64,
    turn_message: u64,
    /// The ladder that ticks of the runners' signals are of.
    signal_ladder: Ladder,
    /// During a message with an image: the runners from before it, with what outlives it.
    before_image: Option<Vec<(RunnerKey, RunnerSignals)>>,
    /// During a message: an image took runners the message had touched, so that they no longer
    /// know they were.
    has_forgotten: bool,
    trials: MarketTrials,
    /// Orders tracked here.
    pub(crate) positions: Vec<Position>,
}

impl MarketBook {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            definition: None,
            definition_seq: 0,
            runners: Vec::new(),
            spare: Vec::new(),
            places: FxHashMap::default(),
            shown: Depth::Display,
            pt_ms: None,
            ts_ms: None,
            closed_pt_ms: None,
            reduction_ms: None,
            subscription: None,
            stale: false,
            message: 0,
            trades: Vec::new(),
            image_message: 0,
            turn_message: 0,
            signal_ladder: Ladder::Classic,
            before_image: None,
            has_forgotten: false,
            trials: MarketTrials::default(),
            positions: Vec::new(),
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

    /// Receipt time of the last message that changed the market.
    #[must_use]
    pub fn ts_ms(&self) -> Option<i64> {
        self.ts_ms
    }

    /// Publish time of the definition that closed it.
    pub(crate) fn closed_pt_ms(&self) -> Option<i64> {
        self.closed_pt_ms
    }

    /// Whether a runner was removed with a reduction factor within `window_s` before `now_ms`.
    pub(crate) fn has_reduction_within(&self, now_ms: i64, window_s: f64) -> bool {
        self.reduction_ms
            .is_some_and(|at_ms| float(age_ms(now_ms, at_ms)) <= window_s * 1_000.0)
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
        self.runners.get(self.place_of(key)?)
    }

    pub(crate) fn place_of(&self, key: RunnerKey) -> Option<usize> {
        self.places.get(&key).copied()
    }

    /// The market's ladder; CLASSIC before a definition says otherwise.
    #[must_use]
    pub fn ladder(&self) -> Ladder {
        self.definition
            .as_ref()
            .map_or(Ladder::Classic, |definition| definition.ladder)
    }

    /// Whether orders can be matched: a definition that is held says OPEN.
    pub(crate) fn is_open(&self) -> bool {
        self.definition
            .as_ref()
            .is_none_or(|definition| definition.is_open())
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

    /// The visible book where an order rests.
    pub(crate) fn view(&self, place: &Place, source: BookSource) -> View {
        let depth = self.depth(source);
        let size = match self.runner(place.runner) {
            Some(runner) => runner
                .available(place.side.opposite(), depth)
                .in_view(place.price),
            None => (depth == Depth::Full).then_some(0),
        };
        View { depth, size }
    }

    /// What the message of this number means to the positions held here.
    pub(crate) fn moment(&self, message: u64) -> Moment {
        if !self.is_open() {
            Moment::Frozen
        } else if self.is_upset(message) {
            Moment::Unknown
        } else {
            Moment::Seen
        }
    }

    /// What the last message with an entry of the market matched of the runner, prices ascending.
    pub(crate) fn trades_of(&self, runner: RunnerKey) -> impl Iterator<Item = &Trade> {
        let of_runner = self.trades.iter().filter(move |of| of.runner == runner);
        of_runner.map(|of| &of.trade)
    }

    /// Whether a message had an image of the market or turned it in-play.
    pub(crate) fn is_upset(&self, message: u64) -> bool {
        self.image_message == message || self.turn_message == message
    }

    /// Place of the runner in `runners`, made known if it was not.
    fn place(&mut self, key: RunnerKey) -> usize {
        *self.places.entry(key).or_insert_with(|| {
            // Its own, where it had one: that has the room it needs.
            let own = self.spare.iter().position(|spare| spare.key() == key);
            let spare = own
                .map(|at| self.spare.swap_remove(at))
                .or_else(|| self.spare.pop());
            self.runners
                .push(spare.map_or_else(|| RunnerBook::new(key), |spare| spare.renewed(key)));
            self.runners.len() - 1
        })
    }

    /// Begins an entry of message `message`, which without `pt` (a snapshot) leaves the market's.
    pub(crate) fn begin(&mut self, message: u64, pt_ms: Option<i64>, ts_ms: i64) {
        self.message = message;
        self.trades.clear();
        self.pt_ms = pt_ms.or(self.pt_ms);
        self.ts_ms = Some(ts_ms);
    }

    /// An image in message `message`: all books are gone, the definition stays.
    pub(crate) fn image(&mut self, carries_definition: bool, message: u64) {
        self.stale = false;
        self.image_message = message;
        self.has_forgotten |= self.runners.iter().any(|runner| runner.message == message);
        // A second image in one message replaces what the first brought, not what stood before.
        let before = self.runners.drain(..).map(|mut runner| {
            let signals = std::mem::take(&mut runner.signals);
            let key = runner.key();
            self.spare.push(runner);
            (key, signals)
        });
        match &self.before_image {
            None => self.before_image = Some(before.collect()),
            Some(_) => before.for_each(drop),
        }
        self.places.clear();
        if !carries_definition && let Some(definition) = self.definition.take() {
            self.know_runners(&definition);
            self.definition = Some(definition);
        }
    }

    /// Whether a definition is to be taken: a lower version than the one held is not.
    pub(crate) fn is_older(&self, definition: &Definition) -> bool {
        let held = self.definition.as_ref().and_then(|held| held.version);
        matches!((definition.version, held), (Some(given), Some(held)) if given < held)
    }

    pub(crate) fn define(&mut self, definition: Box<Definition>, pt_ms: Option<i64>, message: u64) {
        self.definition_seq += 1;
        self.know_runners(&definition);
        if !definition.is_closed() {
            self.closed_pt_ms = None;
        } else if self.closed_pt_ms.is_none() {
            self.closed_pt_ms = pt_ms;
        }
        if let Some(held) = &self.definition {
            if definition.in_play && !held.in_play {
                self.turn_message = message;
            }
            if definition.has_reduction_since(held) {
                self.reduction_ms = self.reduction_ms.max(self.pt_ms);
            }
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
    pub(crate) fn apply(
        &mut self,
        change: &RunnerChange,
        rows: &[Row],
        message: u64,
        source: BookSource,
    ) -> (usize, bool) {
        let place = self.place(change.key);
        let first = self.runners[place].begin(message);
        for row in rows {
            match row.kind {
                RowKind::FullBack | RowKind::FullLay => self.shown = Depth::Full,
                RowKind::BestBack | RowKind::BestLay => self.shown = self.shown.min(Depth::Best),
                _ => {}
            }
            let in_force = self.depth(source);
            self.runners[place].apply_row(*row, in_force);
        }
        if let Some(price) = change.last_traded {
            self.runners[place].set_last_traded(price);
        }
        (place, first)
    }

    /// Whether message `message` has an image of this market.
    pub(crate) fn is_imaged(&self, message: u64) -> bool {
        self.image_message == message
    }

    /// Whether runners may have been touched by the message being applied without knowing it.
    pub(crate) fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// Ends a message with an image: runners still known keep their signals, and all have a
    /// baseline. Returns the runners from before it.
    pub(crate) fn end_image(&mut self) -> Vec<RunnerKey> {
        self.has_forgotten = false;
        let Some(before) = self.before_image.take() else {
            return Vec::new();
        };
        let keys = before.iter().map(|(key, _)| *key).collect();
        for (key, signals) in before {
            if let Some(place) = self.place_of(key) {
                self.runners[place].signals = signals;
            }
        }
        for runner in &mut self.runners {
            runner.has_baseline = true;
        }
        keys
    }

    /// Starts anew what message `message` ends: observation where it turned the market in-play,
    /// what runners remember in ticks where the ladder has changed. Trials of before are void after an upset
    /// and where the market is not open.
    pub(crate) fn end_definition(&mut self, message: u64) {
        if self.turn_message == message && self.pt_ms.is_some() {
            for runner in &mut self.runners {
                let since_ms = &mut runner.signals.observed_since_ms;
                *since_ms = since_ms.and(self.pt_ms);
            }
        }
        if self.is_upset(message) || !self.is_open() {
            self.trials.void();
        }
        let ladder = self.ladder();
        if ladder != self.signal_ladder {
            self.signal_ladder = ladder;
            for runner in &mut self.runners {
                runner.signals.forget_ticks();
            }
        }
    }

    /// Finds what the message matched of the runner at `place`; `levels` is a buffer.
    pub(crate) fn trade(&mut self, place: usize, at_ms: i64, levels: &mut Vec<LevelChange>, config: &Config) {
        let depth = self.depth(config.book_source);
        let book = &mut self.runners[place];
        if !book.has_traded_changes() {
            return;
        }
        book.traded_changes(depth, levels);
        let runner = book.key();
        for trade in trades(levels, config) {
            self.trades.push(RunnerTrade { runner, trade });
            book.signals.add_trade(&trade, at_ms, config);
        }
    }

    /// Observes the book of the runner at `place` as the message left it.
    pub(crate) fn observe(&mut self, place: usize, at_ms: i64, config: &Config) {
        let depth = self.depth(config.book_source);
        let ladder = self.ladder();
        let runner = &mut self.runners[place];
        let window_ms = config.big_move_window_ms;
        if let Some(price) = runner.last_traded()
            && let Some(tick) = ladder.tick_of(price)
        {
            let signals = &mut runner.signals;
            signals.moves.last_traded.observe(2 * tick, at_ms, window_ms);
            signals
                .travel
                .observe(price, ladder, at_ms, config.trade_size_window_s);
        }
        let best = |side| runner.available(side, depth).best();
        let (Some(back), Some(lay)) = (best(Side::Back), best(Side::Lay)) else {
            return;
        };
        let (Some(back_tick), Some(lay_tick)) = (ladder.tick_of(back.price), ladder.tick_of(lay.price))
        else {
            return;
        };
        let microprice = (float(back_tick) * float(lay.size) + float(lay_tick) * float(back.size))
            / float(back.size + lay.size);
        let signals = &mut runner.signals;
        signals.moves.mid.observe(back_tick + lay_tick, at_ms, window_ms);
        signals.trend.observe(microprice, at_ms, config);
    }
    /// Brings the trials of the runner at `place` past the message.
    pub(crate) fn follow_trials(&mut self, place: usize, at_ms: i64, config: &Config) {
        let is_open = self.is_open();
        let (ladder, depth) = (self.ladder(), self.depth(config.book_source));
        let trials = std::mem::take(&mut self.runners[place].signals.trials);
        let now = RunnerNow {
            runner: &self.runners[place],
            ladder,
            depth,
            now_ms: at_ms,
            config,
        };
        let [backs, lays] = trials;
        let backs = self.trials.follow(backs, Side::Back, now, &self.trades, is_open);
        let lays = self.trials.follow(lays, Side::Lay, now, &self.trades, is_open);
        self.runners[place].signals.trials = [backs, lays];
    }

    /// What corrects the log odds of a fill here.
    pub(crate) fn trial_log_odds(&self, now_ms: i64, config: &Config) -> f64 {
        self.trials.log_odds(now_ms, config)
    }
}

//! The core itself: one message in, books changed, the touched runners out.
//!
//! Entry points: [`HotloopCore::apply`] (one line), [`HotloopCore::apply_lines`] (many),
//! [`HotloopCore::apply_snapshot`] (one market whole). What is read back is in `read.rs`.
//! Invariants:
//!
//! 1. A message is decoded, validated and checked against the limits before anything changes.
//! 2. Time is the `pt` of the messages; nothing reads a clock.
//! 3. Bounded: markets, segments and the time closed markets stay are limited by the config.
//! 4. Once warm, a message that brings no new market, runner or price level allocates nothing.

use crate::config::Config;
use crate::error::Error;
use crate::message::{ChangeType, Clock, Message, RunnerKey, Segment};
use crate::parse::{decode, decode_snapshot};
use crate::probe::carried;
use crate::segments::Segments;
use crate::signals::matched::LevelChange;
use crate::signals::update::Named;
use crate::stats::Stats;
use crate::store::{MarketRef, Store};

/// A runner a message touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// Its market.
    pub market: MarketRef,
    /// Selection and handicap.
    pub runner: RunnerKey,
    /// Where it stood in its market, dense from 0: a hint for callers that keep something by runner. Images and
    /// definitions may have given the place to another.
    pub place: usize,
}

impl Touched {
    fn is_of(&self, market: MarketRef, runner: RunnerKey) -> bool {
        (self.market, self.runner) == (market, runner)
    }
}

/// The first line of a batch that was refused; the lines before it stay applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct BatchError {
    /// Index in the batch, from 0.
    pub line: usize,
    /// Why.
    pub error: Error,
}

/// Books and signals of every market of a stream. One writer at a time.
#[derive(Debug, Default)]
pub struct HotloopCore {
    pub(crate) config: Config,
    pub(crate) store: Store,
    /// The venue said 503: nothing held can be trusted until a message without it.
    pub(crate) unreliable: bool,
    pub(crate) last_pt_ms: Option<i64>,
    pub(crate) last_ts_ms: Option<i64>,
    pub(crate) stats: Stats,
    pub(crate) clock: Clock,
    pub(crate) initial_clock: Clock,
    /// Changes were lost and the stream was not subscribed again since: the clocks stay.
    clocks_held: bool,
    /// Whether the last refusal may have lost changes.
    lost_changes: bool,
    /// The message being applied.
    pub(crate) message: Message,
    segments: Segments,
    /// Highest `id` of a `SUB_IMAGE`; lower ones are of an old subscription.
    image_id_max: Option<i64>,
    /// Number of the message being applied, from 1.
    pub(crate) number: u64,
    touched: Vec<Touched>,
    /// The runners named in `rc` entries of the message being applied.
    pub(crate) named: Vec<Named>,
    /// What it changed of the runner looked at.
    pub(crate) levels: Vec<LevelChange>,
}

/// What is to be done with a line that was read.
enum Next {
    Nothing,
    Apply,
}

impl HotloopCore {
    /// A core that holds nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Takes a whole new configuration; it holds from the next message and the next read on.
    pub fn set_config(&mut self, config: Config) {
        self.config = config;
    }

    /// Applies one stream line received at `ts_ms`; the runners it touched, valid until the next
    /// call.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::Invalid`], [`Error::Limit`]: nothing has changed then but
    /// the count of errors, the segments collected so far (gone) and the stale marks: of every
    /// market the line and those segments carry, of all where that cannot be told.
    pub fn apply(&mut self, line: &[u8], ts_ms: i64) -> Result<&[Touched], Error> {
        self.touched.clear();
        match decode(line, &mut self.message).and_then(|()| self.take(line.len(), ts_ms)) {
            Ok(()) => {
                self.taken(ts_ms);
                Ok(&self.touched)
            }
            Err(error) => Err(self.refuse(error, carried(line))),
        }
    }

    /// The runners the last message applied touched, in the order of docs/signals.md.
    #[must_use]
    pub fn touched(&self) -> &[Touched] {
        &self.touched
    }

    /// Applies a message that was not a line but decoded values, written as JSON: as
    /// [`Self::apply`], but byte positions mean nothing there.
    ///
    /// # Errors
    /// As [`Self::apply`], without offsets.
    pub fn apply_mapping(&mut self, json: &[u8], ts_ms: i64) -> Result<&[Touched], Error> {
        match self.apply(json, ts_ms) {
            Ok(_) => Ok(&self.touched),
            Err(error) => Err(error.without_offset()),
        }
    }

    /// Applies lines in order; the number of runner changes.
    ///
    /// # Errors
    /// [`BatchError`] for the first line [`Self::apply`] refuses; later lines are not looked at.
    pub fn apply_lines<'a>(
        &mut self,
        lines: impl IntoIterator<Item = &'a [u8]>,
        ts_ms: i64,
    ) -> Result<u64, BatchError> {
        let before = self.stats.runner_changes;
        for (line, text) in lines.into_iter().enumerate() {
            self.apply(text, ts_ms)
                .map_err(|error| BatchError { line, error })?;
        }
        Ok(self.stats.runner_changes - before)
    }

    /// Replaces one market by `snapshot`, JSON of the shape of an `mc` entry, as an image does.
    /// The market keeps its `pt`.
    ///
    /// # Errors
    /// As [`Self::apply`]; paths are relative to the snapshot, which carries `market_id` whatever
    /// is wrong with it.
    pub fn apply_snapshot(
        &mut self,
        market_id: &str,
        snapshot: &[u8],
        ts_ms: i64,
    ) -> Result<&[Touched], Error> {
        self.touched.clear();
        let decoded = decode_snapshot(market_id, snapshot, &mut self.message);
        match decoded.and_then(|()| self.apply_message(ts_ms)) {
            Ok(()) => {
                self.taken(ts_ms);
                Ok(&self.touched)
            }
            Err(error) => Err(self.refuse(error, Some(vec![market_id.to_owned()]))),
        }
    }

    /// A line that could not even be handed to the core: counts the error and marks every market,
    /// as [`Self::apply`] does for a line it cannot read. Returns the error.
    pub fn lost(&mut self, error: Error) -> Error {
        self.refuse(error, None)
    }

    /// Whether the last refused line, mapping or snapshot may have lost changes.
    #[must_use]
    pub fn has_lost_changes(&self) -> bool {
        self.lost_changes
    }

    /// The counts, where a multiple of `emit.counters_every` was reached since there were
    /// `messages_before` messages.
    #[must_use]
    pub fn counters_due(&self, messages_before: u64) -> Option<Stats> {
        let every = self.config.counters_every;
        let is_due = every > 0 && self.stats.messages / every != messages_before / every;
        is_due.then_some(self.stats)
    }

    fn taken(&mut self, ts_ms: i64) {
        self.stats.messages += 1;
        self.last_ts_ms = Some(ts_ms);
    }

    /// Counts the error and marks the markets that lost changes: those the message `carried` (all,
    /// where they cannot be told) and those of the segments that are thrown away with it.
    fn refuse(&mut self, error: Error, carried: Option<Vec<String>>) -> Error {
        self.stats.errors += 1;
        let parts = [&self.message, self.segments.parts()];
        self.lost_changes = carried.as_ref().is_none_or(|ids| !ids.is_empty())
            || parts.iter().any(|part| !part.markets.is_empty());
        self.clocks_held |= self.lost_changes;
        match carried {
            None => self.store.mark_all_stale(),
            Some(ids) => {
                for id in &ids {
                    self.store.mark_stale(id);
                }
                // With its last segment a message is whole: the others are then no longer in the
                // buffer. `message` is empty where it was not decoded.
                for part in parts {
                    for change in &part.markets {
                        self.store.mark_stale(part.name(change));
                    }
                }
            }
        }
        self.segments.clear();
        error
    }

    /// Sorts out what kind of message was read; applies it if it is one to apply.
    fn take(&mut self, line_bytes: usize, ts_ms: i64) -> Result<(), Error> {
        let header = self.message.header;
        let is_old = match (header.subscription, self.image_id_max) {
            (Some(id), Some(max)) => id < max,
            _ => false,
        };
        if !header.is_market_change || is_old {
            self.stats.ignored += 1;
            return Ok(());
        }
        if header.change_type == ChangeType::Heartbeat {
            self.stats.heartbeats += 1;
            self.follow_clocks();
        } else if let Next::Apply = self.collect(line_bytes)? {
            self.apply_message(ts_ms)?;
            self.follow_clocks();
        }
        self.unreliable = header.unreliable;
        Ok(())
    }

    /// Puts a segment to the others of its message; with the last one the message is whole.
    fn collect(&mut self, line_bytes: usize) -> Result<Next, Error> {
        if self.message.header.segment == Segment::Whole {
            return Ok(Next::Apply);
        }
        let max = self.config.max_segment_bytes;
        let is_whole = self.segments.add(&mut self.message, line_bytes, max)?;
        Ok(if is_whole { Next::Apply } else { Next::Nothing })
    }

    /// Takes the clocks of the message just dealt with, unless resuming there would skip a loss.
    fn follow_clocks(&mut self) {
        let resumes = matches!(
            self.message.header.change_type,
            ChangeType::SubImage | ChangeType::ResubDelta
        );
        self.clocks_held &= !resumes;
        if !self.clocks_held {
            self.clock.follow(&mut self.message.clock);
            self.initial_clock.follow(&mut self.message.initial_clock);
        }
    }

    /// Applies the message read last. Fails only before the first change.
    fn apply_message(&mut self, ts_ms: i64) -> Result<(), Error> {
        let dropped = self.store.plan(&self.message, &self.config)?;
        self.store.drop_slots(&dropped);
        self.number += 1;
        self.named.clear();
        for i in 0..self.message.markets.len() {
            self.apply_market(i, ts_ms);
        }
        self.touch_others();
        self.update_signals();
        let header = self.message.header;
        if header.change_type == ChangeType::SubImage {
            self.image_id_max = header.subscription.max(self.image_id_max);
        }
        self.last_pt_ms = header.pt_ms.or(self.last_pt_ms);
        Ok(())
    }

    /// Applies one `mc` entry: image, then definition, then `rc` entries in their order.
    fn apply_market(&mut self, i: usize, ts_ms: i64) {
        let header = self.message.header;
        let definition = self.message.markets[i].definition.take();
        let slot = self.store.hold(&self.message, &self.message.markets[i]);
        let reference = self.store.reference(slot);
        let market = self.store.book_mut(slot);
        market.begin(self.number, header.pt_ms, ts_ms);
        market.subscription = header.subscription.or(market.subscription);
        let change = &mut self.message.markets[i];
        if change.image {
            market.image(change.is_defined, self.number);
        }
        if let Some(definition) = definition {
            if !change.image && market.is_older(&definition) {
                change.is_defined = false;
                self.stats.definitions_ignored += 1;
            } else {
                market.define(definition, header.pt_ms, self.number);
            }
        }
        let change = &self.message.markets[i];
        for entry in &self.message.runners[change.runners.clone()] {
            let rows = &self.message.rows[entry.rows.clone()];
            let (place, first) = market.apply(entry, rows, self.number, self.config.book_source);
            let is_touched = || self.touched.iter().any(|t| t.is_of(reference, entry.key));
            if first && !(market.has_forgotten() && is_touched()) {
                self.touched.push(Touched {
                    market: reference,
                    runner: entry.key,
                    place,
                });
                self.named.push(Named {
                    slot,
                    place,
                    key: entry.key,
                });
            }
        }
        self.stats.market_changes += 1;
        self.stats.runner_changes += change.runners.len() as u64;
        self.stats.images += u64::from(change.image);
        if change.is_defined {
            self.store.note_closed();
        }
    }

    /// The other runners of each market with an image or a definition, in known order, and those
    /// an image removed.
    fn touch_others(&mut self) {
        for change in &self.message.markets {
            if !change.image && !change.is_defined {
                continue;
            }
            let Some(slot) = self.store.find_named(&self.message, change) else {
                continue;
            };
            let market = self.store.reference(slot);
            let book = self.store.book_mut(slot);
            let forgotten = book.has_forgotten();
            let before = book.end_image();
            book.end_definition(self.number);
            let mut push = |runner, place| {
                if !(forgotten && self.touched.iter().any(|t| t.is_of(market, runner))) {
                    self.touched.push(Touched {
                        market,
                        runner,
                        place,
                    });
                }
            };
            for (place, runner) in book.runners_mut().iter_mut().enumerate() {
                if runner.touch(self.number) {
                    push(runner.key(), place);
                }
            }
            for (place, key) in before.into_iter().enumerate() {
                if book.runner(key).is_none() {
                    push(key, place);
                }
            }
        }
    }
}

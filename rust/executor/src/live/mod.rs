//! The order machine with its journal: what the venue and the trader say goes in, what is to be done comes out, and
//! nothing comes out before the journal has what it follows from.
//!
//! Entry points: [`Live::open`], [`Live::step`], [`Live::take_done`].

mod clock;
mod journal;

use std::collections::VecDeque;
use std::sync::Arc;

use orders::{Effect, Event, Machine, Record};
use tokio::sync::Notify;
use wire::Report;

use crate::config::JournalConfig;
use clock::SteadyClock;
pub use journal::{Journal, JournalError, Opened};

/// The machine and everything that is to come of it.
#[derive(Debug)]
pub struct Live {
    machine: Machine,
    journal: Journal,
    clock: SteadyClock,
    /// By how much the wall was set back when that was last said.
    stepped_ms: i64,
    /// Effects, each with how much of the journal has to be safe before it is done.
    waiting: VecDeque<(u64, Effect)>,
    broken: Option<JournalError>,
    /// How often the wall was set, forward or back.
    pub clock_steps: u64,
    /// Times the journal was shortened.
    pub shortened: u64,
}

impl Live {
    /// What the journal of a folder knows, at this time of the wall.
    ///
    /// # Errors
    /// [`JournalError`]: then nothing may be sent.
    pub fn open(journal: &JournalConfig, config: orders::Config, wall_ms: i64) -> Result<Self, JournalError> {
        let Opened {
            journal,
            records,
            torn_bytes,
        } = Journal::open(journal)?;
        if torn_bytes > 0 {
            tracing::warn!(torn_bytes, "the journal's last append was not finished: dropped");
        }
        let (machine, effects) = Machine::recover(config, wall_ms, &records);
        tracing::info!(
            records = records.len(),
            bytes = journal.length(),
            open_orders = machine.book().orders.len(),
            unacked_reports = machine.book().unacked.len(),
            "journal read"
        );
        if machine.now_ms() - wall_ms >= clock::STEP_MS {
            tracing::warn!(
                ahead_ms = machine.now_ms() - wall_ms,
                "the journal is ahead of the wall clock: that was set back, or the journal is another machine's"
            );
        }
        let mut live = Self {
            clock: SteadyClock::starting(machine.now_ms()),
            machine,
            journal,
            stepped_ms: 0,
            waiting: VecDeque::new(),
            broken: None,
            clock_steps: 0,
            shortened: 0,
        };
        live.take(effects);
        match live.broken.take() {
            None => Ok(live),
            Some(error) => Err(error),
        }
    }

    /// What is known.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Rung when more may be done than before.
    #[must_use]
    pub fn synced(&self) -> Arc<Notify> {
        self.journal.synced()
    }

    /// Why nothing goes on: the journal cannot be written.
    #[must_use]
    pub fn broken(&self) -> Option<&JournalError> {
        self.broken.as_ref()
    }

    /// Reports that a process before this one made and nobody has acknowledged, oldest first.
    #[must_use]
    pub fn left_over(&self) -> Vec<Report> {
        let made = self.waiting.iter().find_map(|(_, effect)| match effect {
            Effect::Report(report) => Some(report.seq),
            _ => None,
        });
        let book = self.machine.book();
        let is_old = |report: &&Report| made.is_none_or(|made| report.seq < made);
        book.unacked.iter().filter(is_old).cloned().collect()
    }

    /// Milliseconds from now until the machine has to be told the time, if it has to.
    pub fn wake_in_ms(&mut self, wall_ms: i64) -> Option<i64> {
        let (now_ms, _) = self.clock.read(wall_ms);
        self.machine.wake_ms().map(|due_ms| (due_ms - now_ms).max(0))
    }

    /// Tells the machine the time, and then of something. With a broken journal nothing is told any more.
    pub fn step(&mut self, wall_ms: i64, event: Option<Event>) {
        if self.broken.is_some() {
            return;
        }
        let (now_ms, step_ms) = self.clock.read(wall_ms);
        self.note_step(step_ms);
        let mut effects = Vec::new();
        if now_ms > self.machine.now_ms() {
            effects = self.machine.step(Event::Time(now_ms));
        }
        if let Some(event) = event {
            effects.extend(self.machine.step(event));
        }
        self.take(effects);
        if self.journal.is_long() && self.broken.is_none() {
            self.shorten();
        }
    }

    /// What may be done now, in its order.
    pub fn take_done(&mut self) -> Vec<Effect> {
        let safe = match self.journal.safe() {
            Ok(safe) => safe,
            Err(error) => {
                self.broken.get_or_insert(error);
                return Vec::new();
            }
        };
        let count = self
            .waiting
            .iter()
            .take_while(|(needs, _)| *needs <= safe)
            .count();
        self.waiting.drain(..count).map(|(_, effect)| effect).collect()
    }

    fn take(&mut self, effects: Vec<Effect>) {
        if let Err(error) = self.try_take(effects) {
            // What follows from what could not be written is not done.
            self.broken.get_or_insert(error);
        }
    }

    fn try_take(&mut self, effects: Vec<Effect>) -> Result<(), JournalError> {
        let mut others = Vec::new();
        for effect in effects {
            match effect {
                Effect::Journal(record) => self.journal.push(&record)?,
                other => others.push(other),
            }
        }
        let needs = self.journal.write()?;
        self.waiting
            .extend(others.into_iter().map(|effect| (needs, effect)));
        Ok(())
    }

    fn shorten(&mut self) {
        let before = self.journal.length();
        let snapshot = Record::Snapshot(Box::new(self.machine.book().snapshot()));
        match self.journal.shorten(&snapshot) {
            Ok(()) => {
                self.shortened += 1;
                tracing::info!(before, after = self.journal.length(), "journal shortened");
            }
            Err(error) => {
                self.broken.get_or_insert(error);
            }
        }
    }

    fn note_step(&mut self, step_ms: Option<i64>) {
        let step_ms = step_ms.unwrap_or(0);
        if (step_ms - self.stepped_ms).abs() >= clock::STEP_MS {
            if step_ms != 0 {
                self.clock_steps += 1;
                tracing::warn!(
                    step_ms,
                    "the wall clock was set; orders keep to a time that never goes back"
                );
            }
            self.stepped_ms = step_ms;
        }
    }
}

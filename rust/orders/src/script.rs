//! Scripts: what a machine is told, step by step, and what it does then. Every machine, in whichever language, has to do the
//! same.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::journal;
use crate::machine::{Event, Machine};
use crate::record::Record;
use crate::request::Effect;
use crate::snapshot::Snapshot;

/// What is done to the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Act {
    /// It hears of something.
    Tell(Event),
    /// Its process dies with so many records in the journal, and another begins.
    Recover {
        /// Records of the journal that are kept; the others were not written.
        kept: usize,
        /// When.
        now_ms: i64,
    },
    /// The journal is shortened to what is known.
    Shorten,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What is done.
    pub act: Act,
    /// What follows, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// When it wants to be told the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_ms: Option<i64>,
    /// What is known, where the journal is shortened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Box<Snapshot>>,
}

/// A machine's life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// What it shows.
    pub about: String,
    /// What the machine keeps to.
    pub config: Config,
    /// The steps; the first is a recovery from nothing.
    pub steps: Vec<Step>,
}

/// Plays acts and notes what follows.
#[derive(Debug)]
pub struct Player {
    config: Config,
    machine: Option<Machine>,
    journal: Vec<Record>,
}

impl Player {
    /// Nothing has been done yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            machine: None,
            journal: Vec::new(),
        }
    }

    /// Does one thing. Before the first recovery nothing follows from anything.
    pub fn play(&mut self, act: Act) -> Step {
        let mut snapshot = None;
        let effects = match &act {
            Act::Recover { kept, now_ms } => {
                self.journal.truncate(*kept);
                let (machine, effects) = Machine::recover(self.config, *now_ms, &self.journal);
                self.machine = Some(machine);
                effects
            }
            Act::Tell(event) => {
                let machine = self.machine.as_mut();
                machine.map_or_else(Vec::new, |machine| machine.step(event.clone()))
            }
            Act::Shorten => {
                snapshot = self
                    .machine
                    .as_ref()
                    .map(|machine| Box::new(machine.book().snapshot()));
                self.journal = snapshot.iter().cloned().map(Record::Snapshot).collect();
                Vec::new()
            }
        };
        let records = effects.iter().filter_map(|effect| match effect {
            Effect::Journal(record) => Some(record.clone()),
            _ => None,
        });
        self.journal.extend(records);
        Step {
            act,
            effects,
            wake_ms: self.machine.as_ref().and_then(Machine::wake_ms),
            snapshot,
        }
    }
}

impl Script {
    /// The journal of every record that its steps decide, as if none had been lost.
    ///
    /// # Errors
    /// What serde says; nothing of ours has a form that JSON has not.
    pub fn journal(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = journal::HEADER.to_vec();
        for effect in self.steps.iter().flat_map(|step| &step.effects) {
            if let Effect::Journal(record) = effect {
                journal::append(record, &mut bytes)?;
            }
        }
        for snapshot in self.steps.iter().filter_map(|step| step.snapshot.clone()) {
            journal::append(&Record::Snapshot(snapshot), &mut bytes)?;
        }
        Ok(bytes)
    }

    /// The script of these acts as this machine plays it.
    #[must_use]
    pub fn of(about: &str, config: Config, acts: Vec<Act>) -> Self {
        let mut player = Player::new(config);
        Self {
            about: about.to_owned(),
            config,
            steps: acts.into_iter().map(|act| player.play(act)).collect(),
        }
    }
}

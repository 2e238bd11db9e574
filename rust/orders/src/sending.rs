//! How a request is made, noted and sent.

use crate::machine::Machine;
use crate::record::{Kind, Record};
use crate::request::{Effect, Instruction, Request};

/// Look-ups are numbered apart: their numbers need not outlive the process.
const LOOKS_FROM: u64 = 1 << 48;

impl Machine {
    pub(crate) fn send_new(&mut self, kind: Kind, names: &[String]) {
        if let Some(instructions) = self.instructions_of(kind, names) {
            self.send(self.book.next_request, kind, names, instructions);
        }
    }

    pub(crate) fn send(&mut self, number: u64, kind: Kind, names: &[String], instructions: Vec<Instruction>) {
        let first = names.first().map_or("", String::as_str);
        let market_id = match (self.book.order(first), self.book.cancels.get(first)) {
            (Some(order), _) => order.intent.market_id.clone(),
            (None, Some(cancel)) => cancel.intent.market_id.clone(),
            (None, None) => return,
        };
        // Before a byte of it leaves, it is known to have left.
        self.note(Record::Sent {
            request: number,
            kind,
            names: names.to_vec(),
            at_ms: self.now_ms,
        });
        self.effects.push(Effect::Send(Request {
            number,
            kind,
            reference: self.reference(number),
            market_id,
            instructions,
        }));
    }

    pub(crate) fn instructions_of(&self, kind: Kind, names: &[String]) -> Option<Vec<Instruction>> {
        names.iter().map(|name| self.instruction_of(kind, name)).collect()
    }

    fn instruction_of(&self, kind: Kind, name: &str) -> Option<Instruction> {
        let bet_of = |name: Option<&str>| self.book.order(name?)?.bet_id.clone();
        match kind {
            Kind::Place => Some(Instruction::Place(Box::new(
                self.book.order(name)?.intent.clone(),
            ))),
            Kind::Replace => {
                let order = self.book.order(name)?;
                Some(Instruction::Replace {
                    bet_id: bet_of(order.intent.target_intent_id.as_deref())?,
                    price_centi: order.intent.price_centi,
                })
            }
            Kind::Cancel => match self.book.cancels.get(name) {
                Some(cancel) => Some(Instruction::Cancel {
                    bet_id: bet_of(cancel.intent.target_intent_id.as_deref())?,
                    reduce_centi: Some(cancel.intent.size_centi),
                }),
                None => Some(Instruction::Cancel {
                    bet_id: bet_of(Some(name))?,
                    reduce_centi: None,
                }),
            },
            Kind::LookUp => self.look_up_of(name),
        }
    }

    /// Unlike every other, whichever process made it; the same for the same request.
    pub(crate) fn reference(&self, number: u64) -> String {
        format!("h{:x}-{number:x}", self.book.epoch_of(number))
    }

    pub(crate) fn look_number(&mut self) -> u64 {
        self.next_look += 1;
        LOOKS_FROM + self.next_look
    }

    pub(crate) fn backoff_ms(&self, attempts: u32) -> i64 {
        let windows = &self.config().windows;
        let doubled = windows.backoff_ms << attempts.saturating_sub(1).min(16);
        doubled.min(windows.backoff_max_ms)
    }

    pub(crate) fn cancel_backoff_ms(&self, attempts: u32) -> i64 {
        if attempts == 0 {
            0
        } else {
            self.backoff_ms(attempts)
        }
    }
}

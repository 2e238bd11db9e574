//! The durable state as one record: what a journal begins with once it has been shortened.

use serde::{Deserialize, Serialize};
use wire::Report;

use crate::book::{Book, Cancel, Ended, Flight};
use crate::exposure::Exposure;
use crate::order::Order;

/// Everything that a [`Book`] knows. Lists are in the order that the book keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    epoch: u64,
    next_request: u64,
    next_number: u64,
    last_ms: i64,
    last_seq: i64,
    killed: bool,
    hour: (i64, u32),
    orders: Vec<(u64, Order)>,
    cancels: Vec<Cancel>,
    flights: Vec<(u64, Flight)>,
    unacked: Vec<Report>,
    dry: Vec<Report>,
    ended: Vec<Ended>,
    amended: Vec<String>,
    exposure: Exposure,
    remembered: Vec<String>,
}

impl Book {
    /// All that is known.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let ended = self.ended_order.iter().filter_map(|name| self.ended.get(name));
        Snapshot {
            epoch: self.epoch,
            next_request: self.next_request,
            next_number: self.next_number,
            last_ms: self.last_ms,
            last_seq: self.last_seq,
            killed: self.killed,
            hour: self.hour,
            orders: self.orders.iter().map(|(n, order)| (*n, order.clone())).collect(),
            cancels: self.cancels.values().cloned().collect(),
            flights: self
                .flights
                .iter()
                .map(|(n, flight)| (*n, flight.clone()))
                .collect(),
            unacked: self.unacked.iter().cloned().collect(),
            dry: self.dry.values().cloned().collect(),
            ended: ended.cloned().collect(),
            amended: self.amended.iter().cloned().collect(),
            exposure: self.exposure.clone(),
            remembered: self.remembered.ids().map(str::to_owned).collect(),
        }
    }

    /// Knows what the snapshot says and nothing else, but remembers as many intents as before.
    pub(crate) fn restore(&mut self, from: &Snapshot) {
        let mut book = Self::new(self.remembered.max());
        (book.epoch, book.next_request, book.next_number) = (from.epoch, from.next_request, from.next_number);
        (book.last_ms, book.last_seq, book.killed, book.hour) =
            (from.last_ms, from.last_seq, from.killed, from.hour);
        for (number, order) in &from.orders {
            let name = order.name().to_owned();
            if let Some(bet_id) = &order.bet_id {
                book.bets.insert(bet_id.clone(), name.clone());
            }
            book.numbers.insert(name, *number);
            book.orders.insert(*number, order.clone());
        }
        for cancel in &from.cancels {
            let name = cancel.intent.intent_id.clone();
            book.cancels.insert(name, cancel.clone());
        }
        book.flights = from.flights.iter().cloned().collect();
        book.unacked = from.unacked.iter().cloned().collect();
        let dry = from.dry.iter();
        book.dry = dry
            .map(|report| (report.intent_id.clone(), report.clone()))
            .collect();
        for ended in &from.ended {
            let name = ended.intent.intent_id.clone();
            if let Some(bet) = &ended.bet {
                book.bets.insert(bet.bet_id.clone(), name.clone());
            }
            book.ended_order.push_back(name.clone());
            book.ended.insert(name, ended.clone());
        }
        book.amended = from.amended.iter().cloned().collect();
        book.exposure = from.exposure.clone();
        for intent_id in &from.remembered {
            book.remembered.insert(intent_id);
        }
        *self = book;
    }
}

//! The trader's end: one order after the other, or as many as the executor takes.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use wire::{Decoder, Hello, Message, Report, ReportAck, Status};

use crate::Failure;

/// Orders that are on their way at once in a burst.
const WINDOW: usize = 64;

pub struct Trader {
    stream: UnixStream,
    decoder: Decoder,
    received: usize,
    round: usize,
    /// Bytes of an intent, and of the reports up to the one that says that it stands.
    pub sizes: (usize, usize),
}

impl Trader {
    pub fn join(socket: &Path) -> Result<Self, Failure> {
        let mut trader = Self {
            stream: UnixStream::connect(socket)?,
            decoder: Decoder::new(),
            received: 0,
            round: 0,
            sizes: (0, 0),
        };
        let hello = Hello {
            wire_versions: vec![1],
            client: "venue_trip".to_owned(),
            token: "token".to_owned(),
            strategy_commit: String::new(),
            bundle_version: 1,
            capabilities: wire::Capabilities::new(),
            last_report_seq: 0,
            takeover: false,
        };
        trader.say(&[hello.into()])?;
        loop {
            if let Message::Heartbeat(beat) = trader.hear()?
                && beat.reason.is_empty()
            {
                return Ok(trader);
            }
        }
    }

    /// One order: how many nanoseconds until it was told to stand. It is cancelled after that.
    pub fn step(&mut self) -> Result<u128, Failure> {
        self.round += 1;
        let (name, mut bytes) = (format!("p{:08}", self.round), Vec::new());
        place(&name)?.encode_frame(&mut bytes)?;
        self.received = 0;
        let start = Instant::now();
        self.stream.write_all(&bytes)?;
        self.hear_until(&name, Status::Placed)?;
        let took = start.elapsed().as_nanos();
        self.sizes = (bytes.len(), self.received);
        self.say(&[cancel(&format!("c{:08}", self.round), &name)?])?;
        let last = self.hear_until(&name, Status::Cancelled)?;
        self.say(&[ReportAck { seq: last.seq }.into()])?;
        Ok(took)
    }

    /// Orders placed and cancelled for so long, so many at most, as fast as they go: how many intents were carried out, and
    /// how long it took.
    pub fn burst(&mut self, time: Duration, most: usize) -> Result<(usize, Duration), Failure> {
        let (start, mut carried, mut placed, mut open) = (Instant::now(), 0, 0, HashSet::new());
        while (start.elapsed() < time && placed < most) || !open.is_empty() {
            let mut messages = Vec::new();
            while open.len() < WINDOW && start.elapsed() < time && placed < most {
                placed += 1;
                self.round += 1;
                let name = format!("p{:08}", self.round);
                messages.push(place(&name)?);
                open.insert(name);
            }
            self.say(&messages)?;
            let Message::Report(report) = self.hear()? else {
                continue;
            };
            let mut answers: Vec<Message> = vec![ReportAck { seq: report.seq }.into()];
            match report.status {
                Status::Placed => {
                    let name = report.intent_id.replace('p', "c");
                    answers.push(cancel(&name, &report.intent_id)?);
                }
                status if status.is_terminal() => {
                    carried += 1;
                    open.remove(&report.intent_id);
                }
                _ => {}
            }
            self.say(&answers)?;
        }
        Ok((carried, start.elapsed()))
    }

    fn hear_until(&mut self, name: &str, status: Status) -> Result<Report, Failure> {
        loop {
            match self.hear()? {
                Message::Report(report) if report.intent_id == name && report.status == status => {
                    return Ok(report);
                }
                Message::Report(report) if report.status == Status::Rejected => {
                    return Err(format!("{report:?}").into());
                }
                Message::Error(error) => return Err(error.message.into()),
                _ => {}
            }
        }
    }

    fn say(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        for message in messages {
            message.encode_frame(&mut bytes)?;
        }
        Ok(self.stream.write_all(&bytes)?)
    }

    fn hear(&mut self) -> Result<Message, Failure> {
        let mut bytes = [0; 16_384];
        loop {
            if let Some(body) = self.decoder.next_body()? {
                return Ok(Message::decode(body)?);
            }
            let count = self.stream.read(&mut bytes)?;
            if count == 0 {
                return Err("the executor has closed".into());
            }
            self.received += count;
            self.decoder.extend(&bytes[..count]);
        }
    }
}

fn place(name: &str) -> Result<Message, Failure> {
    intent(name, "PLACE", 500, &Value::Null)
}

fn cancel(name: &str, target: &str) -> Result<Message, Failure> {
    intent(name, "CANCEL", 0, &Value::from(target))
}

fn intent(name: &str, action: &str, size_centi: i64, target: &Value) -> Result<Message, Failure> {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let body = json!({
        "type": "INTENT", "v": 1, "intent_id": name, "ts_ms": u64::try_from(now_ms)?, "edge": "passive_maker",
        "market_id": "1.200806927", "selection_id": 7_662_169, "handicap_centi": 0, "action": action, "side": "BACK",
        "price_centi": 200, "size_centi": size_centi, "ttl_ms": 60_000, "persistence": "LAPSE", "time_in_force": null,
        "min_fill_size_centi": null, "target_intent_id": target, "market_version": null, "hedge_of": null,
        "strategy_ref": "hotloop", "dry_run": false,
    });
    Ok(Message::decode(&body.to_string())?)
}

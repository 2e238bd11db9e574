//! A trader for tests: blocking, with a limit on every wait.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};
use wire::{Decoder, Hello, HelloAck, Intent, Message, Partial, Report};

use crate::running::{PATIENCE, Running, TOKEN};

pub const T0: i64 = 1_700_000_000_000;

pub struct Trader {
    pub stream: TcpStream,
    decoder: Decoder,
}

impl Trader {
    /// A connection that has said nothing.
    pub fn connect(executor: &Running) -> Self {
        let stream = TcpStream::connect(&executor.listening).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            decoder: Decoder::new(),
        }
    }

    /// A session that has seen `last_report_seq`, with its first answer.
    pub fn hello(executor: &Running, last_report_seq: i64) -> (Self, HelloAck) {
        let mut trader = Self::connect(executor);
        trader.send(&hello(TOKEN, last_report_seq).into());
        match trader.receive() {
            Message::HelloAck(ack) => (trader, ack),
            other => panic!("{other:?}"),
        }
    }

    /// A fresh session whose first heartbeat has come.
    pub fn start(executor: &Running) -> Self {
        let (mut trader, _) = Self::hello(executor, 0);
        assert!(matches!(trader.receive(), Message::Heartbeat(_)));
        trader
    }

    pub fn send(&mut self, message: &Message) {
        let mut frame = Vec::new();
        message.encode_frame(&mut frame).unwrap();
        self.stream.write_all(&frame).unwrap();
    }

    /// Sends a frame with any text.
    pub fn send_text(&mut self, text: &str) {
        let mut frame = Vec::new();
        wire::encode_body(text.as_bytes(), &mut frame).unwrap();
        self.stream.write_all(&frame).unwrap();
    }

    /// Says that nothing more will come, and goes on reading.
    pub fn stop_sending(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next frame's text, or `None` at the end of the stream.
    pub fn receive_text(&mut self) -> Option<String> {
        let mut bytes = [0; 16_384];
        loop {
            if let Some(body) = self.decoder.next_body().unwrap() {
                return Some(body.to_owned());
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(count) => self.decoder.extend(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What is there of the next frame.
    pub fn unfinished(&self) -> Option<Partial> {
        self.decoder.partial()
    }

    pub fn receive(&mut self) -> Message {
        Message::decode(&self.receive_text().expect("the executor closed the connection")).unwrap()
    }

    pub fn report(&mut self) -> Report {
        match self.receive() {
            Message::Report(report) => report,
            other => panic!("a report was expected, not {other:?}"),
        }
    }

    /// The code of the next message, an ERROR or `HELLO_REJECT`.
    pub fn refusal(&mut self) -> String {
        match self.receive() {
            Message::Error(error) => error.code,
            Message::HelloReject(reject) => reject.code,
            other => panic!("a refusal was expected, not {other:?}"),
        }
    }

    pub fn assert_closed(&mut self) {
        assert_eq!(self.receive_text(), None, "the connection is closed");
        assert_eq!(self.unfinished(), None, "after a whole frame");
    }

    /// Sends one message and gives the texts of the reports it causes. A message of no known type marks their end.
    pub fn reports_of(&mut self, message: &Message) -> Vec<String> {
        self.send(message);
        self.send_text(r#"{"type":"FENCE"}"#);
        let mut reports = Vec::new();
        loop {
            let text = self.receive_text().unwrap();
            match Message::decode(&text).unwrap() {
                Message::Report(_) => reports.push(text),
                Message::Error(error) if error.code == "UNKNOWN_TYPE" => return reports,
                Message::ControlAck(_) | Message::TickAck(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

pub fn hello(token: &str, last_report_seq: i64) -> Hello {
    Hello {
        wire_versions: vec![1],
        client: "test".into(),
        token: token.into(),
        strategy_commit: "none".into(),
        bundle_version: 1,
        capabilities: wire::Capabilities::new(),
        last_report_seq,
        takeover: false,
    }
}

/// A PLACE at `ts_ms` that lives ten seconds.
pub fn place(intent_id: &str, ts_ms: i64) -> Message {
    intent(intent_id, ts_ms, &json!({}))
}

/// A PLACE with some fields changed.
pub fn intent(intent_id: &str, ts_ms: i64, changes: &Value) -> Message {
    let mut body = json!({
        "type": Intent::TYPE, "v": 1, "intent_id": intent_id, "ts_ms": ts_ms, "edge": "test", "market_id": "1.1",
        "selection_id": 7, "handicap_centi": 0, "action": "PLACE", "side": "BACK", "price_centi": 200,
        "size_centi": 500, "ttl_ms": 10_000, "persistence": "LAPSE", "time_in_force": null,
        "min_fill_size_centi": null, "target_intent_id": null, "market_version": null, "hedge_of": null,
        "strategy_ref": "test", "dry_run": true,
    });
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    Message::decode(&body.to_string()).unwrap()
}

//! The crate's codec as a program, so that tests can pair it with another language's.
//!
//! ```text
//! codec produce    one JSON object a line on stdin → frames on stdout
//! codec consume    frames on stdin → one JSON line a frame on stdout, and one for the end
//! codec judge      one body a line on stdin → one JSON line each: its bytes in canonical form, or its code
//! codec describe   what compatibility depends on, as JSON
//! ```
//!
//! A frame's line is `{"type", "bytes"}`, the message written again, or `{"code", "message"}`; the end's line is
//! `{"end"}`, the code of the framing error or null. `produce` ends with exit code 1 at what is no message.

use std::error::Error;
use std::io::{BufRead, Read, Write};

use serde_json::{Map, Value, json};
use wire::{
    Action, BUNDLE_VERSIONS, Code, ControlAction, Decoder, INT_MAX, INTENT_ID_MAX, Ladder, MAX_FRAME_BYTES,
    MarketStatus, Message, PRICE_CENTI_MAX, Persistence, RunnerStatus, SIZE_CENTI_MAX, Side, State, Status,
    TimeInForce, WIRE_VERSION,
};

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match std::env::args().nth(1).as_deref() {
        Some("produce") => produce(&mut out)?,
        Some("consume") => consume(&mut out)?,
        Some("judge") => judge(&mut out)?,
        Some("describe") => writeln!(out, "{}", describe())?,
        _ => return Err("usage: codec produce | consume | judge | describe".into()),
    }
    out.flush()?;
    Ok(())
}

fn produce(out: &mut impl Write) -> Result<(), Failure> {
    let mut frame = Vec::new();
    for line in std::io::stdin().lock().lines() {
        frame.clear();
        Message::decode(&line?)?.encode_frame(&mut frame)?;
        out.write_all(&frame)?;
    }
    Ok(())
}

fn consume(out: &mut impl Write) -> Result<(), Failure> {
    let mut input = std::io::stdin().lock();
    let (mut decoder, mut bytes) = (Decoder::new(), [0; 16_384]);
    let end = 'frames: loop {
        loop {
            match decoder.next_body() {
                Ok(Some(body)) => writeln!(out, "{}", verdict(body)?)?,
                Ok(None) => break,
                Err(error) => break 'frames Err(error),
            }
        }
        let count = input.read(&mut bytes)?;
        if count == 0 {
            break decoder.finish();
        }
        decoder.extend(&bytes[..count]);
    };
    writeln!(
        out,
        "{}",
        json!({"end": end.err().map(|error| error.code().as_str())})
    )?;
    Ok(())
}

fn judge(out: &mut impl Write) -> Result<(), Failure> {
    for line in std::io::stdin().lock().lines() {
        writeln!(out, "{}", verdict(&line?)?)?;
    }
    Ok(())
}

/// What a reader makes of one body.
fn verdict(body: &str) -> Result<Value, Failure> {
    Ok(match Message::decode(body) {
        Ok(message) => {
            let mut frame = Vec::new();
            message.encode_frame(&mut frame)?;
            json!({"type": message.message_type(), "bytes": std::str::from_utf8(&frame[4..])?})
        }
        Err(error) => json!({"code": error.code().as_str(), "message": error.to_string()}),
    })
}

fn describe() -> Value {
    let messages: Map<String, Value> = Message::FIELDS
        .iter()
        .map(|(name, fields)| ((*name).to_owned(), json!(fields)))
        .collect();
    let codes: Map<String, Value> = Code::ALL
        .iter()
        .map(|code| {
            (
                code.as_str().to_owned(),
                json!(if code.closes() { "closes" } else { "stays" }),
            )
        })
        .collect();
    json!({
        "wire_version": WIRE_VERSION,
        "bundle_versions": BUNDLE_VERSIONS,
        "limits": {
            "frame_bytes": MAX_FRAME_BYTES,
            "int": INT_MAX,
            "intent_id": INTENT_ID_MAX,
            "price_centi": PRICE_CENTI_MAX,
            "size_centi": SIZE_CENTI_MAX,
        },
        "messages": messages,
        "enums": {
            "Action": Action::TEXTS,
            "ControlAction": ControlAction::TEXTS,
            "Ladder": Ladder::TEXTS,
            "MarketStatus": MarketStatus::TEXTS,
            "Persistence": Persistence::TEXTS,
            "RunnerStatus": RunnerStatus::TEXTS,
            "Side": Side::TEXTS,
            "State": State::TEXTS,
            "Status": Status::TEXTS,
            "TimeInForce": TimeInForce::TEXTS,
        },
        "codes": codes,
    })
}

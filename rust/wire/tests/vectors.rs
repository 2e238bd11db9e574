//! The vectors of `proto_wire/`: the same files the Python trader runs.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::path::PathBuf;

use serde_json::Value;
use wire::{Decoder, Message};

/// Every vector of a folder with its file name; fails if there is none.
fn vectors(folder: &str) -> Vec<(String, Value)> {
    let root = std::env::var("PROTO_WIRE_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto_wire").to_owned());
    let folder = PathBuf::from(root).join("vectors/v1").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (
                name,
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(),
            )
        })
        .collect()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} of {vector}"))
}

#[test]
fn c1_accepted_messages_encode_back_to_the_same_bytes() {
    let mut types = std::collections::BTreeSet::new();
    for (name, vector) in vectors("messages")
        .iter()
        .filter(|(_, vector)| vector.get("code").is_none())
    {
        let bytes = text(vector, "bytes");
        let message = Message::decode(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut frame = Vec::new();
        message.encode_frame(&mut frame).unwrap();
        assert_eq!(std::str::from_utf8(&frame[4..]).unwrap(), bytes, "{name}");
        types.insert(message.message_type());
    }
    assert_eq!(types.len(), 19, "every type of message has a vector: {types:?}");
}

#[test]
fn c6_refused_messages_have_their_code() {
    for (name, vector) in vectors("messages")
        .iter()
        .filter(|(_, vector)| vector.get("code").is_some())
    {
        let error = Message::decode(text(vector, "bytes"))
            .map_or_else(|error| error, |_| panic!("{name} was accepted"));
        assert_eq!(error.code().as_str(), text(vector, "code"), "{name}: {error}");
    }
}

#[test]
fn f1_to_f5_framing_vectors() {
    for (name, vector) in vectors("framing") {
        let hex = text(&vector, "hex");
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let (mut decoder, mut frames) = (Decoder::new(), Vec::new());
        decoder.extend(&bytes);
        let end = loop {
            match decoder.next_body() {
                Ok(Some(body)) => frames.push(Value::from(body)),
                Ok(None) => break decoder.finish().err(),
                Err(error) => break Some(error),
            }
        };
        assert_eq!(Value::from(frames), vector["frames"], "{name}");
        assert_eq!(
            end.map(|error| error.code().as_str()),
            vector["code"].as_str(),
            "{name}"
        );
    }
}

#[test]
fn c5_unknown_fields_are_ignored_and_takeover_may_be_left_out() {
    let hello = r#"{"type":"HELLO","wire_versions":[1],"client":"t","token":"x","strategy_commit":"c","bundle_version":1,
        "capabilities":{},"last_report_seq":0,"news":{"deep":[1,{"er":null}]}}"#;
    let Message::Hello(hello) = Message::decode(hello).unwrap() else {
        panic!("not a HELLO")
    };
    assert!(!hello.takeover);
    assert!(
        !format!("{hello:?}").contains("token"),
        "the token must not reach a log"
    );
}

#[test]
fn c5_what_is_repeated_in_a_field_nobody_knows_is_ignored_with_it() {
    let tick = r#"{"news":1,"news":{"ts_ms":1,"ts_ms":2},"ts_ms":5,"type":"TICK"}"#;
    assert!(matches!(Message::decode(tick), Ok(Message::Tick(tick)) if tick.ts_ms == 5));
}

#[test]
fn f4_a_hundred_levels_are_no_fault() {
    let deep = format!("{}{}", "[".repeat(98), "]".repeat(98));
    let known = format!(r#"{{"ts_ms":{deep},"type":"TICK"}}"#);
    assert_eq!(
        Message::decode(&known).unwrap_err().code().as_str(),
        "BAD_MESSAGE"
    );
    let unknown = format!(r#"{{"news":{deep},"ts_ms":5,"type":"TICK"}}"#);
    assert!(Message::decode(&unknown).is_ok());
}

#[test]
fn c6_the_error_names_the_field_and_the_values() {
    let error = Message::decode(r#"{"action":"flatten","reason":"","type":"CONTROL"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"CONTROL.action: "flatten" is not one of cancel_all, kill, resume"#
    );
    let runner = r#"{"type":"MARKET","market_id":"1.1","status":"OPEN","in_play":false,"version":1,"bet_delay":0,"ladder":"CLASSIC","runners":[[0,7,"ACTIVE"]]}"#;
    let error = Message::decode(runner).unwrap_err();
    assert_eq!(
        error.code().as_str(),
        "BAD_MESSAGE",
        "a list is not an object: {error}"
    );
}

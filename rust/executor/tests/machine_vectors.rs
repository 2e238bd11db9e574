//! The conformance scripts of `proto_wire/machine`: the Python machine runs the same files.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::path::{Path, PathBuf};

use executor::machine::{Input, Limits, Machine};
use serde_json::Value;
use wire::{Message, Report};

fn scripts() -> Vec<PathBuf> {
    let root = std::env::var("PROTO_WIRE_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto_wire").to_owned());
    let folder = Path::new(&root).join("machine");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    scripts.sort();
    assert!(
        scripts.len() >= 25,
        "only {} scripts in {}",
        scripts.len(),
        folder.display()
    );
    scripts
}

fn limits(config: &Value) -> Limits {
    let int = |key: &str| {
        config[key]
            .as_i64()
            .unwrap_or_else(|| panic!("{key} in {config}"))
    };
    Limits {
        max_open_orders: int("max_open_orders").try_into().unwrap(),
        min_size_centi: int("min_size_centi"),
        min_payout_centi: int("min_payout_centi"),
        max_remembered_intents: int("max_remembered_intents").try_into().unwrap(),
    }
}

/// The report as the wire has it, without `latency`.
fn comparable(report: Report) -> Value {
    let mut frame = Vec::new();
    Message::Report(report).encode_frame(&mut frame).unwrap();
    let mut value: Value = serde_json::from_slice(&frame[4..]).unwrap();
    value.as_object_mut().unwrap().remove("latency");
    value
}

fn answer(machine: &mut Machine, input: &Value) -> Vec<Value> {
    let reports = if let Some(now_ms) = input.get("advance_ms") {
        machine.advance(now_ms.as_i64().unwrap()).unwrap()
    } else {
        let message = Message::decode(&input.to_string()).unwrap();
        machine.handle(Input::of(&message).unwrap())
    };
    reports.into_iter().map(comparable).collect()
}

#[test]
fn d_every_script_gives_exactly_its_reports() {
    for path in scripts() {
        let script: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut machine = Machine::new(limits(&script["config"]), script["clock_ms"].as_i64().unwrap());
        for (index, step) in script["steps"].as_array().unwrap().iter().enumerate() {
            let reports = answer(&mut machine, &step["in"]);
            let place = format!("{} ({}), step {index}", path.display(), script["clause"]);
            assert_eq!(Value::from(reports), step["reports"], "{place}");
        }
    }
}

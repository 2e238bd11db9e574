//! The machine's conformance scripts again, this time over the wire.

use std::path::Path;

use serde_json::{Value, json};
use wire::{Message, Tick};

use crate::running::Running;
use crate::trader::Trader;

fn comparable(text: &str) -> Value {
    let mut report: Value = serde_json::from_str(text).unwrap();
    report.as_object_mut().unwrap().remove("latency");
    report
}

fn message(input: &Value) -> Message {
    match input.get("advance_ms") {
        Some(now_ms) => Tick {
            ts_ms: now_ms.as_i64().unwrap(),
        }
        .into(),
        None => Message::decode(&input.to_string()).unwrap(),
    }
}

#[test]
fn d_every_script_gives_the_same_reports_over_the_wire() {
    let root = std::env::var("PROTO_WIRE_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto_wire").to_owned());
    let mut scripts = 0;
    for entry in std::fs::read_dir(Path::new(&root).join("machine")).unwrap() {
        let path = entry.unwrap().path();
        let script: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let executor = Running::start(&json!({"limits": script["config"]}));
        let mut trader = Trader::start(&executor);
        let start = Tick {
            ts_ms: script["clock_ms"].as_i64().unwrap(),
        };
        assert!(trader.reports_of(&start.into()).is_empty());
        for (index, step) in script["steps"].as_array().unwrap().iter().enumerate() {
            let reports: Vec<Value> = trader
                .reports_of(&message(&step["in"]))
                .iter()
                .map(|text| comparable(text))
                .collect();
            assert_eq!(
                Value::from(reports),
                step["reports"],
                "{}, step {index}",
                path.display()
            );
        }
        scripts += 1;
    }
    assert!(scripts >= 25, "{scripts} scripts");
}

//! A message with any field replaced by any value is refused or understood, never half of each.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use wire::Message;

fn accepted() -> Vec<Value> {
    let root = std::env::var("PROTO_WIRE_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto_wire").to_owned());
    let mut bodies: Vec<String> = std::fs::read_dir(Path::new(&root).join("vectors/v1/messages"))
        .unwrap()
        .map(|entry| serde_json::from_slice::<Value>(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .filter(|vector| vector.get("code").is_none())
        .map(|vector| vector["bytes"].as_str().unwrap().to_owned())
        .collect();
    bodies.sort();
    bodies
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .collect()
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-2..200_i64).prop_map(Value::from),
        prop::sample::select(vec![1.5, 2.0, 0.01, 1e20, -3.25]).prop_map(Value::from),
        "[A-Za-z0-9_é\u{0}\"-]{0,40}".prop_map(Value::from),
        prop::sample::select(vec!["BACK", "OPEN", "CANCEL", "kill", "1"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn c6_any_value_in_any_field(which in any::<prop::sample::Index>(), field in any::<prop::sample::Index>(), value in value()) {
        let bodies = accepted();
        let mut body = which.get(&bodies).clone();
        let members = body.as_object_mut().unwrap();
        let key = field.get(&members.keys().cloned().collect::<Vec<_>>()).clone();
        members.insert(key, value);
        match Message::decode(&body.to_string()) {
            Ok(message) => {
                let mut frame = Vec::new();
                message.encode_frame(&mut frame).unwrap();
                let text = std::str::from_utf8(&frame[4..]).unwrap();
                prop_assert_eq!(Message::decode(text).unwrap(), message);
                // Nothing was dropped or put right on the way: 2 for a decimal reads as 2.0, all else is the same text.
                let again: Value = serde_json::from_str(text).unwrap();
                prop_assert_eq!(again.to_string().replace(".0", ""), body.to_string().replace(".0", ""));
            }
            Err(error) => prop_assert!(!error.code().closes(), "{error}"),
        }
    }
}

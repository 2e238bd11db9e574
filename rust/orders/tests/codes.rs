//! The error ladder is the one of `proto_wire/venue_codes.json`, which the trader's is held against, too.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::BTreeMap;

use orders::codes::Class;

type Table = BTreeMap<String, BTreeMap<String, String>>;

fn table() -> Table {
    let root = std::env::var("PROTO_WIRE_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto_wire").to_owned());
    let bytes = std::fs::read(format!("{root}/venue_codes.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn every_code_has_its_class() {
    let mut count = 0;
    for (kind, codes) in table() {
        for (code, class) in codes {
            assert_eq!(Class::of(&code).as_str(), class, "{kind} {code}");
            count += 1;
        }
    }
    assert_eq!(count, 27 + 29 + 18);
}

#[test]
fn a_code_that_nobody_knows_is_looked_up() {
    assert_eq!(Class::of("SOMETHING_NEW"), Class::Ambiguous);
    assert_eq!(Class::of(""), Class::Ambiguous);
}

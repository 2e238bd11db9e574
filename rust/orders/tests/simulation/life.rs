//! The ways that orders went, from record to record of a journal, and the diagram that shows them.

use std::collections::{BTreeMap, BTreeSet};

use orders::{Book, Record, Stage};

/// From a stage to a stage by a record, as the diagram says it.
pub type Ways = BTreeSet<String>;

/// Adds the ways of every order of a journal.
pub fn walk(records: &[Record], ways: &mut Ways) {
    let mut book = Book::new(1_000);
    let mut before = BTreeMap::new();
    for record in records {
        book.apply(record);
        let after: BTreeMap<String, &'static str> = book
            .orders
            .values()
            .map(|order| (order.name().to_owned(), stage_name(&order.stage)))
            .collect();
        if matches!(record, Record::Snapshot(_)) {
            before = after; // where they were when the journal was shortened
            continue;
        }
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (from, to) = (before.get(name), after.get(name));
            if from != to {
                let of = |stage: Option<&&'static str>| stage.map_or("[*]", |stage| *stage);
                ways.insert(format!("{} --> {}: {}", of(from), of(to), record_name(record)));
            }
        }
        before = after;
    }
}

/// The ways that the text's diagram shows.
pub fn shown(text: &str) -> Ways {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| line.contains(" --> "))
        .map(str::to_owned)
        .collect()
}

fn stage_name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Queued => "Queued",
        Stage::Sent => "Sent",
        Stage::Again => "Again",
        Stage::Doubt { .. } => "Doubt",
        Stage::Live => "Live",
        Stage::Refused { .. } => "Refused",
    }
}

fn record_name(record: &Record) -> &'static str {
    match record {
        Record::Snapshot(_) => "Snapshot",
        Record::Began { .. } => "Began",
        Record::Intent(_) => "Intent",
        Record::Adopted { .. } => "Adopted",
        Record::Sent { .. } => "Sent",
        Record::Answered { .. } => "Answered",
        Record::Bet { .. } => "Bet",
        Record::NotFound { .. } => "NotFound",
        Record::Grounded { .. } => "Grounded",
        Record::Dropped { .. } => "Dropped",
        Record::Ending { .. } => "Ending",
        Record::Switch { .. } => "Switch",
        Record::Report(_) => "Report",
        Record::Acked { .. } => "Acked",
    }
}

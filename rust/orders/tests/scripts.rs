//! The scripts that every machine has to play alike, played by this one.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::path::{Path, PathBuf};

use orders::journal;
use orders::script::{Act, Player, Script};
use orders::{Effect, Record};

#[path = "simulation/life.rs"]
mod life;

fn folder() -> PathBuf {
    let root = std::env::var("PROTO_WIRE_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto_wire").to_owned());
    Path::new(&root).join("orders")
}

fn scripts() -> Vec<(String, Script)> {
    let files = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut paths: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|of| of == "json"))
        .collect();
    paths.sort();
    let script = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    paths
        .iter()
        .map(|path| (path.display().to_string(), script(path)))
        .collect()
}

#[test]
fn every_script_is_played_as_it_stands() {
    let scripts = scripts();
    assert!(scripts.len() > 30, "{} scripts", scripts.len());
    for (name, script) in scripts {
        let mut player = Player::new(script.config);
        for (number, step) in script.steps.into_iter().enumerate() {
            assert_eq!(player.play(step.act.clone()), step, "step {number} of {name}");
        }
    }
}

#[test]
fn the_journal_of_a_script_is_the_same_bytes_in_every_language() {
    let (_, script) = scripts()
        .into_iter()
        .find(|(name, _)| name.ends_with("/machine_dies.json"))
        .unwrap();
    let golden = std::fs::read(folder().join("machine_dies.journal")).unwrap();
    assert_eq!(script.journal().unwrap(), golden);
    let read = journal::read::<Record>(&golden).unwrap();
    assert_eq!((read.whole_bytes, read.torn_bytes), (golden.len(), 0));
}

/// The journal as it stood before each death of the process, and at the end.
fn journals(script: &Script) -> Vec<Vec<Record>> {
    let (mut journal, mut journals) = (Vec::new(), Vec::new());
    for step in &script.steps {
        if let Act::Recover { kept, .. } = &step.act {
            journals.push(journal.clone());
            journal.truncate(*kept);
        }
        if let Some(snapshot) = &step.snapshot {
            journals.push(journal);
            journal = vec![Record::Snapshot(snapshot.clone())];
        }
        journal.extend(step.effects.iter().filter_map(|effect| match effect {
            Effect::Journal(record) => Some(record.clone()),
            _ => None,
        }));
    }
    journals.push(journal);
    journals
}

#[test]
fn the_scripts_take_every_way_that_the_diagram_shows_and_no_other() {
    let docs = std::env::var("HOTLOOP_DOCS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs").to_owned());
    let text = std::fs::read_to_string(Path::new(&docs).join("order_life.md")).unwrap();
    let mut ways = life::Ways::new();
    for (_, script) in scripts() {
        for journal in journals(&script) {
            life::walk(&journal, &mut ways);
        }
    }
    let shown = life::shown(&text);
    let missing: Vec<&String> = shown.difference(&ways).collect();
    let hidden: Vec<&String> = ways.difference(&shown).collect();
    assert!(
        missing.is_empty() && hidden.is_empty(),
        "no script goes {missing:#?}, not shown: {hidden:#?}"
    );
}

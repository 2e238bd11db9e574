//! Writes scripts: what the order machine is told and does, for machines in other languages to be held against.
//!
//! ```text
//! scripts simulate FIRST COUNT INTENTS   a line for each seed's run of the simulation
//! scripts fill < SCRIPT                  the script with what this machine does at each of its steps
//! scripts journal < SCRIPT               the journal of all that it decided meanwhile, byte for byte
//! ```

#![allow(clippy::unwrap_used, reason = "the judge's helpers are those of a test")]

#[allow(dead_code, reason = "the judge's part of the simulation")]
#[path = "../tests/simulation/checks.rs"]
mod checks;
#[path = "../tests/simulation/random.rs"]
mod random;
#[allow(dead_code, reason = "the judge's part of the simulation")]
#[path = "../tests/simulation/trader.rs"]
mod trader;
#[path = "../tests/simulation/venue.rs"]
mod venue;
#[allow(dead_code, reason = "the judge's part of the simulation")]
#[path = "../tests/simulation/world.rs"]
mod world;

use std::io::{BufWriter, Write, read_to_string, stdin, stdout};
use std::process::ExitCode;

use orders::script::Script;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["simulate", first, count, intents] => simulate(first, count, intents),
        ["fill"] => fill(),
        ["journal"] => write_journal(),
        _ => Err("usage: scripts simulate FIRST COUNT INTENTS | scripts fill|journal < SCRIPT".to_owned()),
    };
    if let Err(why) = done {
        eprintln!("scripts: {why}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn simulate(first: &str, count: &str, intents: &str) -> Result<(), String> {
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text}: {error}"));
    let (first, count, intents) = (number(first)?, number(count)?, number(intents)?);
    let mut out = BufWriter::new(stdout().lock());
    for seed in first..first + count {
        let intents = usize::try_from(intents).map_err(|error| error.to_string())?;
        write(&world::script_of(seed, world::EVERYTHING, intents)?, &mut out)?;
    }
    out.flush().map_err(|error| error.to_string())
}

fn fill() -> Result<(), String> {
    let script = read()?;
    let acts = script.steps.into_iter().map(|step| step.act).collect();
    write(
        &Script::of(&script.about, script.config, acts),
        &mut stdout().lock(),
    )
}

fn read() -> Result<Script, String> {
    let text = read_to_string(stdin().lock()).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn write_journal() -> Result<(), String> {
    let script = read()?;
    let bytes = script.journal().map_err(|error| error.to_string())?;
    stdout()
        .lock()
        .write_all(&bytes)
        .map_err(|error| error.to_string())
}

fn write(script: &Script, out: &mut impl Write) -> Result<(), String> {
    serde_json::to_writer(&mut *out, script).map_err(|error| error.to_string())?;
    out.write_all(b"\n").map_err(|error| error.to_string())
}

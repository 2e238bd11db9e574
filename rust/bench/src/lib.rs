//! What the programs of this folder share: lines of a recording, and times of repeated work.

pub mod ladders;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// The lines of a plain recording.
///
/// # Errors
/// Text that names the file.
pub fn lines(file: &Path) -> Result<Vec<Vec<u8>>, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let lines: Vec<Vec<u8>> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    if lines.is_empty() {
        return Err(format!("{}: has no lines", file.display()));
    }
    Ok(lines)
}

/// How a program ends: with what went wrong on standard error, behind its name.
#[must_use]
pub fn finish(program: &str, outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::from(2)
        }
    }
}

/// Nanoseconds for each of `count` pieces of work: the least of `rounds` runs of all of them, which is
/// the one that other programs disturbed least.
pub fn least_ns<T>(
    rounds: usize,
    count: usize,
    mut prepare: impl FnMut() -> T,
    mut run: impl FnMut(T),
) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        let prepared = prepare();
        let begin = Instant::now();
        run(prepared);
        let elapsed = begin.elapsed().as_secs_f64();
        least = least.min(elapsed);
    }
    // Counts of lines and rows are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let each = least * 1e9 / count.max(1) as f64;
    each
}

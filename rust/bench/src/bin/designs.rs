//! `designs FILE [ROUNDS]`: our way of reading a line and of keeping a book, beside the others.
//!
//! Readers: typed decoding by `serde_json` and by `simd-json`, which give values and nothing more, against
//! the whole of [`HotloopCore::apply`]: reading, books and signals. Books: the price rows of the
//! recording, applied to four kinds of ladder, with the best price read after each row.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;

use hotloop_bench::ladders::{Ladder, Sorted, Ticks};
use hotloop_bench::{finish, least_ns, lines};
use hotloop_core::{Centi, Config, HotloopCore, hundredths};
use serde::Deserialize;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow)]
    clk: Option<Cow<'a, str>>,
    pt: Option<i64>,
    #[serde(borrow, default)]
    mc: Vec<Market<'a>>,
}

#[derive(Deserialize)]
struct Market<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default)]
    img: bool,
    #[serde(default)]
    rc: Vec<Runner>,
}

#[derive(Deserialize)]
struct Runner {
    id: i64,
    ltp: Option<f64>,
    #[serde(default)]
    atb: Vec<(f64, f64)>,
    #[serde(default)]
    atl: Vec<(f64, f64)>,
    #[serde(default)]
    trd: Vec<(f64, f64)>,
    #[serde(default)]
    batb: Vec<(u8, f64, f64)>,
    #[serde(default)]
    batl: Vec<(u8, f64, f64)>,
}

impl Message<'_> {
    /// Something of everything, so that nothing is left out of the work.
    fn weight(&self) -> usize {
        let runner = |r: &Runner| {
            r.atb.len()
                + r.atl.len()
                + r.trd.len()
                + r.batb.len()
                + r.batl.len()
                + usize::from(r.ltp.is_some())
        };
        let market =
            |m: &Market<'_>| m.id.len() + usize::from(m.img) + m.rc.iter().map(runner).sum::<usize>();
        let clock = self.clk.as_ref().map_or(0, |clock| clock.len());
        self.op.len() + clock + usize::from(self.pt.is_some()) + self.mc.iter().map(market).sum::<usize>()
    }
}

/// A row of the recording: which ladder, price, size.
struct Row {
    ladder: usize,
    price: Centi,
    size: Centi,
}

/// Every `atb`, `atl` and `trd` row, each runner's three ladders numbered from 0.
fn rows(lines: &[Vec<u8>]) -> (Vec<Row>, usize) {
    let mut numbers: HashMap<(String, i64, usize), usize> = HashMap::new();
    let mut rows = Vec::new();
    for line in lines {
        let Ok(message) = serde_json::from_slice::<Message<'_>>(line) else {
            continue;
        };
        for market in &message.mc {
            for runner in &market.rc {
                for (kind, side) in [&runner.atb, &runner.atl, &runner.trd].into_iter().enumerate() {
                    let next = numbers.len();
                    let ladder = *numbers
                        .entry((market.id.to_string(), runner.id, kind))
                        .or_insert(next);
                    rows.extend(side.iter().map(|(price, size)| Row {
                        ladder,
                        price: hundredths(*price),
                        size: hundredths(*size),
                    }));
                }
            }
        }
    }
    (rows, numbers.len())
}

fn book_ns<L: Ladder + Default>(rows: &[Row], ladders: usize, rounds: usize) -> f64 {
    let new = || (0..ladders).map(|_| L::default()).collect::<Vec<L>>();
    least_ns(rounds, rows.len(), new, |mut books| {
        for row in rows {
            let book = &mut books[row.ladder];
            book.set(row.price, row.size);
            black_box(book.highest());
        }
    })
}

fn run() -> Result<(), String> {
    let mut arguments = std::env::args_os().skip(1);
    let file = PathBuf::from(arguments.next().ok_or("usage: designs FILE [ROUNDS]")?);
    let rounds = match arguments.next() {
        Some(text) => text
            .to_string_lossy()
            .parse()
            .map_err(|_| "ROUNDS is not a number")?,
        None => 10,
    };
    let lines = lines(&file)?;
    println!("{} lines", lines.len());
    let ours = least_ns(
        rounds,
        lines.len(),
        || HotloopCore::new(Config::default()),
        |mut core| {
            for line in &lines {
                let _ = black_box(core.apply(line, 0));
            }
        },
    );
    println!("{ours:8.0} ns a line  hotloop-core: read, checked, applied, signals");
    let typed = least_ns(
        rounds,
        lines.len(),
        || (),
        |()| {
            for line in &lines {
                black_box(serde_json::from_slice::<Message<'_>>(line).map_or(0, |m| m.weight()));
            }
        },
    );
    println!("{typed:8.0} ns a line  serde_json: typed values only");
    let mut buffers = simd_json::Buffers::new(1 << 20);
    let simd = least_ns(
        rounds,
        lines.len(),
        || lines.clone(),
        |mut copies| {
            for line in &mut copies {
                let read = simd_json::serde::from_slice_with_buffers::<Message<'_>>(line, &mut buffers);
                black_box(read.map_or(0, |m| m.weight()));
            }
        },
    );
    println!("{simd:8.0} ns a line  simd-json: typed values only (in place, buffers kept)");

    let (rows, ladders) = rows(&lines);
    println!("{} rows of {ladders} ladders", rows.len());
    for (name, ns) in [
        (
            "sorted array, best last",
            book_ns::<Sorted>(&rows, ladders, rounds),
        ),
        (
            "array by tick with a bitmap",
            book_ns::<Ticks>(&rows, ladders, rounds),
        ),
        (
            "BTreeMap",
            book_ns::<BTreeMap<Centi, Centi>>(&rows, ladders, rounds),
        ),
        (
            "HashMap (best searched)",
            book_ns::<HashMap<Centi, Centi>>(&rows, ladders, rounds),
        ),
    ] {
        println!("{ns:8.1} ns a row   {name}");
    }
    Ok(())
}

fn main() -> ExitCode {
    finish("designs", run())
}

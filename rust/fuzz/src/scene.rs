//! Markets that trade, as the stream would tell it: what happens next is chosen by the fuzzer's bytes, and follows
//! from what the core holds, so that trades take what rests and cancellations what is there.

use std::fmt::Write;

use arbitrary::Unstructured;
use hotloop_core::{Centi, HotloopCore, Level, RunnerKey, Side};

/// Markets there are.
pub(crate) const MARKETS: [&str; 5] = ["1.1", "1.2", "1.3", "1.4", "1.5é"];
/// Runners of each.
pub(crate) const RUNNERS: [RunnerKey; 4] = [key(1, 0), key(2, 0), key(3, 25), key(3, -150)];
/// Around the steps of the ladders, off them, and at the ends.
pub(crate) const PRICES: [Centi; 16] = [
    0, 101, 150, 198, 199, 200, 202, 203, 204, 206, 300, 305, 1_000, 1_050, 100_000, 10_000_000,
];
const SIZES: [Centi; 12] = [0, 0, 1, 2, 3, 50, 200, 337, 1_000, 10_000, 123_456, 1 << 53];
const STEPS_MS: [i64; 12] = [0, 0, 1, 20, 50, 180, 1_000, 1_001, 5_000, 60_000, -700, 1_200_000];
const STATUSES: [&str; 6] = ["OPEN", "OPEN", "OPEN", "SUSPENDED", "CLOSED", "INACTIVE"];
const LADDERS: [&str; 5] = ["CLASSIC", "CLASSIC", "FINEST", "LINE_RANGE", "CRUDE"];
const ARRAYS: [&str; 7] = ["atb", "atl", "trd", "batb", "batl", "bdatb", "bdatl"];

const fn key(id: i64, handicap: Centi) -> RunnerKey {
    RunnerKey { id, handicap }
}

/// What chooses, and the time it has become.
pub(crate) struct Scene<'a> {
    bytes: Unstructured<'a>,
    pub pt_ms: i64,
    pub subscription: i64,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(bytes: Unstructured<'a>) -> Self {
        Self {
            bytes,
            pt_ms: 1_000_000,
            subscription: 3,
        }
    }

    /// There is nothing left to choose by.
    pub(crate) fn is_over(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A number below `count`; 0 where there is nothing left to choose by.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.bytes.choose_index(count).unwrap_or(0)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let index = self.below(from.len().max(1));
        from.get(index).copied()
    }

    /// One in so many times.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(crate) fn raw(&mut self, most: usize) -> &'a [u8] {
        let length = self.below(most).min(self.bytes.len());
        self.bytes.bytes(length).unwrap_or_default()
    }

    pub(crate) fn market(&mut self) -> &'static str {
        MARKETS[self.below(MARKETS.len())]
    }

    pub(crate) fn runner(&mut self) -> RunnerKey {
        RUNNERS[self.below(RUNNERS.len())]
    }

    fn size(&mut self) -> Centi {
        SIZES[self.below(SIZES.len())]
    }

    fn price(&mut self) -> Centi {
        PRICES[self.below(PRICES.len())]
    }

    /// A message with these `mc` entries, and before them these members.
    pub(crate) fn message(&mut self, members: &str, entries: &str) -> String {
        self.pt_ms = match self.below(64) {
            63 => [i64::MIN, i64::MAX, 0][self.below(3)],
            step => self.pt_ms.saturating_add(STEPS_MS[step % STEPS_MS.len()]),
        };
        let clock = self.below(4);
        format!(
            r#"{{"op":"mcm",{members}"clk":"{clock}","pt":{},"mc":[{entries}]}}"#,
            self.pt_ms
        )
    }

    /// One to three entries in which runners change.
    pub(crate) fn changes(&mut self, core: &HotloopCore) -> String {
        let mut entries = String::new();
        for _ in 0..=self.below(3) {
            let market_id = self.market();
            let head = format!(r#"{{"id":"{market_id}","rc":["#);
            push(&mut entries, &head, "");
            let mut runners = String::new();
            for _ in 0..=self.below(3) {
                let change = self.runner_change(core, market_id);
                push(&mut runners, &change, ",");
            }
            entries.push_str(&runners);
            entries.push_str("]}");
        }
        entries
    }

    /// One entry that is an image, or has a definition, or both.
    pub(crate) fn image(
        &mut self,
        core: &HotloopCore,
        market_id: &str,
        image: bool,
        defined: bool,
    ) -> String {
        let mut entry = format!(r#"{{"id":"{market_id}","img":{image}"#);
        if defined {
            entry.push_str(r#","marketDefinition":"#);
            self.definition(&mut entry);
        }
        entry.push_str(r#","rc":["#);
        let mut runners = String::new();
        for _ in 0..self.below(4) {
            let change = self.runner_change(core, market_id);
            push(&mut runners, &change, ",");
        }
        entry + &runners + "]}"
    }

    fn definition(&mut self, out: &mut String) {
        let status = STATUSES[self.below(STATUSES.len())];
        let in_play = self.one_in(4);
        let ladder = LADDERS[if self.one_in(4) {
            self.below(LADDERS.len())
        } else {
            0
        }];
        write(
            out,
            format_args!(
                r#"{{"status":"{status}","inPlay":{in_play},"priceLadderDefinition":{{"type":"{ladder}"}}"#
            ),
        );
        if ladder == "LINE_RANGE" {
            let interval = ["0.5", "1", "0", "1e15"][self.below(4)];
            write(
                out,
                format_args!(r#","lineMinUnit":-0.5,"lineMaxUnit":300.5,"lineInterval":{interval}"#),
            );
        }
        match self.below(4) {
            0 => {}
            3 => out.push_str(r#","version":1"#),
            _ => write(out, format_args!(r#","version":{}"#, self.pt_ms)),
        }
        out.push_str(r#","runners":["#);
        let mut runners = String::new();
        for runner in RUNNERS.iter().take(self.below(5)) {
            let status = ["ACTIVE", "ACTIVE", "REMOVED", "LOSER"][self.below(4)];
            let factor = ["12.5", "0", "null", "-1"][self.below(4)];
            let entry = format!(
                r#"{{{},"status":"{status}","adjustmentFactor":{factor}}}"#,
                named(*runner)
            );
            push(&mut runners, &entry, ",");
        }
        out.push_str(&runners);
        out.push_str("]}");
    }

    /// One `rc` entry.
    fn runner_change(&mut self, core: &HotloopCore, market_id: &str) -> String {
        let runner = self.runner();
        let mut entry = format!("{{{}", named(runner));
        match self.below(8) {
            0..=2 => self.trade(&mut entry, core, market_id, runner),
            3 | 4 => self.resize(&mut entry, core, market_id, runner),
            5 => self.revalue(&mut entry, core, market_id, runner),
            _ => self.anything(&mut entry),
        }
        if self.one_in(4) {
            write(
                &mut entry,
                format_args!(r#","ltp":{}"#, decimal(PRICES[self.below(PRICES.len())], 0)),
            );
        }
        entry + "}"
    }

    /// The best levels of a side are taken, and counted as traded once or twice.
    fn trade(&mut self, out: &mut String, core: &HotloopCore, market_id: &str, runner: RunnerKey) {
        let (side, array) = [(Side::Back, "atb"), (Side::Lay, "atl")][self.below(2)];
        let traded = core
            .runner(market_id, runner)
            .map_or(&[][..], |book| book.traded());
        let count = 1 + self.below(4);
        let (mut left, mut counted) = (String::new(), String::new());
        for level in core.ladder_top(market_id, runner, side, Some(count)) {
            let taken = if self.one_in(4) {
                (level.size / 2).max(1)
            } else {
                level.size
            };
            self.row(
                &mut left,
                Level {
                    size: level.size - taken,
                    ..level
                },
            );
            let times = [2, 2, 1, 3][self.below(4)];
            let more = taken.saturating_mul(times) + [0, 0, 1, -1][self.below(4)];
            let total = (size_at(traded, level.price) + more.max(0)).min(1 << 53);
            self.row(&mut counted, Level { size: total, ..level });
        }
        write(out, format_args!(r#","{array}":[{left}],"trd":[{counted}]"#));
    }

    /// Levels grow, shrink or go.
    fn resize(&mut self, out: &mut String, core: &HotloopCore, market_id: &str, runner: RunnerKey) {
        let (side, array) = [(Side::Back, "atb"), (Side::Lay, "atl")][self.below(2)];
        let mut rows = String::new();
        for level in core.ladder_top(market_id, runner, side, Some(3)) {
            let left = [0, level.size / 2, level.size - 1, level.size, level.size * 2][self.below(5)];
            self.row(
                &mut rows,
                Level {
                    size: left.min(1 << 53),
                    ..level
                },
            );
        }
        write(out, format_args!(r#","{array}":[{rows}]"#));
    }

    /// All traded volumes rise a little, or are wiped.
    fn revalue(&mut self, out: &mut String, core: &HotloopCore, market_id: &str, runner: RunnerKey) {
        let mut rows = String::new();
        let per_mille = [0, 1, 5, 6, 400][self.below(5)];
        for level in core
            .runner(market_id, runner)
            .map_or(&[][..], |book| book.traded())
        {
            if per_mille > 0 {
                let risen = (level.size + level.size / 1_000 * per_mille).min(1 << 53);
                self.row(
                    &mut rows,
                    Level {
                        size: risen,
                        ..*level
                    },
                );
            }
        }
        write(out, format_args!(r#","trd":[{rows}]"#));
    }

    /// Rows of any array.
    fn anything(&mut self, out: &mut String) {
        for _ in 0..=self.below(3) {
            let place = self.below(ARRAYS.len());
            let mut rows = String::new();
            for _ in 0..self.below(5) {
                let level = Level {
                    price: self.price(),
                    size: self.size(),
                };
                if place < 3 {
                    self.row(&mut rows, level);
                } else {
                    let position = [0, 1, 2, 9, 255, 256][self.below(6)];
                    let row = format!(
                        "[{position},{},{}]",
                        decimal(level.price, 0),
                        decimal(level.size, 0)
                    );
                    push(&mut rows, &row, ",");
                }
            }
            write(out, format_args!(r#","{}":[{rows}]"#, ARRAYS[place]));
        }
    }

    fn row(&mut self, rows: &mut String, level: Level) {
        let form = self.below(8);
        let row = format!("[{},{}]", decimal(level.price, form), decimal(level.size, form));
        push(rows, &row, ",");
    }
}

fn size_at(levels: &[Level], price: Centi) -> Centi {
    levels
        .iter()
        .find(|level| level.price == price)
        .map_or(0, |level| level.size)
}

fn named(runner: RunnerKey) -> String {
    format!(r#""id":{},"hc":{}"#, runner.id, decimal(runner.handicap, 0))
}

/// Hundredths as one of the ways to write them, the venue's own (0 to 4) among them.
pub(crate) fn decimal(centi: Centi, form: usize) -> String {
    let (sign, amount) = (if centi < 0 { "-" } else { "" }, centi.unsigned_abs());
    let (whole, part) = (amount / 100, amount % 100);
    match form {
        5 => format!("{sign}{whole}.{part:02}"),
        6 => format!("{sign}{whole}.{part:02}0"),
        7 => format!("{sign}{amount}e-2"),
        _ if part == 0 => format!("{sign}{whole}"),
        _ if part % 10 == 0 => format!("{sign}{whole}.{}", part / 10),
        _ => format!("{sign}{whole}.{part:02}"),
    }
}

/// Puts a part behind the others.
fn push(parts: &mut String, part: &str, between: &str) {
    if !parts.is_empty() {
        parts.push_str(if between.is_empty() { "," } else { between });
    }
    parts.push_str(part);
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

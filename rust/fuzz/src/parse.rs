//! One line of any bytes.

use std::sync::OnceLock;

use hotloop_core::{Config, Error, HotloopCore, Place, RunnerKey, Side, Stats, Touched};

use crate::reading::{Judgement, judge, rewritten};
use crate::text::{spaced, unspaced_offset};
use crate::view::View;

/// A core that holds something a refused line could harm.
const BEFORE: [&[u8]; 2] = [
    br#"{"op":"mcm","id":3,"pt":1000,"clk":"A","initialClk":"I","ct":"SUB_IMAGE","mc":[{"id":"1.1","img":true,"marketDefinition":{"status":"OPEN","version":5,"runners":[{"id":1},{"id":2,"hc":0.25}]},"rc":[{"id":1,"atb":[[2,10],[1.99,5]],"atl":[[2.02,7]],"trd":[[2,100]]},{"id":2,"hc":0.25,"batb":[[0,3,4]]}]},{"id":"1.2","rc":[{"id":1,"atb":[[5,5]]}]}]}"#,
    br#"{"op":"mcm","id":3,"pt":2000,"clk":"B","mc":[{"id":"1.1","rc":[{"id":1,"ltp":2,"atb":[[2,6]],"trd":[[2,108]]}]}]}"#,
];

type Outcome = Result<Vec<Touched>, Error>;

/// Applies the bytes as one line.
///
/// # Panics
/// Where the core breaks a law.
pub fn parse(line: &[u8]) {
    let (outcome, view) = applied(line);
    match (&outcome, judge(line)) {
        (Err(Error::Unreadable { .. }), Judgement::Readable) => panic!("is JSON, and refused: {outcome:?}"),
        (Ok(_) | Err(Error::Invalid { .. } | Error::Limit { .. }), Judgement::Unreadable) => {
            panic!("is no JSON object, and taken for one: {outcome:?}")
        }
        _ => {}
    }
    if let Err(error) = &outcome {
        assert!(
            error.offset().is_none_or(|offset| offset <= line.len()),
            "{error:?} is beyond the line"
        );
    }
    let (long, long_view) = applied(&spaced(line));
    let long = long.map_err(|error| unspaced(error, line));
    assert_eq!(
        (&long, &long_view),
        (&outcome, &view),
        "white space makes a difference"
    );
    if let Some(other) = rewritten(line) {
        let (other, other_view) = applied(&other);
        assert_eq!(
            other.is_ok(),
            outcome.is_ok(),
            "{other:?} and {outcome:?} of the same message"
        );
        if outcome.is_ok() {
            assert_eq!(
                (other, other_view),
                (outcome, view),
                "another writing makes a difference"
            );
        }
    }
    refused_changes_nothing(line);
}

/// What a new core makes of the line.
fn applied(line: &[u8]) -> (Outcome, View) {
    let mut core = HotloopCore::new(Config::default());
    let outcome = core.apply(line, 1).map(<[Touched]>::to_vec);
    let view = View::of(&mut core);
    (outcome, view)
}

/// The error that the line itself would have given, from one of the line with spaces in it.
pub(crate) fn unspaced(error: Error, line: &[u8]) -> Error {
    match error {
        Error::Unreadable { offset, reason } => Error::Unreadable {
            offset: unspaced_offset(line, offset),
            reason,
        },
        Error::Invalid {
            market_id,
            field,
            offset,
            reason,
        } => Error::Invalid {
            market_id,
            field,
            offset: offset.map(|offset| unspaced_offset(line, offset)),
            reason,
        },
        other => other,
    }
}

/// Where the order of [`held`] rests.
const PLACE: Place = Place {
    runner: RunnerKey { id: 1, handicap: 0 },
    side: Side::Lay,
    price: 200,
};

/// A core that holds something.
fn held() -> HotloopCore {
    let mut core = HotloopCore::new(Config {
        max_markets: 3,
        ..Config::default()
    });
    for before in BEFORE {
        assert!(core.apply(before, 5).is_ok());
    }
    assert!(core.track_order("a", "1.1", PLACE, 0.0).is_ok());
    core
}

type Seen = (View, Result<f64, Error>, Option<i64>);

fn seen(core: &mut HotloopCore) -> Seen {
    let ahead = core.order_ahead("a", "1.1", Some(PLACE));
    (View::of(core), ahead, core.last_ts_ms())
}

fn refused_changes_nothing(line: &[u8]) {
    static BEFORE_IT: OnceLock<Seen> = OnceLock::new();
    let before = BEFORE_IT.get_or_init(|| seen(&mut held()));
    let mut core = held();
    let stats = core.stats();
    if core.apply(line, 6).is_err() {
        assert_eq!(&seen(&mut core), before, "a refused line changed something");
        let errors = stats.errors + 1;
        assert_eq!(core.stats(), Stats { errors, ..stats });
        assert!(core.touched().is_empty());
        let stale = core.stale_markets().count();
        assert!(core.has_lost_changes() || stale == 0, "stale without a loss");
    } else {
        let messages = stats.messages + 1;
        assert_eq!(
            (core.stats().messages, core.stats().errors),
            (messages, stats.errors)
        );
        assert_eq!(core.last_ts_ms(), Some(6));
        let _ = View::of(&mut core);
    }
}

//! Everything a core answers at one time, each answer held against the others.

use hotloop_core::{
    BookSource, Centi, Config, Definition, HotloopCore, Ladder, Level, MarketBook, RunnerBook, RunnerKey,
};

use crate::signals::{self, SIDES};

const PRICE_MAX: Centi = 10_000_000;
const SIZE_MAX: Centi = 1 << 53;
const SOURCES: [BookSource; 3] = [BookSource::Full, BookSource::Best, BookSource::Display];
/// So many prices of a ladder are asked about, and so many of a runner.
const ASKED: usize = 2;
const PRICES_MAX: usize = 2;

/// What can be seen of a core but its counts and its stale marks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    last_pt_ms: Option<i64>,
    clocks: [Option<String>; 2],
    markets: Vec<MarketView>,
}

#[derive(Debug, Clone, PartialEq)]
struct MarketView {
    id: String,
    definition: Option<Definition>,
    definition_seq: u64,
    times: [Option<i64>; 2],
    has_reduction: bool,
    runners: Vec<RunnerView>,
}

#[derive(Debug, Clone, PartialEq)]
struct RunnerView {
    key: RunnerKey,
    last_traded: (Option<Centi>, Option<i64>),
    traded: Vec<Level>,
    /// By source, then by side.
    ladders: Vec<Vec<Level>>,
    others: [Vec<Level>; 2],
    signals: Vec<u64>,
}

impl View {
    /// Asks everything. The configuration is the same afterwards.
    ///
    /// # Panics
    /// Where two answers contradict each other, or one is out of its range.
    pub(crate) fn of(core: &mut HotloopCore) -> Self {
        let (initial, clock) = core.clocks();
        let clocks = [initial, clock].map(|clock| clock.map(str::to_owned));
        let known: Vec<(String, Vec<RunnerKey>)> = core
            .markets()
            .map(|market| {
                (
                    market.id().to_owned(),
                    market.runners().iter().map(RunnerBook::key).collect(),
                )
            })
            .collect();
        let config = core.config().clone();
        let view = Self {
            last_pt_ms: core.last_pt_ms(),
            clocks,
            markets: known
                .into_iter()
                .map(|(id, keys)| market_view(core, &config, id, &keys))
                .collect(),
        };
        core.set_config(config);
        for (place, market) in view.markets.iter().enumerate() {
            assert!(
                view.markets[..place].iter().all(|other| other.id != market.id),
                "{} is held twice",
                market.id
            );
        }
        view
    }
}

fn market_view(core: &mut HotloopCore, config: &Config, id: String, keys: &[RunnerKey]) -> MarketView {
    let runners: Vec<RunnerView> = keys
        .iter()
        .map(|key| runner_view(core, config, &id, *key))
        .collect();
    let Some(market) = core.market(&id) else {
        panic!("{id} is listed and not held");
    };
    assert_eq!(market.id(), id);
    for (place, key) in keys.iter().enumerate() {
        assert!(!keys[..place].contains(key), "{key:?} is known twice");
        assert_eq!(market.runner(*key).map(RunnerBook::key), Some(*key));
    }
    assert_eq!(market.definition().is_some(), market.definition_seq() > 0);
    MarketView {
        definition: market.definition().cloned(),
        definition_seq: market.definition_seq(),
        times: [market.pt_ms(), market.ts_ms()],
        has_reduction: core.has_recent_reduction(&id, None),
        runners,
        id,
    }
}

fn runner_view(core: &mut HotloopCore, config: &Config, id: &str, key: RunnerKey) -> RunnerView {
    let mut ladders = Vec::with_capacity(6);
    for book_source in SOURCES {
        core.set_config(Config {
            book_source,
            ..config.clone()
        });
        ladders.extend(SIDES.map(|side| core.ladder_top(id, key, side, None)));
        let full = book_source == BookSource::Full;
        let [.., back, lay] = ladders.as_slice() else {
            continue;
        };
        check_ladder(back, full, |better, worse| better > worse);
        check_ladder(lay, full, |better, worse| better < worse);
    }
    core.set_config(config.clone());
    let Some(runner) = core.runner(id, key) else {
        panic!("{key:?} of {id} is listed and not known");
    };
    let traded = runner.traded().to_vec();
    check_ladder(&traded, true, |first, next| first < next);
    let last_traded = (runner.last_traded(), runner.last_traded_ms());
    assert!(last_traded.0.is_none_or(|price| (0..=PRICE_MAX).contains(&price)));
    let in_force = look(core, id, key);
    let others = SIDES.map(|side| core.ladder_of_others(id, key, side, None));
    for (all, others) in in_force.iter().zip(&others) {
        let total = |levels: &[Level]| levels.iter().map(|level| level.size).sum::<Centi>();
        assert!(
            others.len() <= all.len() && total(others) <= total(all) && others.iter().all(|l| l.size > 0)
        );
    }
    let asked = in_force
        .iter()
        .chain([&traded])
        .flat_map(|levels| levels.iter().take(ASKED));
    let mut prices: Vec<Centi> = asked.map(|level| level.price).collect();
    prices.sort_unstable();
    prices.dedup();
    prices.truncate(PRICES_MAX);
    RunnerView {
        key,
        last_traded,
        traded,
        ladders,
        others,
        signals: signals::read(core, id, key, &prices),
    }
}

/// The ladders in force of one runner, and that what is read of them in parts is the same.
pub(crate) fn look(core: &HotloopCore, id: &str, key: RunnerKey) -> [Vec<Level>; 2] {
    let in_force = SIDES.map(|side| core.ladder_top(id, key, side, None));
    let [back, lay] = &in_force;
    check_ladder(back, false, |better, worse| better > worse);
    check_ladder(lay, false, |better, worse| better < worse);
    check_best(core, id, key, &in_force);
    in_force
}

/// Sorted, strictly where a price occurs once, with sizes above 0.
fn check_ladder(levels: &[Level], strictly: bool, before: impl Fn(Centi, Centi) -> bool) {
    for level in levels {
        let in_range = (0..=PRICE_MAX).contains(&level.price) && (1..=SIZE_MAX).contains(&level.size);
        assert!(in_range, "{level:?} is out of range");
    }
    for pair in levels.windows(2) {
        let (first, next) = (pair[0].price, pair[1].price);
        assert!(
            before(first, next) || (first == next && !strictly),
            "not in order: {levels:?}"
        );
    }
}

/// What is read of a ladder in parts is the same as in the whole of it.
fn check_best(core: &HotloopCore, id: &str, key: RunnerKey, ladders: &[Vec<Level>; 2]) {
    let (back, lay) = core.best(id, key);
    for ((side, levels), best) in SIDES.into_iter().zip(ladders).zip([back, lay]) {
        assert_eq!(
            best.map(|level| level.price),
            levels.first().map(|level| level.price)
        );
        assert_eq!(best, levels.first().copied());
        let two = core.ladder_top(id, key, side, Some(2));
        assert_eq!(two, levels[..levels.len().min(2)]);
        assert_eq!(
            core.best2_sum(id, key, side),
            two.iter().map(|level| level.size).sum::<Centi>()
        );
        for level in levels.iter().take(ASKED) {
            let there: Centi = levels
                .iter()
                .filter(|l| l.price == level.price)
                .map(|l| l.size)
                .sum();
            assert_eq!(core.size_ahead(id, key, side.opposite(), level.price), there);
        }
    }
    let ladder = core.market(id).map_or(Ladder::Classic, MarketBook::ladder);
    let ticks = |level: Option<Level>| level.and_then(|level| ladder.tick_of(level.price));
    let spread = ticks(back).zip(ticks(lay)).map(|(back, lay)| lay - back);
    assert_eq!(core.spread_ticks(id, key), spread);
}

//! What holds for the machine whatever it is told, in any order.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::{HashMap, HashSet};

use executor::machine::{Input, Limits, Machine};
use proptest::prelude::*;
use wire::{
    Action, Control, ControlAction, DryFill, Intent, Ladder, Market, MarketStatus, Persistence, Report,
    Runner, RunnerStatus, Side, TimeInForce,
};

const MAX_OPEN: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Intent(Intent),
    Market(Market),
    Fill(DryFill),
    Control(ControlAction),
    Advance(i64),
}

/// Few names, so that steps meet each other.
fn name() -> impl Strategy<Value = String> {
    (0..14).prop_map(|number| format!("i{number}"))
}

prop_compose! {
    fn intent()(
        intent_id in name(),
        target in prop::option::of(name()),
        action in prop::sample::select(vec![Action::Place, Action::Place, Action::Replace, Action::Cancel]),
        market in 0..2,
        selection_id in 1..3_i64,
        price_centi in prop::sample::select(vec![200, 201, 210, 300]),
        size_centi in prop::sample::select(vec![0, 1, 100, 500]),
        ttl_ms in 1..60_i64,
        persistence in prop::sample::select(vec![Persistence::Lapse, Persistence::Persist]),
        kill in prop::bool::weighted(0.2),
    ) -> Intent {
        Intent {
            v: 1, intent_id, ts_ms: 0, edge: "e".into(), market_id: format!("1.{market}"), selection_id,
            handicap_centi: 0, action, side: Side::Back, price_centi,
            size_centi: if action == Action::Place { size_centi } else { size_centi / 500 },
            ttl_ms, persistence, time_in_force: kill.then_some(TimeInForce::FillOrKill), min_fill_size_centi: None,
            target_intent_id: target, market_version: None, hedge_of: None, strategy_ref: "s".into(), dry_run: true,
        }
    }
}

prop_compose! {
    fn market()(
        market in 0..2,
        status in prop::sample::select(vec![
            MarketStatus::Open, MarketStatus::Open, MarketStatus::Open, MarketStatus::Suspended, MarketStatus::Closed,
        ]),
        in_play in any::<bool>(),
        runner in prop::sample::select(vec![RunnerStatus::Active, RunnerStatus::Active, RunnerStatus::Removed]),
    ) -> Market {
        Market {
            market_id: format!("1.{market}"), status, in_play, version: None, bet_delay: 0, ladder: Ladder::Classic,
            runners: vec![Runner { selection_id: 1, handicap_centi: 0, status: runner }], winners: 1, event_type_id: None,
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let fill = (name(), 101..400_i64, 1..400_i64).prop_map(|(intent_id, price_centi, size_centi)| DryFill {
        intent_id,
        price_centi,
        size_centi,
        ts_ms: 0,
    });
    prop_oneof![
        8 => intent().prop_map(Step::Intent),
        2 => market().prop_map(Step::Market),
        4 => fill.prop_map(Step::Fill),
        1 => prop::sample::select(vec![ControlAction::CancelAll, ControlAction::Kill, ControlAction::Resume, ControlAction::Resume])
            .prop_map(Step::Control),
        2 => (0..8_i64).prop_map(Step::Advance),
    ]
}

fn run(machine: &mut Machine, step: &Step) -> Vec<Report> {
    match step {
        Step::Intent(intent) => machine.handle(Input::Intent(intent)),
        Step::Market(market) => machine.handle(Input::Market(market)),
        Step::Fill(fill) => machine.handle(Input::DryFill(fill)),
        Step::Control(action) => machine.handle(Input::Control(&Control {
            action: *action,
            reason: String::new(),
        })),
        Step::Advance(by) => machine.advance(machine.now_ms() + by).unwrap(),
    }
}

/// What the reports so far say.
#[derive(Default)]
struct Reader {
    last_seq: i64,
    ended: HashSet<String>,
    placed: HashMap<String, i64>,
}

impl Reader {
    fn read(&mut self, report: &Report) {
        assert_eq!(report.seq, self.last_seq + 1, "seq has no gaps");
        self.last_seq = report.seq;
        let id = &report.intent_id;
        assert!(
            !self.ended.contains(id),
            "nothing follows the end of {id}: {report:?}"
        );
        if !self.placed.contains_key(id) && report.size_remaining_centi > 0 {
            self.placed.insert(id.clone(), report.size_remaining_centi);
        }
        let size = self.placed.get(id).copied().unwrap_or(0);
        assert!(
            report.size_matched_centi + report.size_remaining_centi <= size,
            "{report:?} of {size}"
        );
        assert_eq!(report.avg_price_matched.is_some(), report.size_matched_centi > 0);
        assert_eq!(report.fill_events.is_empty(), report.fill_price.is_none());
        if report.status.is_terminal() {
            assert_eq!(report.size_remaining_centi, 0);
            self.ended.insert(id.clone());
        }
    }

    fn open(&self) -> usize {
        self.placed.keys().filter(|id| !self.ended.contains(*id)).count()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn d1_invariants_hold_for_any_script(steps in prop::collection::vec(step(), 1..120)) {
        let limits = Limits { max_open_orders: MAX_OPEN, ..Limits::default() };
        let (mut machine, mut reader) = (Machine::new(limits, 0), Reader::default());
        for step in &steps {
            for report in run(&mut machine, step) {
                reader.read(&report);
            }
            prop_assert!(machine.open_orders() <= MAX_OPEN);
            prop_assert_eq!(machine.open_orders(), reader.open());
            prop_assert_eq!(machine.last_seq(), reader.last_seq);
        }
        // Everything ends: after the longest deadline nothing stands and nothing is due.
        for report in machine.advance(1_000_000).unwrap() {
            reader.read(&report);
        }
        prop_assert_eq!((machine.open_orders(), machine.next_due_ms()), (0, None));
    }

    #[test]
    fn d2_the_same_script_twice_gives_the_same_reports(steps in prop::collection::vec(step(), 1..80)) {
        let (mut one, mut two) = (Machine::new(Limits::default(), 0), Machine::new(Limits::default(), 0));
        for step in &steps {
            prop_assert_eq!(run(&mut one, step), run(&mut two, step));
            if matches!(step, Step::Intent(_)) {
                prop_assert_eq!(run(&mut one, step), vec![], "a repeat makes nothing");
            }
        }
    }

    #[test]
    fn d8_nothing_is_due_before_it_is_said_to_be(steps in prop::collection::vec(step(), 1..80)) {
        let mut machine = Machine::new(Limits::default(), 0);
        for step in &steps {
            run(&mut machine, step);
            if let Some(due_ms) = machine.next_due_ms().filter(|due_ms| *due_ms > machine.now_ms()) {
                prop_assert_eq!(machine.advance(due_ms - 1).unwrap(), vec![]);
                prop_assert!(!machine.advance(due_ms).unwrap().is_empty());
            }
        }
    }
}

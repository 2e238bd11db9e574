//! The trader: wants things, hears reports, says again what was not answered.

use std::collections::BTreeMap;

use orders::Event;
use wire::{
    Action, ControlAction, Intent, Ladder, Market, MarketStatus, Persistence, Report, Runner, RunnerStatus,
    Side, Status, TimeInForce,
};

use crate::random::Random;

#[derive(Debug)]
pub struct Trader {
    random: Random,
    /// How many things it still wants.
    pub left: usize,
    keeps_references: bool,
    said: BTreeMap<String, Intent>,
    /// By `seq`.
    pub heard: BTreeMap<i64, Report>,
    ends: BTreeMap<String, Report>,
    live: Vec<String>,
    markets: [Market; 2],
}

impl Trader {
    pub fn new(seed: u64, intents: usize, keeps_references: bool) -> Self {
        Self {
            random: Random::new(seed),
            left: intents,
            keeps_references,
            said: BTreeMap::new(),
            heard: BTreeMap::new(),
            ends: BTreeMap::new(),
            live: Vec::new(),
            markets: ["1.1", "1.2"].map(market),
        }
    }

    /// True once it wants nothing more.
    pub fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Intents without an end.
    pub fn open(&self) -> Vec<&str> {
        let said = self.said.keys().map(String::as_str);
        said.filter(|name| !self.ends.contains_key(*name)).collect()
    }

    pub fn said(&self) -> &BTreeMap<String, Intent> {
        &self.said
    }

    /// The end of an intent.
    pub fn end(&self, name: &str) -> Option<&Report> {
        self.ends.get(name)
    }

    /// How many reports have this status.
    pub fn count(&self, status: Status) -> u64 {
        let heard = self.heard.values();
        u64::try_from(heard.filter(|report| report.status == status).count()).unwrap()
    }

    /// What it wants next.
    pub fn think(&mut self, now_ms: i64) -> Option<Event> {
        if self.left == 0 {
            return None;
        }
        if self.random.chance(60) {
            return Some(self.market_changes());
        }
        if self.random.chance(25) {
            let action = [
                ControlAction::CancelAll,
                ControlAction::Kill,
                ControlAction::Resume,
            ];
            return Some(Event::Control(self.random.pick(&action)));
        }
        self.left -= 1;
        let intent = self.want(now_ms);
        self.said.insert(intent.intent_id.clone(), intent.clone());
        if intent.action != Action::Cancel {
            self.live.push(intent.intent_id.clone());
        }
        Some(Event::Intent(Box::new(intent)))
    }

    fn market_changes(&mut self) -> Event {
        let random = &mut self.random;
        let market = &mut self.markets[random.index(2)];
        market.status = random.pick(&[MarketStatus::Open, MarketStatus::Open, MarketStatus::Suspended]);
        market.ladder = random.pick(&[
            Ladder::Classic,
            Ladder::Classic,
            Ladder::Finest,
            Ladder::LineRange,
        ]);
        market.version = random.pick(&[None, Some(2), Some(3)]);
        market.bet_delay = random.pick(&[0, 1, 5]);
        market.runners[0].status =
            random.pick(&[RunnerStatus::Active, RunnerStatus::Active, RunnerStatus::Removed]);
        Event::Market(Box::new(market.clone()))
    }

    /// Something that is refused, or goes before others.
    fn make_odd(&mut self, intent: &mut Intent) {
        match self.random.index(7) {
            0 => intent.price_centi = 1_235,
            1 if intent.action == Action::Place => intent.size_centi = 50,
            2 => intent.market_version = Some(2),
            3 => intent.hedge_of = Some("i000".to_owned()),
            4 => intent.selection_id = 3 - intent.selection_id,
            5 if intent.action != Action::Place => intent.size_centi = 9_000,
            6 => "other".clone_into(&mut intent.strategy_ref),
            _ => intent.persistence = Persistence::Persist,
        }
    }

    fn want(&mut self, now_ms: i64) -> Intent {
        let name = format!("i{:03}", self.said.len());
        let target = (!self.live.is_empty()).then(|| self.live[self.random.index(self.live.len())].clone());
        let kind = self.random.from(0, 10);
        let ttl_ms = self.random.pick(&[200, 2_000, 20_000, 90_000]);
        let late_ms = self.random.pick(&[0, 0, 0, 150, 400]);
        let mut intent = Intent {
            v: 1,
            intent_id: name,
            ts_ms: now_ms - late_ms,
            edge: "sim".to_owned(),
            market_id: self.markets[self.random.index(2)].market_id.clone(),
            selection_id: self.random.from(1, 3),
            handicap_centi: 0,
            action: Action::Place,
            side: self.random.pick(&[Side::Back, Side::Lay]),
            price_centi: self.random.pick(&[150, 200, 300, 1_000]),
            size_centi: self.random.pick(&[200, 501, 1_000, 3_000]),
            ttl_ms,
            persistence: Persistence::Lapse,
            time_in_force: self.random.chance(100).then_some(TimeInForce::FillOrKill),
            min_fill_size_centi: None,
            target_intent_id: None,
            market_version: None,
            hedge_of: None,
            strategy_ref: "sim".to_owned(),
            dry_run: false,
        };
        if let (Some(target), true) = (target, kind >= 5) {
            let of = self.said[&target].clone();
            intent.market_id = of.market_id;
            intent.selection_id = of.selection_id;
            intent.side = of.side;
            intent.time_in_force = None;
            intent.target_intent_id = Some(target);
            intent.size_centi = 0;
            if kind < 8 {
                intent.action = Action::Replace;
                if !self.keeps_references {
                    // Bets without a reference that look alike cannot be told apart, by anybody.
                    intent.price_centi = 101 + i64::try_from(self.said.len()).unwrap();
                }
            } else {
                intent.action = Action::Cancel;
                intent.size_centi = self.random.pick(&[0, 0, 0, 50]);
            }
        }
        if self.random.chance(120) {
            self.make_odd(&mut intent);
        }
        intent
    }

    /// A report; the same again is fine, another with its number is not. What it acknowledges, now and then.
    pub fn hear(&mut self, report: &Report) -> Result<Option<i64>, String> {
        if let Some(before) = self.heard.get(&report.seq) {
            return if before == report {
                Ok(None)
            } else {
                Err(format!(
                    "report {} twice, differently: {before:?} and {report:?}",
                    report.seq
                ))
            };
        }
        let wanted = self.heard.keys().next_back().map_or(1, |last| last + 1);
        if report.seq != wanted {
            return Err(format!("report {} where {wanted} should be", report.seq));
        }
        self.heard.insert(report.seq, report.clone());
        if report.status.is_terminal()
            && let Some(before) = self.ends.insert(report.intent_id.clone(), report.clone())
        {
            return Err(format!(
                "{} ended twice: {:?}, {:?}",
                report.intent_id, before.status, report.status
            ));
        }
        Ok(self.random.chance(300).then_some(report.seq))
    }

    /// After a reconnect: markets, and every intent that no report has answered; some others, too.
    pub fn again(&mut self) -> Vec<Event> {
        let mut events: Vec<Event> = self
            .markets
            .iter()
            .map(|market| Event::Market(Box::new(market.clone())))
            .collect();
        for (name, intent) in &self.said {
            let is_answered = self.heard.values().any(|report| &report.intent_id == name);
            if !is_answered || self.random.chance(200) {
                events.push(Event::Intent(Box::new(intent.clone())));
            }
        }
        events
    }
}

fn market(market_id: &str) -> Market {
    Market {
        market_id: market_id.to_owned(),
        status: MarketStatus::Open,
        in_play: false,
        version: None,
        bet_delay: 1,
        ladder: Ladder::Classic,
        runners: vec![Runner {
            handicap_centi: 0,
            selection_id: 1,
            status: RunnerStatus::Active,
        }],
        winners: 1,
        event_type_id: None,
    }
}

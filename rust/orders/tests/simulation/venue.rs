//! A venue that keeps a ledger: the judge of everything that is told.

use std::collections::BTreeMap;

use orders::facts::{Bet, Told};
use orders::{Instruction, Kind, Request};
use wire::{Side, TimeInForce};

use crate::random::Random;

/// The venue knows a customerRef again for so long.
const REMEMBERS_MS: i64 = 60_000;

/// A bet, and which order asked for it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub bet: Bet,
    pub intent_id: String,
}

#[derive(Debug, Default)]
pub struct Venue {
    /// By the number in their ids.
    pub bets: BTreeMap<u64, Entry>,
    next_bet: u64,
    references: BTreeMap<String, i64>,
    /// Whether the references of replaced bets are kept.
    pub keeps_references: bool,
    /// Whether what is matched may become void, or worth less.
    pub voids: bool,
}

/// The order that a bet is of which nobody asked for.
pub const STRANGER: &str = "stranger";

impl Venue {
    /// Carries a request out; `names` are the intents of its instructions. The bets that it changed.
    pub fn execute(
        &mut self,
        request: &Request,
        names: &[String],
        now_ms: i64,
    ) -> (Result<Vec<Told>, &'static str>, Vec<u64>) {
        if matches!(request.kind, Kind::Place | Kind::Replace) {
            let before = self.references.insert(request.reference.clone(), now_ms);
            if before.is_some_and(|at_ms| now_ms - at_ms < REMEMBERS_MS) {
                return (Err("DUPLICATE_TRANSACTION"), Vec::new());
            }
        }
        let mut changed = Vec::new();
        let told = request
            .instructions
            .iter()
            .zip(names)
            .map(|(instruction, name)| self.instruct(instruction, name, now_ms, &mut changed))
            .collect();
        (Ok(told), changed)
    }

    fn instruct(
        &mut self,
        instruction: &Instruction,
        name: &str,
        now_ms: i64,
        changed: &mut Vec<u64>,
    ) -> Told {
        match instruction {
            Instruction::Place(intent) => {
                let bet = Bet {
                    bet_id: String::new(),
                    order_ref: Some(intent.intent_id.clone()),
                    market_id: intent.market_id.clone(),
                    runner: (intent.selection_id, intent.handicap_centi),
                    side: intent.side,
                    price_centi: intent.price_centi,
                    size_centi: intent.size_centi,
                    placed_ms: now_ms,
                    matched_centi: 0,
                    value: 0,
                    matched_ms: None,
                    cancelled_centi: 0,
                    lapsed_centi: 0,
                    voided_centi: 0,
                };
                let number = self.add(bet, name);
                if intent.time_in_force == Some(TimeInForce::FillOrKill) {
                    let bet = &mut self.bets.get_mut(&number).unwrap().bet;
                    if intent.size_centi % 2 == 0 {
                        fill(bet, intent.size_centi, now_ms);
                    } else {
                        bet.cancelled_centi = intent.size_centi;
                    }
                }
                changed.push(number);
                self.done(number)
            }
            Instruction::Cancel { bet_id, reduce_centi } => {
                let Some(number) = self.live(bet_id) else {
                    return Told::Failed("BET_TAKEN_OR_LAPSED".to_owned());
                };
                let bet = &mut self.bets.get_mut(&number).unwrap().bet;
                bet.cancelled_centi += reduce_centi.unwrap_or(i64::MAX).min(bet.remaining_centi());
                changed.push(number);
                self.done(number)
            }
            Instruction::Replace { bet_id, price_centi } => {
                let Some(number) = self.live(bet_id) else {
                    return Told::Failed("BET_TAKEN_OR_LAPSED".to_owned());
                };
                let bet = &mut self.bets.get_mut(&number).unwrap().bet;
                let size_centi = bet.remaining_centi();
                bet.cancelled_centi += size_centi;
                let mut next = bet.clone();
                changed.push(number);
                if now_ms % 17 == 0 {
                    return Told::Failed("CANCELLED_NOT_PLACED".to_owned());
                }
                next.price_centi = *price_centi;
                next.size_centi = size_centi;
                next.placed_ms = now_ms;
                (next.matched_centi, next.value, next.matched_ms) = (0, 0, None);
                (next.cancelled_centi, next.lapsed_centi, next.voided_centi) = (0, 0, 0);
                if !self.keeps_references {
                    next.order_ref = None;
                }
                let number = self.add(next, name);
                changed.push(number);
                self.done(number)
            }
            Instruction::LookUp { .. } => Told::TimedOut,
        }
    }

    fn add(&mut self, mut bet: Bet, name: &str) -> u64 {
        self.next_bet += 1;
        bet.bet_id = self.next_bet.to_string();
        let entry = Entry {
            bet,
            intent_id: name.to_owned(),
        };
        self.bets.insert(self.next_bet, entry);
        self.next_bet
    }

    fn done(&self, number: u64) -> Told {
        Told::Done {
            bet_id: Some(number.to_string()),
            size_centi: self.bets[&number].bet.size_centi,
        }
    }

    fn live(&self, bet_id: &str) -> Option<u64> {
        let number = bet_id.parse().ok()?;
        let entry = self.bets.get(&number)?;
        (!entry.bet.is_complete()).then_some(number)
    }

    /// A bet with the strategy's reference that no order of this trader asked for.
    pub fn stranger(&mut self, now_ms: i64) {
        let bet = Bet {
            bet_id: String::new(),
            order_ref: Some(STRANGER.to_owned()),
            market_id: "1.1".to_owned(),
            runner: (2, 0),
            side: Side::Back,
            price_centi: 1_000,
            size_centi: 300,
            placed_ms: now_ms - 60_000,
            matched_centi: 0,
            value: 0,
            matched_ms: None,
            cancelled_centi: 0,
            lapsed_centi: 0,
            voided_centi: 0,
        };
        self.add(bet, STRANGER);
    }

    /// True where such a bet was there.
    pub fn has_stranger(&self) -> bool {
        self.bets.values().any(|entry| entry.intent_id == STRANGER)
    }

    /// The most that all bets of a market may cost, hundredths of hundredths: what is matched in the worst outcome, and all
    /// that rests.
    pub fn exposure_of(&self, market_id: &str) -> i64 {
        let bets = || {
            self.bets
                .values()
                .map(|entry| &entry.bet)
                .filter(|bet| bet.market_id == market_id)
        };
        let resting: i64 = bets()
            .map(|bet| orders::liability(bet.side, bet.price_centi, bet.remaining_centi()))
            .sum();
        let profit = |winner: i64| -> i64 {
            bets()
                .map(|bet| {
                    let stake = bet.matched_centi * 100;
                    let of_backer = if bet.runner.0 == winner {
                        bet.value - stake
                    } else {
                        -stake
                    };
                    if bet.side == Side::Back {
                        of_backer
                    } else {
                        -of_backer
                    }
                })
                .sum()
        };
        let worst = [0, 1, 2].map(profit).into_iter().min().unwrap_or(0).min(0);
        resting - worst
    }

    /// Of all markets.
    pub fn exposure(&self) -> i64 {
        ["1.1", "1.2"]
            .map(|market_id| self.exposure_of(market_id))
            .iter()
            .sum()
    }

    /// A bet of ours that this one would meet, or could have met while it rested.
    pub fn met_by(&self, bet: &Bet) -> Option<&Entry> {
        self.bets.values().find(|other| {
            let of = &other.bet;
            let crosses = match bet.side {
                Side::Back => of.price_centi >= bet.price_centi,
                Side::Lay => of.price_centi <= bet.price_centi,
            };
            !of.is_complete()
                && of.market_id == bet.market_id
                && of.runner == bet.runner
                && of.side != bet.side
                && crosses
        })
    }

    /// What a look-up shows.
    pub fn look_up(&self, instructions: &[Instruction]) -> Vec<Bet> {
        let shown = |bet: &Bet| {
            instructions.iter().any(|instruction| match instruction {
                Instruction::LookUp { venue_ref, bet_id } => {
                    // A bet without a reference is found by its market; the shell asks for that, too.
                    bet.order_ref
                        .as_ref()
                        .is_none_or(|reference| reference == venue_ref)
                        || bet_id.as_ref() == Some(&bet.bet_id)
                }
                _ => false,
            })
        };
        let bets = self.bets.values().map(|entry| &entry.bet);
        bets.filter(|bet| shown(bet)).cloned().collect()
    }

    /// Something happens in the market: the bet that it happens to.
    pub fn happen(&mut self, random: &mut Random, now_ms: i64) -> Option<u64> {
        let open: Vec<u64> = self
            .bets
            .iter()
            .filter(|(_, entry)| !entry.bet.is_complete())
            .map(|(n, _)| *n)
            .collect();
        if open.is_empty() || random.chance(50) {
            return self.voids.then(|| self.void_something(random)).flatten();
        }
        let number = open[random.index(open.len())];
        let bet = &mut self.bets.get_mut(&number)?.bet;
        let remaining = bet.remaining_centi();
        if random.chance(60) {
            bet.lapsed_centi += remaining;
        } else {
            let size = if random.chance(500) {
                remaining
            } else {
                random.from(1, remaining + 1)
            };
            fill(bet, size, now_ms);
        }
        Some(number)
    }

    /// A part of what is matched becomes void, or is worth less: a runner was removed.
    fn void_something(&mut self, random: &mut Random) -> Option<u64> {
        let matched: Vec<u64> = self
            .bets
            .iter()
            .filter(|(_, e)| e.bet.matched_centi > 0)
            .map(|(n, _)| *n)
            .collect();
        if matched.is_empty() {
            return None;
        }
        let number = matched[random.index(matched.len())];
        let bet = &mut self.bets.get_mut(&number)?.bet;
        if random.chance(500) {
            (bet.voided_centi, bet.matched_centi, bet.value) = (bet.voided_centi + bet.matched_centi, 0, 0);
        } else {
            bet.value -= bet.value / 10;
        }
        Some(number)
    }
}

fn fill(bet: &mut Bet, size_centi: i64, now_ms: i64) {
    bet.matched_centi += size_centi;
    bet.value += size_centi * bet.price_centi;
    bet.matched_ms = Some(now_ms);
}

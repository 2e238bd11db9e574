//! Between machine and venue: what is lost, late, doubled or refused on the way.

use orders::facts::Answer;
use orders::{Kind, Request};

use super::{Due, World};

impl World {
    pub(super) fn send(&mut self, request: Request) {
        let wait = self.random.from(1, 60);
        if request.kind == Kind::LookUp {
            if self.random.chance(self.faults.network) {
                self.later(wait, Due::Looked(request.number, None));
            } else {
                self.later(wait, Due::Looks(request));
            }
            return;
        }
        let names = self
            .names
            .get(&request.number)
            .cloned()
            .unwrap_or_else(|| vec![String::new()]);
        let number = request.number;
        if self.now_ms < self.busy_until_ms {
            self.later(
                wait,
                Due::Answer(number, Answer::Refused("SERVICE_BUSY".to_owned())),
            );
            return;
        }
        if self.random.chance(self.faults.network / 20) {
            let busy_ms = self.random.from(1_000, 100_000);
            self.busy_until_ms = self.now_ms + busy_ms;
        }
        if !self.random.chance(self.faults.network) {
            self.later(wait, Due::Arrives(request, names));
            return;
        }
        let refused = |code: &str| Answer::Refused(code.to_owned());
        match self.random.index(9) {
            0 => self.later(wait, Due::Answer(number, Answer::NotSent("refused".to_owned()))),
            1 => self.later(
                wait,
                Due::Answer(number, Answer::Lost("reset before it was read".to_owned())),
            ),
            2 => {
                // It is told to be lost, and arrives all the same, up to 15 s later; against the rule even after that.
                let promised = self.random.chance(900);
                let late = if promised {
                    self.random.from(1, 15_000)
                } else {
                    self.judge.broken.extend(names.iter().cloned());
                    self.random.from(20_000, 60_000)
                };
                self.later(late, Due::Arrives(request, names));
                self.later(wait, Due::Answer(number, Answer::Lost("timeout".to_owned())));
            }
            3 => self.later(wait, Due::Answer(number, refused("SERVICE_BUSY"))),
            4 => self.later(wait, Due::Answer(number, refused("INVALID_SESSION_INFORMATION"))),
            5 => self.later(wait, Due::Answer(number, refused("INSUFFICIENT_FUNDS"))),
            6 => {
                let late = self.random.from(1_000, 5_000);
                self.later(late, Due::Arrives(request, names));
            }
            7 if request.kind != Kind::Replace => {
                // Against the rule, too: what it says it did not do, it did. Of a REPLACE nobody could say, when the next one
                // moves the same bet to the same price, whose the new bet is.
                self.judge.broken.extend(names.iter().cloned());
                let code = self
                    .random
                    .pick(&["SERVICE_BUSY", "NO_SESSION", "INSUFFICIENT_FUNDS"]);
                self.later(wait, Due::ArrivesUnanswered(request, names));
                self.later(wait + 1, Due::Answer(number, refused(code)));
            }
            _ => {
                self.later(wait, Due::Arrives(request, names));
                self.later(wait, Due::Answer(number, refused("UNEXPECTED_ERROR")));
            }
        }
    }

    pub(super) fn arrive(
        &mut self,
        request: &Request,
        names: &[String],
        is_current: bool,
    ) -> Result<(), String> {
        let (told, changed) = self.venue.execute(request, names, self.now_ms);
        self.judge.executed(request, names, &self.venue, &self.trader)?;
        let stream_first = self.random.chance(500);
        for number in changed {
            self.show(number);
        }
        if !is_current {
            return Ok(());
        }
        let answer = match told {
            Ok(_) if self.random.chance(self.faults.network / 3) => Answer::Lost("no reply".to_owned()),
            Ok(told) if self.random.chance(self.faults.network / 4) => {
                Answer::Told(told.iter().map(|_| orders::facts::Told::TimedOut).collect())
            }
            Ok(told) => Answer::Told(told),
            Err(code) => Answer::Refused(code.to_owned()),
        };
        let wait = if stream_first {
            self.random.from(300, 900)
        } else {
            self.random.from(1, 60)
        };
        self.later(wait, Due::Answer(request.number, answer.clone()));
        if self.random.chance(self.faults.network / 5) {
            self.later(wait + 50, Due::Answer(request.number, answer));
        }
        Ok(())
    }

    /// The stream tells of a bet: late, twice, out of order, or not at all.
    pub(super) fn show(&mut self, number: u64) {
        let Some(entry) = self.venue.bets.get(&number) else {
            return;
        };
        let bet = entry.bet.clone();
        if self.stream_up && self.random.chance(self.faults.stream / 4) {
            self.stream_up = false;
            let wait = self.random.from(100, 5_000);
            self.later(wait, Due::StreamIsBack);
        }
        if !self.stream_up {
            return;
        }
        let wait = self.random.from(1, 400);
        self.later(wait, Due::Shows(bet.clone()));
        if self.random.chance(self.faults.stream) {
            let again = self.random.from(1, 2_000);
            self.later(again, Due::Shows(bet));
        }
    }
}

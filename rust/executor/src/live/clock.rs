//! The time of a live executor: the wall's, which nobody can set back, and which always goes on.

use std::time::Instant;

/// A clock that steps forward with the wall and never back.
#[derive(Debug)]
pub struct SteadyClock {
    /// It was then …
    at: Instant,
    /// … this time, milliseconds since 1970.
    ms: i64,
}

/// A difference between the wall and this clock that is worth a word.
pub const STEP_MS: i64 = 1_000;

impl SteadyClock {
    /// It is `now_ms` now, or later: some of it has been seen already.
    #[must_use]
    pub fn starting(now_ms: i64) -> Self {
        Self {
            at: Instant::now(),
            ms: now_ms,
        }
    }

    /// The time, where the wall says `wall_ms`; and by how much the wall has been set, forward or back, if it has.
    pub fn read(&mut self, wall_ms: i64) -> (i64, Option<i64>) {
        self.read_at(Instant::now(), wall_ms)
    }

    fn read_at(&mut self, at: Instant, wall_ms: i64) -> (i64, Option<i64>) {
        let passed = at.saturating_duration_since(self.at).as_millis();
        let steady_ms = self.ms + i64::try_from(passed).unwrap_or(i64::MAX);
        if wall_ms <= steady_ms {
            let behind = wall_ms - steady_ms;
            return (steady_ms, (behind <= -STEP_MS).then_some(behind));
        }
        let ahead = wall_ms - steady_ms;
        *self = Self { at, ms: wall_ms };
        (wall_ms, (ahead >= STEP_MS).then_some(ahead))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_wall_that_is_set_forward_is_followed_and_one_that_is_set_back_is_not() {
        let mut clock = SteadyClock::starting(1_000_000);
        let start = clock.at;
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(clock.read_at(after(10), 1_000_010), (1_000_010, None));
        assert_eq!(clock.read_at(after(20), 1_060_020), (1_060_020, Some(60_000)));
        assert_eq!(clock.read_at(after(30), 1_000_030), (1_060_030, Some(-60_000)));
        assert_eq!(clock.read_at(after(60_050), 1_060_050).0, 1_120_050);
    }

    #[test]
    fn it_goes_on_though_the_wall_stands() {
        let mut clock = SteadyClock::starting(5_000);
        let later = clock.at + Duration::from_millis(400);
        assert_eq!(clock.read_at(later, 5_000), (5_400, None));
    }
}

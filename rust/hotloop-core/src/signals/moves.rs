//! Big moves: how far a price has come within a short time.

use std::collections::VecDeque;

use super::rate::age_ms;
use crate::config::Config;

/// Most ended values remembered: beyond that a move is told from the latest ones.
const KEPT_MAX: usize = 128;

/// One price over time, in half ticks (the mid can lie between two ticks).
#[derive(Debug, Default)]
pub(crate) struct Series {
    /// The value in force and since when.
    now: Option<(i64, i64)>,
    /// Earlier values and when each ended, oldest first.
    ended: VecDeque<(i64, i64)>,
}

impl Series {
    pub(crate) fn observe(&mut self, half_ticks: i64, at_ms: i64, window_ms: i64) {
        let Some((value, since_ms)) = self.now else {
            self.now = Some((half_ticks, at_ms));
            return;
        };
        if value == half_ticks {
            return;
        }
        let at_ms = at_ms.max(since_ms);
        self.now = Some((half_ticks, at_ms));
        let is_old = |end_ms: &i64| age_ms(at_ms, *end_ms) > window_ms;
        while self.ended.front().is_some_and(|(_, end_ms)| is_old(end_ms)) {
            self.ended.pop_front();
        }
        if self.ended.len() == KEPT_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back((value, at_ms));
    }

    /// How far up and how far down the value has come within the window, half ticks.
    fn moves(&self, now_ms: i64, window_ms: i64) -> (i64, i64) {
        let Some((value, _)) = self.now else {
            return (0, 0);
        };
        let (mut lowest, mut highest) = (value, value);
        for (earlier, end_ms) in &self.ended {
            if age_ms(now_ms, *end_ms) <= window_ms {
                lowest = lowest.min(*earlier);
                highest = highest.max(*earlier);
            }
        }
        (value - lowest, highest - value)
    }
}

/// The two prices of one runner that are watched.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    pub last_traded: Series,
    pub mid: Series,
}

impl Moves {
    /// 1 up, −1 down, 0 without a big move.
    pub(crate) fn direction(&self, now_ms: i64, config: &Config) -> i64 {
        let (mut up, mut down) = (0, 0);
        for series in [&self.last_traded, &self.mid] {
            let (series_up, series_down) = series.moves(now_ms, config.big_move_window_ms);
            up = up.max(series_up);
            down = down.max(series_down);
        }
        if up.max(down) < config.big_move_ticks.saturating_mul(2) {
            0
        } else if up >= down {
            1
        } else {
            -1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: i64 = 2_000;

    fn series(values: &[(i64, i64)]) -> Series {
        let mut series = Series::default();
        for (value, at_ms) in values {
            series.observe(*value, *at_ms, WINDOW);
        }
        series
    }

    #[test]
    fn a_value_counts_as_long_as_it_was_in_force() {
        let series = series(&[(100, 0), (100, 4_000), (110, 5_000)]);
        assert_eq!(series.moves(5_000, WINDOW), (10, 0));
        assert_eq!(series.moves(7_000, WINDOW), (10, 0), "ended two seconds ago");
        assert_eq!(series.moves(7_001, WINDOW), (0, 0));
    }

    #[test]
    fn the_direction_is_that_of_the_larger_move() {
        let config = Config::default();
        let of = |values: &[(i64, i64)]| {
            let moves = Moves {
                mid: series(values),
                ..Moves::default()
            };
            moves.direction(1_000, &config)
        };
        assert_eq!(of(&[(100, 0), (110, 10)]), 1);
        assert_eq!(of(&[(110, 0), (100, 10)]), -1);
        assert_eq!(of(&[(100, 0), (109, 10)]), 0);
        assert_eq!(of(&[(100, 0), (125, 10), (110, 20)]), -1);
        assert_eq!(of(&[(100, 0), (120, 10), (110, 20)]), 1, "up before down");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut series = Series::default();
        for i in 0..1_000 {
            series.observe(i, 0, WINDOW);
        }
        assert_eq!(series.ended.len(), KEPT_MAX);
        assert_eq!(series.moves(0, WINDOW), (128, 0));
        series.observe(0, 10_000, WINDOW);
        assert_eq!(series.ended.len(), 1);
    }
}

//! Reports kept until the trader has acknowledged them (clauses S6 to S9).

use std::collections::VecDeque;

/// Encoded frames of the reports not yet acknowledged, without a gap in `seq`.
#[derive(Debug, Default)]
pub struct Retention {
    frames: VecDeque<Vec<u8>>,
    /// `seq` of the last report acknowledged, 0 for none.
    acked: i64,
}

impl Retention {
    /// Nothing is kept, and every report up to `seq` was acknowledged.
    #[must_use]
    pub fn after_seq(seq: i64) -> Self {
        Self {
            frames: VecDeque::new(),
            acked: seq,
        }
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// `seq` of the last report acknowledged, 0 for none.
    #[must_use]
    pub fn acked(&self) -> i64 {
        self.acked
    }

    /// Keeps the frame of the next report.
    pub fn keep(&mut self, seq: i64, frame: Vec<u8>) {
        debug_assert_eq!(seq, self.last() + 1, "seq has no gaps");
        self.frames.push_back(frame);
    }

    /// Lets go of every report up to `seq`. One that was never made acknowledges nothing.
    pub fn acknowledge(&mut self, seq: i64) {
        if seq > self.last() {
            return;
        }
        while self.acked < seq && self.frames.pop_front().is_some() {
            self.acked += 1;
        }
    }

    /// The frame after report `seq`, with its own `seq`; the oldest one if those before it are gone.
    #[must_use]
    pub fn after(&self, seq: i64) -> Option<(i64, &[u8])> {
        let next = seq.max(self.acked) + 1;
        let index = usize::try_from(next - self.acked - 1).ok()?;
        self.frames.get(index).map(|frame| (next, frame.as_slice()))
    }

    /// `seq` of the last report kept or acknowledged.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.acked.saturating_add_unsigned(self.frames.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(from: u8, to: u8) -> Retention {
        let mut retention = Retention::default();
        for seq in from..=to {
            retention.keep(i64::from(seq), vec![seq]);
        }
        retention
    }

    #[test]
    fn s7_acknowledging_is_cumulative_and_never_goes_back() {
        let mut retention = kept(1, 5);
        retention.acknowledge(3);
        assert_eq!((retention.len(), retention.acked()), (2, 3));
        retention.acknowledge(1);
        assert_eq!((retention.len(), retention.acked()), (2, 3));
        retention.acknowledge(5);
        assert_eq!(retention.len(), 0);
        retention.keep(6, vec![6]);
        assert_eq!(retention.after(5), Some((6, &[6][..])));
    }

    #[test]
    fn s7_a_seq_of_another_instance_acknowledges_nothing() {
        let mut retention = kept(1, 2);
        retention.acknowledge(3);
        assert_eq!(retention.len(), 2);
    }

    #[test]
    fn s7_reports_come_in_order_from_any_point() {
        let mut retention = kept(1, 4);
        assert_eq!(retention.after(0), Some((1, &[1][..])));
        assert_eq!(retention.after(3), Some((4, &[4][..])));
        assert_eq!(retention.after(4), None);
        assert_eq!(retention.after(400), None);
        retention.acknowledge(2);
        assert_eq!(retention.after(0), Some((3, &[3][..])), "what is gone is gone");
    }
}

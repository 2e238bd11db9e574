//! How fast instructions may leave: token buckets that are empty at the start, so that a restart is no way around them.

use std::collections::HashMap;

use crate::config::Pacing;

const SECOND_MS: i64 = 1_000;
/// Markets whose buckets are kept; a full bucket is as good as none.
const MARKETS_MAX: usize = 1_000;

/// Thousandths of an instruction, so that nothing is rounded.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: i64,
    at_ms: i64,
}

impl Bucket {
    fn fill(&mut self, per_second: u32, now_ms: i64) {
        let most = i64::from(per_second) * SECOND_MS;
        let gained = (now_ms - self.at_ms).clamp(0, SECOND_MS) * i64::from(per_second);
        self.tokens = (self.tokens + gained).min(most);
        self.at_ms = now_ms;
    }

    /// When it holds so many instructions, as many as fit into it at most.
    fn ready_ms(&self, per_second: u32, count: i64) -> i64 {
        let missing = count.min(i64::from(per_second)) * SECOND_MS - self.tokens;
        if missing <= 0 {
            self.at_ms
        } else {
            self.at_ms + (missing + i64::from(per_second) - 1) / i64::from(per_second.max(1))
        }
    }
}

/// The buckets.
#[derive(Debug)]
pub struct Pace {
    all: Bucket,
    markets: HashMap<String, Bucket>,
    /// Times an instruction had to wait.
    pub trips: u64,
}

impl Pace {
    /// Empty buckets.
    #[must_use]
    pub fn new(now_ms: i64) -> Self {
        Self {
            all: Bucket {
                tokens: 0,
                at_ms: now_ms,
            },
            markets: HashMap::new(),
            trips: 0,
        }
    }

    /// Takes so many instructions for a market.
    ///
    /// # Errors
    /// When there will be room for them, if there is none now.
    pub fn take(&mut self, config: &Pacing, market_id: &str, count: usize, now_ms: i64) -> Result<(), i64> {
        let count = i64::try_from(count).unwrap_or(i64::MAX / SECOND_MS);
        self.all.fill(config.per_second, now_ms);
        if self.markets.len() > MARKETS_MAX {
            let full = i64::from(config.market_per_second) * SECOND_MS;
            self.markets.retain(|_, bucket| {
                bucket.fill(config.market_per_second, now_ms);
                bucket.tokens < full
            });
        }
        let market = self.markets.entry(market_id.to_owned()).or_insert(Bucket {
            tokens: i64::from(config.market_per_second) * SECOND_MS,
            at_ms: now_ms,
        });
        market.fill(config.market_per_second, now_ms);
        let ready_ms = self
            .all
            .ready_ms(config.per_second, count)
            .max(market.ready_ms(config.market_per_second, count));
        if ready_ms > now_ms {
            self.trips += 1;
            return Err(ready_ms);
        }
        self.all.tokens -= count * SECOND_MS;
        market.tokens -= count * SECOND_MS;
        Ok(())
    }
}

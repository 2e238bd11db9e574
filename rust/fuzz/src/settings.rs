//! Configurations with bounds that a short stream can reach.

use hotloop_core::{BookSource, Config, FillModel, QueueModel};

/// The configuration that two bytes choose.
pub(crate) fn config([bounds, models]: [u8; 2]) -> Config {
    let pick = |byte: u8, shift: u8, count: usize| usize::from(byte >> shift) % count;
    let exact = models & 0x80 != 0;
    Config {
        max_markets: 1 + pick(bounds, 0, 4),
        max_orders: [1, 2, 5, 5][pick(bounds, 2, 4)],
        max_segment_bytes: [1, 400, 4_000, 64 << 20][pick(bounds, 4, 4)],
        closed_retention_ms: [0, 1_000, 60_000, 1_000_000_000_000_000][pick(bounds, 6, 4)],
        queue_model: [QueueModel::RiskAverse, QueueModel::ProbPower, QueueModel::ProbLog][pick(models, 0, 3)],
        fill_model: [FillModel::Erlang, FillModel::Exponential][pick(models, 2, 2)],
        book_source: [
            BookSource::Auto,
            BookSource::Full,
            BookSource::Best,
            BookSource::Display,
        ][pick(models, 3, 4)],
        sweep_levels: [1, 2, 3, 64][pick(models, 5, 4)],
        min_obs_s: [0.0, 0.05][pick(models, 6, 2)],
        big_move_ticks: [1, 2][pick(models, 4, 2)],
        queue_power_n: [0.5, 8.0][pick(models, 5, 2)],
        revaluation_levels: if exact { 1 } else { 8 },
        revaluation_percent: if exact { 60.0 } else { 0.5 },
        drop_tolerance: if exact { 0 } else { 2 },
        trend_fast_s: if exact { 0.1 } else { 2.0 },
        max_ttf_ms: if exact { 7 } else { 600_000 },
        counters_every: 3,
        ..Config::default()
    }
}

//! A stream of lines of any bytes, of which nothing is asked but that it comes to an end.

use hotloop_core::{Config, HotloopCore};

/// Most lines of one stream.
const LINES_MAX: usize = 48;

/// Applies the bytes as the lines of a stream and looks at nothing: many times quicker than the targets
/// that judge answers, and enough for what stops, hangs or grows.
pub fn lines(data: &[u8]) {
    let mut core = HotloopCore::new(Config::default());
    for line in data.split(|byte| *byte == b'\n').take(LINES_MAX) {
        // Refused or not: it has to be one of the two.
        let _ = core.apply(line, 0);
    }
}

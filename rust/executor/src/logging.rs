//! Log lines: structured, on stderr, so that stdout holds the ready line alone.

use tracing_subscriber::fmt;

use crate::config::LogFormat;

/// Starts logging for the whole process. A second call changes nothing.
pub fn start(level: tracing::Level, format: LogFormat) {
    let lines = fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false);
    let started = match format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
        LogFormat::Text => lines.try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

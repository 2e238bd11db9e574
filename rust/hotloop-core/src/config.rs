//! The `hotloop:` block of the configuration, validated as a whole: all of it or nothing.
//!
//! | key | default | takes |
//! | --- | --- | --- |
//! | `queue.window_s` | 10.0 | above 0 |
//! | `queue.model` | `prob_power` | `risk_averse`, `prob_power`, `prob_log` |
//! | `min_obs_s` | 5.0 | 0 or more |
//! | `max_ttf_ms` | 600000 | whole, 1 or more |
//! | `book.source` | `auto` | `auto`, `full`, `best`, `display` |
//! | `state.max_markets` | 5000 | whole, 1 or more |
//! | `state.closed_retention_s` | 3600.0 | 0 or more |
//! | `state.max_segment_bytes` | 67108864 | whole, 1 or more |
//! | `enabled`, `rust` | – | true or false; for whoever chooses the backend |

use serde_json::{Map, Value};

use crate::error::Error;

/// How an unexplained decrease of a queue is split around an order in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueModel {
    /// Only trades move an order forward.
    RiskAverse,
    /// `b^n / (b^n + f^n)` from behind.
    #[default]
    ProbPower,
    /// `ln(1+b) / (ln(1+b) + ln(1+f))` from behind.
    ProbLog,
}

/// Which arrays books are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BookSource {
    /// The fullest kind the market has shown a row of.
    #[default]
    Auto,
    /// `atb`/`atl`.
    Full,
    /// `batb`/`batl`.
    Best,
    /// `bdatb`/`bdatl`.
    Display,
}

/// Validated settings, units in the names.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Time constant of matched rates, seconds.
    pub queue_window_s: f64,
    /// See [`QueueModel`].
    pub queue_model: QueueModel,
    /// Observation a runner needs before fill estimates mean anything, seconds.
    pub min_obs_s: f64,
    /// Cap of time-to-fill estimates.
    pub max_ttf_ms: i64,
    /// See [`BookSource`].
    pub book_source: BookSource,
    /// Most markets held at once.
    pub max_markets: usize,
    /// How long a closed market is kept, by publish time.
    pub closed_retention_ms: i64,
    /// Largest segmented message, bytes of its lines together.
    pub max_segment_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            queue_window_s: 10.0,
            queue_model: QueueModel::default(),
            min_obs_s: 5.0,
            max_ttf_ms: 600_000,
            book_source: BookSource::default(),
            max_markets: 5_000,
            closed_retention_ms: 3_600_000,
            max_segment_bytes: 64 << 20,
        }
    }
}

impl Config {
    /// Reads a `hotloop:` block from JSON text; absent or null keys take their defaults.
    ///
    /// # Errors
    /// [`Error::Config`] with the dotted path of the first unknown key or bad value.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let block: Value = serde_json::from_slice(json)
            .map_err(|error| refusal("hotloop", &format!("is not JSON: {error}")))?;
        let root = Section::new(Some(&block), "")?;
        let queue = root.section("queue")?;
        let book = root.section("book")?;
        let state = root.section("state")?;
        root.only(&[
            "enabled",
            "rust",
            "queue",
            "min_obs_s",
            "max_ttf_ms",
            "book",
            "state",
        ])?;
        queue.only(&["window_s", "model"])?;
        book.only(&["source"])?;
        state.only(&["max_markets", "closed_retention_s", "max_segment_bytes"])?;
        root.flag("enabled")?;
        root.flag("rust")?;
        let default = Self::default();
        Ok(Self {
            queue_window_s: queue.positive("window_s")?.unwrap_or(default.queue_window_s),
            queue_model: queue.choice("model", &QUEUE_MODELS)?.unwrap_or_default(),
            min_obs_s: root.non_negative("min_obs_s")?.unwrap_or(default.min_obs_s),
            max_ttf_ms: root.count("max_ttf_ms")?.unwrap_or(default.max_ttf_ms),
            book_source: book.choice("source", &BOOK_SOURCES)?.unwrap_or_default(),
            max_markets: state.count("max_markets")?.unwrap_or(default.max_markets),
            closed_retention_ms: state
                .non_negative("closed_retention_s")?
                .map_or(default.closed_retention_ms, milliseconds),
            max_segment_bytes: state
                .count("max_segment_bytes")?
                .unwrap_or(default.max_segment_bytes),
        })
    }
}

const QUEUE_MODELS: [(&str, QueueModel); 3] = [
    ("risk_averse", QueueModel::RiskAverse),
    ("prob_power", QueueModel::ProbPower),
    ("prob_log", QueueModel::ProbLog),
];
const BOOK_SOURCES: [(&str, BookSource); 4] = [
    ("auto", BookSource::Auto),
    ("full", BookSource::Full),
    ("best", BookSource::Best),
    ("display", BookSource::Display),
];

/// Retention beyond this is for ever; it keeps sums with publish times far from overflow.
const RETENTION_MS_MAX: f64 = 1e15;

fn milliseconds(seconds: f64) -> i64 {
    // In range by the bound; the fraction of a millisecond is meant to go.
    #[allow(clippy::cast_possible_truncation)]
    let whole = (seconds * 1_000.0).min(RETENTION_MS_MAX).round() as i64;
    whole
}

fn refusal(field: &str, reason: &str) -> Error {
    Error::Config {
        field: field.to_owned(),
        reason: reason.to_owned(),
    }
}

/// One mapping of the block and its dotted path.
struct Section<'a> {
    values: Option<&'a Map<String, Value>>,
    path: String,
}

impl<'a> Section<'a> {
    fn new(value: Option<&'a Value>, path: &str) -> Result<Self, Error> {
        let values = match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(values)) => Some(values),
            Some(_) => {
                let path = if path.is_empty() { "hotloop" } else { path };
                return Err(refusal(path, "is not a mapping"));
            }
        };
        Ok(Self {
            values,
            path: path.to_owned(),
        })
    }

    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn refuse(&self, key: &str, reason: &str) -> Error {
        Error::Config {
            field: self.dotted(key),
            reason: reason.to_owned(),
        }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.values?.get(key).filter(|value| !value.is_null())
    }

    fn only(&self, known: &[&str]) -> Result<(), Error> {
        let mut keys = self.values.iter().flat_map(|values| values.keys());
        match keys.find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(self.refuse(unknown, "is not a known key")),
            None => Ok(()),
        }
    }

    fn section(&self, key: &str) -> Result<Self, Error> {
        Section::new(self.get(key), &self.dotted(key))
    }

    fn flag(&self, key: &str) -> Result<(), Error> {
        match self.get(key) {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(_) => Err(self.refuse(key, "is not true or false")),
        }
    }

    fn non_negative(&self, key: &str) -> Result<Option<f64>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_f64() {
            None => Err(self.refuse(key, "is not a number")),
            Some(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
            Some(_) => Err(self.refuse(key, "is not a finite number of 0 or more")),
        }
    }

    fn positive(&self, key: &str) -> Result<Option<f64>, Error> {
        match self.non_negative(key)? {
            Some(0.0) => Err(self.refuse(key, "is not above 0")),
            other => Ok(other),
        }
    }

    fn count<T: TryFrom<i64>>(&self, key: &str) -> Result<Option<T>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let whole = value.as_i64().filter(|count| *count >= 1);
        match whole.and_then(|count| T::try_from(count).ok()) {
            Some(count) => Ok(Some(count)),
            None => Err(self.refuse(key, "is not a whole number of 1 or more")),
        }
    }

    fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        if let Some((_, choice)) = choices.iter().find(|(name, _)| value.as_str() == Some(name)) {
            return Ok(Some(*choice));
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        Err(self.refuse(key, &format!("is not one of {}", names.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_field(json: &str) -> String {
        let error = Config::from_json(json.as_bytes()).unwrap_err();
        error.field().unwrap().to_owned()
    }

    #[test]
    fn an_empty_or_null_block_is_the_defaults() {
        for json in ["{}", "null", r#"{"queue": null, "state": {"max_markets": null}}"#] {
            assert_eq!(
                Config::from_json(json.as_bytes()),
                Ok(Config::default()),
                "{json}"
            );
        }
    }

    #[test]
    fn every_key_is_taken() {
        let json = r#"{"enabled": true, "rust": false, "queue": {"window_s": 2, "model": "prob_log"},
            "min_obs_s": 0, "max_ttf_ms": 7, "book": {"source": "display"},
            "state": {"max_markets": 3, "closed_retention_s": 0.5, "max_segment_bytes": 9}}"#;
        let wanted = Config {
            queue_window_s: 2.0,
            queue_model: QueueModel::ProbLog,
            min_obs_s: 0.0,
            max_ttf_ms: 7,
            book_source: BookSource::Display,
            max_markets: 3,
            closed_retention_ms: 500,
            max_segment_bytes: 9,
        };
        assert_eq!(Config::from_json(json.as_bytes()), Ok(wanted));
    }

    #[test]
    fn what_is_refused_is_named_by_its_path() {
        for (json, field) in [
            (r#"{"quee": {}}"#, "quee"),
            (r#"{"queue": {"windows": 1}}"#, "queue.windows"),
            (r#"{"queue": {"window_s": 0}}"#, "queue.window_s"),
            (r#"{"queue": {"window_s": true}}"#, "queue.window_s"),
            (r#"{"queue": {"model": "best"}}"#, "queue.model"),
            (r#"{"queue": 5}"#, "queue"),
            (r#"{"min_obs_s": -1}"#, "min_obs_s"),
            (r#"{"max_ttf_ms": 1.5}"#, "max_ttf_ms"),
            (r#"{"book": {"source": 1}}"#, "book.source"),
            (r#"{"state": {"max_markets": 0}}"#, "state.max_markets"),
            (
                r#"{"state": {"max_segment_bytes": 9223372036854775808}}"#,
                "state.max_segment_bytes",
            ),
            (r#"{"rust": "yes"}"#, "rust"),
            ("[]", "hotloop"),
            ("{", "hotloop"),
        ] {
            assert_eq!(refused_field(json), field, "{json}");
        }
    }
}

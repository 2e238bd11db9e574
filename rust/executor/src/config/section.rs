//! One object of the configuration file, read key by key; what nobody asked for is refused with its path.

use serde_json::{Map, Value};

use super::ConfigError;

/// An object that is being read. Every key asked for is taken out; [`Section::finish`] refuses the rest.
#[derive(Debug)]
pub struct Section {
    path: String,
    map: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Section {
    /// The whole file.
    ///
    /// # Errors
    /// If it is not one object.
    pub fn root(value: Value) -> Result<Self, ConfigError> {
        match value {
            Value::Object(map) => Ok(Self {
                path: String::new(),
                map,
                known: Vec::new(),
            }),
            other => Err(ConfigError::new(
                "",
                format!("one JSON object was expected, not {}", kind(&other)),
            )),
        }
    }

    /// The object under `key`; an empty one if the key is not there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn child(&mut self, key: &'static str) -> Result<Self, ConfigError> {
        let path = self.path_of(key);
        match self.take(key) {
            None => Ok(Self {
                path,
                map: Map::new(),
                known: Vec::new(),
            }),
            Some(Value::Object(map)) => Ok(Self {
                path,
                map,
                known: Vec::new(),
            }),
            Some(other) => Err(ConfigError::new(
                path,
                format!("an object was expected, not {}", kind(&other)),
            )),
        }
    }

    /// An integer within `low` and `high`.
    ///
    /// # Errors
    /// If it is not.
    pub fn int(&mut self, key: &'static str, default: i64, low: i64, high: i64) -> Result<i64, ConfigError> {
        let Some(value) = self.take(key) else {
            return Ok(default);
        };
        value
            .as_i64()
            .filter(|number| (low..=high).contains(number))
            .ok_or_else(|| {
                let why = format!("{value} is not an integer within {low} and {high}");
                ConfigError::new(self.path_of(key), why)
            })
    }

    /// A number of seconds within 0 and `high`.
    ///
    /// # Errors
    /// If it is not.
    pub fn seconds(&mut self, key: &'static str, default: f64, high: f64) -> Result<f64, ConfigError> {
        let Some(value) = self.take(key) else {
            return Ok(default);
        };
        value
            .as_f64()
            .filter(|number| (0.0..=high).contains(number))
            .ok_or_else(|| {
                ConfigError::new(
                    self.path_of(key),
                    format!("{value} is not a number within 0 and {high}"),
                )
            })
    }

    /// A text that is not empty; `None` if the key is not there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn text(&mut self, key: &'static str) -> Result<Option<String>, ConfigError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(other) => Err(ConfigError::new(
                self.path_of(key),
                format!("a text was expected, not {}", kind(&other)),
            )),
        }
    }

    /// One of `choices`; the first if the key is not there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let given = self.text(key)?;
        let chosen = match &given {
            None => choices.first(),
            Some(given) => choices.iter().find(|(name, _)| name == given),
        };
        chosen.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let given = given.unwrap_or_default();
            ConfigError::new(
                self.path_of(key),
                format!("{given:?} is not one of {}", names.join(", ")),
            )
        })
    }

    /// True or false.
    ///
    /// # Errors
    /// If it is something else.
    pub fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, ConfigError> {
        match self.take(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => {
                let why = format!("true or false was expected, not {}", kind(&other));
                Err(ConfigError::new(self.path_of(key), why))
            }
        }
    }

    /// A list of texts; `None` if the key is not there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn texts(&mut self, key: &'static str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let texts = value.as_array().and_then(|list| {
            let texts = list.iter().map(|one| one.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<String>>>()
        });
        texts.map(Some).ok_or_else(|| {
            let why = format!("a list of texts was expected, not {}", kind(&value));
            ConfigError::new(self.path_of(key), why)
        })
    }

    /// An error about `key` of this object.
    #[must_use]
    pub fn error(&self, key: &str, why: impl Into<String>) -> ConfigError {
        ConfigError::new(self.path_of(key), why)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// If a key is left that was never asked for.
    pub fn finish(self) -> Result<(), ConfigError> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => Err(self.error(key, format!("unknown key; known here: {}", self.known.join(", ")))),
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.map.remove(key)
    }

    /// The dotted path of a key of this object.
    #[must_use]
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

//! Reading one mapping of the configuration: each value checked, each refusal with its dotted path.

use serde_json::{Map, Value};

use crate::error::Error;

pub(super) fn refusal(field: &str, reason: &str) -> Error {
    Error::Config {
        field: field.to_owned(),
        reason: reason.to_owned(),
    }
}

/// One mapping of the block and its dotted path.
pub(super) struct Section<'a> {
    values: Option<&'a Map<String, Value>>,
    path: String,
}

impl<'a> Section<'a> {
    pub(super) fn new(value: Option<&'a Value>, path: &str) -> Result<Self, Error> {
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

    pub(super) fn refuse(&self, key: &str, reason: &str) -> Error {
        Error::Config {
            field: self.dotted(key),
            reason: reason.to_owned(),
        }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.values?.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn only(&self, known: &[&str]) -> Result<(), Error> {
        let mut keys = self.values.iter().flat_map(|values| values.keys());
        match keys.find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(self.refuse(unknown, "is not a known key")),
            None => Ok(()),
        }
    }

    /// The mapping under `key`, which may have the keys `known` and no others.
    pub(super) fn section(&self, key: &str, known: &[&str]) -> Result<Self, Error> {
        let section = Section::new(self.get(key), &self.dotted(key))?;
        section.only(known)?;
        Ok(section)
    }

    pub(super) fn flag(&self, key: &str) -> Result<(), Error> {
        match self.get(key) {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(_) => Err(self.refuse(key, "is not true or false")),
        }
    }

    pub(super) fn non_negative(&self, key: &str) -> Result<Option<f64>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_f64() {
            None => Err(self.refuse(key, "is not a number")),
            Some(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
            Some(_) => Err(self.refuse(key, "is not a finite number of 0 or more")),
        }
    }

    pub(super) fn positive(&self, key: &str) -> Result<Option<f64>, Error> {
        match self.non_negative(key)? {
            Some(0.0) => Err(self.refuse(key, "is not above 0")),
            other => Ok(other),
        }
    }

    /// A number from −`largest` to `largest`.
    pub(super) fn within(&self, key: &str, largest: f64) -> Result<Option<f64>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_f64() {
            None => Err(self.refuse(key, "is not a number")),
            Some(number) if number.abs() <= largest => Ok(Some(number)),
            Some(_) => Err(self.refuse(key, &format!("is not from -{largest} to {largest}"))),
        }
    }

    pub(super) fn count<T: TryFrom<i64>>(&self, key: &str) -> Result<Option<T>, Error> {
        self.whole(key, 1, i64::MAX)
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn whole<T: TryFrom<i64>>(&self, key: &str, low: i64, high: i64) -> Result<Option<T>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let whole = value.as_i64().filter(|count| (low..=high).contains(count));
        match whole.and_then(|count| T::try_from(count).ok()) {
            Some(count) => Ok(Some(count)),
            None if high == i64::MAX => {
                Err(self.refuse(key, &format!("is not a whole number of {low} or more")))
            }
            None => Err(self.refuse(key, &format!("is not a whole number from {low} to {high}"))),
        }
    }

    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>, Error> {
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

//! Python values as JSON text, which is all the core reads.
//!
//! A mapping goes the same way as a line, through the core's own reader: the same values give the
//! same state and the same error paths. It costs writing the text; mappings are the fallback path.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};

/// Deepest nesting written; the venue's own messages have six levels.
const DEPTH_MAX: usize = 64;

/// What a mapping is written for: it decides what becomes of values JSON does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A stream message: such a value is harmless under a key nobody reads, an error elsewhere.
    Message,
    /// A configuration: such a key or value is refused.
    Config,
}

impl Purpose {
    /// Stands for a value that JSON does not have (NaN, a Decimal, a date): valid JSON that no
    /// reader of the purpose accepts for anything.
    fn stand_in(self) -> &'static [u8] {
        match self {
            Self::Message => b"1e999",
            Self::Config => b"\"not a plain value\"",
        }
    }
}

/// A stream message as it was handed in.
pub enum Raw<'a> {
    /// One line.
    Line(&'a [u8]),
    /// A `str` that is no text: it holds half of a surrogate pair.
    NotText,
    /// The mapping a line decodes to, written as a line.
    Mapping(Vec<u8>),
}

impl<'a> Raw<'a> {
    /// # Errors
    /// `TypeError` for anything but `bytes`, `str` and mappings; `ValueError` for a mapping that
    /// is nested too deep.
    pub fn of(raw: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = raw.cast::<PyBytes>() {
            return Ok(Self::Line(bytes.as_bytes()));
        }
        if let Ok(text) = raw.cast::<PyString>() {
            return Ok(text
                .to_str()
                .map_or(Self::NotText, |text| Self::Line(text.as_bytes())));
        }
        json(raw.cast::<PyMapping>()?, Purpose::Message).map(Self::Mapping)
    }
}

/// The JSON text of a mapping.
///
/// # Errors
/// `ValueError` when it is nested too deep; whatever its own methods raise.
pub fn json(mapping: &Bound<'_, PyMapping>, purpose: Purpose) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(512);
    write(mapping.as_any(), purpose, 0, &mut out)?;
    Ok(out)
}

fn write(value: &Bound<'_, PyAny>, purpose: Purpose, depth: usize, out: &mut Vec<u8>) -> PyResult<()> {
    if depth > DEPTH_MAX {
        return Err(pyo3::exceptions::PyValueError::new_err(
            "the mapping is nested too deep",
        ));
    }
    if value.is_none() {
        out.extend_from_slice(b"null");
    } else if let Ok(flag) = value.cast::<PyBool>() {
        out.extend_from_slice(if flag.is_true() { b"true" } else { b"false" });
    } else if let Ok(text) = value.cast::<PyString>() {
        write_text(text, purpose, out);
    } else if value.is_instance_of::<PyInt>() {
        out.extend_from_slice(value.str()?.to_str()?.as_bytes());
    } else if let Ok(number) = value.cast::<PyFloat>() {
        write_float(number.value(), purpose, out);
    } else if let Ok(list) = value.cast::<PyList>() {
        write_array(list.iter(), purpose, depth, out)?;
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        write_array(tuple.iter(), purpose, depth, out)?;
    } else if let Ok(dict) = value.cast::<PyDict>() {
        write_object(dict.iter().map(Ok), purpose, depth, out)?;
    } else if let Ok(mapping) = value.cast::<PyMapping>() {
        let items = mapping.items()?;
        write_object(items.iter().map(|item| item.extract()), purpose, depth, out)?;
    } else {
        out.extend_from_slice(purpose.stand_in());
    }
    Ok(())
}

fn write_text(text: &Bound<'_, PyString>, purpose: Purpose, out: &mut Vec<u8>) {
    match text.to_str() {
        Ok(text) => out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes()),
        Err(_) => out.extend_from_slice(purpose.stand_in()),
    }
}

fn write_float(number: f64, purpose: Purpose, out: &mut Vec<u8>) {
    if number.is_finite() {
        // `{:?}` is the shortest text that reads back as the same double, and always keeps a
        // point or an exponent: a float stays one.
        out.extend_from_slice(format!("{number:?}").as_bytes());
    } else {
        out.extend_from_slice(purpose.stand_in());
    }
}

fn write_array<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    purpose: Purpose,
    depth: usize,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    out.push(b'[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(&item, purpose, depth + 1, out)?;
    }
    out.push(b']');
    Ok(())
}

fn write_object<'py>(
    members: impl Iterator<Item = PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>,
    purpose: Purpose,
    depth: usize,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    out.push(b'{');
    let mut is_first = true;
    for member in members {
        let (key, value) = member?;
        let name = match key.cast_into::<PyString>() {
            Ok(name) => name,
            // No key that is read is anything but text; a configuration refuses what is not read.
            Err(_) if purpose == Purpose::Message => continue,
            Err(error) => error.into_inner().str()?,
        };
        let Ok(name) = name.to_str() else { continue };
        if !is_first {
            out.push(b',');
        }
        is_first = false;
        out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
        out.push(b':');
        write(&value, purpose, depth + 1, out)?;
    }
    out.push(b'}');
    Ok(())
}

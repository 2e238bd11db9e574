//! Errors of the core as the Python exception `HotloopError`.

use hotloop_core::Error;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

const DOC: &str = "A refused line, configuration or argument; nothing was changed by it.";

static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// `class HotloopError(ValueError)`; the attributes have class-level defaults, so that they are
/// there too when Python code raises it.
pub fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let class = CLASS.get_or_try_init(py, || {
        let attributes = PyDict::new(py);
        attributes.set_item("__module__", "hotloop")?;
        attributes.set_item("__doc__", DOC)?;
        attributes.set_item("message", "")?;
        for name in ["market_id", "field", "offset", "line"] {
            attributes.set_item(name, py.None())?;
        }
        attributes.set_item("resubscribe", false)?;
        // Not PyErr::new_type: in PyO3 0.30.1 it lets go of the attributes before it uses them.
        let made =
            py.get_type::<PyType>()
                .call1(("HotloopError", (py.get_type::<PyValueError>(),), attributes))?;
        PyResult::Ok(made.cast_into::<PyType>()?.unbind())
    })?;
    Ok(class.bind(py))
}

/// An error of ingest, with what is known besides.
pub struct Refusal {
    pub error: Error,
    /// Index of the line in a batch.
    pub line: Option<usize>,
    /// Changes may have been lost.
    pub resubscribe: bool,
}

/// The exception for an error of an argument or a configuration.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    made(py, error, None, false)
}

/// The exception for an error of ingest.
pub fn refused(py: Python<'_>, refusal: &Refusal) -> PyErr {
    made(py, &refusal.error, refusal.line, refusal.resubscribe)
}

fn made(py: Python<'_>, error: &Error, line: Option<usize>, resubscribe: bool) -> PyErr {
    let made = || {
        let message = error.to_string();
        let exception = class(py)?.call1((&message,))?;
        exception.setattr("message", message)?;
        exception.setattr("market_id", error.market_id())?;
        exception.setattr("field", error.field())?;
        exception.setattr("offset", error.offset())?;
        exception.setattr("line", line)?;
        exception.setattr("resubscribe", resubscribe)?;
        Ok(PyErr::from_value(exception))
    };
    made().unwrap_or_else(|failure: PyErr| failure)
}

/// What the emit callback is told about a refusal.
pub fn event<'py>(py: Python<'py>, refusal: &Refusal) -> PyResult<Bound<'py, PyDict>> {
    let error = &refusal.error;
    let event = PyDict::new(py);
    event.set_item("event", "error")?;
    event.set_item("message", error.to_string())?;
    event.set_item("market_id", error.market_id())?;
    event.set_item("field", error.field())?;
    event.set_item("offset", error.offset())?;
    event.set_item("resubscribe", refusal.resubscribe)?;
    Ok(event)
}

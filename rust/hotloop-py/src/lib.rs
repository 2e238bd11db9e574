//! The Python module `hotloop`: class `Hotloop`, exception `HotloopError`.
//!
//! This crate translates and does nothing else. `input` turns Python values into JSON text for
//! the core, `output` turns what the core answers into Python values, `error` maps errors,
//! `guarded` holds the core with its lock, `hotloop` the class. Shapes, units and errors: `hotloop.pyi`.

mod error;
mod guarded;
mod hotloop;
mod input;
mod output;
mod touched;

use pyo3::prelude::*;

/// Betfair market stream to order books and signals.
#[pymodule]
#[pyo3(name = "hotloop")]
fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<hotloop::Hotloop>()?;
    module.add("HotloopError", error::class(module.py())?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}

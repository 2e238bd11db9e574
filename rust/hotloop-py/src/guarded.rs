//! The core behind its lock, and the ways in and out of it.
//!
//! Invariants:
//!
//! 1. Any thread may call: the core is behind a mutex, and whoever waits for it has let go of the
//!    interpreter.
//! 2. Under the lock no Python object is made that the garbage collector tracks and no Python
//!    code runs: either could come back here on the same thread.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use hotloop_core::{BatchError, Error, HotloopCore, Stats};
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyList};

use crate::error::{Refusal, event, refused};
use crate::output;
use crate::touched::{Taken, Tuples};

thread_local! {
    /// Touched runners between the lock and the list; kept so that its memory is used again.
    static TAKEN: Cell<Taken> = Cell::default();
}

#[derive(Default)]
struct Shared {
    core: HotloopCore,
    tuples: Tuples,
}

/// What came of an ingest, taken out of the lock.
struct Outcome<T> {
    result: Result<T, Refusal>,
    /// The counts, where they are to be told.
    counters: Option<Stats>,
}

impl<T> Outcome<T> {
    fn is_ok(&self) -> bool {
        self.result.is_ok()
    }
}

fn applied<T>(
    core: &mut HotloopCore,
    apply: impl FnOnce(&mut HotloopCore) -> Result<T, (Error, Option<usize>)>,
) -> Outcome<T> {
    let messages_before = core.stats().messages;
    let result = apply(core).map_err(|(error, line)| Refusal {
        error,
        line,
        resubscribe: core.has_lost_changes(),
    });
    Outcome {
        result,
        counters: core.counters_due(messages_before),
    }
}

/// The core, the emit callback and their locks.
pub struct Guarded {
    shared: Mutex<Shared>,
    emit: Mutex<Option<Py<PyAny>>>,
    emit_errors: AtomicU64,
}

impl Guarded {
    pub fn new(core: HotloopCore) -> Self {
        Self {
            shared: Mutex::new(Shared {
                core,
                tuples: Tuples::default(),
            }),
            emit: Mutex::default(),
            emit_errors: AtomicU64::new(0),
        }
    }

    fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, Shared>> {
        self.shared.lock_py_attached(py).map_err(|_| stopped())
    }

    /// What `read` finds in the core. It must make no Python object.
    pub fn read<T>(&self, py: Python<'_>, read: impl FnOnce(&HotloopCore) -> T) -> PyResult<T> {
        Ok(read(&self.lock(py)?.core))
    }

    /// Applies a message with `apply`; the list of the runners it touched. The interpreter is kept: to
    /// get it back costs more than any message takes (docs/decisions/0008-interpreter-lock.md).
    pub fn ingest<'py>(
        &self,
        py: Python<'py>,
        apply: impl FnOnce(&mut HotloopCore) -> Result<(), Error>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut taken = TAKEN.take();
        let outcome = {
            let mut shared = self.lock(py)?;
            let outcome = applied(&mut shared.core, |core| {
                apply(core).map_err(|error| (error, None))
            });
            if outcome.is_ok() {
                let Shared { core, tuples } = &mut *shared;
                tuples.take(py, core, &mut taken);
            }
            outcome
        };
        self.told(py, outcome)?;
        if taken.has_new() {
            let made = taken.make(py)?;
            self.lock(py)?.tuples.keep(made);
        }
        let list = taken.list(py);
        TAKEN.set(taken);
        list
    }

    /// Applies lines without the interpreter; the number of runner changes.
    pub fn ingest_lines(&self, py: Python<'_>, lines: &[&[u8]], ts_ms: i64) -> PyResult<u64> {
        let outcome = py.detach(|| {
            let mut shared = self.shared.lock().map_err(|_| stopped())?;
            PyResult::Ok(applied(&mut shared.core, |core| {
                core.apply_lines(lines.iter().copied(), ts_ms)
                    .map_err(|BatchError { line, error }| (error, Some(line)))
            }))
        })?;
        self.told(py, outcome)
    }

    /// Tells the emit callback what there is to tell about an ingest; its result or the exception.
    fn told<T>(&self, py: Python<'_>, outcome: Outcome<T>) -> PyResult<T> {
        let Outcome { result, counters } = outcome;
        let result = match result {
            Ok(done) => Ok(done),
            Err(refusal) => {
                self.tell(py, || event(py, &refusal))?;
                Err(refused(py, &refusal))
            }
        };
        if let Some(stats) = counters {
            self.tell(py, || {
                let counters = output::stats(py, stats, self.emit_errors())?;
                counters.set_item("event", "counters")?;
                Ok(counters)
            })?;
        }
        result
    }

    /// Calls the emit callback, where there is one; that it raised is only counted.
    fn tell<'py>(
        &self,
        py: Python<'py>,
        event: impl FnOnce() -> PyResult<Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        let emit = {
            let emit = self.emit.lock_py_attached(py).map_err(|_| stopped())?;
            emit.as_ref().map(|emit| emit.clone_ref(py))
        };
        if let Some(emit) = emit
            && event().and_then(|event| emit.call1(py, (event,))).is_err()
        {
            self.emit_errors.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Changes the core with `change`, which must make no Python object.
    pub fn change<T>(&self, py: Python<'_>, change: impl FnOnce(&mut HotloopCore) -> T) -> PyResult<T> {
        Ok(change(&mut self.lock(py)?.core))
    }

    pub fn set_emit(&self, py: Python<'_>, emit: Option<Py<PyAny>>) -> PyResult<()> {
        let former = {
            let mut slot = self.emit.lock_py_attached(py).map_err(|_| stopped())?;
            std::mem::replace(&mut *slot, emit)
        };
        // Only now, with the lock let go: dropping it may run code that comes back here.
        drop(former);
        Ok(())
    }

    /// How often the emit callback raised.
    pub fn emit_errors(&self) -> u64 {
        self.emit_errors.load(Ordering::Relaxed)
    }

    /// For the garbage collector: the callback may hold the object that holds this.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.emit.try_lock() {
            Ok(emit) => visit.call(&*emit),
            Err(_) => Ok(()),
        }
    }

    /// For the garbage collector: lets the callback go.
    pub fn clear(&self) {
        let former = self.emit.try_lock().ok().and_then(|mut emit| emit.take());
        drop(former);
    }
}

fn stopped() -> PyErr {
    PyRuntimeError::new_err("an earlier call stopped half-way; the books cannot be trusted")
}

//! The list of touched runners, `(market_id, selection_id, handicap)` each.
//!
//! A runner's tuple is made once and then given out again and again: with each message only the list
//! itself is new.

use hotloop_core::{HotloopCore, MarketRef, RunnerKey};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::output::decimal;

/// The tuples of one market.
struct Market {
    generation: u64,
    id: Py<PyString>,
    /// By the runner's place, which may have been another's.
    runners: Vec<Option<(RunnerKey, Py<PyTuple>)>>,
}

/// The tuples made so far, by slot and place: no more than there are runners.
#[derive(Default)]
pub struct Tuples(Vec<Option<Market>>);

/// What a message touched, on its way out of the lock, under which no tuple may be made.
#[derive(Default)]
pub struct Taken {
    /// Each runner's tuple; none where it is among `new`.
    tuples: Vec<Option<Py<PyTuple>>>,
    new: Vec<New>,
}

struct New {
    /// Its place in `Taken::tuples`.
    at: usize,
    market: MarketRef,
    place: usize,
    id: Py<PyString>,
    runner: RunnerKey,
}

/// A tuple that was made for a runner.
pub struct Made {
    market: MarketRef,
    place: usize,
    runner: RunnerKey,
    tuple: Py<PyTuple>,
}

impl Taken {
    /// Whether [`Self::make`] has something to do.
    pub fn has_new(&self) -> bool {
        !self.new.is_empty()
    }

    /// Makes the tuples that are missing.
    pub fn make(&mut self, py: Python<'_>) -> PyResult<Vec<Made>> {
        let make = |new: New| {
            let tuple = (new.id, new.runner.id, decimal(new.runner.handicap))
                .into_pyobject(py)?
                .unbind();
            self.tuples[new.at] = Some(tuple.clone_ref(py));
            Ok(Made {
                market: new.market,
                place: new.place,
                runner: new.runner,
                tuple,
            })
        };
        self.new.drain(..).map(make).collect()
    }

    /// The list, when all tuples are made; empties this.
    pub fn list<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.tuples.drain(..))
    }
}

impl Tuples {
    /// Takes out what the last message touched.
    pub fn take(&mut self, py: Python<'_>, core: &HotloopCore, taken: &mut Taken) {
        for touched in core.touched() {
            let market = self.market(py, core, touched.market);
            let tuple = match market.runners.get(touched.place) {
                Some(Some((runner, tuple))) if *runner == touched.runner => Some(tuple.clone_ref(py)),
                _ => None,
            };
            if tuple.is_none() {
                taken.new.push(New {
                    at: taken.tuples.len(),
                    market: touched.market,
                    place: touched.place,
                    id: market.id.clone_ref(py),
                    runner: touched.runner,
                });
            }
            taken.tuples.push(tuple);
        }
    }

    fn market(&mut self, py: Python<'_>, core: &HotloopCore, market: MarketRef) -> &mut Market {
        if market.slot >= self.0.len() {
            self.0.resize_with(market.slot + 1, || None);
        }
        let slot = &mut self.0[market.slot];
        if slot
            .as_ref()
            .is_some_and(|held| held.generation != market.generation)
        {
            *slot = None;
        }
        slot.get_or_insert_with(|| Market {
            generation: market.generation,
            id: PyString::new(py, core.market_of(market).id()).unbind(),
            runners: Vec::new(),
        })
    }

    /// Keeps tuples for the next time. A market that was dropped meanwhile has no use for them.
    pub fn keep(&mut self, made: Vec<Made>) {
        for new in made {
            let held = self.0.get_mut(new.market.slot).and_then(Option::as_mut);
            if let Some(held) = held.filter(|held| held.generation == new.market.generation) {
                if new.place >= held.runners.len() {
                    held.runners.resize_with(new.place + 1, || None);
                }
                held.runners[new.place] = Some((new.runner, new.tuple));
            }
        }
    }
}

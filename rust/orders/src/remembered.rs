//! The intents seen before.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// The last so many intent ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    ids: HashSet<Arc<str>>,
    oldest_first: VecDeque<Arc<str>>,
    max: usize,
}

impl Remembered {
    /// Room for `max` ids, taken as they come.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            ids: HashSet::new(),
            oldest_first: VecDeque::new(),
            max,
        }
    }

    /// All of them, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.oldest_first.iter().map(|id| &**id)
    }

    /// How many there is room for.
    #[must_use]
    pub fn max(&self) -> usize {
        self.max
    }

    /// True if the id is among them.
    #[must_use]
    pub fn contains(&self, intent_id: &str) -> bool {
        self.ids.contains(intent_id)
    }

    /// Makes room for other than so many; the oldest go if there are too many.
    pub fn set_max(&mut self, max: usize) {
        self.max = max;
        self.trim();
    }

    /// Adds an id that is not among them; the oldest goes if there are too many.
    pub fn insert(&mut self, intent_id: &str) {
        let intent_id: Arc<str> = intent_id.into();
        self.ids.insert(Arc::clone(&intent_id));
        self.oldest_first.push_back(intent_id);
        self.trim();
    }

    fn trim(&mut self) {
        while self.oldest_first.len() > self.max
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

//! Why a value could not be read, and where.

use std::fmt::Write;

/// Result of reading one value.
pub(crate) type Read<T> = Result<T, Fault>;

/// A fault on its way out: callers put their part of the path to it. One pointer wide, so that
/// results of reading stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault(Box<Detail>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Detail {
    offset: usize,
    reason: &'static str,
    /// Innermost first.
    path: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(&'static str),
    Index(usize),
}

impl Fault {
    /// A fault at byte `offset` of the text; `reason` continues "the value …".
    pub(crate) fn new(offset: usize, reason: &'static str) -> Self {
        Self(Box::new(Detail {
            offset,
            reason,
            path: Vec::new(),
        }))
    }

    /// The value was the member `key` of an object.
    pub(crate) fn under(mut self, key: &'static str) -> Self {
        self.0.path.push(Step::Key(key));
        self
    }

    /// The value was element `index` of an array.
    pub(crate) fn at(mut self, index: usize) -> Self {
        self.0.path.push(Step::Index(index));
        self
    }

    /// Byte in the text.
    pub(crate) fn offset(&self) -> usize {
        self.0.offset
    }

    /// What is wrong.
    pub(crate) fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// The index that follows `key` where the path begins with them: 2 in `mc[2].id` for `mc`.
    pub(crate) fn index_under(&self, key: &str) -> Option<usize> {
        match self.0.path.as_slice() {
            [.., Step::Index(index), Step::Key(first)] if *first == key => Some(*index),
            _ => None,
        }
    }

    /// The path as text: `mc[0].rc[1].atb[0][1]`.
    pub(crate) fn field(&self) -> String {
        let mut text = String::new();
        for step in self.0.path.iter().rev() {
            let dot = if text.is_empty() { "" } else { "." };
            let written = match step {
                Step::Index(index) => write!(text, "[{index}]"),
                Step::Key(key) => write!(text, "{dot}{key}"),
            };
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_from_the_outside_in() {
        let fault = Fault::new(3, "is bad").at(1).at(0).under("atb").at(2).under("rc");
        assert_eq!(fault.field(), "rc[2].atb[0][1]");
        assert_eq!(fault.index_under("rc"), Some(2));
        assert_eq!(fault.index_under("mc"), None);
    }
}

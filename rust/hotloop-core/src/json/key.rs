//! Keys of objects, told apart by one comparison where they are short.

use super::scan::SHORT_MAX;

/// The bytes of a key of up to six in one integer, the first one lowest, and their number in its highest
/// byte, so that zeros in a key are not taken for its end; 0 for a longer one.
pub(crate) const fn short(name: &[u8]) -> u64 {
    if name.len() > SHORT_MAX {
        return 0;
    }
    let mut word = (name.len() as u64) << 56;
    let mut i = 0;
    while i < name.len() {
        word |= (name[i] as u64) << (8 * i);
        i += 1;
    }
    word
}

/// A key of an object.
#[derive(Clone, Copy)]
pub(crate) struct Key<'a> {
    /// [`short()`] of it.
    pub short: u64,
    pub name: &'a [u8],
}

impl<'a> Key<'a> {
    pub(super) fn of(name: &'a [u8]) -> Self {
        Self::short(short(name), name)
    }

    #[inline]
    pub(super) fn short(short: u64, name: &'a [u8]) -> Self {
        Self { short, name }
    }
}

//! What most of a line is made of, read quickly: short strings and short numbers as the venue writes
//! them. Everything else is left to the reader, which takes all of JSON.

use crate::ladder::Centi;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte below `limit` (at most 128); bits above the lowest one may be false.
const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * limit as u64) & !word & HIGHS
}

/// Index of the first byte from `at` on that does not stand for itself in a JSON string: a quote, a
/// backslash, a control character. The length where there is none.
#[inline]
pub(super) fn plain_until(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let special = below(word, b' ') | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1);
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Most digits that [`centi`] and [`int`] read: they fit a mantissa that both take as it stands.
const DIGITS_MAX: usize = 15;

/// What the venue writes after a number.
const fn is_end(byte: u8) -> bool {
    matches!(byte, b',' | b']' | b'}')
}

/// An integer of up to fifteen digits without a sign or a leading zero, and the index after it.
/// None for every other number, and where something else stands there.
#[inline]
pub(super) fn int(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let (value, end, last) = digits(text, at)?;
    is_end(last).then_some((value, end))
}

/// Hundredths of a number as [`int`] reads it, with up to two decimals, and the index after it.
#[inline]
pub(super) fn centi(text: &[u8], at: usize) -> Option<(Centi, usize)> {
    let (whole, end, last) = digits(text, at)?;
    if is_end(last) {
        return Some((whole * 100, end));
    }
    if last != b'.' || end - at > DIGITS_MAX - 2 {
        return None;
    }
    match *text.get(end + 1..)? {
        [tenths @ b'0'..=b'9', last, ..] if is_end(last) => {
            Some((whole * 100 + i64::from(tenths - b'0') * 10, end + 2))
        }
        [tenths @ b'0'..=b'9', cents @ b'0'..=b'9', last, ..] if is_end(last) => {
            let cents = i64::from(tenths - b'0') * 10 + i64::from(cents - b'0');
            Some((whole * 100 + cents, end + 3))
        }
        _ => None,
    }
}

/// The value of the digits at `at`, the index after them and the byte there.
#[inline]
fn digits(text: &[u8], at: usize) -> Option<(i64, usize, u8)> {
    let rest = text.get(at..)?;
    let mut value = 0_i64;
    for (count, byte) in rest.iter().enumerate().take(DIGITS_MAX + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let has_leading_zero = count > 1 && rest[0] == b'0';
            return (count > 0 && !has_leading_zero).then_some((value, at + count, *byte));
        }
        value = value * 10 + i64::from(digit);
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_first_that_a_slow_search_finds(
            mut text in prop::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..40),
            special in prop::sample::select(vec![b'"', b'\\', 0, 0x1f, b' ', 0x7f, 0x80, b'!', 0xa2, 0xdc]),
            place in any::<prop::sample::Index>(),
            start in 0_usize..10,
        ) {
            if !text.is_empty() {
                let at = place.index(text.len());
                text[at] = special;
            }
            let start = start.min(text.len());
            let slow = (start..text.len()).find(|i| text[*i] < 0x20 || text[*i] == b'"' || text[*i] == b'\\');
            prop_assert_eq!(plain_until(&text, start), slow.unwrap_or(text.len()));
        }
    }
}

//! What most of a line is made of, read quickly: short strings and short numbers as the venue writes
//! them. Everything else is left to the reader, which takes all of JSON.

use std::num::NonZeroUsize;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte below `limit` (at most 128); bits above the lowest one may be false.
const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * limit as u64) & !word & HIGHS
}

/// Longest key that [`short_key`] finds: a quote and a colon come after it in eight bytes.
const SHORT_MAX: usize = 6;

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

/// What stands between a quote and the next one of at most six bytes after which a colon stands: its
/// bytes as of [`short`], and the index of its value. It is a key where it is one
/// that is known; another may hold what no key may, and [`is_plain`] tells.
#[inline]
pub(crate) fn short_key(text: &[u8], at: usize) -> Option<(u64, usize)> {
    const QUOTE_COLON: u64 = u16::from_le_bytes(*b"\":") as u64;
    let [b'"', rest @ ..] = text.get(at..)?.first_chunk::<9>()? else {
        return None;
    };
    let word = u64::from_le_bytes(*rest);
    let bits = below(word ^ (ONES * 0x22), 1).trailing_zeros() & !7;
    // Without a quote the shift is by nothing, and what is compared is no quote.
    let is_key = word.wrapping_shr(bits) & 0xffff == QUOTE_COLON;
    is_key.then(|| {
        let length = bits / 8;
        (
            word & !(!0 << bits) | u64::from(length) << 56,
            at + 3 + length as usize,
        )
    })
}

/// Whether every byte stands for itself in a JSON string.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    plain_until(text, 0) == text.len()
}

/// Index of the first byte from `at` on that does not stand for itself in a JSON string: a quote, a
/// backslash, a control character. The length where there is none.
#[inline]
pub(crate) fn plain_until(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let special = {
            let word = u64::from_le_bytes(*chunk);
            below(word, b' ') | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1)
        };
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Most digits of an integer that is read here: a mantissa that is exact whatever is done with it.
const DIGITS_MAX: usize = 15;

/// Eight bytes of text, the first one lowest.
#[derive(Clone, Copy)]
struct Eight {
    /// Each byte with the bits of `0` turned: its value where it is a digit.
    values: u64,
    /// The high bit of each byte that is no digit.
    others: u64,
}

/// The last bytes of a line, with zeros after them, which are no digits.
#[cold]
fn padded(rest: &[u8]) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (byte, given) in bytes.iter_mut().zip(rest) {
        *byte = *given;
    }
    bytes
}

impl Eight {
    #[inline]
    fn at(text: &[u8], at: usize) -> Option<Self> {
        let rest = text.get(at..)?;
        let chunk = match rest.first_chunk::<8>() {
            Some(chunk) => *chunk,
            None => padded(rest),
        };
        let values = u64::from_le_bytes(chunk) ^ (ONES * 0x30);
        // A byte above 9 reaches its high bit by this sum; what it carries on is above an "other".
        let others = (values.wrapping_add(ONES * 0x76) | values) & HIGHS;
        Some(Self { values, others })
    }

    /// Bits before the first byte that is no digit: eight times the digits; 64 where all are.
    #[inline]
    fn digit_bits(self) -> u32 {
        self.others.trailing_zeros() & !7
    }

    /// Bits before the second byte that is no digit; 64 where there are not two.
    #[inline]
    fn second_other(self) -> u32 {
        (self.others & self.others.wrapping_sub(1)).trailing_zeros() & !7
    }

    #[inline]
    const fn byte_at(self, bits: u32) -> u8 {
        (self.values >> bits).to_le_bytes()[0] ^ b'0'
    }

    /// A zero, and another digit after it.
    #[inline]
    const fn has_leading_zero(self, digit_bits: u32) -> bool {
        self.values.trailing_zeros() >= 8 && digit_bits > 8
    }
}

/// The number that the lowest `bits` bits write, one digit a byte, the first one lowest. `bits` is
/// 8 to 64.
#[inline]
const fn value_of(digits: u64, bits: u32) -> i64 {
    // Leading zeros take the place of what is not asked for. Then neighbours are joined: two digits
    // become one number of two bytes, two of those one of four, and again.
    let ones = digits << (64 - bits);
    let pairs = (ones.wrapping_mul(10 * 0x100 + 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 * 0x1_0000 + 1) >> 16) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000 * 0x1_0000_0000 + 1) >> 32).cast_signed()
}

/// A value and the index after it: what stands there has to be looked at, the number may go on. One
/// index is enough to tell that there is none, so that both come back in registers.
pub(crate) type Scanned = Option<(i64, NonZeroUsize)>;

#[inline]
fn scanned(value: i64, end: usize) -> Scanned {
    Some((value, NonZeroUsize::new(end)?))
}

/// An integer of up to fifteen digits without a sign or a leading zero.
#[inline]
pub(crate) fn int(text: &[u8], at: usize) -> Scanned {
    let eight = Eight::at(text, at)?;
    let bits = eight.digit_bits();
    if bits == 64 {
        return long_int(text, at, eight.values);
    }
    if bits == 0 || eight.has_leading_zero(bits) {
        return None;
    }
    scanned(value_of(eight.values, bits), at + (bits / 8) as usize)
}

/// As [`int`], of one that begins with the eight digits of `first`.
fn long_int(text: &[u8], at: usize, first: u64) -> Scanned {
    const TENS: [i64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    if first.trailing_zeros() >= 8 {
        return None;
    }
    let second = Eight::at(text, at + 8)?;
    let bits = second.digit_bits();
    let count = (bits / 8) as usize;
    let tail = if bits == 0 {
        0
    } else {
        value_of(second.values, bits)
    };
    let value = value_of(first, 64) * TENS.get(count)? + tail;
    scanned(value, at + 8 + count)
}

/// Hundredths of a number with up to two decimals, else as [`int`].
#[allow(clippy::inline_always)] // A line has a dozen of them: 4 % of its time is the call.
#[inline(always)]
pub(crate) fn centi(text: &[u8], at: usize) -> Scanned {
    /// By the bytes from the point on.
    const SCALE: [i64; 4] = [100, 0, 10, 1];
    let eight = Eight::at(text, at)?;
    let point = eight.digit_bits();
    if point == 64 {
        return long_centi(text, at);
    }
    let has_point = eight.byte_at(point) == b'.';
    let end = if has_point { eight.second_other() } else { point };
    if end == 64 {
        return long_centi(text, at);
    }
    let scale = *SCALE.get(((end - point) / 8) as usize)?;
    if point == 0 || scale == 0 || eight.has_leading_zero(point) {
        return None;
    }
    // The digits after the point move up to those before it.
    let whole = (1 << point) - 1;
    let joined = (eight.values & whole) | ((eight.values >> 8) & !whole);
    let value = value_of(joined, end - 8 * u32::from(has_point)) * scale;
    scanned(value, at + (end / 8) as usize)
}

/// As [`centi`], of a number that takes more than seven bytes.
#[inline(never)]
fn long_centi(text: &[u8], at: usize) -> Scanned {
    let (whole, end) = int(text, at)?;
    let end = end.get();
    if text.get(end) != Some(&b'.') {
        return scanned(whole * 100, end);
    }
    if end - at > DIGITS_MAX - 2 {
        return None;
    }
    let tenths = digit(text, end + 1)?;
    match digit(text, end + 2) {
        None => scanned(whole * 100 + tenths * 10, end + 2),
        Some(cents) => scanned(whole * 100 + tenths * 10 + cents, end + 3),
    }
}

fn digit(text: &[u8], at: usize) -> Option<i64> {
    let byte = text.get(at).filter(|byte| byte.is_ascii_digit())?;
    Some(i64::from(byte - b'0'))
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
